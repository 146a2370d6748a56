//! Skip-bigrams (Lin 2004, section 4): pairs of tokens in their order, with at most so many tokens between them.
//!
//! Pairs are counted by their first token: one walk over a text counts, for each token that both texts have, how often it
//! follows the first one. No pair is ever stored, and tokens that only one text has are never looked at.

/// How many pairs a text of `len` tokens has; `gap` tokens at most lie between the two of a pair.
pub fn pairs(len: usize, gap: usize) -> f64 {
    let (len, reach) = (
        len as f64,
        gap.saturating_add(1).min(len.saturating_sub(1)) as f64,
    );
    len * reach - reach * (reach + 1.0) / 2.0
}

/// Reused memory.
#[derive(Debug, Default)]
pub struct SkipBigrams {
    prediction: Occurrences,
    reference: Occurrences,
    /// How often each token follows the first one in the prediction and is still free for a match.
    free: Vec<u64>,
    touched: Vec<u32>,
}

/// The tokens of a text that the other text has too.
#[derive(Debug, Default)]
struct Occurrences {
    tokens: Vec<Occurrence>,
    /// Index of the first occurrence of each number.
    first: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Occurrence {
    position: u32,
    number: u32,
    /// Index of the next occurrence of the number.
    next: u32,
}

/// No index.
const NONE: u32 = u32::MAX;

impl SkipBigrams {
    /// Pairs that both texts have, each as often as the text that has it less often. The numbers of the reference are
    /// 0 to `distinct` - 1; the prediction may have others.
    pub fn matches(
        &mut self,
        prediction: &[u32],
        reference: &[u32],
        distinct: usize,
        gap: usize,
    ) -> u64 {
        let reach = u32::try_from(gap.saturating_add(1)).unwrap_or(u32::MAX);
        self.prediction
            .load(prediction, distinct, |number| (number as usize) < distinct);
        let in_prediction = &self.prediction;
        self.reference
            .load(reference, distinct, |number| in_prediction.has(number));
        self.free.clear();
        self.free.resize(distinct, 0);
        let mut matches = 0;
        for number in 0..distinct as u32 {
            if self.prediction.has(number) {
                matches += self.matches_from(number, reach);
            }
        }
        matches
    }

    /// Matches of the pairs that begin with this token.
    fn matches_from(&mut self, first: u32, reach: u32) -> u64 {
        let Self { free, touched, .. } = self;
        self.prediction.followers(first, reach, |follower, times| {
            if free[follower as usize] == 0 {
                touched.push(follower);
            }
            free[follower as usize] += times;
        });
        let mut matches = 0;
        self.reference.followers(first, reach, |follower, times| {
            let free = &mut free[follower as usize];
            let matched = times.min(*free);
            *free -= matched;
            matches += matched;
        });
        for follower in touched.drain(..) {
            free[follower as usize] = 0;
        }
        matches
    }
}

impl Occurrences {
    fn load(&mut self, text: &[u32], distinct: usize, keep: impl Fn(u32) -> bool) {
        self.tokens.clear();
        let positions = (0_u32..).zip(text);
        self.tokens
            .extend(
                positions
                    .filter(|(_, number)| keep(**number))
                    .map(|(position, &number)| Occurrence {
                        position,
                        number,
                        next: NONE,
                    }),
            );
        self.first.clear();
        self.first.resize(distinct, NONE);
        for (at, token) in self.tokens.iter_mut().enumerate().rev() {
            token.next = std::mem::replace(&mut self.first[token.number as usize], at as u32);
        }
    }

    fn has(&self, number: u32) -> bool {
        self.first
            .get(number as usize)
            .is_some_and(|&first| first != NONE)
    }

    /// Visits the tokens that follow the token `number` within its reach, each with how many of its occurrences reach it.
    fn followers(&self, number: u32, reach: u32, mut visit: impl FnMut(u32, u64)) {
        let (mut oldest, mut newer) = (NONE, self.first[number as usize]);
        let mut reaching = 0;
        let mut at = newer as usize;
        while let Some(token) = self.tokens.get(at) {
            while reaching > 0 && token.position - self.tokens[oldest as usize].position > reach {
                oldest = self.tokens[oldest as usize].next;
                reaching -= 1;
            }
            if reaching > 0 {
                visit(token.number, reaching);
            } else if newer == NONE {
                break;
            } else {
                at = newer as usize;
                oldest = newer;
            }
            if at == newer as usize {
                reaching += 1;
                newer = self.tokens[at].next;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn all_pairs(text: &[u32], gap: usize) -> HashMap<(u32, u32), u64> {
        let mut counts = HashMap::new();
        for (at, &first) in text.iter().enumerate() {
            for &second in text[at + 1..].iter().take(gap.saturating_add(1)) {
                *counts.entry((first, second)).or_default() += 1;
            }
        }
        counts
    }

    fn simple_matches(prediction: &[u32], reference: &[u32], gap: usize) -> u64 {
        let of_reference = all_pairs(reference, gap);
        let both = all_pairs(prediction, gap)
            .into_iter()
            .filter_map(|(pair, times)| Some(times.min(*of_reference.get(&pair)?)));
        both.sum()
    }

    proptest! {
        #[test]
        fn the_same_pairs_as_by_a_table(
            prediction in prop::collection::vec(0..12_u32, 0..60),
            reference in prop::collection::vec(0..9_u32, 0..60),
            gap in prop_oneof![Just(usize::MAX), 0..8_usize],
        ) {
            let mut numbers = HashMap::new();
            let mut number = |token: &u32, add: bool| {
                let next = numbers.len() as u32;
                if add { *numbers.entry(*token).or_insert(next) } else { *numbers.get(token).unwrap_or(&u32::MAX) }
            };
            let of_reference: Vec<u32> = reference.iter().map(|token| number(token, true)).collect();
            let of_prediction: Vec<u32> = prediction.iter().map(|token| number(token, false)).collect();
            let distinct = of_reference.iter().max().map_or(0, |max| *max as usize + 1);
            let mut bigrams = SkipBigrams::default();
            for _ in 0..2 {
                prop_assert_eq!(
                    bigrams.matches(&of_prediction, &of_reference, distinct, gap),
                    simple_matches(&prediction, &reference, gap)
                );
            }
            prop_assert_eq!(pairs(reference.len(), gap), all_pairs(&reference, gap).values().sum::<u64>() as f64);
        }
    }

    /// Lin 2004, section 4: S1 against S2, S3 and S4.
    #[test]
    fn the_example_of_the_paper() {
        // police killed the gunman; police kill the gunman; the gunman kill police; the gunman police killed
        let reference = [0, 1, 2, 3];
        let matches = |prediction: &[u32]| {
            SkipBigrams::default().matches(prediction, &reference, 4, usize::MAX)
        };
        assert_eq!(pairs(4, usize::MAX), 6.0);
        assert_eq!(matches(&[0, u32::MAX, 2, 3]), 3);
        assert_eq!(matches(&[2, 3, u32::MAX, 0]), 1);
        assert_eq!(matches(&[2, 3, 0, 1]), 2);
    }
}
