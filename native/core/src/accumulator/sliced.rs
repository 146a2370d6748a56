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
        self.check_slice_cost(&slices, &desks)?;
        for (slice, desk) in slices.iter().zip(&desks) {
            answer.slices.push(desk.slice_answer(slice, cancel)?);
        }
        self.add_forgetting(&slices, &desks, answer, cancel)?;
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

    /// Adds what is found of tasks; their slices are for that alone if nothing else asks for them.
    fn add_forgetting(
        &self,
        slices: &[&Slice],
        desks: &[Desk<'_>],
        answer: &mut Answer,
        cancel: Cancel<'_>,
    ) -> Result<()> {
        let Some(asked) = &self.accumulator.spec.forgetting else {
            return Ok(());
        };
        let found = slices.iter().zip(desks).zip(&answer.slices);
        let tasks: Vec<_> = found
            .filter(|((slice, _), _)| self.is_task(slice))
            .map(|((_, desk), found)| (desk, found))
            .collect();
        answer.forgetting = Some(self.forgetting(asked, &tasks, cancel)?);
        if !asked.shows_slices {
            let mut slices = slices.iter();
            let is_shown =
                |_: &SliceAnswer| !slices.next().is_some_and(|slice| self.is_task(slice));
            answer.slices.retain(is_shown);
        }
        Ok(())
    }

    /// Whether a slice is one of the tasks that are compared.
    fn is_task(&self, slice: &Slice) -> bool {
        let asked = self.accumulator.spec.forgetting.as_ref();
        asked.is_some_and(|asked| asked.slicing == slice.key.0 as usize)
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

    fn check_slice_cost(&self, slices: &[&Slice], desks: &[Desk<'_>]) -> Result<()> {
        let limit = self.accumulator.spec.limits.max_resampling_cost;
        let cost = slices.iter().zip(desks).map(|(slice, desk)| {
            let jointly = if self.is_task(slice) {
                desk.cost_of_replicates()
            } else {
                0
            };
            desk.cost_of_slice() + jointly
        });
        let cost: u64 = cost.sum();
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
