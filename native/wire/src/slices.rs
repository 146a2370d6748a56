//! From slices of the core to messages.

use evald_core::result::{Answer, ConsistencyAnswer, SliceAnswer};

use crate::answer::{estimate, note, paired_result};
use crate::proto;

/// The values of a metric by slice.
pub fn slice_results(
    slices: &[SliceAnswer],
    system: usize,
    metric: usize,
) -> Vec<proto::SliceResult> {
    let result = |slice: &SliceAnswer| {
        let found = slice.systems.get(system)?.metrics.get(metric)?;
        // Notes of a slice as a whole are those of its comparisons, but for its size.
        let small = slice.notes.iter().filter(|note| note.code == "SMALL_SLICE");
        Some(proto::SliceResult {
            by: slice.by.clone(),
            values: slice.values.clone(),
            estimate: Some(estimate(&found.estimate)),
            notes: small.chain(&found.notes).map(note).collect(),
        })
    };
    slices.iter().filter_map(result).collect()
}

/// The comparisons by slice.
pub fn slice_comparison(slice: &SliceAnswer) -> proto::SliceComparison {
    proto::SliceComparison {
        by: slice.by.clone(),
        values: slice.values.clone(),
        rows: slice.rows,
        comparisons: slice.comparisons.iter().map(paired_result).collect(),
        notes: slice.notes.iter().map(note).collect(),
    }
}

/// How well slices agree.
pub fn consistency(answer: &Answer) -> Vec<proto::Consistency> {
    let found = answer.consistency.iter();
    found.map(|found| agreement(found, answer)).collect()
}

fn agreement(found: &ConsistencyAnswer, answer: &Answer) -> proto::Consistency {
    let worst = found.worst.and_then(|place| answer.slices.get(place));
    let difference = worst.and_then(|slice| {
        let mut comparisons = slice.comparisons.iter();
        comparisons.find(|one| one.metric == found.metric && one.candidate == found.candidate)
    });
    proto::Consistency {
        by: found.by.clone(),
        metric: found.metric.clone(),
        candidate: found.candidate.clone(),
        slices: found.slices,
        improved: found.improved,
        improved_rows: found.improved_rows,
        worst: worst.map_or_else(Vec::new, |slice| slice.values.clone()),
        worst_difference: difference.map(|paired| estimate(&paired.difference)),
        heterogeneity: found.heterogeneity.map(|found| proto::Heterogeneity {
            q: found.q,
            degrees: found.degrees,
            p_value: found.p,
            i_squared: found.i_squared,
            f: found.f,
            denominator_degrees: found.denominator_degrees,
        }),
        notes: found.notes.iter().map(note).collect(),
    }
}
