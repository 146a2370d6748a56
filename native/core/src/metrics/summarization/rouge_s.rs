//! ROUGE-S and ROUGE-SU: pairs of words in their order, alone and with single words (Lin 2004, sections 4 and 5).

use super::compared::Compared;
use super::options::{
    AGGREGATION, ALPHA, BYTE_LIMIT, EXCEPTIONS, Reads, SKIP_DISTANCE, STEMMER, STOP_WORDS,
    TOKENIZER, WORD_LIMIT, read,
};
use super::rouge::{Measure, Rouge, SHARED};
use super::scoring::{Counts, Profile};
use super::tools::Tools;
use crate::error::Result;
use crate::metrics::{Context, Entry, ParamSpec, Params, Statistics, long_texts};
use crate::text::skip_bigrams::pairs;

/// ROUGE-S.
pub static ROUGE_S: Entry = Entry {
    name: "rouge_s",
    summary: "Pairs of words in their order, with a gap, in common with the reference, as F-measure; 0 to 1.",
    build: |params, context| build(params, context, |_| Singles::None),
    ..PAIRS
};

/// ROUGE-SU.
pub static ROUGE_SU: Entry = Entry {
    name: "rouge_su",
    summary: "Single words and pairs in their order in common with the reference, as F-measure; 0 to 1.",
    build: |params, context| {
        build(params, context, |profile| match profile {
            Profile::Script => Singles::AllButLast,
            Profile::Google | Profile::Paper => Singles::All,
        })
    },
    ..PAIRS
};

const PARAMS: &[ParamSpec] = &[
    AGGREGATION,
    ALPHA,
    BYTE_LIMIT,
    EXCEPTIONS,
    SKIP_DISTANCE,
    STEMMER,
    STOP_WORDS,
    TOKENIZER,
    WORD_LIMIT,
];

const PAIRS: Entry = Entry {
    params: PARAMS,
    profiles: &["1.5.5", "lin2004"],
    reference: "ROUGE-1.5.5.pl",
    ..SHARED
};

fn build(
    params: &Params,
    context: &Context<'_>,
    singles: fn(Profile) -> Singles,
) -> Result<Statistics> {
    let (words, scoring) = read(params, context, Reads::Words)?;
    let measure = Pairs {
        gap: usize::try_from(params.int("skip_distance")).unwrap_or(usize::MAX),
        singles: singles(scoring.profile),
    };
    Ok(Rouge {
        measure,
        words,
        scoring,
    }
    .boxed())
}

/// Which single words count beside pairs.
#[derive(Debug, Clone, Copy)]
enum Singles {
    None,
    /// All: pairs with a marker at the beginning of the text, at any distance.
    All,
    /// The script stops one short.
    AllButLast,
}

/// Up to here the work grows with the length of the texts, times the gap at most.
const LINEAR_GAP: usize = 100;

/// Pairs with at most so many words between them.
struct Pairs {
    gap: usize,
    singles: Singles,
}

impl Measure for Pairs {
    fn most_pairs(&self) -> usize {
        if self.gap > LINEAR_GAP {
            long_texts::CELLS
        } else {
            usize::MAX
        }
    }

    fn counts(&self, compared: &mut Compared, tools: &mut Tools, reference: usize) -> Counts {
        let matches = compared.skip_matches(reference, self.gap, &mut tools.bigrams);
        let numbers = compared.numbers(reference);
        let (prediction, reference) = (&numbers.prediction, &numbers.reference);
        let [of_prediction, of_reference] = [prediction, reference].map(|text| self.singles(text));
        let matched = tools
            .free
            .matches(numbers.bound, of_prediction, of_reference);
        let total =
            |text: &[u32], singles: &[u32]| pairs(text.len(), self.gap) + singles.len() as f64;
        let hits = matches as f64 + f64::from(matched);
        let of_reference = total(reference, of_reference);
        Counts {
            hits,
            prediction: total(prediction, of_prediction),
            reference: of_reference,
            base: of_reference,
        }
    }
}

impl Pairs {
    /// The single words that count.
    fn singles<'a>(&self, text: &'a [u32]) -> &'a [u32] {
        match self.singles {
            Singles::None => &[],
            Singles::All => text,
            Singles::AllButLast => &text[..text.len().saturating_sub(1)],
        }
    }
}
