//! Rows that Python gives in lists.

use std::ops::Range;

use evald_core::batch::{self, Instance, Prediction, Span};
use evald_core::error::Error;
use evald_core::metrics::Field;
use evald_core::spec;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyList, PyString};

use crate::batch::{OwnedRows, Source};
use crate::errors::to_python;
use crate::run::run;

type Borrowed<'a> = batch::Batch<'a>;

/// Objects taken before the first of them is looked at: they lie anywhere in memory, and loads that wait for none of each
/// other overlap.
const ROWS_AHEAD: usize = 32;

/// Rows in lists.
pub struct Lists<'l, 'py> {
    /// One list of texts or labels a system.
    pub predictions: &'l [Bound<'py, PyList>],
    /// Texts, lists of texts, or labels.
    pub references: &'l Bound<'py, PyList>,
    /// Ids of the rows.
    pub ids: Option<&'l Bound<'py, PyList>>,
}

impl<'py> Lists<'_, 'py> {
    /// These rows, as many of them as there are.
    pub fn read(
        &self,
        py: Python<'_>,
        spec: &spec::Spec,
        rows: Range<usize>,
    ) -> PyResult<OwnedRows> {
        self.check(py, spec)?;
        let end = rows.end.min(self.references.len());
        let rows = rows.start.min(end)..end;
        let mut held = Held::default();
        let mut found = Vec::with_capacity(rows.len());
        held.0.reserve(rows.len() * (1 + self.predictions.len()));
        let mut ahead = Vec::new();
        for start in rows.clone().step_by(ROWS_AHEAD) {
            let block = start..rows.end.min(start + ROWS_AHEAD);
            for row in block.clone() {
                self.take(row, &mut ahead)?;
            }
            let mut taken = ahead.drain(..);
            for row in block {
                found.push(held.row(self, &mut taken, row)?);
            }
        }
        let rows = found;
        let is_text = spec.needs().has(Field::PredictionText);
        run(py, || {
            Ok(OwnedRows::new(Source::Held(held.0), |owner| {
                let Source::Held(strings) = owner else {
                    unreachable!("made two lines above")
                };
                lay_out(strings, &rows, is_text)
            }))
        })
    }

    fn check(&self, py: Python<'_>, spec: &spec::Spec) -> PyResult<()> {
        let rows = self.references.len();
        let problem = if self.predictions.len() != spec.systems.len() {
            Some(("predictions", "needs one list for each system"))
        } else if self.predictions.iter().any(|list| list.len() != rows) {
            Some(("predictions", "has another length than references"))
        } else if self.ids.is_some_and(|ids| ids.len() != rows) {
            Some(("ids", "has another length than references"))
        } else {
            None
        };
        problem.map_or(Ok(()), |(field, problem)| {
            Err(to_python(
                py,
                &Error::invalid("LENGTH_MISMATCH", field, problem),
            ))
        })
    }

    /// The objects of a row: id if there are ids, reference, predictions.
    fn take(&self, row: usize, taken: &mut Vec<Bound<'py, PyAny>>) -> PyResult<()> {
        let lists = self.ids.into_iter().chain([self.references]);
        for list in lists.chain(self.predictions) {
            taken.push(list.get_item(row)?);
        }
        Ok(())
    }
}

/// Strings of lists.
#[derive(Default)]
struct Held(Vec<PyBackedStr>);

/// Numbers of strings: the id if there are ids, then references up to `middle`, then one prediction a system.
struct HeldRow {
    id: Option<u32>,
    first: u32,
    middle: u32,
    end: u32,
}

impl Held {
    fn add(&mut self, value: Bound<'_, PyAny>, field: impl Fn() -> String) -> PyResult<()> {
        let py = value.py();
        let refuse =
            |reason, problem: &str| to_python(py, &Error::invalid(reason, field(), problem));
        let text = value
            .cast_into::<PyString>()
            .map_err(|_| refuse("NOT_A_STRING", "must be a str"))?;
        let text = PyBackedStr::try_from(text).map_err(|_| {
            refuse(
                "INVALID_UTF8",
                "holds a lone surrogate, which is no Unicode text",
            )
        })?;
        self.0.push(text);
        Ok(())
    }

    /// Adds the next row of those taken.
    fn row<'py>(
        &mut self,
        lists: &Lists<'_, 'py>,
        taken: &mut impl Iterator<Item = Bound<'py, PyAny>>,
        row: usize,
    ) -> PyResult<HeldRow> {
        let id = lists.ids.and_then(|_| taken.next());
        let id = id
            .map(|id| {
                self.add(id, || format!("ids[{row}]"))?;
                PyResult::Ok(self.len() - 1)
            })
            .transpose()?;
        let first = self.len();
        if let Some(reference) = taken.next() {
            self.references(reference, row)?;
        }
        let middle = self.len();
        let systems = lists.predictions.len();
        for (system, prediction) in taken.take(systems).enumerate() {
            self.add(prediction, || match systems {
                1 => format!("predictions[{row}]"),
                _ => format!("predictions[{system}][{row}]"),
            })?;
        }
        Ok(HeldRow {
            id,
            first,
            middle,
            end: self.len(),
        })
    }

    fn references(&mut self, reference: Bound<'_, PyAny>, row: usize) -> PyResult<()> {
        let Ok(list) = reference.cast::<PyList>() else {
            return self.add(reference, || format!("references[{row}]"));
        };
        for (at, text) in list.iter().enumerate() {
            self.add(text, || format!("references[{row}][{at}]"))?;
        }
        Ok(())
    }

    fn len(&self) -> u32 {
        self.0.len() as u32
    }
}

fn lay_out<'a>(strings: &'a [PyBackedStr], rows: &[HeldRow], is_text: bool) -> Borrowed<'a> {
    let string = |at: u32| &*strings[at as usize];
    let mut batch = Borrowed::default();
    batch.instances.reserve(rows.len());
    batch.predictions.reserve(rows.len());
    for row in rows {
        let first = batch.predictions.len() as u32;
        let mut instance = Instance {
            id: row.id.map_or("", string),
            ..Instance::default()
        };
        let references = (row.first..row.middle).map(string);
        if is_text {
            instance.references = append(&mut batch.texts, references);
        } else {
            instance.labels = append(&mut batch.labels, references);
        }
        for at in row.middle..row.end {
            let prediction = if is_text {
                Prediction {
                    text: Some(string(at)),
                    ..Prediction::default()
                }
            } else {
                Prediction {
                    labels: append(&mut batch.labels, std::iter::once(string(at))),
                    ..Prediction::default()
                }
            };
            batch.predictions.push(prediction);
        }
        instance.predictions = Span {
            start: first,
            end: batch.predictions.len() as u32,
        };
        batch.instances.push(instance);
    }
    batch
}

fn append<'a>(pool: &mut Vec<&'a str>, strings: impl Iterator<Item = &'a str>) -> Span {
    let start = pool.len() as u32;
    pool.extend(strings);
    Span {
        start,
        end: pool.len() as u32,
    }
}
