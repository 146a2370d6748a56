//! What the gate looks at, taken from the values of a call.

use crate::gate::{Finding, GateAnswer, Measured, Tested, judge, slice_words};
use crate::result::{Answer, Estimate, PairedAnswer, SliceAnswer, SystemAnswer};
use crate::spec::Spec;

/// The answer of the specification's gate, if it has one.
pub fn verdict(spec: &Spec, answer: &Answer) -> Option<GateAnswer> {
    let policy = spec.gate.as_ref()?;
    let whole = findings(&answer.systems, &answer.comparisons, None);
    let slices = answer.slices.iter().filter(|slice| is_tested(slice));
    let slices = slices.flat_map(|slice| findings(&slice.systems, &slice.comparisons, Some(slice)));
    let found: Vec<Finding<'_>> = whole.chain(slices).collect();
    Some(judge(policy, &found, spec.statistics.confidence))
}

/// Small slices are named in the answer, and decide nothing.
fn is_tested(slice: &SliceAnswer) -> bool {
    slice.notes.iter().all(|note| note.code != "SMALL_SLICE")
}

fn findings<'a>(
    systems: &'a [SystemAnswer],
    comparisons: &'a [PairedAnswer],
    slice: Option<&'a SliceAnswer>,
) -> impl Iterator<Item = Finding<'a>> {
    comparisons.iter().filter_map(move |paired| {
        let system = systems.iter().find(|one| one.name == paired.candidate)?;
        let own = system.metrics.iter().find(|one| one.key == paired.metric)?;
        Some(Finding {
            candidate: &paired.candidate,
            metric: &paired.metric,
            slice: slice.map(|slice| (&slice.by[..], slice_words(&slice.by, &slice.values))),
            direction: own.direction,
            difference: measured(&paired.difference),
            tested: tested(paired),
            baseline_value: paired.baseline_value,
            value: measured(&own.estimate),
        })
    })
}

fn tested(paired: &PairedAnswer) -> Option<Tested> {
    Some(Tested {
        p_adjusted: paired.p_adjusted?,
        at_floor: paired.p.is_some_and(|p| p.at_floor),
        decision: paired.decision,
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
