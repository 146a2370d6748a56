//! The tokens of one text: slices of a normalised copy, each with a 64-bit key.

use super::blocks::{BLOCK, PADDING};

/// Keys from here on are hashes. No key below is one: its top byte would be 0xFF, which UTF-8 does not have.
const HASHED: u64 = 0xff << 56;

/// Prints that are compared at once.
pub const PRINTS: usize = 8;

/// The tokens of one text. Texts are below 4 GiB: protobuf and the row reader hold far smaller messages.
#[derive(Debug, Default)]
pub struct Tokens {
    text: Vec<u8>,
    len: usize,
    /// Offset of the first byte of each token.
    starts: Vec<u32>,
    /// Offset behind the last byte of each token.
    ends: Vec<u32>,
    /// The bytes of a token of up to 8 bytes, a hash of a longer one.
    pub keys: Vec<u64>,
    /// 8 bits of each key: the first, fast comparison. Filled up to a multiple of [`PRINTS`].
    pub prints: Vec<u8>,
}

impl Tokens {
    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The bytes of a token.
    pub fn bytes(&self, at: usize) -> &[u8] {
        &self.text[self.starts[at] as usize..self.ends[at] as usize]
    }

    /// Starts a new text: `fill` appends its normalised form.
    pub fn load(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        self.text.clear();
        self.starts.clear();
        self.ends.clear();
        self.keys.clear();
        self.prints.clear();
        fill(&mut self.text);
        self.len = self.text.len();
        self.text.extend_from_slice(&[b' '; PADDING]);
    }

    /// The normalised text.
    pub fn text(&self) -> Text<'_> {
        Text {
            padded: &self.text,
            len: self.len,
        }
    }

    /// Finds the tokens: `find` appends the offsets of their starts and ends.
    pub fn split(&mut self, find: impl FnOnce(Text<'_>, &mut Vec<u32>, &mut Vec<u32>)) {
        let text = Text {
            padded: &self.text,
            len: self.len,
        };
        find(text, &mut self.starts, &mut self.ends);
        if self.ends.len() < self.starts.len() {
            self.ends.push(self.len as u32);
        }
    }

    /// Computes the keys of all tokens.
    pub fn make_keys(&mut self) {
        let text = self.text.as_slice();
        let spans = self.starts.iter().zip(&self.ends);
        self.keys
            .extend(spans.map(|(&start, &end)| key_of(text, start as usize, end as usize)));
        self.make_prints();
    }

    /// Computes the keys of all tokens after `change` has shortened them: from the text and the offsets of a token
    /// it makes the new end and the key.
    pub fn make_keys_of(
        &mut self,
        mut change: impl FnMut(&mut [u8], usize, usize) -> (usize, u64),
    ) {
        for (&start, end) in self.starts.iter().zip(&mut self.ends) {
            let (new_end, key) = change(&mut self.text, start as usize, *end as usize);
            *end = new_end as u32;
            self.keys.push(key);
        }
        self.make_prints();
    }

    fn make_prints(&mut self) {
        self.prints
            .extend(self.keys.iter().map(|&key| print_of(key)));
        self.prints
            .resize(self.keys.len().next_multiple_of(PRINTS), 0);
    }

    /// Whether equal keys leave a doubt.
    #[inline]
    pub const fn is_hash(key: u64) -> bool {
        key >= HASHED
    }

    /// Whether a token of this text and one of another are the same bytes.
    #[inline]
    pub fn same(&self, at: usize, other: &Self, other_at: usize) -> bool {
        let key = self.keys[at];
        key == other.keys[other_at] && (key < HASHED || self.bytes(at) == other.bytes(other_at))
    }
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

    /// The blocks of the text with their offsets; the last one is filled up with spaces.
    pub fn blocks(self) -> impl Iterator<Item = (usize, &'a [u8; BLOCK])> {
        let (blocks, _) = self.padded.as_chunks::<BLOCK>();
        let used = blocks.iter().take(self.len.div_ceil(BLOCK));
        used.enumerate().map(|(at, block)| (at * BLOCK, block))
    }

    /// The byte at an offset; a space behind the end.
    pub fn byte(self, at: usize) -> u8 {
        self.padded.get(at).copied().unwrap_or(b' ')
    }
}

/// The first 8 bytes from an offset that lies in the text or its padding.
#[inline]
fn load(text: &[u8], at: usize) -> u64 {
    match text.get(at..).and_then(<[u8]>::first_chunk) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => 0,
    }
}

/// The key of the bytes from `start` to `end`, which has at least 8 bytes of text or padding behind it.
#[inline]
pub fn key_of(text: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    let head = load(text, start);
    if len <= 8 {
        let key = head & (u64::MAX >> (64 - 8 * len.max(1)));
        // A trailing NUL would read as the shorter token.
        if text[end - 1] != 0 {
            return key;
        }
        return hash(key, len as u64);
    }
    let mut mixed = hash(head, len as u64);
    let mut at = start + 8;
    while at + 8 < end {
        mixed = hash(mixed, load(text, at));
        at += 8;
    }
    hash(mixed, load(text, end - 8))
}

/// Mixes two words into a hashed key. Only speed depends on its quality: equal keys are compared by bytes.
#[inline]
fn hash(left: u64, right: u64) -> u64 {
    let mixed = (left ^ right.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 32)) | HASHED
}

/// The print of a key.
#[inline]
fn print_of(key: u64) -> u8 {
    ((key ^ (key >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
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
        let multiplier = 0x9e37_79b9_7f4a_7c15_u64;
        let inverse = (0..6).fold(multiplier, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(multiplier.wrapping_mul(inverse)))
        });
        let salt = 16_u64.rotate_left(29);
        (0..200_000_u64).find_map(|number| {
            let digits = format!("{:08}", number * 487 % 100_000_000);
            let head: [u8; 8] = digits.as_bytes().try_into().ok()?;
            let product = (u64::from_le_bytes(head) ^ salt).wrapping_mul(multiplier);
            (1..=255_u64).find_map(|d| {
                let other = (product ^ (d << 56 | d << 24)).wrapping_mul(inverse) ^ salt;
                let other = other.to_le_bytes();
                other
                    .iter()
                    .all(u8::is_ascii_alphanumeric)
                    .then_some((head, other))
            })
        })
    }

    #[test]
    fn equal_hashes_of_different_words_are_told_apart() {
        let (left, right) = colliding_heads().expect("the multiplier is invertible");
        let word = |head: [u8; 8]| format!("{}abcdefgh", String::from_utf8_lossy(&head));
        let (left, right) = (word(left), word(right));
        let both = tokens(&[&left, &right, &left]);
        assert_ne!(left, right);
        assert_eq!(both.keys[0], both.keys[1]);
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
