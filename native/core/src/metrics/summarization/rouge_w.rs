//! ROUGE-W: the longest common subsequence with a weight for words that follow one another (Lin 2004, section 3.3).

use super::compared::Compared;
use super::options::{
    AGGREGATION, ALPHA, BYTE_LIMIT, EXCEPTIONS, Reads, STEMMER, STOP_WORDS, TOKENIZER, WEIGHT,
    WORD_LIMIT, read,
};
use super::rouge::{Measure, Rouge, SHARED};
use super::scoring::{Counts, Profile};
use super::tools::{Free, Tools};
use crate::error::Result;
use crate::metrics::{Context, Entry, Params, Statistics, long_texts};
use crate::text::union_lcs::is_set;
use crate::text::weighted_lcs::{NumberedPair, Weights};

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "rouge_w",
    summary: "Longest common subsequence with the reference, where runs of words weigh more, as F-measure; 0 to 1.",
    params: &[
        AGGREGATION,
        ALPHA,
        BYTE_LIMIT,
        EXCEPTIONS,
        STEMMER,
        STOP_WORDS,
        TOKENIZER,
        WEIGHT,
        WORD_LIMIT,
    ],
    profiles: &["1.5.5", "lin2004"],
    reference: "ROUGE-1.5.5.pl",
    build,
    ..SHARED
};

fn build(params: &Params, context: &Context<'_>) -> Result<Statistics> {
    let (words, mut scoring) = read(params, context, Reads::ScriptLines)?;
    let power = params.number("weight");
    scoring.power = power;
    Ok(match scoring.profile {
        Profile::Script => Rouge {
            measure: Lines { power },
            words,
            scoring,
        }
        .boxed(),
        Profile::Google | Profile::Paper => Rouge {
            measure: Whole { power },
            words,
            scoring,
        }
        .boxed(),
    })
}

/// The formula of the paper, for the texts as one sequence each.
struct Whole {
    power: f64,
}

impl Measure for Whole {
    fn most_pairs(&self) -> usize {
        long_texts::CELLS
    }

    fn counts(&self, compared: &mut Compared, tools: &mut Tools, reference: usize) -> Counts {
        let numbers = compared.numbers(reference);
        let weights = tools.weights.of(self.power);
        let of_reference = weights.of_tokens(numbers.reference.len());
        let of_prediction = weights.of_tokens(numbers.prediction.len());
        // Equal texts are one run. The sum of the steps to its weight would be rounded, up to a score above 1.
        let hits = if numbers.prediction == numbers.reference {
            of_reference
        } else {
            let sum = tools.weighted.weight(numbers.pair(), weights);
            sum.min(of_reference).min(of_prediction)
        };
        Counts {
            hits,
            prediction: of_prediction,
            reference: of_reference,
            base: of_reference,
        }
    }
}

/// What the script does: the union over sentences, clipped, its runs weighed; and a weight of the sum of the sentences'
/// weights for the reference, so that even equal texts do not score 1.
struct Lines {
    power: f64,
}

impl Measure for Lines {
    fn most_pairs(&self) -> usize {
        long_texts::CELLS
    }

    fn counts(&self, compared: &mut Compared, tools: &mut Tools, reference: usize) -> Counts {
        compared.load_free(reference, &mut tools.free);
        let (numbers, prediction_ends, reference_ends) = compared.lines(reference);
        tools.hits.clear();
        tools.hits.resize(numbers.reference.len().div_ceil(64), 0);
        let weights = tools.weights.of(self.power);
        for (start, end) in spans(reference_ends) {
            for (first, last) in spans(prediction_ends) {
                let pair = NumberedPair {
                    prediction: &numbers.prediction[first..last],
                    reference: &numbers.reference[start..end],
                    bound: numbers.bound,
                };
                tools.weighted.mark(pair, weights, start, &mut tools.hits);
            }
        }
        let (mut hits, mut base) = (0.0, 0.0);
        for (start, end) in spans(reference_ends) {
            let sentence = &numbers.reference[start..end];
            base += weights.of_tokens(sentence.len());
            hits += weight_of_runs(sentence, start, &tools.hits, &mut tools.free, weights);
        }
        Counts {
            hits,
            prediction: weights.of_tokens(compared.counted_prediction()),
            reference: weights.of(base),
            base,
        }
    }
}

/// Starts and ends of the lines.
fn spans(ends: &[u32]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(ends)
        .map(|(start, &end)| (start as usize, end as usize))
}

/// The weight of the runs of one sentence. A run is as long as its words that are still free, but ends where the words of
/// the subsequence end; where the last of them is not free, it goes on with the next ones.
fn weight_of_runs(
    sentence: &[u32],
    start: usize,
    common: &[u64],
    free: &mut Free,
    weights: &mut Weights,
) -> f64 {
    let (mut weight, mut run) = (0.0, 0);
    for (at, &number) in sentence.iter().enumerate() {
        if !is_set(common, start + at) || !free.take(number) {
            continue;
        }
        run += 1;
        if at + 1 == sentence.len() || !is_set(common, start + at + 1) {
            weight += weights.of_tokens(run);
            run = 0;
        }
    }
    weight
}
