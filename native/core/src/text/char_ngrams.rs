//! Clipped matches of character n-grams.
//!
//! For every character of the prediction, the reference positions where the n-grams that end with it end are those of
//! the (n-1)-grams one character before, moved by one, where the character stands. Taking the lowest position that is
//! still free clips the count, so no table of n-grams is needed.

use super::interning::Interner;
use super::positions::Positions;

/// Highest order.
pub const MAX_CHAR_ORDER: usize = 10;

/// Longest reference, in words of bits, where positions are compared; beyond, n-grams are numbered.
const MAX_WORDS: usize = 16;

/// Counts matches.
#[derive(Debug, Default)]
pub struct CharNgrams {
    positions: Positions,
}

impl CharNgrams {
    /// The clipped matches of the orders from 1 on.
    pub fn count(&mut self, pair: &mut Interner, matches: &mut [u32]) {
        matches.fill(0);
        let words = pair.reference().len().div_ceil(64);
        if words > MAX_WORDS {
            pair.for_each_hit(matches.len(), &mut |order, _| matches[order] += 1);
            return;
        }
        let width = [1, 2, 3, 4, 6, 8, 12, MAX_WORDS].into_iter().find(|width| words <= *width);
        self.positions.load_padded(pair.reference(), pair.distinct(), width.unwrap_or(MAX_WORDS));
        let (masks, prediction) = (self.positions.table(), pair.prediction());
        match width {
            Some(1) => count_in_words::<1>(masks, prediction, matches),
            _ => {}
        }
    }
}
