//! chrF (Popović 2015) and chrF++ (Popović 2017), with the statistics and the arithmetic of sacrebleu 2.6.0
//! (metrics/chrf.py).

use crate::error::Result;
use crate::metrics::{
    Components, Context, Entry, ParamKind, ParamSpec, Params, ReferenceCounts, Row, RowFlags,
    RowMetric, Statistics,
};
use crate::stats::sacrebleu::{Number, single};
use crate::text::char_ngrams::{CharNgrams, MAX_CHAR_ORDER};
use crate::text::characters::Characters;
use crate::text::interning::Interner;
use crate::text::matching::{MAX_ORDER, Matching};
use crate::text::python::{is_space, lower_into};
use crate::text::scratch::Scratch;
use crate::text::tokens::Tokens;
use crate::text::words;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "chrf",
    summary: "F-score of the character n-grams of a translation against references, chrF++ with word n-grams; 0 to 100.",
    params: PARAMS,
    range: (0.0, 100.0),
    reference: "sacrebleu 2.6.0",
    source: "Popović 2015, https://aclanthology.org/W15-3049; chrF++: Popović 2017, https://aclanthology.org/W17-4770",
    build,
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "beta",
        summary: "How many times as much recall counts as precision.",
        kind: ParamKind::Float {
            default: 2.0,
            low: 0.0,
            high: 100.0,
        },
    },
    ParamSpec {
        name: "char_order",
        summary: "Longest character n-gram that counts.",
        kind: ParamKind::Int {
            default: 6,
            low: 1,
            high: 10,
        },
    },
    ParamSpec {
        name: "eps_smoothing",
        summary: "Average the F-scores of all orders, as chrF++.py, NLTK and Moses do, instead of precision and recall \
                  of those orders that both texts have.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "lowercase",
        summary: "Compare in lower case.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "whitespace",
        summary: "Spaces are characters too.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "word_order",
        summary: "Longest word n-gram that counts: 2 is chrF++.",
        kind: ParamKind::Int {
            default: 0,
            low: 0,
            high: 9,
        },
    },
];

const _: () = assert!(MAX_CHAR_ORDER == 10 && MAX_ORDER == 9);

/// What stands for a precision, a recall or an F-score that is not defined.
const EPS: f64 = 1e-16;

struct Chrf {
    beta: f64,
    char_order: usize,
    eps_smoothing: bool,
    lowercase: bool,
    whitespace: bool,
    word_order: usize,
}

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(params: &Params, _: &Context<'_>) -> Result<Statistics> {
    Ok(Statistics::Rows(Box::new(Chrf {
        beta: params.number("beta"),
        char_order: params.int("char_order") as usize,
        eps_smoothing: params.bool("eps_smoothing"),
        lowercase: params.bool("lowercase"),
        whitespace: params.bool("whitespace"),
        word_order: params.int("word_order") as usize,
    })))
}

/// What is reused from row to row.
#[derive(Default)]
struct Memory {
    lowered: [Vec<u8>; 2],
    pair: Interner,
    characters: Characters,
    ngrams: CharNgrams,
    prediction: Tokens,
    reference: Tokens,
    matching: Matching,
    /// Statistics of one of several references.
    stats: Vec<f64>,
}

impl RowMetric for Chrf {
    /// For each order, of characters and then of words: n-grams of the prediction, of the reference, and matches.
    fn width(&self) -> usize {
        3 * (self.char_order + self.word_order)
    }

    /// The statistics against the reference with the best F-score, the first of equals.
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let memory = scratch.of::<Memory>();
        let mut stats = std::mem::take(&mut memory.stats);
        let mut best = f64::NEG_INFINITY;
        for reference in row.references {
            stats.clear();
            stats.resize(out.len(), 0.0);
            self.compare(row.prediction, reference, memory, &mut stats);
            let score = self.score(&stats, exact);
            if score > best {
                best = score;
                out.copy_from_slice(&stats);
            }
        }
        memory.stats = stats;
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 {
            self.score(sums, exact)
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let means = Self::means(sums, exact);
        let mut parts = Components::new();
        for (name, mean) in [("precision", means.0), ("recall", means.1)] {
            parts.push((name.to_owned(), (n > 0.0).then_some(100.0 * mean)));
        }
        let (chars, words) = sums.split_at(3 * self.char_order);
        for (unit, sums) in [("char", chars), ("word", words)] {
            for (order, counts) in (1..).zip(sums.chunks(3)) {
                let names = ["prediction", "reference", "matches"];
                let part =
                    |(name, count): (&str, &f64)| (format!("{name}_{unit}_{order}"), Some(*count));
                parts.extend(names.into_iter().zip(counts).map(part));
            }
        }
        parts
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.score(stats, exact))
    }

    /// Where smoothing by eps mixes both precisions of numpy, there is none.
    fn single_precision(&self, sums: &[f64]) -> Option<Number> {
        (!self.eps_smoothing).then(|| Number {
            value: self.score(sums, single),
            is_single: true,
        })
    }

    /// sacrebleu's, which does not tell beta: there it is in the name, chrF2.
    fn reference_signature(&self, references: ReferenceCounts) -> Option<String> {
        let yes = |value| if value { "yes" } else { "no" };
        Some(format!(
            "nrefs:{}|case:{}|eff:{}|nc:{}|nw:{}|space:{}|version:2.6.0",
            super::reference_count(references),
            if self.lowercase { "lc" } else { "mixed" },
            yes(!self.eps_smoothing),
            self.char_order,
            self.word_order,
            yes(self.whitespace),
        ))
    }
}

impl Chrf {
    /// The statistics against one reference.
    fn compare(&self, prediction: &str, reference: &str, memory: &mut Memory, stats: &mut [f64]) {
        let [left, right] = &mut memory.lowered;
        let (prediction, reference) = if self.lowercase {
            (lower(prediction, left), lower(reference, right))
        } else {
            (prediction, reference)
        };
        let (chars, words) = stats.split_at_mut(3 * self.char_order);
        let counted = |c: &char| self.whitespace || !is_space(*c);
        let pair = &mut memory.pair;
        memory.characters.load(
            prediction.chars().filter(counted),
            reference.chars().filter(counted),
            pair,
        );
        let mut matches = [0; MAX_CHAR_ORDER];
        let matches = &mut matches[..self.char_order];
        memory.ngrams.count(pair, matches);
        fill(
            chars,
            pair.prediction().len(),
            pair.reference().len(),
            matches,
        );
        if self.word_order > 0 {
            words::split_one_edge(prediction, &mut memory.prediction);
            words::split_one_edge(reference, &mut memory.reference);
            memory.matching.load(&memory.prediction, &memory.reference);
            let lens = (memory.prediction.len(), memory.reference.len());
            let mut matches = [0; MAX_ORDER];
            if self.word_order <= 2 {
                matches[..2].copy_from_slice(&memory.matching.counts::<2>());
            } else {
                matches = memory.matching.counts::<MAX_ORDER>();
            }
            fill(words, lens.0, lens.1, &matches);
        }
    }

    /// Precision and recall, each the mean over the orders that both texts have.
    fn means(stats: &[f64], rounded: impl Fn(f64) -> f64) -> (f64, f64) {
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for counts in stats.chunks(3) {
            let [prediction, reference, matches] = [counts[0], counts[1], counts[2]];
            if prediction > 0.0 && reference > 0.0 {
                precision = rounded(precision + rounded(matches / prediction));
                recall = rounded(recall + rounded(matches / reference));
                orders += 1.0;
            }
        }
        if orders == 0.0 {
            (0.0, 0.0)
        } else {
            (rounded(precision / orders), rounded(recall / orders))
        }
    }

    /// `CHRF._compute_f_score` of sacrebleu, operation by operation, each rounded.
    fn score(&self, stats: &[f64], rounded: impl Fn(f64) -> f64) -> f64 {
        let factor = self.beta * self.beta;
        let f_score = |precision: f64, recall: f64, denominator: f64| {
            let product = rounded(rounded(rounded(1.0 + factor) * precision) * recall);
            rounded(product / denominator)
        };
        let denominator =
            |precision: f64, recall: f64| rounded(rounded(rounded(factor) * precision) + recall);
        if self.eps_smoothing {
            let mut sum = 0.0;
            for counts in stats.chunks(3) {
                let share = |of: f64| {
                    if of > 0.0 {
                        rounded(counts[2] / of)
                    } else {
                        EPS
                    }
                };
                let (precision, recall) = (share(counts[0]), share(counts[1]));
                let denominator = denominator(precision, recall);
                let part = if denominator > 0.0 {
                    f_score(precision, recall, denominator)
                } else {
                    EPS
                };
                sum = rounded(sum + part);
            }
            return rounded(rounded(100.0 * sum) / (self.char_order + self.word_order) as f64);
        }
        let (precision, recall) = Self::means(stats, &rounded);
        if precision + recall == 0.0 {
            return 0.0;
        }
        let denominator = denominator(precision, recall);
        rounded(100.0 * f_score(precision, recall, denominator))
    }
}

/// Double precision needs no rounding.
fn exact(value: f64) -> f64 {
    value
}

fn lower<'a>(text: &str, buffer: &'a mut Vec<u8>) -> &'a str {
    buffer.clear();
    lower_into(text, buffer);
    std::str::from_utf8(buffer).unwrap_or_default()
}

/// Statistics of each order for texts of so many characters or words. N-grams of the prediction do not count where the
/// reference has none.
fn fill(stats: &mut [f64], prediction: usize, reference: usize, matches: &[u32]) {
    for (order, (stats, matches)) in stats.chunks_mut(3).zip(matches).enumerate() {
        let of_reference = reference.saturating_sub(order);
        if of_reference > 0 {
            stats[0] = prediction.saturating_sub(order) as f64;
        }
        stats[1] = of_reference as f64;
        stats[2] = f64::from(*matches);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Chrf = Chrf {
        beta: 2.0,
        char_order: 6,
        eps_smoothing: false,
        lowercase: false,
        whitespace: false,
        word_order: 0,
    };

    fn stats(metric: &Chrf, prediction: &str, references: &[&str]) -> Vec<f64> {
        let mut out = vec![0.0; metric.width()];
        let row = Row::of_texts(prediction, references, 1);
        metric.row(&row, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn spaces_do_not_count_unless_asked_for() {
        let two = Chrf {
            char_order: 2,
            ..PLAIN
        };
        assert_eq!(
            stats(&two, "a b\u{3000}c", &["ab c"]),
            [3.0, 3.0, 3.0, 2.0, 2.0, 2.0]
        );
        let spaced = Chrf {
            whitespace: true,
            ..two
        };
        assert_eq!(
            stats(&spaced, "a b", &["ab "]),
            [3.0, 3.0, 3.0, 2.0, 2.0, 0.0]
        );
    }

    #[test]
    fn words_count_from_the_order_of_chrf_plus_plus_on() {
        let plus = Chrf {
            char_order: 1,
            word_order: 2,
            ..PLAIN
        };
        assert_eq!(
            stats(&plus, "The cat.", &["The cat"]),
            [7.0, 6.0, 6.0, 3.0, 2.0, 2.0, 2.0, 1.0, 1.0]
        );
    }

    #[test]
    fn the_reference_with_the_best_score_counts_and_the_first_of_equals() {
        let one = Chrf {
            char_order: 1,
            ..PLAIN
        };
        assert_eq!(stats(&one, "ab", &["xyz", "abc", "ab"]), [2.0, 2.0, 2.0]);
        assert_eq!(stats(&one, "ab", &["x", "yz"]), [2.0, 1.0, 0.0]);
    }

    #[test]
    fn orders_that_a_text_does_not_have_do_not_count() {
        let short = stats(&PLAIN, "ab", &["ab"]);
        assert_eq!(short[6..], [0.0; 12]);
        assert_eq!(PLAIN.row_score(&short), Some(100.0));
        let smoothed = Chrf {
            eps_smoothing: true,
            ..PLAIN
        };
        let expected = 100.0 * (2.0 + 4.0 * EPS) / 6.0;
        assert!((smoothed.score(&short, exact) - expected).abs() < 1e-12);
    }

    #[test]
    fn empty_texts_are_defined_and_no_rows_are_not() {
        let empty = stats(&PLAIN, "", &[""]);
        assert_eq!(empty, [0.0; 18]);
        assert_eq!(PLAIN.row_score(&empty), Some(0.0));
        assert_eq!(PLAIN.row_score(&stats(&PLAIN, "a", &[""])), Some(0.0));
        assert!(PLAIN.value(&empty, 0.0).is_nan());
        assert_eq!(PLAIN.components(&empty, 0.0)[0], ("precision".into(), None));
    }

    #[test]
    fn the_signature_is_sacrebleus() {
        let references = ReferenceCounts { fewest: 1, most: 2 };
        assert_eq!(
            PLAIN.reference_signature(references).as_deref(),
            Some("nrefs:var|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0")
        );
    }
}
