//! Rows that Python holds between reading and scoring.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evald_core::accumulator::ModelOutput;
use evald_core::batch::{self, Instance, Prediction, RowFailure, Span};
use evald_core::error::Error;
use evald_core::metrics::Field;
use evald_core::spec;
use evald_wire::reader::{ReadLimits, read_rows};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyList, PyString};

use crate::errors::to_python;
use crate::run::run;

type Borrowed<'a> = batch::Batch<'a>;

/// What the texts of a batch borrow from.
pub enum Source {
    /// A request.
    Request(PyBackedBytes),
    /// Strings of lists, held one by one: the lists may change while the rows are scored, strings never do.
    Held(Vec<PyBackedStr>),
}

self_cell::self_cell!(
    /// A batch together with what it borrows from.
    pub struct OwnedRows {
        owner: Source,
        #[covariant]
        dependent: Borrowed,
    }
);

/// What models add to the rows.
#[derive(Default)]
pub struct Additions {
    /// One a model system.
    pub outputs: Vec<ModelOutput>,
    /// Rows that failed.
    pub failures: Vec<RowFailure>,
    /// Whether the rows were pushed.
    pub pushed: bool,
}

/// Rows that were read once.
#[pyclass(frozen)]
pub struct Batch {
    spec: Arc<spec::Spec>,
    /// The rows.
    pub rows: OwnedRows,
    additions: Mutex<Additions>,
}

impl Batch {
    fn new(spec: Arc<spec::Spec>, rows: OwnedRows) -> Self {
        Self {
            spec,
            rows,
            additions: Mutex::default(),
        }
    }

    /// Reads the rows of a request.
    pub fn read(
        py: Python<'_>,
        spec: Arc<spec::Spec>,
        request: Bound<'_, PyBytes>,
        limits: ReadLimits,
        cancel: Arc<AtomicBool>,
    ) -> PyResult<Self> {
        let owner = Source::Request(PyBackedBytes::from(request));
        let rows = run(py, || {
            OwnedRows::try_new(owner, |owner| {
                let Source::Request(bytes) = owner else {
                    unreachable!("made two lines above")
                };
                read_rows(bytes, &limits, &|| cancel.load(Ordering::Relaxed))
            })
        })?;
        Ok(Self::new(spec, rows))
    }

    /// Takes the rows of lists.
    pub fn from_lists(
        py: Python<'_>,
        spec: Arc<spec::Spec>,
        predictions: &[Bound<'_, PyList>],
        references: &Bound<'_, PyList>,
        ids: Option<&Bound<'_, PyList>>,
    ) -> PyResult<Self> {
        check_lengths(py, &spec, predictions, references, ids)?;
        let mut held = Held(Vec::with_capacity(
            references.len() * (1 + predictions.len()),
        ));
        let mut rows = Vec::with_capacity(references.len());
        for (row, reference) in references.iter().enumerate() {
            rows.push(held.row(predictions, reference, ids, row)?);
        }
        let is_text = spec.needs().has(Field::PredictionText);
        let rows = run(py, || {
            Ok(OwnedRows::new(Source::Held(held.0), |owner| {
                let Source::Held(strings) = owner else {
                    unreachable!("made two lines above")
                };
                lay_out(strings, &rows, is_text)
            }))
        })?;
        Ok(Self::new(spec, rows))
    }

    /// What models added.
    pub fn additions(&self) -> MutexGuard<'_, Additions> {
        // The data stay usable after a panic elsewhere: every change is a single push.
        self.additions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_lengths(
    py: Python<'_>,
    spec: &spec::Spec,
    predictions: &[Bound<'_, PyList>],
    references: &Bound<'_, PyList>,
    ids: Option<&Bound<'_, PyList>>,
) -> PyResult<()> {
    let rows = references.len();
    let problem = if predictions.len() != spec.systems.len() {
        Some(("predictions", "needs one list for each system"))
    } else if predictions.iter().any(|list| list.len() != rows) {
        Some(("predictions", "has another length than references"))
    } else if ids.is_some_and(|ids| ids.len() != rows) {
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

/// Strings of lists.
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

    fn row(
        &mut self,
        predictions: &[Bound<'_, PyList>],
        reference: Bound<'_, PyAny>,
        ids: Option<&Bound<'_, PyList>>,
        row: usize,
    ) -> PyResult<HeldRow> {
        let id = ids
            .map(|ids| {
                self.add(ids.get_item(row)?, || format!("ids[{row}]"))?;
                PyResult::Ok(self.len() - 1)
            })
            .transpose()?;
        let first = self.len();
        if let Ok(list) = reference.cast::<PyList>() {
            for (at, text) in list.iter().enumerate() {
                self.add(text, || format!("references[{row}][{at}]"))?;
            }
        } else {
            self.add(reference, || format!("references[{row}]"))?;
        }
        let middle = self.len();
        for (system, list) in predictions.iter().enumerate() {
            self.add(list.get_item(row)?, || match predictions.len() {
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

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.rows.borrow_dependent().instances.len()
    }

    fn inputs(&self, py: Python<'_>, system: usize) -> PyResult<Vec<Option<&str>>> {
        let Some(spec::Source::Model { input, .. }) =
            self.spec.systems.get(system).map(|system| &system.source)
        else {
            return Err(to_python(
                py,
                &Error::internal("inputs of a system without a model"),
            ));
        };
        let rows = self.rows.borrow_dependent();
        Ok(rows
            .instances
            .iter()
            .map(|instance| rows.input(instance, input))
            .collect())
    }

    fn set_class_scores(
        &self,
        py: Python<'_>,
        system: usize,
        classes: Vec<String>,
        scores: PyBuffer<f32>,
    ) -> PyResult<()> {
        let shape = [self.__len__(), classes.len()];
        if scores.shape() != shape || !scores.is_c_contiguous() {
            let error = Error::internal("class scores must be C-contiguous [rows, classes]");
            return Err(to_python(py, &error));
        }
        self.additions().outputs.push(ModelOutput {
            system,
            classes,
            scores: scores.to_vec(py)?,
        });
        Ok(())
    }

    fn fail(
        &self,
        py: Python<'_>,
        system: u32,
        rows: Vec<u32>,
        reason: String,
        message: &str,
    ) -> PyResult<()> {
        let outside = rows.iter().any(|row| *row as usize >= self.__len__());
        if outside || system as usize >= self.spec.systems.len() {
            return Err(to_python(
                py,
                &Error::internal("a failed row is outside of the batch"),
            ));
        }
        let mut additions = self.additions();
        additions
            .failures
            .extend(rows.into_iter().map(|row| RowFailure {
                row,
                system,
                reason: reason.clone().into(),
                message: message.to_owned(),
            }));
        Ok(())
    }
}
