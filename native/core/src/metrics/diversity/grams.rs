//! How many of a text's n-grams are distinct.

use crate::text::tokens::Tokens;

/// Reused memory.
#[derive(Debug, Default)]
pub struct Grams {
    order: Vec<u32>,
    /// A number for each position: equal tokens, then equal n-grams, share it.
    tokens: Vec<u32>,
    numbers: Vec<u32>,
    keys: Vec<(u64, u32)>,
}

impl Grams {
    /// The n-grams of the tokens: distinct ones, all.
    pub fn count(&mut self, tokens: &Tokens, n: usize) -> (usize, usize) {
        let all = (tokens.len() + 1).saturating_sub(n);
        if all == 0 {
            return (0, 0);
        }
        let mut distinct = self.number_tokens(tokens);
        self.numbers.clone_from(&self.tokens);
        for len in 2..=n {
            distinct = self.extend(len);
        }
        (distinct, all)
    }

    /// Numbers the tokens by sorting: no word can be made to cost more than another.
    fn number_tokens(&mut self, tokens: &Tokens) -> usize {
        self.order.clear();
        self.order.extend(0..tokens.len() as u32);
        // By key first, which is fast; equal keys may be different long words.
        let by_token = |at: &u32| (tokens.keys()[*at as usize], tokens.bytes(*at as usize));
        self.order
            .sort_unstable_by(|left, right| by_token(left).cmp(&by_token(right)));
        self.tokens.clear();
        self.tokens.resize(tokens.len(), 0);
        let mut number = 0;
        for (rank, at) in self.order.iter().enumerate() {
            let before = rank.checked_sub(1).map(|rank| self.order[rank] as usize);
            number +=
                u32::from(before.is_some_and(|before| !tokens.same(before, tokens, *at as usize)));
            self.tokens[*at as usize] = number;
        }
        number as usize + 1
    }

    /// Makes the numbers of n-grams from those of (n - 1)-grams and tokens.
    fn extend(&mut self, n: usize) -> usize {
        let pairs = self.numbers.iter().zip(&self.tokens[n - 1..]);
        self.keys.clear();
        self.keys.extend(
            pairs
                .zip(0..)
                .map(|((gram, token), at)| (u64::from(*gram) << 32 | u64::from(*token), at)),
        );
        self.keys.sort_unstable();
        self.numbers.truncate(self.keys.len());
        let mut number = 0;
        let mut before = None;
        for (key, at) in &self.keys {
            number += u32::from(before.is_some_and(|before| before != *key));
            before = Some(*key);
            self.numbers[*at as usize] = number;
        }
        number as usize + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::diversity::words::Tokenizer;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn tokens(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        Tokenizer::Spaces.tokenize(text, &mut tokens);
        tokens
    }

    #[test]
    fn shorter_texts_have_no_grams() {
        let mut grams = Grams::default();
        assert_eq!(grams.count(&tokens("a b a b a"), 2), (2, 4));
        assert_eq!(grams.count(&tokens("a b"), 3), (0, 0));
        assert_eq!(grams.count(&tokens(""), 1), (0, 0));
        assert_eq!(grams.count(&tokens("a b"), 2), (1, 1));
    }

    proptest! {
        #[test]
        fn they_are_the_windows(words in prop::collection::vec("[ab]|aaaaaaaa[ab]{0,2}", 0..40), n in 1_usize..6) {
            let expected: HashSet<&[String]> = words.windows(n).collect();
            let found = Grams::default().count(&tokens(&words.join(" ")), n);
            prop_assert_eq!(found, (expected.len(), (words.len() + 1).saturating_sub(n)));
        }
    }
}
