//! Requests whose predictions are all in their rows: from request bytes to answer bytes in one step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use evald_core::accumulator::Accumulator;
use evald_core::error::Result;
use evald_core::metrics;
use evald_core::spec::{self, Source, Spec};
use evald_wire::answer::{append_cost, encode};
use evald_wire::reader::{ReadLimits, RequestKind, header_bytes, read_rows, split};
use evald_wire::spec::build_spec;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::run::{CancelFlag, run, run_briefly, shared};
use crate::spec::{Limits, Resources, request_kind};

/// Longest request that is answered with the GIL, in bytes: no metric takes longer for so much text than Python lets a
/// thread have the GIL (5 ms), and nearly all take microseconds.
const QUICK_BYTES: usize = 1024;

/// Checked headers that are kept: callers send few different ones again and again.
const KEPT_SPECS: usize = 64;
/// Longest header that is kept, in bytes.
const KEPT_BYTES: usize = 8192;

/// Answer, rows, seconds.
type Answered<'py> = (Bound<'py, PyBytes>, usize, f64);

/// A checked header and what it was read from.
struct Known {
    kind: RequestKind,
    header: Vec<u8>,
    spec: Arc<Spec>,
}

/// Answers requests whose systems are all inline, under the limits of a server.
#[pyclass(frozen)]
pub struct InlineScorer {
    limits: spec::Limits,
    resources: metrics::Resources,
    /// The most recent last.
    known: Mutex<Vec<Known>>,
}

#[pymethods]
impl InlineScorer {
    #[new]
    fn new(limits: &Limits, resources: &Resources) -> Self {
        Self {
            limits: limits.to_core(),
            resources: resources.core.clone(),
            known: Mutex::default(),
        }
    }

    /// The answer with its cost, the number of rows, and seconds that it took; None if the request asks for more than
    /// its rows hold.
    fn answer<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        request: &[u8],
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Option<Answered<'py>>> {
        let kind = request_kind(py, kind)?;
        let cancel = shared(cancel);
        let start = Instant::now();
        let found = run(py, || match self.spec(kind, request)? {
            Some(spec) => score(request, &spec, &cancel, start).map(Some),
            None => Ok(None),
        })?;
        Ok(found.map(|found| found.into_python(py)))
    }

    /// The same for a short request without replicates, with the GIL: that takes microseconds, and getting the GIL back
    /// from busy neighbours takes longer. None for any other request.
    fn answer_quickly<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        request: &[u8],
    ) -> PyResult<Option<Answered<'py>>> {
        if request.len() > QUICK_BYTES {
            return Ok(None);
        }
        let kind = request_kind(py, kind)?;
        let start = Instant::now();
        let found = run_briefly(py, || match self.spec(kind, request)? {
            Some(spec) if !spec.resamples() => {
                score(request, &spec, &AtomicBool::new(false), start).map(Some)
            }
            _ => Ok(None),
        })?;
        Ok(found.map(|found| found.into_python(py)))
    }
}

impl InlineScorer {
    /// The checked header of a request; None if it asks for more than its rows hold.
    fn spec(&self, kind: RequestKind, request: &[u8]) -> Result<Option<Arc<Spec>>> {
        let header = header_bytes(request)?;
        let is_short = header.len() <= KEPT_BYTES;
        if is_short && let Some(known) = self.known(kind, &header) {
            return Ok(Some(known));
        }
        let parsed = split(kind, &header)?;
        if parsed.spec.template.is_some() {
            return Ok(None);
        }
        let spec = Arc::new(build_spec(kind, &parsed, self.limits, &self.resources)?);
        let inline = |system: &spec::System| system.source == Source::Inline;
        if !spec.systems.iter().all(inline) || spec.measures().next().is_some() {
            return Ok(None);
        }
        if is_short {
            self.keep(Known {
                kind,
                header,
                spec: Arc::clone(&spec),
            });
        }
        Ok(Some(spec))
    }

    fn known(&self, kind: RequestKind, header: &[u8]) -> Option<Arc<Spec>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest_first = known.iter().rev();
        let found = latest_first.find(|known| known.kind == kind && known.header == header);
        found.map(|known| Arc::clone(&known.spec))
    }

    fn keep(&self, new: Known) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == KEPT_SPECS {
            known.remove(0);
        }
        known.push(new);
    }
}

/// An answer, how many rows it is about and how long it took.
struct Scored {
    bytes: Vec<u8>,
    rows: usize,
    seconds: f64,
}

impl Scored {
    fn into_python(self, py: Python<'_>) -> Answered<'_> {
        (PyBytes::new(py, &self.bytes), self.rows, self.seconds)
    }
}

/// Reads and scores the rows of a request.
fn score(request: &[u8], spec: &Arc<Spec>, cancel: &AtomicBool, start: Instant) -> Result<Scored> {
    let cancel = || cancel.load(Ordering::Relaxed);
    let limits = ReadLimits {
        max_rows: spec.limits.max_rows as usize,
        max_row_bytes: spec.limits.max_row_bytes as usize,
        max_predictions: spec.systems.len(),
    };
    let batch = read_rows(request, &limits, &cancel)?;
    let mut accumulator = Accumulator::new(Arc::clone(spec));
    accumulator.push(&batch, &[], &[], &cancel)?;
    let answer = accumulator.finish(&cancel)?;
    let mut bytes = encode(answer, spec)?;
    let (rows, seconds) = (batch.instances.len(), start.elapsed().as_secs_f64());
    append_cost(&mut bytes, spec.question, rows, seconds);
    Ok(Scored {
        bytes,
        rows,
        seconds,
    })
}
