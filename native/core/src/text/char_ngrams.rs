//! Clipped matches of character n-grams.
//!
//! The n-grams that end with a character of the prediction end in the reference where the (n-1)-grams end that end one
//! character before, moved by one, as far as the character stands there. Taking the lowest position that is still free
//! clips the count, so no table of n-grams is needed.

use super::interning::Interner;
use super::masks::WORD;
use super::positions::Positions;

/// Highest order.
pub const MAX_CHAR_ORDER: usize = 10;

/// Longest reference, in words of bits, whose positions are compared; n-grams of longer ones are numbered.
const MAX_WORDS: usize = 8;

/// Counts matches.
#[derive(Debug, Default)]
pub struct CharNgrams {
    positions: Positions,
}

impl CharNgrams {
    /// The clipped matches of the orders from 1 on, as many as there are places for.
    pub fn count(&mut self, pair: &mut Interner, matches: &mut [u32]) {
        matches.fill(0);
        match pair.reference().len().div_ceil(WORD) {
            0 => {}
            1 => self.count_in_words::<1>(pair, matches),
            2 => self.count_in_words::<2>(pair, matches),
            3 => self.count_in_words::<3>(pair, matches),
            4 => self.count_in_words::<4>(pair, matches),
            5..=MAX_WORDS => self.count_in_words::<MAX_WORDS>(pair, matches),
            _ => pair.for_each_hit(matches.len(), &mut |order, _| matches[order] += 1),
        }
    }

    fn count_in_words<const W: usize>(&mut self, pair: &Interner, matches: &mut [u32]) {
        let reference = pair.reference().iter().copied();
        self.positions.load_table(reference, pair.distinct(), W);
        let (masks, _) = self.positions.table().as_chunks::<W>();
        // Where the n-grams end that end with the character before, up to the first order without any.
        let mut ends = [[0; W]; MAX_CHAR_ORDER];
        let mut free = [[u64::MAX; W]; MAX_CHAR_ORDER];
        for &number in pair.prediction() {
            let Some(mask) = masks.get(number as usize) else {
                ends[0] = [0; W];
                continue;
            };
            let mut moved = [u64::MAX; W];
            let orders = ends.iter_mut().zip(&mut free).zip(matches.iter_mut());
            for ((ends, free), matches) in orders {
                let before = *ends;
                let mut any = 0;
                for word in 0..W {
                    ends[word] = moved[word] & mask[word];
                    any |= ends[word];
                }
                if any == 0 {
                    break;
                }
                *matches += take_lowest(ends, free);
                moved = moved_by_one(&before);
            }
        }
    }
}

/// All bits one place up.
#[inline]
fn moved_by_one<const W: usize>(bits: &[u64; W]) -> [u64; W] {
    let mut moved = [0; W];
    let mut carry = 0;
    for (moved, word) in moved.iter_mut().zip(bits) {
        *moved = word << 1 | carry;
        carry = word >> (WORD - 1);
    }
    moved
}

/// Takes the lowest position that is still free; returns 1, or 0 if there is none. Subtracting 1 from the whole number
/// changes the lowest set bit and those below it; without branches, as which word has the bit cannot be foretold.
#[inline]
fn take_lowest<const W: usize>(positions: &[u64; W], free: &mut [u64; W]) -> u32 {
    let mut borrow = true;
    for (word, free) in positions.iter().zip(free) {
        let open = word & *free;
        let (less, borrowed) = open.overflowing_sub(u64::from(borrow));
        *free ^= open & !less;
        borrow = borrowed;
    }
    u32::from(!borrow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::characters::Characters;

    fn counts(prediction: &str, reference: &str, orders: usize) -> Vec<u32> {
        let mut pair = Interner::default();
        Characters::default().load(prediction.chars(), reference.chars(), &mut pair);
        let mut matches = vec![7; orders];
        CharNgrams::default().count(&mut pair, &mut matches);
        matches
    }

    #[test]
    fn matches_are_clipped() {
        assert_eq!(counts("abab", "ab", 3), [2, 1, 0]);
        assert_eq!(counts("aaaa", "aaa", 4), [3, 2, 1, 0]);
        assert_eq!(counts("abcXabc", "abcabc", 3), [6, 4, 2]);
        assert_eq!(counts("", "a", 2), [0, 0]);
        assert_eq!(counts("a", "", 2), [0, 0]);
    }

    /// Every way of counting gives what counting n-grams in a map gives.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn all_lengths_are_exact() {
        let text = |seed: u32, len: u32| -> String {
            let letter = |at: u32| char::from(b'a' + ((at * at + seed * at / 3) % 7) as u8);
            (0..len).map(letter).collect()
        };
        for len in (0..700).step_by(9) {
            let (prediction, reference) = (text(1, 300), text(2, len));
            let found = counts(&prediction, &reference, MAX_CHAR_ORDER);
            for (order, &found) in (1..).zip(&found) {
                let grams = |text: &str| {
                    let mut counts = std::collections::HashMap::new();
                    for gram in text.as_bytes().windows(order) {
                        *counts.entry(gram.to_vec()).or_insert(0) += 1;
                    }
                    counts
                };
                let (left, right) = (grams(&prediction), grams(&reference));
                let common = |(gram, count): (&Vec<u8>, &u32)| {
                    right.get(gram).map(|other| *count.min(other))
                };
                let expected: u32 = left.iter().filter_map(common).sum();
                assert_eq!(found, expected, "{len} {order}");
            }
        }
    }
}
