//! ROUGE-L and ROUGE-Lsum: the longest common subsequence of the whole texts, or of their sentences (Lin 2004, section 3).

use super::compared::Compared;
use super::options::{
    AGGREGATION, ALPHA, BYTE_LIMIT, EXCEPTIONS, Reads, SENTENCES, STEMMER, STOP_WORDS, TOKENIZER,
    WORD_LIMIT, read,
};
use super::rouge::{Measure, PAIRS_IN_WORDS, Rouge, SHARED};
use super::scoring::{Counts, Profile};
use super::tools::Tools;
use crate::error::Result;
use crate::metrics::{Context, Entry, Params, Row, RowFlags, Statistics};
use crate::text::masks::Masks;
use crate::text::sentences::looks_unsplit;
use crate::text::union_lcs::{DenseRows, is_set};

/// ROUGE-L.
pub static ROUGE_L: Entry = Entry {
    name: "rouge_l",
    summary: "Longest common subsequence of words with the reference, as F-measure; 0 to 1.",
    params: &[
        AGGREGATION,
        ALPHA,
        BYTE_LIMIT,
        EXCEPTIONS,
        STEMMER,
        STOP_WORDS,
        TOKENIZER,
        WORD_LIMIT,
    ],
    profiles: &["google", "1.5.5", "lin2004"],
    reference: "rouge-score 0.1.2; ROUGE-1.5.5.pl",
    build: rouge_l,
    ..SHARED
};

/// ROUGE-Lsum.
pub static ROUGE_LSUM: Entry = Entry {
    name: "rouge_lsum",
    summary: "Union of the longest common subsequences of sentences with the reference's, as F-measure; 0 to 1.",
    params: &[AGGREGATION, SENTENCES, STEMMER, TOKENIZER],
    profiles: &["google"],
    reference: "rouge-score 0.1.2",
    build: |params, context| {
        let (words, scoring) = read(params, context, Reads::Sentences)?;
        let measure = Union {
            wants_lines: params.text("sentences") == "newline",
        };
        Ok(Rouge {
            measure,
            words,
            scoring,
        }
        .boxed())
    },
    ..SHARED
};

/// ROUGE-1.5.5 takes every line for a sentence, the others take the text for one.
fn rouge_l(params: &Params, context: &Context<'_>) -> Result<Statistics> {
    let (words, scoring) = read(params, context, Reads::ScriptLines)?;
    Ok(match scoring.profile {
        Profile::Script => Rouge {
            measure: Union { wants_lines: false },
            words,
            scoring,
        }
        .boxed(),
        Profile::Google | Profile::Paper => Rouge {
            measure: Whole,
            words,
            scoring,
        }
        .boxed(),
    })
}

/// The longest common subsequence of the texts.
struct Whole;

impl Measure for Whole {
    fn most_pairs(&self) -> usize {
        PAIRS_IN_WORDS
    }

    fn counts(&self, compared: &mut Compared, _: &mut Tools, reference: usize) -> Counts {
        let matching = compared.matching(reference);
        let reference = matching.reference() as f64;
        Counts {
            hits: matching.lcs() as f64,
            prediction: matching.prediction() as f64,
            reference,
            base: reference,
        }
    }
}

/// Tokens of the reference that lie in a longest common subsequence with some sentence of the prediction, each as often as
/// both texts have it. The clipping is that of ROUGE-1.5.5; the paper has none, and a share could be above 1.
struct Union {
    /// Whether texts should have their sentences on lines.
    wants_lines: bool,
}

impl Measure for Union {
    fn most_pairs(&self) -> usize {
        PAIRS_IN_WORDS
    }

    fn counts(&self, compared: &mut Compared, tools: &mut Tools, reference: usize) -> Counts {
        let short = !compared.counts_other_words();
        let hits = match compared.short_lines(reference).filter(|_| short) {
            Some((masks, prediction_ends, reference_ends)) => {
                let mut rows = DenseRows::of(masks);
                let common = tools.union.hits(&mut rows, prediction_ends, reference_ends);
                clipped_bits(masks, common)
            }
            None => hits_by_numbers(compared, tools, reference),
        };
        let of_reference = compared
            .ends(reference)
            .1
            .last()
            .map_or(0.0, |&end| f64::from(end));
        Counts {
            hits: f64::from(hits),
            prediction: compared.counted_prediction() as f64,
            reference: of_reference,
            base: of_reference,
        }
    }

    fn flags(&self, row: &Row<'_>) -> RowFlags {
        let mut texts = row.references.iter().chain([&row.prediction]);
        if self.wants_lines && texts.any(|text| looks_unsplit(text)) {
            RowFlags(RowFlags::NO_NEWLINE)
        } else {
            RowFlags::default()
        }
    }
}

/// The common tokens, each at most as often as the prediction has it: every token of the prediction takes one of them.
fn clipped_bits(masks: &Masks, common: &mut [u64]) -> u32 {
    let mut hits = 0;
    for row in masks.rows().chunks_exact(masks.words()) {
        for (equal, left) in row.iter().zip(&mut *common) {
            let found = equal & *left;
            if found != 0 {
                *left ^= found & found.wrapping_neg();
                hits += 1;
                break;
            }
        }
    }
    hits
}

fn hits_by_numbers(compared: &mut Compared, tools: &mut Tools, reference: usize) -> u32 {
    let Tools {
        union, rows, free, ..
    } = tools;
    compared.load_free(reference, free);
    let (numbers, prediction_ends, reference_ends) = compared.lines(reference);
    rows.load(&numbers.prediction, &numbers.reference, numbers.bound);
    let common = union.hits(rows, prediction_ends, reference_ends);
    let tokens = numbers.reference.iter().enumerate();
    tokens
        .filter(|(at, number)| is_set(common, *at) && free.take(**number))
        .count() as u32
}
