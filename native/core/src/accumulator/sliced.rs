//! Answers by slice: what a call answers, for the rows of each.

use super::Cancel;
use super::compare::SLICE_CORRECTION;
use super::finish::{Desk, Scope};
use super::resample::Valuer;
use super::slices::Slice;
use crate::error::{Error, Result};
use crate::result::{Answer, Note, PairedAnswer, SliceAnswer};
use crate::slicing::SEPARATOR;

impl Desk<'_> {
    /// Adds the slices to the answer for the whole.
    pub(super) fn slice(&self, answer: &mut Answer, cancel: Cancel<'_>) -> Result<()> {
        let slices = self.accumulator.slices.sorted();
        let least = self.accumulator.spec.statistics.min_slice_size;
        let is_small = |slice: &Slice| slice.rows.rows_seen() < least;
        let large = slices.iter().filter(|slice| !is_small(slice)).count();
        let scope = |slice: &Slice| {
            if is_small(slice) {
                Scope::SmallSlice
            } else {
                Scope::Slice(large)
            }
        };
        let desks: Vec<Desk<'_>> = slices
            .iter()
            .map(|slice| self.of_slice(slice, scope(slice)))
            .collect();
        self.check_slice_cost(&desks)?;
        for (slice, desk) in slices.iter().zip(&desks) {
            answer.slices.push(desk.slice_answer(slice, cancel)?);
        }
        let slices = answer.slices.iter_mut();
        let mut comparisons: Vec<PairedAnswer> = slices
            .flat_map(|slice| std::mem::take(&mut slice.comparisons))
            .collect();
        let over = "slices x metrics x candidates";
        self.decide_family(&mut comparisons, SLICE_CORRECTION, over);
        // Every slice has as many as the whole.
        let mut comparisons = comparisons.into_iter();
        for slice in &mut answer.slices {
            slice.comparisons = comparisons
                .by_ref()
                .take(answer.comparisons.len())
                .collect();
        }
        answer.consistency = self.consistency(answer);
        Ok(())
    }

    /// Labels are numbered by the whole.
    fn of_slice<'s>(&'s self, slice: &'s Slice, scope: Scope) -> Desk<'s> {
        Desk {
            accumulator: &slice.rows,
            valuer: Valuer::new(self.accumulator),
            ranks: slice.rows.slots.ranks(),
            label_ranks: self.label_ranks.clone(),
            scope,
        }
    }

    fn check_slice_cost(&self, desks: &[Desk<'_>]) -> Result<()> {
        let limit = self.accumulator.spec.limits.max_resampling_cost;
        let cost: u64 = desks.iter().map(Desk::cost_of_slice).sum();
        if cost <= limit {
            return Ok(());
        }
        Err(Error::invalid(
            "LIMIT_EXCEEDED",
            "spec.slices",
            format!(
                "replicates x non-empty cells of all slices is {cost}, more than max_resampling_cost = {limit}; ask for \
                 fewer slices, metrics or replicates"
            ),
        )
        .with("limit", "max_resampling_cost")
        .with("maximum", limit))
    }

    fn slice_answer(&self, slice: &Slice, cancel: Cancel<'_>) -> Result<SliceAnswer> {
        let spec = &self.accumulator.spec;
        let (slicing, value) = &slice.key;
        let rows = slice.rows.rows_seen();
        let mut answer = self.answer(cancel)?;
        let mut notes = answer.notes;
        if self.scope == Scope::SmallSlice {
            let least = spec.statistics.min_slice_size;
            let text = format!(
                "fewer rows than min_slice_size = {least}: the values are there, without intervals and tests"
            );
            let reason = format!("the slice has {rows} rows, fewer than min_slice_size = {least}");
            let of_systems = answer
                .systems
                .iter_mut()
                .flat_map(|system| &mut system.metrics);
            let of_systems = of_systems.map(|metric| &mut metric.estimate);
            let of_pairs = answer.comparisons.iter_mut().map(|one| &mut one.difference);
            for estimate in of_systems.chain(of_pairs) {
                if estimate.undefined_reason.is_empty() {
                    estimate.undefined_reason.clone_from(&reason);
                }
            }
            notes = vec![Note {
                code: "SMALL_SLICE",
                text,
                count: rows,
                row_ids: Vec::new(),
            }];
        }
        Ok(SliceAnswer {
            by: spec.slices[*slicing as usize].name.clone(),
            values: value.split(SEPARATOR).map(str::to_owned).collect(),
            rows,
            systems: answer.systems,
            comparisons: answer.comparisons,
            notes,
        })
    }
}
