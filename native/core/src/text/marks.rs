//! Splitting at spaces, symbols and punctuation marks, as the tokenizers of the mteval scripts do it: a mark between
//! digits belongs to the number, any other mark is a token of its own.
//!
//! The scripts write this as substitutions that only insert spaces:
//! 1. a mark after what is no digit gets spaces around it. A match takes both characters, so of a run of marks only
//!    every other one can match: below, `taken`;
//! 2. a mark before what is no digit gets a space on both sides. Of two marks in a row the first pattern has matched
//!    one, so here no match is in the way of another;
//! 3. symbols get spaces around them, and so do hyphens after a digit.
//!
//! `13a` puts a space before and behind the text; `intl` and `zh` do not, and the first or last mark of a text may
//! stay at its word. `13a` has code of its own ([`super::mteval13a`]), which works on bytes, as all that it splits at
//! is ASCII; here a bit is a character.

use super::blocks::BLOCK;
use super::simd::{self, Simd, Work, byte_classes};
use super::tokens::Text;

/// What a character is to a tokenizer; one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Part of a word.
    Letter = 0,
    /// Part of a word or number.
    Digit = 1,
    /// Splits, and is in no token.
    Space = 2,
    /// A token of its own, unless it is between digits.
    Mark = 4,
    /// A token of its own after a digit.
    Hyphen = 8,
    /// Always a token of its own.
    Symbol = 16,
}

/// The classes of the ASCII characters.
pub type Ascii = [Class; 128];

/// Up to 64 characters.
struct Block {
    classes: [u8; BLOCK],
    /// Where each character starts.
    offsets: [u32; BLOCK],
    len: usize,
}

/// One bit for each character of a block and class; the classes are there as bytes already.
struct ClassMasks<'b>(&'b [u8; BLOCK]);

impl Work for ClassMasks<'_> {
    type Output = [u64; 5];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [u64; 5] {
        simd.class_masks::<Same, 5>(self.0)
    }
}

/// Every byte is its own class.
const fn same(byte: u8) -> u8 {
    byte
}

byte_classes!(Same, same);

/// What the end of a block hands to the next one; each is 0 or 1.
struct Carry {
    /// The last character was a space or stood alone, or there is none: a token may start.
    edge: u64,
    /// The last character was a space, or there is none.
    space: u64,
    digit: u64,
    /// There is a last character, and it was no digit.
    other: u64,
    mark: u64,
    taken: u64,
}

/// Appends the offsets where tokens start and end. `wide` tells the class of a character that is not ASCII.
pub fn split(
    text: Text<'_>,
    ascii: &Ascii,
    wide: impl Fn(char) -> Class,
    starts: &mut Vec<u32>,
    ends: &mut Vec<u32>,
) {
    // Whoever fills the text writes whole characters.
    let text = str::from_utf8(text.bytes()).unwrap_or_default();
    let mut block = Block {
        classes: [0; BLOCK],
        offsets: [0; BLOCK],
        len: 0,
    };
    let mut carry = Carry {
        edge: 1,
        space: 1,
        digit: 0,
        other: 0,
        mark: 0,
        taken: 0,
    };
    let mut at = 0;
    while at < text.len() {
        at = block.fill(text, at, ascii, &wide);
        let next = class_at(text, at, ascii, &wide).map(|(class, _)| class);
        let (start, end) = boundaries(&block, next, &mut carry);
        block.push(start, starts);
        block.push(end, ends);
    }
}

/// The class and the length of the character at an offset.
#[inline]
fn class_at(
    text: &str,
    at: usize,
    ascii: &Ascii,
    wide: impl Fn(char) -> Class,
) -> Option<(Class, usize)> {
    let byte = *text.as_bytes().get(at)?;
    if let Some(class) = ascii.get(usize::from(byte)) {
        return Some((*class, 1));
    }
    let c = text.get(at..)?.chars().next()?;
    Some((wide(c), c.len_utf8()))
}

impl Block {
    /// Reads the characters from an offset on; returns the offset behind them.
    #[inline]
    fn fill(
        &mut self,
        text: &str,
        mut at: usize,
        ascii: &Ascii,
        wide: impl Fn(char) -> Class,
    ) -> usize {
        self.classes = [0; BLOCK];
        self.len = 0;
        for (place, offset) in self.classes.iter_mut().zip(&mut self.offsets) {
            let Some((class, len)) = class_at(text, at, ascii, &wide) else {
                break;
            };
            *place = class as u8;
            *offset = at as u32;
            at += len;
            self.len += 1;
        }
        at
    }

    /// Appends the offset of every character whose bit is set.
    #[inline]
    fn push(&self, mut bits: u64, positions: &mut Vec<u32>) {
        while bits != 0 {
            positions.push(self.offsets[bits.trailing_zeros() as usize]);
            bits &= bits - 1;
        }
    }
}

/// Where tokens start and, exclusively, end. `next` is what comes behind the block.
#[inline]
fn boundaries(block: &Block, next: Option<Class>, carry: &mut Carry) -> (u64, u64) {
    let [digit, space, mark, hyphen, symbol] = simd::run(ClassMasks(&block.classes));
    let there = u64::MAX >> (BLOCK - block.len);
    let other = there & !digit;
    let next_is_other = u64::from(next.is_some_and(|class| class != Class::Digit));
    let after_digit = digit << 1 | carry.digit;
    let after_other = other << 1 | carry.other;
    let before_other = other >> 1 | next_is_other << (block.len - 1);
    let taken = if mark & (mark << 1 | carry.mark) == 0 {
        mark & after_other
    } else {
        taken_of_runs(mark & after_other, carry.taken)
    };
    let alone = symbol | hyphen & after_digit | taken | mark & before_other;
    let start = there & !space & (alone | alone << 1 | space << 1 | carry.edge);
    let end = (space | start) & !(space << 1 | carry.space);
    *carry = Carry {
        edge: (alone | space) >> 63,
        space: space >> 63,
        digit: digit >> 63,
        other: other >> 63,
        mark: mark >> 63,
        taken: taken >> 63,
    };
    (start, end)
}

/// The first pattern in runs of marks: every other one, as matches do not overlap.
#[cold]
fn taken_of_runs(marks: u64, mut previous: u64) -> u64 {
    let mut taken = 0;
    for at in 0..BLOCK {
        previous = marks >> at & 1 & !previous;
        taken |= previous << at;
    }
    taken
}

/// The tokens as text, for tests of tokenizers.
#[cfg(test)]
pub fn words_of(tokenize: impl FnOnce(&mut super::tokens::Tokens)) -> Vec<String> {
    let mut tokens = super::tokens::Tokens::default();
    tokenize(&mut tokens);
    (0..tokens.len())
        .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens::Tokens;
    use proptest::prelude::*;

    const LETTERS: [char; 6] = ['a', '1', ' ', '.', '-', '+'];
    const CLASSES: [Class; 6] = [
        Class::Letter,
        Class::Digit,
        Class::Space,
        Class::Mark,
        Class::Hyphen,
        Class::Symbol,
    ];

    fn class_of(c: char) -> Class {
        // Wide characters of the same classes, of two bytes each.
        let found = LETTERS
            .iter()
            .position(|letter| *letter == c || wide(*letter) == c);
        found.map_or(Class::Letter, |at| CLASSES[at])
    }

    fn wide(letter: char) -> char {
        char::from_u32(u32::from(letter) + 0x100).expect("a character")
    }

    fn words(text: &str) -> Vec<String> {
        let mut ascii = [Class::Letter; 128];
        for letter in LETTERS {
            ascii[letter as usize] = class_of(letter);
        }
        words_of(|tokens: &mut Tokens| {
            tokens.load(|buffer| buffer.extend_from_slice(text.as_bytes()));
            tokens.split(|text, starts, ends| split(text, &ascii, class_of, starts, ends));
            tokens.make_keys();
        })
    }

    /// The rules, character by character.
    fn words_by_rules(text: &str) -> Vec<String> {
        let all: Vec<char> = text.chars().collect();
        let class = |at: Option<usize>| at.and_then(|at| all.get(at)).map(|c| class_of(*c));
        let (mut spaced, mut taken) = (String::new(), false);
        for (at, c) in all.iter().enumerate() {
            let (before, after) = (class(at.checked_sub(1)), class(Some(at + 1)));
            let other = |class: Option<Class>| class.is_some_and(|class| class != Class::Digit);
            let class = class_of(*c);
            taken = class == Class::Mark && other(before) && !taken;
            let alone = match class {
                Class::Symbol => true,
                Class::Mark => taken || other(after),
                Class::Hyphen => before == Some(Class::Digit),
                _ => false,
            };
            match class {
                Class::Space => spaced.push(' '),
                _ if alone => spaced.extend([' ', *c, ' ']),
                _ => spaced.push(*c),
            }
        }
        spaced
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    proptest! {
        #[test]
        fn blocks_follow_the_rules(places in proptest::collection::vec((0_usize..6, any::<bool>()), 0..200)) {
            let pick = |(at, is_wide): (usize, bool)| if is_wide { wide(LETTERS[at]) } else { LETTERS[at] };
            let text: String = places.into_iter().map(pick).collect();
            prop_assert_eq!(words(&text), words_by_rules(&text));
        }

        #[test]
        fn runs_of_marks_cross_blocks(before in 0_usize..70, marks in 1_usize..140) {
            let text = format!("{}{}1", "a".repeat(before), ".".repeat(marks));
            prop_assert_eq!(words(&text), words_by_rules(&text));
        }
    }
}
