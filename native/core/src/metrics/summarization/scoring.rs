//! From what two texts have in common to precision, recall and F-measure, over all references of a row.

use crate::stats::f_measure;

/// What a prediction and a reference have in common, in units or weights.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Counts {
    /// What both have.
    pub hits: f64,
    /// What the prediction has.
    pub prediction: f64,
    /// What the reference has.
    pub reference: f64,
    /// What ROUGE-1.5.5 divides by to find the best reference.
    pub base: f64,
}

/// Whose formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// rouge-score 0.1.2.
    Google,
    /// The script ROUGE-1.5.5.
    Script,
    /// The paper.
    Paper,
}

/// What becomes of several references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregation {
    /// The best one counts, the first of equals.
    Best,
    /// The mean of precision, recall and F-measure.
    Average,
    /// The counts are added up.
    Pooled,
}

/// How counts become scores.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scoring {
    pub profile: Profile,
    pub aggregation: Aggregation,
    /// Weight of precision in the F-measure.
    pub alpha: f64,
    /// The power whose inverse is taken of a share of weights; 1 for counts.
    pub power: f64,
    /// Whether ROUGE-1.5.5 rounds before it finds the best reference.
    pub rounded_rank: bool,
}

/// F-measures that are equal by the paper's formulas differ by less, as a share of them.
const ROUNDING: f64 = 1e-12;

/// Precision, recall, F-measure.
pub(super) type Triple = [f64; 3];

impl Scoring {
    /// The score of a row from the counts with each of its references.
    pub fn score(&self, counts: impl Iterator<Item = Counts>) -> Triple {
        match (self.aggregation, self.profile) {
            (Aggregation::Pooled, _) => self.triple(&pooled(counts)),
            (Aggregation::Best, Profile::Script) => self.triple(&self.highest_rank(counts)),
            (Aggregation::Best, _) => self.best(counts.map(|counts| self.triple(&counts))),
            (Aggregation::Average, _) => mean(counts.map(|counts| self.triple(&counts))),
        }
    }

    /// Precision, recall and F-measure of counts.
    fn triple(&self, counts: &Counts) -> Triple {
        let precision = self.share(counts.hits, counts.prediction);
        let recall = self.share(counts.hits, counts.reference);
        let fmeasure = match self.profile {
            Profile::Google => f_measure(precision, recall),
            Profile::Paper => self.weighted_mean(precision, recall),
            Profile::Script => five_decimals(self.weighted_mean(precision, recall)),
        };
        [precision, recall, fmeasure]
    }

    fn share(&self, hits: f64, all: f64) -> f64 {
        let share = self.exact_share(hits, all);
        match self.profile {
            Profile::Script => five_decimals(share),
            Profile::Google | Profile::Paper => share,
        }
    }

    fn exact_share(&self, hits: f64, all: f64) -> f64 {
        if all <= 0.0 {
            0.0
        } else if self.power == 1.0 {
            hits / all
        } else {
            (hits / all).powf(1.0 / self.power)
        }
    }

    /// The first of the highest recall.
    fn highest_rank(&self, counts: impl Iterator<Item = Counts>) -> Counts {
        let rank = |counts: Counts| {
            let recall = self.exact_share(counts.hits, counts.base);
            let rank = if self.rounded_rank {
                five_decimals(recall)
            } else {
                recall
            };
            (rank, counts)
        };
        let higher =
            |best: (f64, Counts), other: (f64, Counts)| if other.0 > best.0 { other } else { best };
        counts.map(rank).reduce(higher).unwrap_or_default().1
    }

    /// The first of the best: of the highest number, as NumPy's argmax, or of the paper's numbers, which are powers and
    /// rounded, of those that are as high but for rounding. An F-measure of 0 means that nothing matches, so all three
    /// are 0.
    fn best(&self, triples: impl Iterator<Item = Triple>) -> Triple {
        let as_high = match self.profile {
            Profile::Paper => 1.0 + ROUNDING,
            Profile::Google | Profile::Script => 1.0,
        };
        let higher = |best: Triple, other: Triple| {
            if other[2] > best[2] * as_high {
                other
            } else {
                best
            }
        };
        triples.fold([0.0; 3], higher)
    }

    /// The harmonic mean with weights, in the script's order of operations.
    fn weighted_mean(&self, precision: f64, recall: f64) -> f64 {
        let weighted = (1.0 - self.alpha) * precision + self.alpha * recall;
        if weighted > 0.0 {
            precision * recall / weighted
        } else {
            0.0
        }
    }
}

fn pooled(counts: impl Iterator<Item = Counts>) -> Counts {
    counts.fold(Counts::default(), |sum, counts| Counts {
        hits: sum.hits + counts.hits,
        prediction: sum.prediction + counts.prediction,
        reference: sum.reference + counts.reference,
        base: sum.base + counts.base,
    })
}

fn mean(triples: impl Iterator<Item = Triple>) -> Triple {
    let add = |(sum, n): (Triple, f64), triple: Triple| {
        (
            [sum[0] + triple[0], sum[1] + triple[1], sum[2] + triple[2]],
            n + 1.0,
        )
    };
    let (sum, n) = triples.fold(([0.0; 3], 0.0), add);
    if n > 0.0 { sum.map(|sum| sum / n) } else { sum }
}

/// The number that `sprintf("%.5f")` prints: the decimal nearest to the exact value, of two the one that ends even.
pub(super) fn five_decimals(value: f64) -> f64 {
    const SCALE: f64 = 100_000.0;
    let scaled = value * SCALE;
    let mut whole = scaled.round();
    // The product is rounded too: near a half only its exact remainder decides.
    if ((scaled - scaled.floor()) - 0.5).abs() < 1e-6 {
        let low = scaled.floor();
        let above_half = value.mul_add(SCALE, -(low + 0.5));
        let is_up = above_half > 0.0 || (above_half == 0.0 && low % 2.0 != 0.0);
        whole = low + f64::from(u8::from(is_up));
    }
    whole / SCALE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(value: f64) -> f64 {
        format!("{value:.5}").parse().expect("a number")
    }

    #[test]
    fn halves_end_even() {
        for value in [
            1.0 / 64.0,
            3.0 / 64.0,
            5.0 / 64.0,
            0.000_005,
            0.714_285,
            0.5,
            0.0,
            1.0,
        ] {
            assert_eq!(five_decimals(value), printed(value), "{value}");
        }
        assert_eq!(five_decimals(1.0 / 64.0), 0.015_62);
        assert_eq!(five_decimals(3.0 / 64.0), 0.046_88);
    }

    proptest! {
        #[test]
        fn shares_are_rounded_as_printed(hits in 0..5000_u32, more in 0..5000_u32) {
            let share = f64::from(hits) / f64::from((hits + more).max(1));
            prop_assert_eq!(five_decimals(share), printed(share));
        }

        #[test]
        fn any_number_is_rounded_as_printed(value in 0.0..2.0_f64) {
            prop_assert_eq!(five_decimals(value), printed(value));
        }

        #[test]
        fn near_halves_too(number in 0..100_000_u32, ulps in -3..4_i64) {
            let half = (f64::from(number) + 0.5) / 100_000.0;
            let value = f64::from_bits(half.to_bits().wrapping_add_signed(ulps));
            prop_assert_eq!(five_decimals(value), printed(value));
        }
    }

    fn scoring(profile: Profile, aggregation: Aggregation) -> Scoring {
        Scoring {
            profile,
            aggregation,
            alpha: 0.5,
            power: 1.0,
            rounded_rank: false,
        }
    }

    fn counts(hits: f64, prediction: f64, reference: f64) -> Counts {
        Counts {
            hits,
            prediction,
            reference,
            base: reference,
        }
    }

    /// With alpha 1 the F-measure is the precision, .75 of both references: one is rounded down, the other up.
    #[test]
    fn rounding_does_not_choose_a_reference() {
        let of_paper = Scoring {
            alpha: 1.0,
            ..scoring(Profile::Paper, Aggregation::Best)
        };
        let both = [counts(3.0, 4.0, 13.0), counts(3.0, 4.0, 30.0)];
        let [first, second] = both.map(|counts| of_paper.triple(&counts));
        assert!(second[2] > first[2], "{second:?}");
        assert_eq!(of_paper.score(both.into_iter()), first);
    }

    #[test]
    fn references_are_aggregated() {
        let both = [counts(1.0, 2.0, 4.0), counts(1.0, 2.0, 2.0)];
        let score = |profile, aggregation| scoring(profile, aggregation).score(both.into_iter());
        assert_eq!(score(Profile::Google, Aggregation::Best), [0.5, 0.5, 0.5]);
        assert_eq!(
            score(Profile::Paper, Aggregation::Pooled),
            [0.5, 1.0 / 3.0, 0.4]
        );
        assert_eq!(
            score(Profile::Script, Aggregation::Pooled),
            [0.5, 0.333_33, 0.4]
        );
        assert_eq!(score(Profile::Script, Aggregation::Best), [0.5, 0.5, 0.5]);
        let mean = score(Profile::Google, Aggregation::Average);
        assert_eq!(mean[..2], [0.5, 0.375]);
        assert!((mean[2] - f64::midpoint(1.0 / 3.0, 0.5)).abs() < 1e-15);
    }

    #[test]
    fn nothing_is_zero() {
        for profile in [Profile::Google, Profile::Script, Profile::Paper] {
            for aggregation in [Aggregation::Best, Aggregation::Average, Aggregation::Pooled] {
                let score = scoring(profile, aggregation).score([Counts::default()].into_iter());
                assert_eq!(score, [0.0; 3]);
            }
        }
    }
}
