//! Requests whose predictions are all in their rows: from request bytes to answer bytes in one step.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evald_core::accumulator::Accumulator;
use evald_core::error::Result;
use evald_core::metrics;
use evald_core::pool;
use evald_core::spec::{self, Source, Spec};
use evald_wire::answer::{append_cost, encode};
use evald_wire::reader::{Outline, ReadLimits, RequestKind, outline, read_rows, split};
use evald_wire::spec::build_spec;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::run::{CancelFlag, run, run_briefly, shared};
use crate::spec::{Limits, Resources, request_kind};

/// Longest request that is answered with the GIL, in bytes: no metric takes longer for so much text than Python lets a
/// thread have the GIL (5 ms), and nearly all take microseconds.
const QUICK_BYTES: usize = 1024;

/// The same where one thread scores. Letting go of the GIL gains nothing there, and costs a tenth of a call with 256 rows.
const ALONE_BYTES: usize = 128 << 10;
/// Then requests like it must have taken at most this for so many bytes.
const ALONE_TIME: Duration = Duration::from_millis(1);

/// Checked headers that are kept: callers send few different ones again and again.
const KEPT_SPECS: usize = 64;
/// Longest header that is kept, in bytes.
const KEPT_BYTES: usize = 8192;

/// Answer, rows, seconds.
type Answered<'py> = (Bound<'py, PyBytes>, usize, f64);

/// A checked header, what it was read from and how long its last request took.
struct Known {
    kind: RequestKind,
    header: Vec<u8>,
    spec: Arc<Spec>,
    /// Nanoseconds for [`ALONE_BYTES`] of a request.
    pace: AtomicU64,
}

impl Known {
    fn is_brief(&self) -> bool {
        u128::from(self.pace.load(Ordering::Relaxed)) <= ALONE_TIME.as_nanos()
    }

    fn learn(&self, bytes: usize, seconds: f64) {
        let share = ALONE_BYTES as f64 / bytes as f64;
        let pace = seconds * 1e9 * share;
        self.pace.store(pace as u64, Ordering::Relaxed);
    }
}

/// Answers requests whose systems are all inline, under the limits of a server.
#[pyclass(frozen)]
pub struct InlineScorer {
    limits: spec::Limits,
    resources: metrics::Resources,
    /// The most recent last.
    known: Mutex<Vec<Arc<Known>>>,
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
        let found = run(py, || {
            let outline = outline(request)?;
            let Some(known) = self.known(kind, outline)? else {
                return Ok(None);
            };
            score(request, &known, &cancel, start).map(Some)
        })?;
        Ok(found.map(|found| found.into_python(py)))
    }

    /// The same for a short request without replicates, with the GIL: that takes microseconds, and getting the GIL back
    /// from busy neighbours takes longer. Where one thread scores, also for longer ones that are known to take less than a
    /// millisecond. None for any other request.
    fn answer_quickly<'py>(
        &self,
        py: Python<'py>,
        kind: &str,
        request: &[u8],
    ) -> PyResult<Option<Answered<'py>>> {
        let is_alone = pool::threads() == 1;
        let most = if is_alone { ALONE_BYTES } else { QUICK_BYTES };
        if request.len() > most {
            return Ok(None);
        }
        let kind = request_kind(py, kind)?;
        let start = Instant::now();
        let found = run_briefly(py, || {
            let outline = outline(request)?;
            let is_short = outline.longest_row <= QUICK_BYTES;
            let Some(known) = self.known(kind, outline)? else {
                return Ok(None);
            };
            let is_brief = request.len() <= QUICK_BYTES || is_short && known.is_brief();
            if known.spec.resamples() || !is_brief {
                return Ok(None);
            }
            score(request, &known, &AtomicBool::new(false), start).map(Some)
        })?;
        Ok(found.map(|found| found.into_python(py)))
    }
}

impl InlineScorer {
    /// The checked header of a request; None if it asks for more than its rows hold.
    fn known(&self, kind: RequestKind, outline: Outline) -> Result<Option<Arc<Known>>> {
        let header = outline.header;
        if let Some(known) = self.find(kind, &header) {
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
        let known = Arc::new(Known {
            kind,
            header,
            spec,
            // Unknown is slow.
            pace: AtomicU64::new(u64::MAX),
        });
        if known.header.len() <= KEPT_BYTES {
            self.keep(Arc::clone(&known));
        }
        Ok(Some(known))
    }

    fn find(&self, kind: RequestKind, header: &[u8]) -> Option<Arc<Known>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest_first = known.iter().rev();
        let found = latest_first.find(|known| known.kind == kind && known.header == header);
        found.map(Arc::clone)
    }

    fn keep(&self, new: Arc<Known>) {
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
fn score(request: &[u8], known: &Known, cancel: &AtomicBool, start: Instant) -> Result<Scored> {
    let spec = &known.spec;
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
    known.learn(request.len(), seconds);
    Ok(Scored {
        bytes,
        rows,
        seconds,
    })
}
