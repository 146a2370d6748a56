//! Rows in their order, for sacrebleu's tests: they draw rows one by one and cannot rest on sums by slot.

use super::finish::Desk;
use super::pairing::Pair;
use super::prepare::Prepared;
use super::score::Scored;
use super::{Accumulator, Cancel, Placement, row_metrics};
use crate::error::{Error, Result};
use crate::metrics::{ResolvedMetric, RowMetric};
use crate::result::PValue;
use crate::spec::{Question, Spec};
use crate::stats::paired_test::PairedTest;
use crate::stats::sacrebleu::{RESAMPLES, ResampledMean, Rows, TRIALS, bootstrap, randomisation};

/// Statistics of every row by system.
#[derive(Debug, Clone, Default)]
pub struct OrderedRows {
    rows: u64,
    /// Whether a prediction is missing.
    has_gaps: bool,
    systems: Vec<Vec<f64>>,
}

impl OrderedRows {
    /// Empty, if the specification asks for a test that needs them.
    pub fn of(spec: &Spec) -> Option<Self> {
        let is_asked = spec.question != Question::Evaluate
            && spec
                .statistics
                .test
                .is_some_and(PairedTest::follows_sacrebleu);
        is_asked.then(|| Self {
            systems: vec![Vec::new(); spec.systems.len()],
            ..Self::default()
        })
    }

    /// Adds scored rows.
    pub fn add(&mut self, prepared: &Prepared, scored: &Scored) {
        for row in scored.rows() {
            self.rows += 1;
            for (system, numbers) in self.systems.iter_mut().enumerate() {
                let at = row * prepared.systems + system;
                self.has_gaps |= !prepared.usable[at];
                numbers.extend_from_slice(scored.stats_of(at));
            }
        }
    }

    /// The columns of one metric of one system, row by row.
    fn columns(&self, system: usize, start: usize, len: usize) -> Vec<f64> {
        let numbers = &self.systems[system];
        let width = numbers.len() / self.rows.max(1) as usize;
        // The first column of sums is the weight, which rows do not carry.
        let rows = numbers.chunks_exact(width.max(1));
        rows.flat_map(|row| &row[start - 1..][..len])
            .copied()
            .collect()
    }
}

/// What sacrebleu says of one metric.
pub struct Verdict {
    /// Its p-value.
    pub p: PValue,
    /// Means of baseline and candidate over the resamples of the bootstrap.
    pub resampled: Option<[ResampledMean; 2]>,
}

impl Accumulator {
    /// Refuses a batch whose rows are too many to be kept one by one.
    pub(super) fn check_ordered(&self, rows: usize) -> Result<()> {
        let Some(ordered) = &self.ordered else {
            return Ok(());
        };
        let limit = self.spec.limits.max_collected_numbers;
        let numbers = (self.spec.systems.len() * (self.spec.width() - 1)) as u64;
        if (ordered.rows + rows as u64).saturating_mul(numbers) <= limit {
            return Ok(());
        }
        Err(Error::invalid(
            "LIMIT_EXCEEDED",
            "instances",
            format!(
                "sacrebleu's tests would keep {numbers} numbers a row, together more than max_collected_numbers = {limit}; \
                 send fewer rows or ask for another test"
            ),
        )
        .with("limit", "max_collected_numbers")
        .with("maximum", limit))
    }
}

impl Desk<'_> {
    /// Refuses sacrebleu's tests where rows are missing, came from another shard or cost too much.
    pub(super) fn check_ordered(&self, test: PairedTest) -> Result<()> {
        let accumulator = self.accumulator;
        let Some(ordered) = &accumulator.ordered else {
            return Ok(());
        };
        let refuse = |problem: &str| {
            let text = format!("{} {problem}: ask for PAIRED_RANDOMISATION", test.name());
            Err(
                Error::invalid("UNSUITABLE_TEST", "spec.statistics.test", text)
                    .with("test", test.name()),
            )
        };
        if ordered.has_gaps {
            return refuse("needs a prediction of every system for every row");
        }
        if ordered.rows != accumulator.rows_seen() {
            return refuse("needs all rows in one process, in their order");
        }
        let numbers: usize = ordered.systems.iter().map(Vec::len).sum();
        let cost = (numbers * TRIALS.max(self.resamples())) as u64;
        if cost > accumulator.spec.limits.max_resampling_cost {
            return refuse("would cost more than the limit max_resampling_cost");
        }
        Ok(())
    }

    fn resamples(&self) -> usize {
        match self.accumulator.spec.statistics.replicates {
            0 => RESAMPLES,
            replicates => replicates as usize,
        }
    }

    /// What sacrebleu says of every metric of a pair, by place; empty unless it is asked.
    pub(super) fn as_sacrebleu(&self, pair: &Pair, cancel: Cancel<'_>) -> Result<Vec<Verdict>> {
        let spec = &self.accumulator.spec;
        let (Some(ordered), Some(test)) = (&self.accumulator.ordered, spec.statistics.test) else {
            return Ok(Vec::new());
        };
        let one = |(at, _, metric): (usize, &ResolvedMetric, &dyn RowMetric)| {
            let Placement::Columns { start, len } = self.accumulator.layout[at] else {
                return Err(Error::internal("a metric of rows has no columns"));
            };
            let columns =
                [pair.baseline, pair.candidate].map(|system| ordered.columns(system, start, len));
            let rows = [0, 1].map(|side| Rows {
                width: len,
                numbers: &columns[side],
            });
            sacrebleu_verdict(
                test,
                rows,
                metric,
                (spec.statistics.seed, self.resamples()),
                cancel,
            )
            .ok_or_else(Error::cancelled)
        };
        row_metrics(spec).map(one).collect()
    }
}

fn sacrebleu_verdict(
    test: PairedTest,
    rows: [Rows<'_>; 2],
    metric: &dyn RowMetric,
    (seed, resamples): (u64, usize),
    cancel: Cancel<'_>,
) -> Option<Verdict> {
    let score = |sums: &[f64]| metric.value(sums, 1.0);
    let (value, draws, resampled) = if test == PairedTest::SacrebleuBootstrap {
        let single = |sums: &[f64]| metric.single_precision(sums).unwrap_or_default();
        let [base, cand] = rows.map(|rows| score(&rows.totals()));
        let drawn = (seed, resamples);
        let (p, means) = bootstrap(rows, single, (base - cand).abs(), drawn, cancel)?;
        (p, resamples, Some(means))
    } else {
        (randomisation(rows, score, seed, cancel)?, TRIALS, None)
    };
    Some(Verdict {
        p: PValue {
            value,
            at_floor: value * (draws + 1) as f64 <= 1.0,
            draws: draws as u64,
        },
        resampled,
    })
}
