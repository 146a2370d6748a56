//! Errors of the core as the classes of `evald.errors`.

use evald_core::error::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The Python exception of an error.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failure| failure)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let code = match error.kind {
        ErrorKind::InvalidArgument => "INVALID_ARGUMENT",
        ErrorKind::NotFound => "NOT_FOUND",
        ErrorKind::Cancelled => "CANCELLED",
        ErrorKind::Internal => "INTERNAL",
    };
    let violations: Vec<(&str, &str)> = error
        .violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.description.as_str()))
        .collect();
    let metadata = PyDict::new(py);
    for (key, value) in &error.metadata {
        metadata.set_item(key, value)?;
    }
    let arguments = (code, error.reason, &error.message, violations, metadata);
    let exception = py
        .import("evald.errors")?
        .getattr("from_code")?
        .call1(arguments)?;
    Ok(PyErr::from_value(exception))
}
