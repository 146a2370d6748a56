//! The one way native work is run: without the GIL, panics caught, errors mapped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evald_core::error::{Error, Result};
use pyo3::prelude::*;

use crate::errors::to_python;

/// Set from any thread to end native work.
#[pyclass(frozen)]
#[derive(Debug, Default)]
pub struct CancelFlag {
    set: Arc<AtomicBool>,
}

#[pymethods]
impl CancelFlag {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn set(&self) {
        self.set.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }
}

/// What native work polls; never set if the caller gave no flag.
pub fn shared(flag: Option<&CancelFlag>) -> Arc<AtomicBool> {
    flag.map(|flag| Arc::clone(&flag.set)).unwrap_or_default()
}

/// Runs work without the GIL. A panic becomes an internal error: it must not cross into Python, where a
/// `PanicException` passes every `except Exception`.
pub fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    outcome
        .unwrap_or_else(|_| Err(failed()))
        .map_err(|error| to_python(py, &error))
}

/// The same for work of microseconds, with the GIL: getting it back may take longer.
pub fn run_briefly<T>(py: Python<'_>, work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    run_attached(py, || work().map_err(|error| to_python(py, &error)))
}

/// Runs work that needs the GIL; a panic becomes an internal error, too.
pub fn run_attached<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let outcome = catch_unwind(AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| Err(to_python(py, &failed())))
}

fn failed() -> Error {
    Error::internal("native code failed; this is a bug of evald")
}
