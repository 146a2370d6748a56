//! The tokens of one text: slices of a normalised copy, each with a 64-bit key.

use std::hint::select_unpredictable;

use super::blocks::{BLOCK, PADDING};
use super::simd::{GROUP, Simd, Spans};

/// Keys from here on are hashes. No key below is one: its top byte would be 0xFF, which UTF-8 does not have.
pub(super) const HASHED: u64 = 0xff << 56;

/// The tokens of one text. Texts are below 4 GiB: protobuf and the row reader hold far smaller messages.
///
/// Its memory only grows: what lies behind the current text and its tokens is left from earlier ones.
#[derive(Debug, Default)]
pub struct Tokens {
    text: Vec<u8>,
    /// Bytes of the text.
    bytes: usize,
    /// Number of tokens.
    count: usize,
    /// Offset of the first byte of each token.
    starts: Vec<u32>,
    /// Offset behind the last byte of each token.
    ends: Vec<u32>,
    /// Memory for a text that is changed before it is split.
    spare: Vec<u8>,
    /// One a token: the bytes of a token of up to 8 bytes, a hash of a longer one. In groups, as they are compared.
    keys: Vec<[u64; GROUP]>,
}

/// Finds tokens block by block; `split` is marked `#[inline(always)]`.
pub trait Splitter {
    /// Where tokens start and, exclusively, end in the block at an offset of the text. The block may be changed: its
    /// final bytes are those of the tokens. Behind the text it holds spaces.
    fn split<S: Simd>(&mut self, simd: S, base: usize, block: &mut [u8; BLOCK]) -> (u64, u64);
}

impl Tokens {
    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One key a token: tokens of different keys are different; see [`Tokens::same`].
    #[inline]
    pub fn keys(&self) -> &[u64] {
        &self.keys.as_flattened()[..self.count]
    }

    /// The keys in groups; in the last one, anything may be behind them.
    #[inline]
    pub(super) fn key_groups(&self) -> &[[u64; GROUP]] {
        &self.keys[..self.count.div_ceil(GROUP)]
    }

    /// The bytes of a token.
    pub fn bytes(&self, at: usize) -> &[u8] {
        &self.text[self.starts[at] as usize..self.ends[at] as usize]
    }

    /// Offset of the first byte of a token in the normalised text.
    pub fn start(&self, at: usize) -> usize {
        self.starts[at] as usize
    }

    /// Starts a new text: `fill` appends its normalised form.
    pub fn load(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        self.text.clear();
        self.starts.clear();
        self.ends.clear();
        self.count = 0;
        fill(&mut self.text);
        self.bytes = self.text.len();
        self.text.extend_from_slice(&[b' '; PADDING]);
    }

    /// The normalised text.
    pub fn text(&self) -> Text<'_> {
        Text {
            padded: &self.text,
            len: self.bytes,
        }
    }

    /// Finds the tokens: `find` appends the offsets of their starts and ends.
    pub fn split(&mut self, find: impl FnOnce(Text<'_>, &mut Vec<u32>, &mut Vec<u32>)) {
        let text = Text {
            padded: &self.text,
            len: self.bytes,
        };
        find(text, &mut self.starts, &mut self.ends);
        if self.ends.len() < self.starts.len() {
            self.ends.push(self.bytes as u32);
        }
        self.count = self.starts.len();
    }

    /// Empty memory for a text that is changed before it is split.
    pub(super) fn take_spare(&mut self) -> Vec<u8> {
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        spare
    }

    /// Keeps the memory for the next text.
    pub(super) fn put_spare(&mut self, spare: Vec<u8>) {
        self.spare = spare;
    }

    /// Copies the text and finds its tokens, without their keys.
    #[inline(always)]
    pub(super) fn split_blocks<S: Simd>(
        &mut self,
        simd: S,
        text: &[u8],
        splitter: &mut impl Splitter,
    ) {
        self.bytes = text.len();
        let padded = text.len().next_multiple_of(BLOCK) + PADDING;
        if self.text.len() < padded {
            self.text.resize(padded, b' ');
        }
        let (copies, _) = self.text.as_chunks_mut::<BLOCK>();
        let (mut starts, mut ends) = (0, 0);
        for (at, copy) in copies
            .iter_mut()
            .take(text.len().div_ceil(BLOCK))
            .enumerate()
        {
            let base = at * BLOCK;
            *copy = simd.block(text.get(base..).unwrap_or_default());
            let (start, end) = splitter.split(simd, base, copy);
            simd.positions(start, base as u32, room(&mut self.starts, starts));
            starts += start.count_ones() as usize;
            simd.positions(end, base as u32, room(&mut self.ends, ends));
            ends += end.count_ones() as usize;
        }
        // The end of the text ends a token that fills its block.
        room(&mut self.ends, ends)[0] = self.bytes as u32;
        self.count = starts;
    }

    /// Computes the keys of all tokens.
    pub fn make_keys(&mut self) {
        self.make_room_for_keys();
        let text = self.text.as_slice();
        let spans = self.starts.iter().zip(&self.ends).take(self.count);
        for (key, (&start, &end)) in self.keys.as_flattened_mut().iter_mut().zip(spans) {
            *key = key_of(text, start as usize, end as usize);
        }
    }

    /// Computes the keys of all tokens of a text without NUL bytes.
    #[inline(always)]
    pub(super) fn make_plain_keys<S: Simd>(&mut self, simd: S) {
        self.make_room_for_keys();
        // The last group is filled up with empty tokens.
        for places in [&mut self.starts, &mut self.ends] {
            room(places, self.count)[..GROUP].fill(0);
        }
        let groups = self.count.div_ceil(GROUP);
        let spans = Spans {
            starts: &self.starts.as_chunks().0[..groups],
            ends: &self.ends.as_chunks().0[..groups],
        };
        simd.keys(&self.text, spans, &mut self.keys[..groups]);
    }

    #[inline(always)]
    fn make_room_for_keys(&mut self) {
        let groups = self.count.div_ceil(GROUP);
        if self.keys.len() < groups {
            self.keys.resize(groups, [0; GROUP]);
        }
    }

    /// Computes the keys of all tokens of a text without NUL bytes, and keeps the tokens whose key is wanted: most.
    #[inline(always)]
    pub(super) fn make_plain_keys_of<S: Simd>(&mut self, simd: S, is_wanted: impl Fn(u64) -> bool) {
        self.make_plain_keys(simd);
        let all = |all: bool, key: &u64| all & is_wanted(*key);
        if !self.keys().iter().fold(true, all) {
            self.retain(is_wanted);
        }
    }

    /// Keeps the tokens whose key is wanted.
    fn retain(&mut self, is_wanted: impl Fn(u64) -> bool) {
        let keys = self.keys.as_flattened_mut();
        let mut kept = 0;
        for at in 0..self.count {
            let key = keys[at];
            keys[kept] = key;
            self.starts[kept] = self.starts[at];
            self.ends[kept] = self.ends[at];
            kept += usize::from(is_wanted(key));
        }
        self.count = kept;
    }

    /// Replaces tokens by shorter ones: from the text, the offsets and the key of a token `change` makes the new end and
    /// the new key.
    pub fn shorten(
        &mut self,
        mut change: impl FnMut(&mut [u8], usize, usize, u64) -> (usize, u64),
    ) {
        let spans = self.starts.iter().zip(&mut self.ends);
        let keys = &mut self.keys.as_flattened_mut()[..self.count];
        for (key, (&start, end)) in keys.iter_mut().zip(spans) {
            let (new_end, new_key) = change(&mut self.text, start as usize, *end as usize, *key);
            *end = new_end as u32;
            *key = new_key;
        }
    }

    /// Whether equal keys leave a doubt.
    #[inline]
    pub const fn is_hash(key: u64) -> bool {
        key >= HASHED
    }

    /// Whether a token of this text and one of another are the same bytes.
    #[inline]
    pub fn same(&self, at: usize, other: &Self, other_at: usize) -> bool {
        let key = self.keys()[at];
        key == other.keys()[other_at]
            && (key < HASHED || same_bytes(self.bytes(at), other.bytes(other_at)))
    }
}

/// Whether two tokens are equal; most have 9 to 16 bytes, and those are two words that may overlap.
#[inline]
fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let ends = |token: &[u8]| {
        let number = |eight: Option<&[u8; 8]>| eight.map(|eight| u64::from_le_bytes(*eight));
        (number(token.first_chunk()), number(token.last_chunk()))
    };
    if left.len() <= 16 && left.len() >= 8 {
        ends(left) == ends(right)
    } else {
        left == right
    }
}

/// The places from `at` on, which are made if they are not there.
#[inline(always)]
fn room(places: &mut Vec<u32>, at: usize) -> &mut [u32; BLOCK] {
    if places.len() < at + BLOCK {
        grow(places, at + BLOCK);
    }
    match places[at..].first_chunk_mut() {
        Some(room) => room,
        None => unreachable!("there was room, or it was made"),
    }
}

#[cold]
fn grow(places: &mut Vec<u32>, len: usize) {
    places.resize(len.max(2 * places.len()), 0);
}

/// A text with spaces behind it.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    padded: &'a [u8],
    len: usize,
}

impl<'a> Text<'a> {
    /// The text, without its padding.
    pub fn bytes(self) -> &'a [u8] {
        &self.padded[..self.len]
    }
}

/// The first 8 bytes from an offset that lies in the text or its padding.
#[inline(always)]
fn load(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8).and_then(<[u8]>::first_chunk) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => 0,
    }
}

/// The first and the last 8 bytes of a token of at least 8 bytes.
#[inline]
pub fn head_and_tail(text: &[u8], start: usize, end: usize) -> (u64, u64) {
    (load(text, start), load(text, end - 8))
}

/// The key of the bytes from `start` to `end`, which has at least 8 bytes of text or padding behind it.
#[inline]
pub fn key_of(text: &[u8], start: usize, end: usize) -> u64 {
    // A trailing NUL would read as the shorter token.
    if end - start <= 8 && text[end - 1] == 0 {
        let head = load(text, start) & (u64::MAX >> (64 - 8 * (end - start).max(1)));
        return hash(head, (end - start) as u64);
    }
    plain_key(text, start, end)
}

/// [`key_of`] bytes that do not end in NUL. Both kinds of keys are made and one is taken, as the length is hard to
/// guess for the processor.
#[inline(always)]
pub(super) fn plain_key(text: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    if len > 16 {
        return long_key(text, start, end);
    }
    let first = load(text, start);
    let second = load(text, start + 8);
    // For a length of 8 or less, and for a longer one; else it is anything.
    let behind = 64_u32.wrapping_sub(8 * len as u32);
    let short = first & u64::MAX.wrapping_shr(behind);
    let hash = hash(first, second & u64::MAX.wrapping_shr(behind));
    select_unpredictable(len <= 8, short, hash)
}

#[cold]
pub(super) fn long_key(text: &[u8], start: usize, end: usize) -> u64 {
    let mut mixed = load(text, start);
    let mut at = start + 8;
    while at + 8 < end {
        mixed = hash(mixed, load(text, at));
        at += 8;
    }
    hash(mixed, load(text, end - 8))
}

pub(super) const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes two words into a hashed key. Only speed depends on its quality: equal keys are compared by bytes.
#[inline(always)]
fn hash(left: u64, right: u64) -> u64 {
    let mixed = (left.wrapping_mul(ODD) ^ right.rotate_left(29)).wrapping_mul(ODD);
    (mixed ^ (mixed >> 32)) | HASHED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(words: &[&str]) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.load(|text| text.extend_from_slice(words.join(" ").as_bytes()));
        tokens.split(|text, starts, ends| {
            let mut at = 0;
            for word in words {
                starts.push(at);
                at += word.len() as u32;
                ends.push(at);
                at += 1;
            }
            assert_eq!(text.bytes().len() + 1, at as usize);
        });
        tokens.make_keys();
        tokens
    }

    /// Two words of eight letters or digits whose hashes collide when the rest is the same.
    ///
    /// [`hash`] folds the product's high half onto its low half and drops the top byte, so products that differ by
    /// d in the top byte and in the byte at bit 24 collide; the multiplier is odd and can be inverted.
    fn colliding_heads() -> Option<([u8; 8], [u8; 8])> {
        let inverse = (0..6).fold(ODD, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(ODD.wrapping_mul(inverse)))
        });
        let tail = u64::from_le_bytes(*b"abcdefgh").rotate_left(29);
        (0..200_000_u64).find_map(|number| {
            let digits = format!("{:08}", number * 487 % 100_000_000);
            let head: [u8; 8] = digits.as_bytes().try_into().ok()?;
            let mixed = u64::from_le_bytes(head).wrapping_mul(ODD) ^ tail;
            let product = mixed.wrapping_mul(ODD);
            (1..=255_u64).find_map(|d| {
                let other = (product ^ (d << 56 | d << 24)).wrapping_mul(inverse) ^ tail;
                let other = other.wrapping_mul(inverse).to_le_bytes();
                other
                    .iter()
                    .all(u8::is_ascii_alphanumeric)
                    .then_some((head, other))
            })
        })
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn equal_hashes_of_different_words_are_told_apart() {
        let (left, right) = colliding_heads().expect("the multiplier is invertible");
        let word = |head: [u8; 8]| format!("{}abcdefgh", String::from_utf8_lossy(&head));
        let (left, right) = (word(left), word(right));
        let both = tokens(&[&left, &right, &left]);
        assert_ne!(left, right);
        assert_eq!(both.keys()[0], both.keys()[1]);
        assert!(!both.same(0, &both, 1));
        assert!(both.same(0, &both, 2));

        let (one, other) = (tokens(&[&left, "x"]), tokens(&[&right, "x"]));
        let mut matching = crate::text::matching::Matching::default();
        matching.load(&one, &other);
        assert_eq!((matching.counts::<1>(), matching.lcs()), ([1], 1));
        matching.load_interned(&one, &other);
        assert_eq!((matching.counts::<1>(), matching.lcs()), ([1], 1));
    }

    #[test]
    fn keys_tell_length_and_nul_apart() {
        let words = tokens(&[
            "a",
            "a\0",
            "aaaaaaaa",
            "aaaaaaa\0",
            "aaaaaaaaa",
            "aaaaaaaaa\0",
            "\0",
        ]);
        for at in 0..words.len() {
            for other in 0..words.len() {
                assert_eq!(words.same(at, &words, other), at == other, "{at} {other}");
            }
        }
        assert_eq!(words.bytes(1), b"a\0");
    }
}
