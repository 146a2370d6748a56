//! BLEU (Papineni et al. 2002), with the statistics and the arithmetic of sacrebleu 2.6.0 (metrics/bleu.py).

use crate::error::Result;
use crate::metrics::{
    Components, Context, Entry, ParamKind, ParamSpec, Params, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::matching::MAX_ORDER;
use crate::text::mteval13a;
use crate::text::scratch::{BleuScratch, Scratch};

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "bleu",
    summary: "Clipped n-gram precision of a translation against references, with a brevity penalty; 0 to 100.",
    params: PARAMS,
    range: (0.0, 100.0),
    row_params: &[("effective_order", "true")],
    reference: "sacrebleu 2.6.0",
    source: "Papineni et al. 2002, https://aclanthology.org/P02-1040; \
             smoothing: Chen and Cherry 2014, https://aclanthology.org/W14-3346",
    build,
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "effective_order",
        summary: "Leave out the orders that are longer than every prediction.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "lowercase",
        summary: "Compare in lower case.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "max_order",
        summary: "Longest n-gram that counts.",
        kind: ParamKind::Int {
            default: 4,
            low: 1,
            high: 9,
        },
    },
    ParamSpec {
        name: "smoothing",
        summary: "What replaces a precision of zero: halving (exp), nothing (none), 0.1 matches (floor), \
                  or one more match above unigrams (add-k).",
        kind: ParamKind::Choice(&["exp", "none", "floor", "add-k"]),
    },
    ParamSpec {
        name: "tokenizer",
        summary: "How texts become tokens: 13a is that of mteval-v13a.",
        kind: ParamKind::Choice(&["13a"]),
    },
];

const _: () = assert!(MAX_ORDER == 9);

/// Defaults of sacrebleu's `smooth_value`.
const FLOOR: f64 = 0.1;
const ADD_K: f64 = 1.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Smoothing {
    Exp,
    None,
    Floor,
    AddK,
}

struct Bleu {
    effective_order: bool,
    lowercase: bool,
    max_order: usize,
    smoothing: Smoothing,
}

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(params: &Params, _: &Context<'_>) -> Result<Statistics> {
    Ok(Statistics::Rows(Box::new(Bleu {
        effective_order: params.bool("effective_order"),
        lowercase: params.bool("lowercase"),
        max_order: params.int("max_order") as usize,
        smoothing: match params.text("smoothing") {
            "none" => Smoothing::None,
            "floor" => Smoothing::Floor,
            "add-k" => Smoothing::AddK,
            _ => Smoothing::Exp,
        },
    })))
}

impl RowMetric for Bleu {
    /// `sys_len`, `ref_len`, then matches and n-grams of each order.
    fn width(&self) -> usize {
        2 + 2 * self.max_order
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let scratch = &mut scratch.bleu;
        mteval13a::tokenize(row.prediction, self.lowercase, &mut scratch.prediction);
        let len = scratch.prediction.len();
        let (correct, total) = out[2..].split_at_mut(self.max_order);
        let ref_len = match row.references {
            [reference] => self.one_reference(reference, scratch, correct),
            references => self.many_references(references, scratch, correct),
        };
        for (order, total) in total.iter_mut().enumerate() {
            *total = len.saturating_sub(order) as f64;
        }
        out[0] = len as f64;
        out[1] = ref_len as f64;
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 {
            self.score(sums, self.effective_order).value
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let score = self.score(sums, self.effective_order);
        let defined = |value: f64| (n > 0.0).then_some(value);
        let mut parts = Components::new();
        for (order, precision) in score.precisions[..self.max_order].iter().enumerate() {
            parts.push((format!("precision_{}", order + 1), defined(*precision)));
        }
        parts.push(("brevity_penalty".into(), defined(score.brevity_penalty)));
        parts.push(("sys_len".into(), Some(sums[0])));
        parts.push(("ref_len".into(), Some(sums[1])));
        let (correct, total) = sums[2..].split_at(self.max_order);
        for (name, counts) in [("correct", correct), ("total", total)] {
            for (order, count) in counts.iter().enumerate() {
                parts.push((format!("{name}_{}", order + 1), Some(*count)));
            }
        }
        parts
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.score(stats, true).value)
    }
}

/// A score and what it is made of.
struct Score {
    value: f64,
    brevity_penalty: f64,
    precisions: [f64; MAX_ORDER],
}

impl Bleu {
    /// Matches against the only reference; returns its length.
    fn one_reference(&self, text: &str, scratch: &mut BleuScratch, correct: &mut [f64]) -> usize {
        mteval13a::tokenize(text, self.lowercase, &mut scratch.reference);
        scratch
            .matching
            .load(&scratch.prediction, &scratch.reference);
        let counts: &[u32] = if self.max_order <= 4 {
            &scratch.matching.counts::<4>()
        } else {
            &scratch.matching.counts::<MAX_ORDER>()
        };
        for (correct, count) in correct.iter_mut().zip(counts) {
            *correct = f64::from(*count);
        }
        scratch.reference.len()
    }

    /// Matches against the n-grams of all references, each as often as the reference that has most of it.
    ///
    /// In order of position, the first c occurrences of an n-gram match a reference that has it c times, so the
    /// occurrences that match any reference are as many as the highest c. Returns the closest length.
    fn many_references(
        &self,
        references: &[&str],
        scratch: &mut BleuScratch,
        correct: &mut [f64],
    ) -> usize {
        let len = scratch.prediction.len();
        let words = len.div_ceil(64).max(1);
        scratch.hits.clear();
        scratch.hits.resize(words * self.max_order, 0);
        // The nearest length counts, the shorter of two equally near.
        let mut closest = (usize::MAX, 0);
        for text in references {
            mteval13a::tokenize(text, self.lowercase, &mut scratch.reference);
            scratch
                .matching
                .load(&scratch.prediction, &scratch.reference);
            let hits = &mut scratch.hits;
            scratch.matching.for_each_hit(self.max_order, |order, at| {
                hits[order * words + at / 64] |= 1 << (at % 64);
            });
            let length = scratch.reference.len();
            closest = closest.min((len.abs_diff(length), length));
        }
        for (correct, hits) in correct.iter_mut().zip(scratch.hits.chunks(words)) {
            *correct = hits.iter().map(|word| f64::from(word.count_ones())).sum();
        }
        closest.1
    }

    /// `BLEU.compute_bleu` of sacrebleu, operation by operation. Logarithms are added one by one as Python 3.11 does;
    /// from 3.12 on, Python's `sum()` compensates, and sacrebleu's last bit may differ.
    fn score(&self, stats: &[f64], effective_order: bool) -> Score {
        let (sys_len, ref_len) = (stats[0], stats[1]);
        let (correct, total) = stats[2..].split_at(self.max_order);
        let mut score = Score {
            value: 0.0,
            brevity_penalty: brevity_penalty(sys_len, ref_len),
            precisions: [0.0; MAX_ORDER],
        };
        if correct.iter().all(|count| *count == 0.0) {
            return score;
        }
        let mut order = self.max_order;
        let mut halving = 1.0;
        for n in 0..self.max_order {
            let extra = if self.smoothing == Smoothing::AddK && n > 0 {
                ADD_K
            } else {
                0.0
            };
            let (correct, total) = (correct[n] + extra, total[n] + extra);
            if total == 0.0 {
                break;
            }
            if effective_order {
                order = n + 1;
            }
            score.precisions[n] = if correct == 0.0 {
                match self.smoothing {
                    Smoothing::Exp => {
                        halving *= 2.0;
                        100.0 / (halving * total)
                    }
                    Smoothing::Floor => 100.0 * FLOOR / total,
                    Smoothing::None | Smoothing::AddK => 0.0,
                }
            } else {
                100.0 * correct / total
            };
        }
        let logs = score.precisions[..order]
            .iter()
            .fold(0.0, |sum, &p| sum + log_or_lowest(p));
        score.value = score.brevity_penalty * (logs / order as f64).exp();
        score
    }
}

fn brevity_penalty(sys_len: f64, ref_len: f64) -> f64 {
    if sys_len >= ref_len {
        1.0
    } else if sys_len > 0.0 {
        (1.0 - ref_len / sys_len).exp()
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Bleu = Bleu {
        effective_order: false,
        lowercase: false,
        max_order: 4,
        smoothing: Smoothing::Exp,
    };

    fn stats(metric: &Bleu, prediction: &str, references: &[&str]) -> Vec<f64> {
        let mut out = vec![f64::NAN; metric.width()];
        let row = Row::of_texts(prediction, references, 1);
        metric.row(&row, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn a_perfect_translation_scores_as_in_sacrebleu() {
        let stats = stats(&PLAIN, "The cat sat.", &["The cat sat."]);
        assert_eq!(stats, [4.0, 4.0, 4.0, 3.0, 2.0, 1.0, 4.0, 3.0, 2.0, 1.0]);
        assert_eq!(PLAIN.value(&stats, 1.0), 100.000_000_000_000_04);
    }

    /// Papineni et al. 2002, section 2.1.
    #[test]
    fn matches_are_clipped_at_the_reference_that_has_most() {
        let references = ["the cat is on the mat", "there is a cat on the mat"];
        let stats = stats(&PLAIN, "the the the the the the the", &references);
        assert_eq!((stats[2], stats[6]), (2.0, 7.0));
    }

    #[test]
    fn the_closest_length_counts_and_the_shorter_of_two() {
        assert_eq!(stats(&PLAIN, "a b c", &["a b c d", "a b", "a"])[1], 2.0);
        assert_eq!(
            stats(&PLAIN, "a b c", &["a", "a b c d e", "a b c d"])[1],
            4.0
        );
    }

    #[test]
    fn empty_texts_are_defined_and_no_rows_are_not() {
        let empty = stats(&PLAIN, "", &[""]);
        assert_eq!(empty, [0.0; 10]);
        assert_eq!(PLAIN.row_score(&empty), Some(0.0));
        assert!(PLAIN.value(&empty, 0.0).is_nan());
        let parts = PLAIN.components(&empty, 0.0);
        assert_eq!(parts[0], ("precision_1".into(), None));
        assert!(parts.contains(&("total_4".into(), Some(0.0))));
    }

    #[test]
    fn a_row_shorter_than_the_order_has_a_score_of_its_own() {
        let stats = stats(&PLAIN, "good night", &["good night"]);
        assert_eq!(PLAIN.value(&stats, 1.0), 0.0);
        assert!((PLAIN.row_score(&stats).expect("a score") - 100.0).abs() < 1e-9);
    }
}
