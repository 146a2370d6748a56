//! Whether the slices of a slicing agree with each other and with the whole.

use super::finish::{Desk, Scope};
use crate::metrics::Direction;
use crate::result::{Answer, ConsistencyAnswer, Note, PairedAnswer};
use crate::stats::heterogeneity::{self, Group};

/// A whole that almost all of its slices contradict is reported: this share of them.
const NEARLY_ALL: f64 = 0.9;

/// A slice as one metric of one candidate sees it.
struct Seen<'a> {
    place: usize,
    rows: u64,
    paired: &'a PairedAnswer,
    /// How much better the candidate is.
    gain: f64,
}

impl Desk<'_> {
    /// For every slicing, each comparison of the whole with those of its slices.
    pub(super) fn consistency(&self, answer: &Answer) -> Vec<ConsistencyAnswer> {
        debug_assert_eq!(self.scope, Scope::Whole);
        let slicings = self.accumulator.spec.shown_slices();
        slicings
            .flat_map(|slicing| {
                let whole = answer.comparisons.iter().enumerate();
                whole.map(|(at, whole)| self.agreement(answer, &slicing.name, at, whole))
            })
            .collect()
    }

    /// `at` is the place of the comparison, which is the same in every slice.
    fn agreement(
        &self,
        answer: &Answer,
        by: &str,
        at: usize,
        whole: &PairedAnswer,
    ) -> ConsistencyAnswer {
        let spec = &self.accumulator.spec;
        let mut metrics = spec.metrics.iter();
        let metric = metrics.find(|metric| metric.key == whole.metric);
        let sign = match metric.map(|metric| metric.direction) {
            Some(Direction::Lower) => -1.0,
            _ => 1.0,
        };
        let least = spec.statistics.min_slice_size;
        let slices = answer.slices.iter().enumerate();
        let seen: Vec<Seen<'_>> = slices
            .filter(|(_, slice)| slice.by == by && slice.rows >= least)
            .filter_map(|(place, slice)| {
                let paired = slice.comparisons.get(at)?;
                Some(Seen {
                    place,
                    rows: paired.difference.n,
                    gain: sign * paired.difference.value?,
                    paired,
                })
            })
            .collect();
        let worst = seen
            .iter()
            .min_by(|left, right| left.gain.total_cmp(&right.gain));
        let rows: u64 = seen.iter().map(|slice| slice.rows).sum();
        let improved = || seen.iter().filter(|slice| slice.gain > 0.0);
        let improved_rows: u64 = improved().map(|slice| slice.rows).sum();
        ConsistencyAnswer {
            by: by.to_owned(),
            metric: whole.metric.clone(),
            candidate: whole.candidate.clone(),
            slices: seen.len() as u64,
            improved: improved().count() as u64,
            improved_rows: improved_rows as f64 / rows.max(1) as f64,
            worst: worst.map(|slice| slice.place),
            heterogeneity: heterogeneity::of(&precise(&seen)),
            notes: simpson(sign * whole.difference.value.unwrap_or(0.0), &seen),
        }
    }
}

/// Differences of the slices that have a standard error above 0.
fn precise(seen: &[Seen<'_>]) -> Vec<Group> {
    let groups = seen.iter().filter_map(|slice| {
        let estimate = &slice.paired.difference;
        let interval = estimate.interval.as_ref()?;
        Some(Group {
            value: estimate.value?,
            std_error: interval.std_error,
            degrees: interval.degrees,
        })
    });
    groups.filter(|group| group.std_error > 0.0).collect()
}

/// A note if the whole says one thing and nearly all slices say the opposite (Simpson 1951).
fn simpson(whole: f64, seen: &[Seen<'_>]) -> Vec<Note> {
    let against = seen.iter().filter(|slice| slice.gain * whole < 0.0).count();
    if seen.len() < 2 || (against as f64) < NEARLY_ALL * seen.len() as f64 {
        return Vec::new();
    }
    let (said, slices) = if whole > 0.0 {
        ("better", "worse")
    } else {
        ("worse", "better")
    };
    vec![Note {
        code: "SIMPSONS_PARADOX",
        text: format!(
            "the candidate is {said} on the whole, but {slices} in {against} of {} slices: the mix of the rows decides \
             the whole, so trust the slices",
            seen.len()
        ),
        count: 0,
        row_ids: Vec::new(),
    }]
}
