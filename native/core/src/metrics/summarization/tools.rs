//! What the measures work with, reused from row to row.

use crate::text::skip_bigrams::SkipBigrams;
use crate::text::union_lcs::{NumberedRows, UnionLcs};
use crate::text::weighted_lcs::{WeightedLcs, Weights};

/// What the measures work with.
#[derive(Default)]
pub(super) struct Tools {
    pub union: UnionLcs,
    pub rows: NumberedRows,
    pub weighted: WeightedLcs,
    pub bigrams: SkipBigrams,
    pub free: Free,
    pub weights: AllWeights,
    pub hits: Vec<u64>,
}

/// The weights of every power that a call asks for.
#[derive(Default)]
pub(super) struct AllWeights(Vec<Weights>);

impl AllWeights {
    /// The weights of a power.
    pub fn of(&mut self, power: f64) -> &mut Weights {
        let found = self.0.iter().position(|known| known.power() == power);
        let at = found.unwrap_or_else(|| {
            self.0.push(Weights::new(power));
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

/// How often each token of the reference may still match, so that no token matches more often than both texts have it.
#[derive(Debug, Default)]
pub(super) struct Free {
    prediction: Vec<u32>,
    reference: Vec<u32>,
}

impl Free {
    pub fn load(&mut self, bound: usize, prediction: &[u32], reference: &[u32]) {
        let fill = |counts: &mut Vec<u32>, numbers: &[u32]| {
            counts.clear();
            counts.resize(bound, 0);
            for &number in numbers {
                if let Some(count) = counts.get_mut(number as usize) {
                    *count += 1;
                }
            }
        };
        fill(&mut self.prediction, prediction);
        fill(&mut self.reference, reference);
    }

    /// How often two texts have tokens in common.
    pub fn matches(&mut self, bound: usize, prediction: &[u32], reference: &[u32]) -> u32 {
        self.load(bound, prediction, reference);
        let pairs = self.prediction.iter().zip(&self.reference);
        pairs
            .map(|(prediction, reference)| prediction.min(reference))
            .sum()
    }

    /// Takes one match of a token of the reference, if one is left.
    pub fn take(&mut self, number: u32) -> bool {
        let (prediction, reference) = (
            &mut self.prediction[number as usize],
            &mut self.reference[number as usize],
        );
        let is_free = *prediction > 0 && *reference > 0;
        if is_free {
            *prediction -= 1;
            *reference -= 1;
        }
        is_free
    }
}
