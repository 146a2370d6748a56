//! The door to Python: `evald._native`. It converts, lets go of the GIL, and maps errors; everything
//! else is in evald-core and evald-wire.

// PyO3 extracts arguments by value.
#![allow(clippy::needless_pass_by_value)]

use pyo3::prelude::*;

mod accumulator;
mod batch;
mod errors;
mod inline;
mod judging;
mod label_columns;
mod leaks;
mod lists;
mod read_answers;
mod run;
mod spec;

/// The extension module.
#[pymodule(gil_used = false)]
mod _native {
    use std::collections::BTreeMap;

    use evald_core::error::Error;
    use evald_core::metrics::Direction;
    use evald_core::stats::emar::{Adaptation, Variant};
    use evald_core::text::{UNICODE_VERSION, simd};
    use evald_core::{metrics::text_form, pool};
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use pyo3::types::PyBytes;

    use crate::run::run;

    #[pymodule_export]
    use crate::accumulator::Accumulator;
    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::inline::InlineScorer;
    #[pymodule_export]
    use crate::judging::{calibrate_judge, rank_systems};
    #[pymodule_export]
    use crate::leaks::find_leaks;
    #[pymodule_export]
    use crate::read_answers::{
        check_pattern, read_json_field, read_letters, read_pattern, row_fields, row_places,
    };
    #[pymodule_export]
    use crate::run::CancelFlag;
    #[pymodule_export]
    use crate::spec::{Generation, Limits, Measure, Resources, Spec, SystemSource};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The message of a panic may quote a text of a row; where it happened is enough to find the bug.
        std::panic::set_hook(Box::new(|panic| {
            if let Some(place) = panic.location() {
                eprintln!("evald: native code failed at {place}");
            }
        }));
        cpu().map_err(PyValueError::new_err)?;
        module.add("VERSION", text_form::VERSION)?;
        module.add("UNICODE_VERSION", UNICODE_VERSION)
    }

    /// The processor path in force.
    fn cpu() -> Result<simd::Path, &'static str> {
        simd::chosen().map(simd::Available::path)
    }

    /// Facts of the build and of the processor.
    #[pyfunction]
    fn build_info() -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("profile", env!("EVALD_PROFILE").to_owned()),
            (
                "target",
                format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            ),
            ("version", text_form::VERSION.to_owned()),
            ("cpu", cpu().map_or("plain", simd::Path::name).to_owned()),
        ])
    }

    /// Sets the size of the scoring pool.
    #[pyfunction]
    fn set_threads(py: Python<'_>, threads: usize) -> PyResult<()> {
        run(py, || {
            let running = pool::set_threads(threads);
            if threads == 0 || running == threads {
                return Ok(());
            }
            Err(Error::invalid(
                "POOL_RUNNING",
                "threads",
                format!("the scoring pool runs already with {running} threads"),
            ))
        })
    }

    /// A serialised `ListMetricsResponse`.
    #[pyfunction]
    fn list_metrics(py: Python<'_>) -> PyResult<Bound<'_, PyBytes>> {
        let bytes = run(py, || Ok(evald_wire::catalog::list_metrics()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// A serialised `PlanResponse` of a serialised `PlanRequest`.
    #[pyfunction]
    fn plan<'py>(py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = run(py, || evald_wire::plan::plan(request))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Every variant of EMAR by name: the value, or why there is none.
    #[pyfunction]
    fn emar(
        before: f64,
        after: f64,
        benchmark: f64,
    ) -> BTreeMap<&'static str, (Option<f64>, &'static str)> {
        let found = Adaptation {
            before,
            after,
            benchmark,
            direction: Direction::Higher,
        };
        let of = |variant| {
            found
                .value(variant)
                .map_or_else(|reason| (None, reason), |value| (Some(value), ""))
        };
        let variants = Variant::ALL.into_iter();
        variants
            .map(|variant| (variant.name(), of(variant)))
            .collect()
    }

    /// A serialised `GateResult` of a serialised `GatePolicy` and a serialised `CompareResponse`.
    #[pyfunction]
    fn gate<'py>(
        py: Python<'py>,
        policy: &[u8],
        comparison: &[u8],
        confidence_level: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let judged = || evald_wire::gate::judge_comparison(policy, comparison, confidence_level);
        Ok(PyBytes::new(py, &run(py, judged)?))
    }

    /// A serialised `GetMetricResponse`.
    #[pyfunction]
    fn get_metric<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = run(py, || evald_wire::catalog::get_metric(name))?;
        Ok(PyBytes::new(py, &bytes))
    }
}
