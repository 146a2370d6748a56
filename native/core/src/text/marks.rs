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
//! stay at its word.

use super::tokens::Text;

/// What a character is to a tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Part of a word.
    Letter,
    /// Part of a word or number.
    Digit,
    /// Splits, and is in no token.
    Space,
    /// A token of its own, unless it is between digits.
    Mark,
    /// A token of its own after a digit.
    Hyphen,
    /// Always a token of its own.
    Symbol,
}

/// Appends the offsets where tokens start and end.
pub fn split(
    text: Text<'_>,
    class: impl Fn(char) -> Class,
    starts: &mut Vec<u32>,
    ends: &mut Vec<u32>,
) {
    // Whoever fills the text writes whole characters.
    let text = str::from_utf8(text.bytes()).unwrap_or_default();
    let mut characters = text
        .char_indices()
        .map(|(at, c)| (at, c, class(c)))
        .peekable();
    let mut previous = None;
    let mut taken = false;
    let mut inside = false;
    while let Some((at, c, class)) = characters.next() {
        let next = characters.peek().map(|(_, _, class)| *class);
        taken =
            class == Class::Mark && !taken && previous.is_some_and(|class| class != Class::Digit);
        let alone = match class {
            Class::Symbol => true,
            Class::Mark => taken || next.is_some_and(|class| class != Class::Digit),
            Class::Hyphen => previous == Some(Class::Digit),
            Class::Letter | Class::Digit | Class::Space => false,
        };
        if inside && (alone || class == Class::Space) {
            ends.push(at as u32);
        }
        if alone || !inside && class != Class::Space {
            starts.push(at as u32);
        }
        if alone {
            ends.push((at + c.len_utf8()) as u32);
        }
        inside = !alone && class != Class::Space;
        previous = Some(class);
    }
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
