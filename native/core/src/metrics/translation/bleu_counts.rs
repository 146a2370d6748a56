//! The statistics of one row: lengths, matches and n-grams of each order.

use std::sync::Arc;

use crate::metrics::{Row, RowFlags};
use crate::text::matching::MAX_ORDER;
use crate::text::python::{is_space, lower_into};
use crate::text::scratch::{BleuScratch, PiecesScratch};
use crate::text::sentencepiece::SentencePiece;
use crate::text::tokens::Tokens;
use crate::text::{intl, mteval13a, plain, zh};

/// Text, whether to compare in lower case, where the tokens go.
type Tokenize = fn(&str, bool, &mut Tokens);

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Text(Tokenize),
    /// The pieces of a model.
    Pieces(Arc<SentencePiece>),
    /// The row has them.
    Given,
}

/// Which reference's length a prediction of several references is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// The nearest one, the shorter of two equally near.
    Closest,
    Shortest,
}

/// How a row is counted.
#[derive(Debug, Clone)]
pub(super) struct Counting {
    pub(super) source: Source,
    pub(super) lowercase: bool,
    pub(super) max_order: usize,
    pub(super) length: Length,
    /// Fewest n-grams of a prediction: nltk counts one where there is none.
    pub(super) at_least: f64,
}

/// The tokenizer of a name of the parameter; `sentencepiece` has a model beside.
pub(super) fn source_of(tokenizer: &str) -> Source {
    match tokenizer {
        "intl" => Source::Text(intl::tokenize),
        "zh" => Source::Text(zh::tokenize),
        "char" => Source::Text(plain::characters),
        "none" => Source::Text(plain::words),
        "given" => Source::Given,
        _ => Source::Text(mteval13a::tokenize),
    }
}

/// As sacrebleu does it: the pieces of a text without the spaces at its end are joined by spaces, and then words between
/// spaces are the tokens. A piece with a space of Python's that the model kept is thereby several.
fn tokenize_pieces(
    model: &SentencePiece,
    text: &str,
    lowercase: bool,
    scratch: &mut PiecesScratch,
    tokens: &mut Tokens,
) {
    scratch.joined.clear();
    let lower;
    let text = if lowercase {
        scratch.text.clear();
        lower_into(text, &mut scratch.text);
        lower = String::from_utf8_lossy(&scratch.text);
        &lower
    } else {
        text
    };
    let text = text.trim_end_matches(is_space);
    model.encode(text, &mut scratch.memory, &mut scratch.joined);
    plain::words(&scratch.joined, false, tokens);
}

/// `13a` as Hugging Face evaluate has it: spaces at the end stay until lines are joined, so that a hyphen before the
/// last line end is lost.
pub(super) fn tokenize_13a_of_hf(text: &str, lowercase: bool, tokens: &mut Tokens) {
    if text.ends_with(is_space) && text.contains('\n') {
        // The tokenizer drops this markup, but after the spaces at the end.
        mteval13a::tokenize(&format!("{text}<skipped>"), lowercase, tokens);
    } else {
        mteval13a::tokenize(text, lowercase, tokens);
    }
}

impl Counting {
    /// Numbers in the statistics vector.
    pub(super) fn width(&self) -> usize {
        2 + 2 * self.max_order
    }

    /// Writes `sys_len`, `ref_len`, then matches and n-grams of each order.
    pub(super) fn row(
        &self,
        row: &Row<'_>,
        scratch: &mut BleuScratch,
        out: &mut [f64],
    ) -> RowFlags {
        let lowercase = self.lowercase;
        match &self.source {
            Source::Text(tokenize) => {
                tokenize(row.prediction, lowercase, &mut scratch.prediction);
                let references = row.references.iter();
                self.compare(
                    references,
                    |text, tokens| tokenize(text, lowercase, tokens),
                    scratch,
                    out,
                );
            }
            Source::Pieces(model) => {
                let mut pieces = std::mem::take(&mut scratch.pieces);
                let mut load = |text: &str, tokens: &mut Tokens| {
                    tokenize_pieces(model, text, lowercase, &mut pieces, tokens);
                };
                load(row.prediction, &mut scratch.prediction);
                let references = row.references.iter();
                self.compare(references, |text, tokens| load(text, tokens), scratch, out);
                scratch.pieces = pieces;
            }
            Source::Given => {
                plain::given(row.tokens(), lowercase, &mut scratch.prediction);
                let references = row.reference_tokens();
                self.compare(
                    references,
                    |list, tokens| plain::given(list, lowercase, tokens),
                    scratch,
                    out,
                );
            }
        }
        RowFlags::default()
    }

    fn compare<R>(
        &self,
        mut references: impl ExactSizeIterator<Item = R>,
        mut load: impl FnMut(R, &mut Tokens),
        scratch: &mut BleuScratch,
        out: &mut [f64],
    ) {
        let (lengths, counts) = out.split_at_mut(2);
        let (correct, total) = counts.split_at_mut(self.max_order);
        let len = scratch.prediction.len();
        lengths[0] = len as f64;
        lengths[1] = match (references.len(), references.next()) {
            (1, Some(reference)) => {
                load(reference, &mut scratch.reference);
                self.one_reference(scratch, correct)
            }
            (_, first) => {
                self.many_references(first.into_iter().chain(references), load, scratch, correct)
            }
        } as f64;
        for (order, total) in total.iter_mut().enumerate() {
            *total = (len.saturating_sub(order) as f64).max(self.at_least);
        }
    }

    /// Matches against the only reference; returns its length.
    fn one_reference(&self, scratch: &mut BleuScratch, correct: &mut [f64]) -> usize {
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
    /// occurrences that match any reference are as many as the highest c. Returns the length to compare with.
    fn many_references<R>(
        &self,
        references: impl Iterator<Item = R>,
        mut load: impl FnMut(R, &mut Tokens),
        scratch: &mut BleuScratch,
        correct: &mut [f64],
    ) -> usize {
        let len = scratch.prediction.len();
        let words = len.div_ceil(64).max(1);
        scratch.hits.clear();
        scratch.hits.resize(words * self.max_order, 0);
        let mut chosen = (usize::MAX, 0);
        for reference in references {
            load(reference, &mut scratch.reference);
            scratch
                .matching
                .load(&scratch.prediction, &scratch.reference);
            let hits = &mut scratch.hits;
            scratch.matching.for_each_hit(self.max_order, |order, at| {
                hits[order * words + at / 64] |= 1 << (at % 64);
            });
            let length = scratch.reference.len();
            let distance = match self.length {
                Length::Closest => len.abs_diff(length),
                Length::Shortest => 0,
            };
            chosen = chosen.min((distance, length));
        }
        for (correct, hits) in correct.iter_mut().zip(scratch.hits.chunks(words)) {
            *correct = hits.iter().map(|word| f64::from(word.count_ones())).sum();
        }
        chosen.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Row;

    fn counting(tokenizer: &str) -> Counting {
        Counting {
            source: source_of(tokenizer),
            lowercase: false,
            max_order: 4,
            length: Length::Closest,
            at_least: 0.0,
        }
    }

    fn stats(counting: &Counting, prediction: &str, references: &[&str]) -> Vec<f64> {
        let mut out = vec![0.0; counting.width()];
        counting.row(
            &Row::of_texts(prediction, references, 1),
            &mut BleuScratch::default(),
            &mut out,
        );
        out
    }

    /// Papineni et al. 2002, section 2.1.
    #[test]
    fn matches_are_clipped_at_the_reference_that_has_most() {
        let references = ["the cat is on the mat", "there is a cat on the mat"];
        let stats = stats(&counting("13a"), "the the the the the the the", &references);
        assert_eq!((stats[2], stats[6]), (2.0, 7.0));
    }

    #[test]
    fn the_closest_length_counts_and_the_shorter_of_two() {
        let closest = |references: &[&str]| stats(&counting("13a"), "a b c", references)[1];
        assert_eq!(closest(&["a b c d", "a b", "a"]), 2.0);
        assert_eq!(closest(&["a", "a b c d e", "a b c d"]), 4.0);
    }

    #[test]
    fn the_shortest_length_counts_for_hf() {
        let hf = Counting {
            length: Length::Shortest,
            ..counting("none")
        };
        assert_eq!(stats(&hf, "a b c", &["a b c d", "a b c", "a"])[1], 1.0);
    }

    #[test]
    fn nltk_counts_one_ngram_where_there_is_none() {
        let nltk = Counting {
            at_least: 1.0,
            ..counting("none")
        };
        assert_eq!(
            stats(&nltk, "a b", &["a b c"]),
            [2.0, 3.0, 2.0, 1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 1.0]
        );
    }

    #[test]
    fn hf_loses_a_hyphen_before_the_last_line_end() {
        let hf = Counting {
            source: Source::Text(tokenize_13a_of_hf),
            ..counting("13a")
        };
        let (text, reference) = ("a well-\n", ["a well"]);
        assert_eq!(stats(&hf, text, &reference)[2], 2.0);
        assert_eq!(stats(&counting("13a"), text, &reference)[2], 1.0);
        assert_eq!(stats(&hf, "a <\n", &["a <"])[2], 2.0);
    }
}
