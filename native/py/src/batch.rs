//! Rows that Python holds between reading and scoring.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evald_core::accumulator::{ModelOutput, check_unanswered};
use evald_core::batch::{self, Instance, Prediction, RowFailure, Span, Usage};
use evald_core::error::Error;
use evald_core::metrics::Field;
use evald_core::spec;
use evald_core::written::{Written, WrittenRows};
use evald_wire::reader::{ReadLimits, read_rows};
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyList, PyString};

use crate::errors::to_python;
use crate::run::run;

type Borrowed<'a> = batch::Batch<'a>;

/// Objects taken before the first of them is looked at: they lie anywhere in memory, and loads that wait for none of each
/// other overlap.
const ROWS_AHEAD: usize = 32;

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

/// A text that a system wrote, as Python gives it: text, whether the limit of tokens cut it, then seconds, tokens read,
/// tokens written and cost, as far as they are known.
type GivenText = (
    String,
    bool,
    (Option<f64>, Option<f64>, Option<f64>, Option<f64>),
);

/// What models add to the rows.
#[derive(Default)]
pub struct Additions {
    /// One a system whose model gave numbers.
    pub outputs: Vec<ModelOutput>,
    /// One a system that wrote texts.
    pub written: Vec<WrittenRows>,
    /// Rows that failed.
    pub failures: Vec<RowFailure>,
    /// Whether the rows were pushed.
    pub pushed: bool,
}

impl Additions {
    /// What the model of a system answered so far.
    fn output(&mut self, system: usize) -> &mut ModelOutput {
        let found = self.outputs.iter().position(|one| one.system == system);
        let at = found.unwrap_or_else(|| {
            self.outputs.push(ModelOutput {
                system,
                ..ModelOutput::default()
            });
            self.outputs.len() - 1
        });
        &mut self.outputs[at]
    }
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

    /// Reads the rows of a request. If the server has systems answered, the rows are checked before that costs.
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
                let rows = read_rows(bytes, &limits, &|| cancel.load(Ordering::Relaxed))?;
                let inputs = spec.systems.iter().map(|system| system.source.input());
                if inputs.flatten().next().is_some() {
                    check_unanswered(&spec, &rows)?;
                }
                Ok(rows)
            })
        })?;
        Ok(Self::new(spec, rows))
    }

    /// Takes these rows of lists, as many of them as there are.
    pub fn from_lists(
        py: Python<'_>,
        spec: Arc<spec::Spec>,
        lists: &Lists<'_, '_>,
        rows: Range<usize>,
    ) -> PyResult<Self> {
        lists.check(py, &spec)?;
        let end = rows.end.min(lists.references.len());
        let rows = rows.start.min(end)..end;
        let mut held = Held::default();
        let mut found = Vec::with_capacity(rows.len());
        held.0.reserve(rows.len() * (1 + lists.predictions.len()));
        let mut ahead = Vec::new();
        for start in rows.clone().step_by(ROWS_AHEAD) {
            let block = start..rows.end.min(start + ROWS_AHEAD);
            for row in block.clone() {
                lists.take(row, &mut ahead)?;
            }
            let mut taken = ahead.drain(..);
            for row in block {
                found.push(held.row(lists, &mut taken, row)?);
            }
        }
        let rows = found;
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

    fn check_rows(&self, py: Python<'_>, lists: usize) -> PyResult<()> {
        if lists == self.rows.borrow_dependent().instances.len() {
            return Ok(());
        }
        let error = Error::internal("a model's numbers must be one list a row");
        Err(to_python(py, &error))
    }

    /// What models added.
    pub fn additions(&self) -> MutexGuard<'_, Additions> {
        // The data stay usable after a panic elsewhere: every change is a single push.
        self.additions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

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

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.rows.borrow_dependent().instances.len()
    }

    fn inputs(&self, py: Python<'_>, system: usize) -> PyResult<Vec<Option<&str>>> {
        let systems = &self.spec.systems;
        let Some(input) = systems.get(system).and_then(|system| system.source.input()) else {
            return Err(to_python(
                py,
                &Error::internal("inputs of a system that the server does not answer for"),
            ));
        };
        let rows = self.rows.borrow_dependent();
        Ok(rows
            .instances
            .iter()
            .map(|instance| rows.input(instance, input))
            .collect())
    }

    fn inputs_named(&self, name: &str) -> Vec<Option<&str>> {
        let rows = self.rows.borrow_dependent();
        let instances = rows.instances.iter();
        instances.map(|row| rows.input(row, name)).collect()
    }

    fn row_keys(&self) -> Vec<(&str, u32)> {
        let instances = self.rows.borrow_dependent().instances.iter();
        instances.map(|row| (row.id, row.sample)).collect()
    }

    fn first_references(&self) -> Vec<Option<&str>> {
        let rows = self.rows.borrow_dependent();
        let instances = rows.instances.iter();
        instances
            .map(|row| rows.references(row).first().copied())
            .collect()
    }

    fn messages(&self) -> Vec<Vec<(&str, &str)>> {
        let rows = self.rows.borrow_dependent();
        let spans = rows.instances.iter().map(|row| {
            let extra = rows.row_extra(row);
            extra.map_or(0..0, |extra| extra.messages.range())
        });
        spans.map(|span| rows.messages[span].to_vec()).collect()
    }

    fn choices(&self) -> Vec<Vec<&str>> {
        let rows = self.rows.borrow_dependent();
        let spans = rows.instances.iter().map(|row| {
            let extra = rows.row_extra(row);
            extra.map_or(0..0, |extra| extra.choices.range())
        });
        spans
            .map(|span| rows.choices[span].iter().map(|(text, _)| *text).collect())
            .collect()
    }

    fn set_token_logprobs(
        &self,
        py: Python<'_>,
        system: usize,
        logprobs: Vec<Vec<f64>>,
    ) -> PyResult<()> {
        self.check_rows(py, logprobs.len())?;
        self.additions().output(system).token_logprobs = logprobs;
        Ok(())
    }

    fn set_choice_scores(
        &self,
        py: Python<'_>,
        system: usize,
        scores: Vec<Vec<f64>>,
    ) -> PyResult<()> {
        self.check_rows(py, scores.len())?;
        self.additions().output(system).choice_scores = scores;
        Ok(())
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
        let scores = scores.to_vec(py)?;
        let mut additions = self.additions();
        let output = additions.output(system);
        (output.classes, output.scores) = (classes, scores);
        Ok(())
    }

    fn set_texts(
        &self,
        py: Python<'_>,
        system: usize,
        texts: Vec<Option<GivenText>>,
    ) -> PyResult<()> {
        if texts.len() != self.__len__() || system >= self.spec.systems.len() {
            let error = Error::internal("texts must be one a row, of a system of the call");
            return Err(to_python(py, &error));
        }
        let written = |(text, truncated, usage): GivenText| Written {
            text,
            truncated,
            usage: Usage {
                latency_seconds: usage.0,
                input_tokens: usage.1,
                output_tokens: usage.2,
                cost: usage.3,
                // An endpoint does not tell.
                peak_memory_bytes: None,
            },
        };
        let rows = texts.into_iter().map(|text| text.map(written)).collect();
        self.additions().written.push(WrittenRows { system, rows });
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
