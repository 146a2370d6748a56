//! How many words two texts have in common: clipped matches of single words, without the masks of
//! [`super::matching`], which short texts would spend most of their time on.

use super::masks::{WORD, verified};
use super::matching::Matching;
use super::simd::{self, GROUP, Simd, Work};
use super::tokens::Tokens;

/// Words of the prediction that the reference has too, each as often as it is in both.
pub fn common_words(prediction: &Tokens, reference: &Tokens, matching: &mut Matching) -> u32 {
    if reference.len() > WORD {
        matching.load(prediction, reference);
        let [common] = matching.counts();
        return common;
    }
    simd::run(&Count {
        prediction,
        reference,
    })
}

/// Counts where the reference fits one mask.
struct Count<'a> {
    prediction: &'a Tokens,
    reference: &'a Tokens,
}

impl Work for &Count<'_> {
    type Output = u32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> u32 {
        let mut free = u64::MAX;
        let mut common = 0;
        for (group, keys) in self.prediction.key_groups().iter().enumerate() {
            let [masks] = simd.equal_keys(&[*keys], self.reference.keys());
            let first = group * GROUP;
            let words = (self.prediction.len() - first).min(GROUP);
            for (at, (&key, mask)) in keys.iter().zip(masks).take(words).enumerate() {
                let equal = mask & free;
                let equal = if (equal != 0) & Tokens::is_hash(key) {
                    verified(equal, self.prediction, first + at, self.reference, 0)
                } else {
                    equal
                };
                let taken = equal & equal.wrapping_neg();
                free ^= taken;
                common += u32::from(taken != 0);
            }
        }
        common
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::rouge_words;

    fn tokens(words: impl Iterator<Item = String>) -> Tokens {
        let mut tokens = Tokens::default();
        rouge_words::tokenize(&words.collect::<Vec<_>>().join(" "), None, &mut tokens);
        tokens
    }

    #[test]
    fn texts_of_every_length_are_counted_as_by_matching() {
        let mut matching = Matching::default();
        // Words of a few letters, and words that are hashed.
        let word = |number: usize| format!("{}{number}", ["word", "wordwordword"][number % 3 / 2]);
        // Miri is slow.
        let step = if cfg!(miri) { 13 } else { 1 };
        for len in (0..70).step_by(step) {
            let reference = tokens((0..len).map(|at| word(at * at % 23)));
            for other in (0..70).step_by(step) {
                let prediction = tokens((0..other).map(|at| word(at % 29)));
                matching.load(&prediction, &reference);
                let [expected] = matching.counts();
                let found = common_words(&prediction, &reference, &mut Matching::default());
                assert_eq!(found, expected, "{other} {len}");
            }
        }
    }
}
