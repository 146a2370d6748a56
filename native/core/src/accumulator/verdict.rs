//! What the gate looks at, taken from the values of a call.

use crate::gate::{Finding, GateAnswer, Measured, judge};
use crate::result::{Estimate, PairedAnswer, SystemAnswer};
use crate::spec::Spec;

/// The answer of the specification's gate, if it has one.
pub fn verdict(
    spec: &Spec,
    systems: &[SystemAnswer],
    comparisons: &[PairedAnswer],
) -> Option<GateAnswer> {
    let policy = spec.gate.as_ref()?;
    let finding = |paired| finding(systems, paired);
    let findings: Vec<Finding<'_>> = comparisons.iter().filter_map(finding).collect();
    Some(judge(policy, &findings, spec.statistics.confidence))
}

fn finding<'a>(systems: &'a [SystemAnswer], paired: &'a PairedAnswer) -> Option<Finding<'a>> {
    let system = systems.iter().find(|one| one.name == paired.candidate)?;
    let own = system.metrics.iter().find(|one| one.key == paired.metric)?;
    Some(Finding {
        candidate: &paired.candidate,
        metric: &paired.metric,
        slice: None,
        direction: own.direction,
        difference: measured(&paired.difference),
        p_adjusted: paired.p_adjusted,
        baseline_value: paired.baseline_value,
        value: measured(&own.estimate),
    })
}

fn measured(estimate: &Estimate) -> Measured {
    let interval = estimate.interval.as_ref();
    Measured {
        value: estimate.value,
        interval: interval.map(|interval| (interval.low, interval.high)),
        undefined_reason: estimate.undefined_reason.clone(),
    }
}
