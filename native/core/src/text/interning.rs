//! Matching of long texts: tokens and n-grams become numbers, so that work grows with the sum of the lengths
//! (n-grams) and memory never with their product (longest common subsequence).

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::lcs;
use super::positions::Positions;
use super::tokens::Tokens;

/// The number of what the reference does not have.
pub const ABSENT: u32 = u32::MAX;

/// One prediction against one reference, as numbers.
#[derive(Debug, Default)]
pub struct Interner {
    numbers: HashMap<u64, u32, Seed>,
    /// A reference token of each number.
    samples: Vec<u32>,
    /// How many numbers there are.
    distinct: usize,
    reference: Vec<u32>,
    prediction: Vec<u32>,
    reference_grams: Vec<u32>,
    prediction_grams: Vec<u32>,
    free: Vec<u32>,
    /// Where the reference has each number.
    positions: Positions,
    vector: Vec<u64>,
}

impl Interner {
    /// Numbers the tokens of the reference and looks up those of the prediction.
    pub fn load(&mut self, prediction: &Tokens, reference: &Tokens) {
        self.numbers.clear();
        self.samples.clear();
        self.reference.clear();
        self.prediction.clear();
        for at in 0..reference.len() {
            let number = self.number(reference, at, reference, true);
            self.reference.push(number);
        }
        for at in 0..prediction.len() {
            let number = self.number(prediction, at, reference, false);
            self.prediction.push(number);
        }
        self.distinct = self.samples.len();
    }

    /// Takes a reference that is numbered already: from 0 on, in the order of first places.
    pub fn load_reference(&mut self, numbers: impl Iterator<Item = u32>) {
        self.reference.clear();
        self.reference.extend(numbers);
        let highest = self.reference.iter().max();
        self.distinct = highest.map_or(0, |&number| number as usize + 1);
    }

    /// Takes a prediction that is numbered already.
    pub fn load_prediction(&mut self, numbers: impl Iterator<Item = u32>) {
        self.prediction.clear();
        self.prediction.extend(numbers);
    }

    /// The number of each token of the reference.
    pub fn reference(&self) -> &[u32] {
        &self.reference
    }

    /// The number of each token of the prediction, [`ABSENT`] for those that the reference does not have.
    pub fn prediction(&self) -> &[u32] {
        &self.prediction
    }

    /// How many different tokens the reference has.
    pub fn distinct(&self) -> usize {
        self.distinct
    }

    /// The number of a token; a key that another token has taken is replaced by the next one.
    fn number(&mut self, tokens: &Tokens, at: usize, reference: &Tokens, add: bool) -> u32 {
        let mut key = tokens.keys()[at];
        loop {
            let Some(&number) = self.numbers.get(&key) else {
                if !add {
                    return ABSENT;
                }
                let number = self.samples.len() as u32;
                self.numbers.insert(key, number);
                self.samples.push(at as u32);
                return number;
            };
            if tokens.same(at, reference, self.samples[number as usize] as usize) {
                return number;
            }
            key = key.wrapping_add(1);
        }
    }

    /// Calls `hit` with n - 1 and the position of every n-gram of the prediction that has a match.
    pub fn for_each_hit(&mut self, orders: usize, hit: &mut impl FnMut(usize, usize)) {
        self.reference_grams.clone_from(&self.reference);
        self.prediction_grams.clone_from(&self.prediction);
        let mut distinct = self.distinct;
        for order in 0..orders {
            if order > 0 {
                distinct = self.extend_grams(order);
            }
            self.free.clear();
            self.free.resize(distinct, 0);
            for &gram in &self.reference_grams {
                self.free[gram as usize] += 1;
            }
            for (at, &gram) in self.prediction_grams.iter().enumerate() {
                if let Some(free @ 1..) = self.free.get_mut(gram as usize) {
                    *free -= 1;
                    hit(order, at);
                }
            }
        }
    }

    /// Makes n-grams of order + 1 from those of `order`: a pair of numbers is a key without collisions.
    fn extend_grams(&mut self, order: usize) -> usize {
        self.numbers.clear();
        let pair = |gram: u32, token: u32| u64::from(gram) << 32 | u64::from(token);
        let mut distinct = 0;
        self.reference_grams
            .truncate(self.reference.len().saturating_sub(order));
        for (gram, &token) in self
            .reference_grams
            .iter_mut()
            .zip(self.reference.iter().skip(order))
        {
            *gram = *self.numbers.entry(pair(*gram, token)).or_insert_with(|| {
                distinct += 1;
                distinct - 1
            });
        }
        self.prediction_grams
            .truncate(self.prediction.len().saturating_sub(order));
        let tokens = self.prediction.iter().skip(order);
        for (gram, &token) in self.prediction_grams.iter_mut().zip(tokens) {
            if *gram == ABSENT || token == ABSENT {
                *gram = ABSENT;
            } else {
                *gram = self
                    .numbers
                    .get(&pair(*gram, token))
                    .copied()
                    .unwrap_or(ABSENT);
            }
        }
        distinct as usize
    }

    /// Length of the longest common subsequence.
    pub fn lcs(&mut self) -> usize {
        let Self {
            positions, vector, ..
        } = self;
        positions.load(self.reference.iter().copied(), self.distinct);
        vector.clear();
        vector.resize(positions.words(), u64::MAX);
        for &number in &self.prediction {
            if number != ABSENT {
                lcs::step(vector, positions.mask(number));
            }
        }
        lcs::grown(vector)
    }
}

/// Hashing of numbers with a random seed: texts cannot be made to collide, and only speed depends on it.
#[derive(Debug, Clone)]
struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u64))
    }
}

impl BuildHasher for Seed {
    type Hasher = NumberHasher;

    fn build_hasher(&self) -> NumberHasher {
        NumberHasher(self.0)
    }
}

/// Multiplies to 128 bits and folds.
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(number ^ self.0) * u128::from(self.0 | 1);
        let folded = (product >> 64) as u64 ^ product as u64;
        self.0 = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::rouge_words;

    fn tokens(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        rouge_words::tokenize(text, None, &mut tokens);
        tokens
    }

    #[test]
    fn matches_are_clipped_and_in_order() {
        let mut interner = Interner::default();
        interner.load(&tokens("a b a b x a"), &tokens("a b a"));
        let mut hits = Vec::new();
        interner.for_each_hit(3, &mut |order, at| hits.push((order, at)));
        assert_eq!(hits, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]);
        assert_eq!(interner.lcs(), 3);
    }

    #[test]
    fn orders_above_the_length_have_no_matches() {
        let mut interner = Interner::default();
        interner.load(&tokens("a"), &tokens(""));
        interner.for_each_hit(9, &mut |_, _| panic!("nothing matches"));
        assert_eq!(interner.lcs(), 0);
    }
}
