//! A whole call: the bytes of a request in, the bytes of the answer out.

use std::sync::{Arc, LazyLock, Once};

use evald_core::accumulator::Accumulator;
use evald_core::error::{Error, ErrorKind, Result};
use evald_core::metrics::Resources;
use evald_core::result::{Answer, Estimate};
use evald_core::spec::{Limits, Source, Spec};
use evald_wire::answer::encode;
use evald_wire::reader::{ReadLimits, RequestKind, read_rows, split};
use evald_wire::spec::build_spec;

use crate::forms::resources;

/// Limits that keep one input fast.
pub const LIMITS: Limits = Limits {
    max_rows: 300,
    max_row_bytes: 1 << 16,
    max_systems: 4,
    max_metrics: 8,
    max_classes: 50,
    max_resampling_cost: 10_000_000,
    max_response_bytes: 1 << 20,
    max_collected_numbers: 20_000,
    max_slices: 8,
};

static RESOURCES: LazyLock<Resources> = LazyLock::new(resources);

/// Inputs are small and many: threads would only cost.
fn one_thread() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        evald_core::pool::set_threads(1);
    });
}

/// The checked header of a request.
pub fn spec_of(kind: RequestKind, request: &[u8]) -> Result<Arc<Spec>> {
    one_thread();
    let header = split(kind, request)?;
    build_spec(kind, &header, LIMITS, &RESOURCES).map(Arc::new)
}

/// What rows may hold.
pub fn read_limits(spec: &Spec) -> ReadLimits {
    ReadLimits {
        max_rows: spec.limits.max_rows as usize,
        max_row_bytes: spec.limits.max_row_bytes as usize,
        max_predictions: spec.systems.len(),
    }
}

/// Scores a request; `None` if models must answer first.
pub fn push(spec: &Arc<Spec>, request: &[u8], first_position: u64) -> Result<Option<Accumulator>> {
    let batch = read_rows(request, &read_limits(spec), &|| false)?;
    let mut systems = spec.systems.iter();
    if systems.any(|system| system.source != Source::Inline) {
        return Ok(None);
    }
    let mut accumulator = Accumulator::starting_at(Arc::clone(spec), first_position);
    accumulator.push(&batch, &[], &[], &|| false)?;
    Ok(Some(accumulator))
}

/// The answer, checked and encoded.
pub fn finish(accumulator: &Accumulator) -> Result<Answer> {
    let answer = accumulator.finish(&|| false)?;
    encode(answer.clone(), accumulator.spec())?;
    Ok(answer)
}

/// Refusals are part of the contract, bugs are not.
pub fn check_error(error: &Error) {
    assert_ne!(error.kind, ErrorKind::Internal, "{error:?}");
    assert!(!error.reason.is_empty() && !error.message.is_empty());
}

/// How far rounding may carry a value beyond the end of its range, as a part of the end: sacrebleu's perfect score is
/// 100.00000000000004, and so is ours.
const ROUNDING: f64 = 1e-14;

/// Values are in the range that the registry declares, or undefined.
pub fn check_value(value: f64, (low, high): (f64, f64), what: &str) {
    let within = low - low.abs() * ROUNDING..=high + high.abs() * ROUNDING;
    assert!(
        value.is_nan() || within.contains(&value),
        "{what}: {value:?} is outside of {low}..={high}"
    );
}

/// What must hold of every answer to honest rows.
pub fn check_answer(answer: &Answer, spec: &Spec) {
    for system in &answer.systems {
        for (metric, declared) in system.metrics.iter().zip(&spec.metrics) {
            check_estimate(&metric.estimate, declared.range, &metric.signature);
        }
        for (key, scores) in &system.row_scores {
            let metric = spec.metrics.iter().find(|metric| metric.key == *key);
            let metric = metric.expect("scores are of a metric of the call");
            for score in scores {
                check_value(*score, metric.range, &metric.signature);
            }
        }
    }
    for pair in &answer.comparisons {
        for p in [pair.p.map(|p| p.value), pair.p_adjusted]
            .into_iter()
            .flatten()
        {
            assert!((0.0..=1.0).contains(&p), "{}: p {p:?}", pair.metric);
        }
    }
}

fn check_estimate(estimate: &Estimate, range: (f64, f64), what: &str) {
    let Some(value) = estimate.value else {
        return;
    };
    assert!(!value.is_nan(), "{what}: undefined values are left out");
    check_value(value, range, what);
    if let Some(interval) = estimate.interval {
        check_value(interval.low, range, what);
        check_value(interval.high, range, what);
        assert!(interval.low <= interval.high, "{what}: {interval:?}");
        assert!(interval.std_error >= 0.0, "{what}: {interval:?}");
    }
}
