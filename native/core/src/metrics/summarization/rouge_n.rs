//! ROUGE-1 to ROUGE-9: n-grams that prediction and reference have in common (Lin 2004, section 2).

use super::compared::Compared;
use super::options::{
    AGGREGATION, ALPHA, BYTE_LIMIT, EXCEPTIONS, Reads, STEMMER, STOP_WORDS, TOKENIZER, WORD_LIMIT,
    read,
};
use super::rouge::{Measure, Rouge, SHARED};
use super::scoring::Counts;
use super::tools::Tools;
use crate::metrics::{Entry, ParamSpec};

/// The registry entries, by length.
pub static ENTRIES: [Entry; 9] = [
    Entry {
        summary: "Overlap of single words with the reference, as F-measure; 0 to 1.",
        ..entry::<1>("rouge_1")
    },
    Entry {
        summary: "Overlap of pairs of words with the reference, as F-measure; 0 to 1.",
        ..entry::<2>("rouge_2")
    },
    entry::<3>("rouge_3"),
    entry::<4>("rouge_4"),
    entry::<5>("rouge_5"),
    entry::<6>("rouge_6"),
    entry::<7>("rouge_7"),
    entry::<8>("rouge_8"),
    entry::<9>("rouge_9"),
];

const PARAMS: &[ParamSpec] = &[
    AGGREGATION,
    ALPHA,
    BYTE_LIMIT,
    EXCEPTIONS,
    STEMMER,
    STOP_WORDS,
    TOKENIZER,
    WORD_LIMIT,
];

const fn entry<const N: usize>(name: &'static str) -> Entry {
    Entry {
        name,
        summary: "Overlap of runs of so many words with the reference, as F-measure; 0 to 1.",
        params: PARAMS,
        profiles: &["google", "1.5.5", "lin2004"],
        reference: "rouge-score 0.1.2; ROUGE-1.5.5.pl",
        build: |params, context| {
            let (words, scoring) = read(params, context, Reads::Words)?;
            let measure = Grams::<N>;
            Ok(Rouge {
                measure,
                words,
                scoring,
            }
            .boxed())
        },
        ..SHARED
    }
}

/// N words one after the other.
struct Grams<const N: usize>;

impl<const N: usize> Measure for Grams<N> {
    fn most_pairs(&self) -> usize {
        usize::MAX
    }

    fn counts(&self, compared: &mut Compared, _: &mut Tools, reference: usize) -> Counts {
        let matching = compared.matching(reference);
        let hits = f64::from(matching.counts::<N>()[N - 1]);
        let grams = |tokens: usize| (tokens + 1).saturating_sub(N) as f64;
        let reference = grams(matching.reference());
        Counts {
            hits,
            prediction: grams(matching.prediction()),
            reference,
            base: reference,
        }
    }
}
