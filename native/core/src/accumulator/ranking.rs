//! All systems of a comparison in order.

use super::finish::{Desk, Replicates};
use crate::metrics::{Direction, ResolvedMetric};
use crate::result::{PairedAnswer, Ranking, SystemRank};
use crate::stats::rank::{rank_intervals, ranks};

/// Two systems are a comparison, and no ranking.
const FEWEST_SYSTEMS: usize = 3;

impl Desk<'_> {
    /// The systems by every metric with a direction. They are ordered by their difference to the baseline on the rows that
    /// both have, so that nobody gains from rows left out; `replicates` are by arm, `pair_arms` those of each pair.
    pub(super) fn rankings(
        &self,
        comparisons: &[PairedAnswer],
        pair_arms: &[(usize, usize)],
        replicates: &[Replicates],
    ) -> Vec<Ranking> {
        if self.accumulator.spec.systems.len() < FEWEST_SYSTEMS {
            return Vec::new();
        }
        let ranking = |(at, metric): (usize, &ResolvedMetric)| {
            let differences = pair_arms.iter().map(|(base, cand)| {
                let both = replicates[*base][at].iter().zip(&replicates[*cand][at]);
                both.map(|(base, cand)| cand - base).collect()
            });
            let found = comparisons
                .iter()
                .filter(|found| found.metric == metric.key);
            self.ranking(metric, found.zip(differences))
        };
        self.tested().map(ranking).collect()
    }

    fn ranking<'p>(
        &self,
        metric: &ResolvedMetric,
        candidates: impl Iterator<Item = (&'p PairedAnswer, Vec<f64>)>,
    ) -> Ranking {
        let statistics = &self.accumulator.spec.statistics;
        let baseline = self
            .accumulator
            .pairs
            .first()
            .map_or(0, |pair| pair.baseline);
        let mut systems = vec![self.accumulator.spec.systems[baseline].name.clone()];
        let mut values = vec![0.0];
        let mut replicates = vec![vec![0.0; statistics.replicates as usize]];
        let sign = match metric.direction {
            Direction::Lower => -1.0,
            Direction::Higher | Direction::None => 1.0,
        };
        for (candidate, differences) in candidates {
            // One without a value has no place.
            if let Some(value) = candidate.difference.value {
                systems.push(candidate.candidate.clone());
                values.push(sign * value);
                replicates.push(differences.into_iter().map(|value| sign * value).collect());
            }
        }
        let intervals =
            rank_intervals(&replicates, statistics.confidence).filter(|_| metric.entry.interval);
        let ranked = systems.into_iter().zip(ranks(&values)).enumerate();
        let mut ranks: Vec<SystemRank> = ranked
            .map(|(place, (system, rank))| SystemRank {
                system,
                rank,
                interval: intervals.as_ref().map(|intervals| intervals[place]),
            })
            .collect();
        ranks.sort_by_key(|found| found.rank);
        Ranking {
            metric: metric.key.clone(),
            ranks,
        }
    }
}
