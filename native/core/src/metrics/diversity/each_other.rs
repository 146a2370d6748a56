//! Every text of a corpus against all others, in time that grows with their words, not with the pairs.

use super::corpus::{Corpus, Counted};

/// The count that a text without matches of an order gets (`SmoothingFunction.method1` of NLTK).
const EPSILON: f64 = 0.1;

/// A corpus ready for the comparison.
#[derive(Debug)]
pub struct EachOther {
    /// Words of each text.
    lengths: Vec<usize>,
    /// For each order.
    orders: Vec<Counted>,
}

/// The two largest counts of an n-gram over texts; the second may be of a copy of the first text.
#[derive(Debug, Clone, Copy, Default)]
struct Largest {
    first: u32,
    owner: u32,
    second: u32,
}

impl EachOther {
    /// Numbers all n-grams up to `max_order`.
    pub fn new(corpus: &Corpus, max_order: usize) -> Self {
        let mut orders = Vec::with_capacity(max_order);
        let mut grams = corpus.grams(1);
        for n in 2..=max_order {
            orders.push(grams.counted());
            grams = corpus.extend(grams, n);
        }
        orders.push(grams.counted());
        Self {
            lengths: corpus.texts.iter().map(Vec::len).collect(),
            orders,
        }
    }

    /// BLEU of each text with all others as its references; NaN if there are none. A text of weight 0 is not there,
    /// a text of weight 2 and more has a copy of itself among the others.
    pub fn scores(&self, weights: &[f64]) -> Vec<f64> {
        let texts = self.lengths.len();
        let closest = self.closest_lengths(weights);
        let mut scores: Vec<f64> = (closest.iter().zip(&self.lengths))
            .map(|(closest, length)| closest.map_or(f64::NAN, |closest| brevity(*length, closest)))
            .collect();
        let mut logs = vec![0.0; texts];
        for (order, counted) in self.orders.iter().enumerate() {
            let largest = largest_counts(counted, weights);
            for (text, grams) in counted.of_texts.iter().enumerate() {
                let matched = matches(text as u32, grams, &largest);
                if order == 0 && matched == 0 {
                    scores[text] *= 0.0;
                }
                let all = (self.lengths[text].saturating_sub(order)).max(1);
                let matched = if matched == 0 {
                    EPSILON
                } else {
                    matched as f64
                };
                logs[text] += (matched / all as f64).ln();
            }
        }
        let orders = self.orders.len() as f64;
        scores
            .iter_mut()
            .zip(logs)
            .for_each(|(score, log)| *score *= (log / orders).exp());
        scores
    }

    /// The length of the other text that is closest in length, of two the shorter one.
    fn closest_lengths(&self, weights: &[f64]) -> Vec<Option<usize>> {
        let mut by_length = std::collections::BTreeMap::<usize, f64>::new();
        for (length, weight) in self.lengths.iter().zip(weights) {
            if *weight > 0.0 {
                *by_length.entry(*length).or_default() += weight;
            }
        }
        let closest = |length: &usize| {
            if by_length.get(length).is_some_and(|texts| *texts > 1.0) {
                return Some(*length);
            }
            let below = by_length.range(..length).next_back();
            let above = by_length.range(length + 1..).next();
            match (below, above) {
                (Some((below, _)), Some((above, _))) if above - length < length - below => {
                    Some(*above)
                }
                (Some((below, _)), _) => Some(*below),
                (None, above) => above.map(|(above, _)| *above),
            }
        };
        self.lengths.iter().map(closest).collect()
    }
}

fn largest_counts(counted: &Counted, weights: &[f64]) -> Vec<Largest> {
    let mut largest = vec![Largest::default(); counted.distinct];
    for (text, grams) in counted.of_texts.iter().enumerate() {
        let weight = weights.get(text).copied().unwrap_or_default();
        if weight <= 0.0 {
            continue;
        }
        for (gram, count) in grams {
            let of_gram = &mut largest[*gram as usize];
            if *count > of_gram.first {
                *of_gram = Largest {
                    first: *count,
                    owner: text as u32,
                    second: of_gram.first,
                };
            } else {
                of_gram.second = of_gram.second.max(*count);
            }
            if weight >= 2.0 {
                // The copy.
                of_gram.second = of_gram.second.max(*count);
            }
        }
    }
    largest
}

/// N-grams of a text that others have, each at most as often as the one that has it most often.
fn matches(text: u32, grams: &[(u32, u32)], largest: &[Largest]) -> u64 {
    let of_gram = |(gram, count): &(u32, u32)| {
        let of_gram = largest[*gram as usize];
        let others = if of_gram.owner == text {
            of_gram.second
        } else {
            of_gram.first
        };
        u64::from(others.min(*count))
    };
    grams.iter().map(of_gram).sum()
}

/// BLEU's brevity penalty.
fn brevity(length: usize, closest: usize) -> f64 {
    if length > closest {
        1.0
    } else if length == 0 {
        0.0
    } else {
        (1.0 - closest as f64 / length as f64).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::super::corpus::tests::corpus;
    use super::*;

    fn scores(texts: &[&str], max_order: usize, weights: &[f64]) -> Vec<f64> {
        EachOther::new(&corpus(texts), max_order).scores(weights)
    }

    #[test]
    fn equal_texts_score_one_and_strangers_zero() {
        assert_eq!(scores(&["a b c d", "a b c d"], 4, &[1.0; 2]), [1.0, 1.0]);
        assert_eq!(scores(&["a b c d", "e f g h"], 4, &[1.0; 2]), [0.0, 0.0]);
        assert!(scores(&["a b c d"], 4, &[1.0])[0].is_nan());
    }

    /// Three of the four words are in other texts, and the text of length 3 is closest; of "b y" one word, with texts
    /// of 1 and 3 words as close, of which the shorter one counts.
    #[test]
    fn counts_are_clipped_at_the_text_that_has_most() {
        let found = scores(&["a a b x", "a a a", "b y", "z"], 1, &[1.0; 4]);
        assert_eq!((found[0], found[2]), (0.75, 0.5));
    }

    #[test]
    fn a_weight_is_so_many_copies() {
        let texts = ["a b c a b", "a b d", "b c a", "c c c", ""];
        let weights = [2.0, 0.0, 1.0, 3.0, 1.0];
        let repeated: Vec<&str> = (texts.iter().zip(weights))
            .flat_map(|(text, times)| vec![*text; times as usize])
            .collect();
        let plain = scores(&repeated, 3, &vec![1.0; repeated.len()]);
        let weighted = scores(&texts, 3, &weights);
        let expected = [plain[0], plain[2], plain[3], plain[6]];
        assert_eq!(
            [weighted[0], weighted[2], weighted[3], weighted[4]],
            expected
        );
    }
}
