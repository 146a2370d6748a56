//! From sums of counts to BLEU, in the arithmetic of each profile, operation by operation.

use super::bleu_smoothing::{Method, Smoothing};
use crate::stats::sacrebleu::single;
use crate::text::matching::MAX_ORDER;

/// Statistics of one row, or their sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums<'a> {
    pub(super) sys_len: f64,
    pub(super) ref_len: f64,
    /// Matches of each order.
    pub(super) correct: &'a [f64],
    /// n-grams of the predictions of each order.
    pub(super) total: &'a [f64],
}

impl<'a> Sums<'a> {
    /// Reads what [`super::bleu_counts::Counting::row`] has written.
    pub(super) fn read(stats: &'a [f64]) -> Self {
        let (lengths, counts) = stats.split_at(2);
        let (correct, total) = counts.split_at(counts.len() / 2);
        Self {
            sys_len: lengths[0],
            ref_len: lengths[1],
            correct,
            total,
        }
    }

    fn nothing_matches(&self) -> bool {
        self.correct.iter().all(|count| *count == 0.0)
    }
}

/// A score and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub(super) value: f64,
    pub(super) brevity_penalty: f64,
    /// After smoothing.
    pub(super) precisions: [f64; MAX_ORDER],
}

impl Score {
    fn zero(brevity_penalty: f64) -> Self {
        Self {
            value: 0.0,
            brevity_penalty,
            precisions: [0.0; MAX_ORDER],
        }
    }
}

/// The arithmetic of a profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Formula {
    Sacrebleu {
        smoothing: Smoothing,
        effective_order: bool,
    },
    /// `compute_bleu` of tensorflow/nmt, which Hugging Face evaluate calls.
    Hf {
        smooth: bool,
    },
    Nltk {
        method: Method,
        auto_reweigh: bool,
    },
}

impl Formula {
    /// The score of a corpus, or of a row in the way of [`Formula::of_row`].
    pub(super) fn score(self, sums: Sums<'_>) -> Score {
        match self {
            Self::Sacrebleu {
                smoothing,
                effective_order,
            } => sacrebleu(sums, smoothing, effective_order, |value| value),
            Self::Hf { smooth } => hf(sums, smooth),
            Self::Nltk {
                method,
                auto_reweigh,
            } => nltk(sums, method, auto_reweigh),
        }
    }

    /// The score of sums in single precision, if the formula is sacrebleu's: numpy rounds precisions to it, too.
    pub(super) fn single_precision(self, sums: Sums<'_>) -> Option<f64> {
        match self {
            Self::Sacrebleu {
                smoothing,
                effective_order,
            } => Some(sacrebleu(sums, smoothing, effective_order, single).value),
            Self::Hf { .. } | Self::Nltk { .. } => None,
        }
    }

    /// What scores one row: sacrebleu's `sentence_bleu` always has the effective order.
    pub(super) fn of_row(self) -> Self {
        match self {
            Self::Sacrebleu { smoothing, .. } => Self::Sacrebleu {
                smoothing,
                effective_order: true,
            },
            other => other,
        }
    }
}

/// `BLEU.compute_bleu` of sacrebleu. Logarithms are added one by one as Python 3.11 does; from 3.12 on, Python's `sum()`
/// compensates, and sacrebleu's last bit may differ.
fn sacrebleu(
    sums: Sums<'_>,
    smoothing: Smoothing,
    effective_order: bool,
    rounded: impl Fn(f64) -> f64,
) -> Score {
    let mut score = Score::zero(brevity_penalty(sums));
    if sums.nothing_matches() {
        return score;
    }
    let mut order = sums.correct.len();
    let mut halving = 1.0;
    for (n, (&correct, &total)) in sums.correct.iter().zip(sums.total).enumerate() {
        let extra = match smoothing {
            Smoothing::AddK(k) if n > 0 => k,
            _ => 0.0,
        };
        let (correct, total) = (rounded(correct + extra), rounded(total + extra));
        if total == 0.0 {
            break;
        }
        if effective_order {
            order = n + 1;
        }
        score.precisions[n] = match smoothing {
            _ if correct != 0.0 => rounded(rounded(100.0 * correct) / total),
            Smoothing::Exp => {
                halving *= 2.0;
                rounded(100.0 / (halving * total))
            }
            Smoothing::Floor(matches) => rounded(rounded(100.0 * matches) / total),
            Smoothing::None | Smoothing::AddK(_) => 0.0,
        };
    }
    let logs = score.precisions[..order]
        .iter()
        .fold(0.0, |sum, &p| sum + log_or_lowest(p));
    score.value = score.brevity_penalty * (logs / order as f64).exp();
    score
}

fn brevity_penalty(sums: Sums<'_>) -> f64 {
    if sums.sys_len >= sums.ref_len {
        1.0
    } else if sums.sys_len > 0.0 {
        (1.0 - sums.ref_len / sums.sys_len).exp()
    } else {
        0.0
    }
}

/// sacrebleu's `my_log`: a zero precision makes the score zero without an infinity.
fn log_or_lowest(precision: f64) -> f64 {
    if precision == 0.0 {
        -9_999_999_999.0
    } else {
        precision.ln()
    }
}

/// Where a side has no token at all, the script divides by zero; the score is 0 here.
fn hf(sums: Sums<'_>, smooth: bool) -> Score {
    let extra = if smooth { 1.0 } else { 0.0 };
    let orders = sums.correct.len();
    let mut score = Score::zero(0.0);
    for ((precision, correct), total) in score
        .precisions
        .iter_mut()
        .zip(sums.correct)
        .zip(sums.total)
    {
        let total = total + extra;
        if total > 0.0 {
            *precision = (correct + extra) / total;
        }
    }
    if sums.sys_len == 0.0 || sums.ref_len == 0.0 {
        return score;
    }
    let ratio = sums.sys_len / sums.ref_len;
    score.brevity_penalty = if ratio > 1.0 {
        1.0
    } else {
        (1.0 - 1.0 / ratio).exp()
    };
    let precisions = &score.precisions[..orders];
    if precisions.iter().all(|p| *p > 0.0) {
        let weight = 1.0 / orders as f64;
        let logs = precisions.iter().fold(0.0, |sum, p| sum + weight * p.ln());
        score.value = logs.exp() * score.brevity_penalty;
    }
    score
}

/// `corpus_bleu` of nltk with equal weights.
fn nltk(sums: Sums<'_>, method: Method, auto_reweigh: bool) -> Score {
    let mut score = Score::zero(if sums.sys_len > 0.0 {
        brevity_penalty(sums)
    } else {
        0.0
    });
    let orders = sums.correct.len();
    // Without a matching unigram, no smoothing is asked.
    if sums.correct[0] == 0.0 {
        return score;
    }
    method.smooth(sums, &mut score.precisions[..orders]);
    // `auto_reweigh` is for the default weights alone, and the shorter of weights and precisions ends the sum.
    let used = if auto_reweigh && orders == 4 && sums.sys_len < 4.0 {
        (sums.sys_len as usize).max(1)
    } else {
        orders
    };
    let weight = 1.0 / used as f64;
    let mut logs = [0.0; MAX_ORDER];
    for (log, precision) in logs.iter_mut().zip(&score.precisions[..used]) {
        // A precision of zero is left out of the sum, as if it were 1.
        if *precision > 0.0 {
            *log = weight * precision.ln();
        }
    }
    score.value = score.brevity_penalty * fsum(&logs).exp();
    score
}

/// Python's `math.fsum`: the sum, rounded once (Shewchuk 1997, <https://doi.org/10.1007/PL00009321>).
fn fsum(values: &[f64; MAX_ORDER]) -> f64 {
    // The sum so far as numbers whose bits do not overlap, in increasing order.
    let mut partials = [0.0; MAX_ORDER];
    let mut used = 0;
    for &value in values {
        let (mut high, mut kept) = (value, 0);
        for at in 0..used {
            let low;
            (high, low) = two_sum(high, partials[at]);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
        }
        partials[kept] = high;
        used = kept + 1;
    }
    let mut rest = partials[..used].iter().rev();
    let (mut high, mut low) = (0.0, 0.0);
    for &partial in rest.by_ref() {
        (high, low) = two_sum(high, partial);
        if low != 0.0 {
            break;
        }
    }
    // Half-way between two numbers, what is left decides.
    let doubled = low * 2.0;
    let rounded = high + doubled;
    let same_sign = rest.next().is_some_and(|next| (*next < 0.0) == (low < 0.0));
    if same_sign && doubled == rounded - high {
        rounded
    } else {
        high
    }
}

/// The rounded sum and what rounding lost.
fn two_sum(left: f64, right: f64) -> (f64, f64) {
    let (big, small) = if left.abs() < right.abs() {
        (right, left)
    } else {
        (left, right)
    };
    let sum = big + small;
    (sum, small - (sum - big))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums<'a>(lengths: (f64, f64), correct: &'a [f64], total: &'a [f64]) -> Sums<'a> {
        Sums {
            sys_len: lengths.0,
            ref_len: lengths.1,
            correct,
            total,
        }
    }

    const SHORT: [f64; 4] = [3.0, 2.0, 0.0, 0.0];
    const OF: [f64; 4] = [4.0, 3.0, 2.0, 1.0];

    fn sacrebleu_of(smoothing: Smoothing) -> f64 {
        sacrebleu(sums((4.0, 4.0), &SHORT, &OF), smoothing, false, |value| {
            value
        })
        .value
    }

    /// Chen and Cherry 2014: methods 1 to 3 by hand.
    #[test]
    fn a_zero_is_smoothed() {
        let root = |product: f64| 100.0 * product.powf(0.25);
        let close = |value: f64, expected: f64| {
            assert!((value - expected).abs() < 1e-9, "{value} {expected}");
        };
        close(sacrebleu_of(Smoothing::None), 0.0);
        close(
            sacrebleu_of(Smoothing::Exp),
            root(0.75 * 2.0 / 3.0 / 4.0 / 4.0),
        );
        close(
            sacrebleu_of(Smoothing::Floor(0.2)),
            root(0.75 * 2.0 / 3.0 * 0.1 * 0.2),
        );
        close(
            sacrebleu_of(Smoothing::AddK(1.0)),
            root(0.75 * 0.75 / 3.0 / 2.0),
        );
    }

    #[test]
    fn hf_smooths_unigrams_too_and_is_defined_without_tokens() {
        let of = |smooth| hf(sums((4.0, 5.0), &SHORT, &OF), smooth);
        assert_eq!(of(false).value, 0.0);
        let expected = (0.8_f64 * 0.75 / 3.0 / 2.0).powf(0.25) * (-0.25_f64).exp();
        assert!((of(true).value - expected).abs() < 1e-12);
        for lengths in [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0)] {
            assert_eq!(hf(sums(lengths, &[0.0], &[lengths.0]), true).value, 0.0);
        }
    }

    #[test]
    fn nltk_without_smoothing_is_nearly_zero() {
        let of = |method| nltk(sums((4.0, 4.0), &SHORT, &OF), method, false).value;
        let tiny = of(Method::Zero);
        assert!(tiny > 0.0 && tiny < 1e-150, "{tiny}");
        let expected = (0.75_f64 * 2.0 / 3.0 / 4.0 / 4.0).powf(0.25);
        assert!((of(Method::Three) - expected).abs() < 1e-12);
    }

    #[test]
    fn nltk_reweighs_short_predictions_of_four_orders() {
        let (correct, total) = ([2.0, 1.0, 0.0, 0.0], [2.0, 1.0, 1.0, 1.0]);
        let of = |auto_reweigh| {
            nltk(
                sums((2.0, 2.0), &correct, &total),
                Method::Zero,
                auto_reweigh,
            )
            .value
        };
        assert_eq!(of(true), 1.0);
        assert!(of(false) < 1e-100);
    }

    #[test]
    fn sums_are_rounded_once() {
        let padded = |values: &[f64]| {
            let mut all = [0.0; MAX_ORDER];
            all[..values.len()].copy_from_slice(values);
            fsum(&all)
        };
        assert_eq!(padded(&[0.1; 9]), 0.9);
        assert_eq!(padded(&[1e16, 1.0, 1e-16]), 1e16 + 2.0);
        assert_eq!(padded(&[1e16, 1.0, -1e-16]), 1e16);
        assert_eq!(padded(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(padded(&[]), 0.0);
    }
}
