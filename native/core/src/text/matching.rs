//! What two token sequences have in common: clipped n-gram matches and the longest common subsequence.
//!
//! With the masks M of [`super::masks`], the reference positions where the n-gram at i occurs are
//! M[i] & M[i+1]>>1 & M[i+2]>>2 & ...; taking the lowest position that is still free clips the count, so no
//! table of n-grams is needed.

use super::interning::Interner;
use super::lcs;
use super::masks::{MAX_WORDS, Masks, WORD};
use super::simd::{self, Simd, Work};
use super::tokens::Tokens;

/// Highest n-gram order; [`super::masks::EMPTY_ROWS`] + 1.
pub const MAX_ORDER: usize = 9;

/// Longest prediction whose masks are kept: 4096 rows of four words are 128 KiB.
const MAX_ROWS: usize = 4096;

/// One prediction against one reference.
#[derive(Debug, Default)]
pub struct Matching {
    masks: Masks,
    interner: Interner,
    long: bool,
    prediction: usize,
    reference: usize,
    /// The matches of the orders 1 to 4, once they are counted.
    four: Option<[u32; 4]>,
}

impl Matching {
    /// Compares the tokens; long texts by interning.
    pub fn load(&mut self, prediction: &Tokens, reference: &Tokens) {
        if reference.len() > MAX_WORDS * WORD || prediction.len() > MAX_ROWS {
            self.load_interned(prediction, reference);
            return;
        }
        self.set_lengths(false, prediction, reference);
        self.masks.load(prediction, reference);
    }

    /// Compares the tokens by interning: for texts of any length.
    pub fn load_interned(&mut self, prediction: &Tokens, reference: &Tokens) {
        self.set_lengths(true, prediction, reference);
        self.interner.load(prediction, reference);
    }

    fn set_lengths(&mut self, long: bool, prediction: &Tokens, reference: &Tokens) {
        self.long = long;
        self.prediction = prediction.len();
        self.reference = reference.len();
        self.four = None;
    }

    /// Tokens of the prediction.
    pub fn prediction(&self) -> usize {
        self.prediction
    }

    /// Tokens of the reference.
    pub fn reference(&self) -> usize {
        self.reference
    }

    /// Clipped matches of the orders 1 to N.
    pub fn counts<const N: usize>(&mut self) -> [u32; N] {
        if self.long || self.masks.words() > 1 {
            let mut counts = [0; N];
            self.for_each_hit(N, |order, _| counts[order] += 1);
            return counts;
        }
        let rows = self.masks.rows();
        let len = self.prediction;
        if N <= 4 {
            // Four orders take little longer than one, and another metric may ask for the next.
            let four = *self
                .four
                .get_or_insert_with(|| simd::run(Count { rows, len }));
            std::array::from_fn(|order| four[order])
        } else {
            simd::run(CountAll { rows, len })
        }
    }

    /// Calls `hit` with n - 1 and the position of every n-gram of the prediction that has a match.
    pub fn for_each_hit(&mut self, orders: usize, mut hit: impl FnMut(usize, usize)) {
        if self.long {
            self.interner.for_each_hit(orders, &mut hit);
            return;
        }
        match self.masks.words() {
            1 => hits_in_words::<1>(self.masks.rows(), self.prediction, orders, hit),
            2 => hits_in_words::<2>(self.masks.rows(), self.prediction, orders, hit),
            3 => hits_in_words::<3>(self.masks.rows(), self.prediction, orders, hit),
            _ => hits_in_words::<MAX_WORDS>(self.masks.rows(), self.prediction, orders, hit),
        }
    }

    /// Length of the longest common subsequence.
    pub fn lcs(&mut self) -> usize {
        if self.long {
            return self.interner.lcs();
        }
        let words = self.masks.words();
        let rows = &self.masks.rows()[..self.prediction * words];
        match words {
            1 => lcs::length::<1>(rows),
            2 => lcs::length::<2>(rows),
            3 => lcs::length::<3>(rows),
            _ => lcs::length::<MAX_WORDS>(rows),
        }
    }
}

/// Clipped matches where the reference fits one word: no branch depends on the text.
struct Count<'a> {
    rows: &'a [u64],
    len: usize,
}

impl Work for Count<'_> {
    type Output = [u32; 4];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [u32; 4] {
        simd.clipped_counts(self.rows, self.len)
    }
}

/// The same for N orders.
struct CountAll<'a, const N: usize> {
    rows: &'a [u64],
    len: usize,
}

impl<const N: usize> Work for CountAll<'_, N> {
    type Output = [u32; N];

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> [u32; N] {
        simd::clipped_counts(self.rows, self.len)
    }
}

/// Clipped matches in general: W words a row.
fn hits_in_words<const W: usize>(
    rows: &[u64],
    len: usize,
    orders: usize,
    mut hit: impl FnMut(usize, usize),
) {
    let (rows, _) = rows.as_chunks::<W>();
    let mut free = [[u64::MAX; W]; MAX_ORDER];
    for (at, window) in rows.windows(orders).take(len).enumerate() {
        let mut positions = [u64::MAX; W];
        for (order, (row, free)) in window.iter().zip(&mut free).enumerate() {
            let mut any = 0;
            for (word, positions) in positions.iter_mut().enumerate() {
                *positions &= shifted(row, word, order);
                any |= *positions;
            }
            if any == 0 {
                break;
            }
            if take_lowest(&positions, free) {
                hit(order, at);
            }
        }
    }
}

/// One word of a row shifted right by fewer than 64 bits.
#[inline]
fn shifted<const W: usize>(row: &[u64; W], word: usize, by: usize) -> u64 {
    let high = row.get(word + 1).copied().unwrap_or(0);
    if by == 0 {
        row[word]
    } else {
        row[word] >> by | high << (WORD - by)
    }
}

/// Takes the lowest position that is still free; false if there is none.
#[inline]
fn take_lowest<const W: usize>(positions: &[u64; W], free: &mut [u64; W]) -> bool {
    for (word, free) in positions.iter().zip(free) {
        let open = word & *free;
        if open != 0 {
            *free ^= open & open.wrapping_neg();
            return true;
        }
    }
    false
}
