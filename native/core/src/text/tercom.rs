//! The tokenizer of Tercom, as sacrebleu 2.6.0 has it (`tokenizer_ter.py`).

use super::mteval13a::{is_symbol, replace};
use super::python::{is_space, lower_into};
use super::tokens::Tokens;
use super::words;

/// What the tokenizer does beside splitting at spaces.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the reference, by its names"
)]
#[derive(Debug, Default, Clone, Copy)]
pub struct Tercom {
    /// Reads entities and makes punctuation tokens of its own.
    pub normalized: bool,
    /// Removes punctuation.
    pub no_punct: bool,
    /// The other two act on Chinese, Japanese and full-width characters too.
    pub asian_support: bool,
    /// Keeps the case.
    pub case_sensitive: bool,
}

impl Tercom {
    /// Tokenizes the text.
    pub fn tokenize(self, text: &str, tokens: &mut Tokens) {
        words::split(tokens, |buffer| self.fill(text, buffer));
    }

    /// Tokenizes a reference. The reference implementation does so twice, which changes a few texts: the third point of
    /// `1...2` belongs to the number at first, and is a token then.
    pub fn tokenize_reference(self, text: &str, tokens: &mut Tokens) {
        if !self.normalized {
            self.tokenize(text, tokens);
            return;
        }
        let mut once = Vec::new();
        self.fill(text, &mut once);
        let words = std::str::from_utf8(&once)
            .unwrap_or_default()
            .split(is_space);
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        self.tokenize(&words.join(" "), tokens);
    }

    fn fill(self, text: &str, buffer: &mut Vec<u8>) {
        let text = text.trim_end_matches(is_space);
        if self.case_sensitive {
            buffer.extend_from_slice(text.as_bytes());
        } else {
            lower_into(text, buffer);
        }
        if self.normalized {
            normalize(buffer);
            if self.asian_support {
                change_chars(buffer, is_asian, |c, out| out.extend([' ', c, ' ']));
            }
        }
        if self.no_punct {
            buffer.retain(|byte| !b".,?:;!\"()".contains(byte));
            if self.asian_support {
                change_chars(buffer, is_asian_punctuation, |_, _| {});
            }
        }
    }
}

/// `_normalize_general_and_western`: its substitutions, one by one. A character that a pattern consumes cannot begin
/// its next match. The pattern for a possessive at the end matches nothing, as the text ends with a space by then.
fn normalize(text: &mut Vec<u8>) {
    replace(text, b"\n-", b"");
    replace(text, b"\n", b" ");
    replace(text, b"&quot;", b"\"");
    replace(text, b"&amp;", b"&");
    replace(text, b"&lt;", b"<");
    replace(text, b"&gt;", b">");
    text.insert(0, b' ');
    text.push(b' ');
    rewrite(text, |rest, out| {
        if is_symbol(rest[0]) {
            out.extend([b' ', rest[0], b' ']);
        } else {
            out.push(rest[0]);
        }
        1
    });
    rewrite(text, |rest, out| {
        if rest.starts_with(b"'s ") {
            out.extend(b" 's ");
            return 3;
        }
        out.push(rest[0]);
        1
    });
    let is_point = |byte: u8| byte == b'.' || byte == b',';
    // Before, between and behind: where the spaces go.
    rewrite_pairs(
        text,
        |a, b| !a.is_ascii_digit() && is_point(b),
        [false, true, true],
    );
    rewrite_pairs(
        text,
        |a, b| is_point(a) && !b.is_ascii_digit(),
        [true, true, false],
    );
    rewrite_pairs(
        text,
        |a, b| a.is_ascii_digit() && b == b'-',
        [false, true, true],
    );
}

/// Puts spaces around and between two bytes that match. What matters of a character of several bytes is that it is no
/// digit, and each of its bytes is none.
fn rewrite_pairs(text: &mut Vec<u8>, matches: impl Fn(u8, u8) -> bool, spaces: [bool; 3]) {
    rewrite(text, |rest, out| {
        let [first, second, ..] = *rest else {
            out.push(rest[0]);
            return 1;
        };
        if !matches(first, second) {
            out.push(first);
            return 1;
        }
        for (space, byte) in spaces.into_iter().zip([Some(first), Some(second), None]) {
            out.extend(space.then_some(b' '));
            out.extend(byte);
        }
        2
    });
}

/// Rewrites the text from left to right: `step` takes the rest, which is not empty, and returns how much it consumed.
fn rewrite(text: &mut Vec<u8>, step: impl Fn(&[u8], &mut Vec<u8>) -> usize) {
    let old = std::mem::take(text);
    text.reserve(2 * old.len());
    let mut rest = old.as_slice();
    while !rest.is_empty() {
        let consumed = step(rest, text);
        rest = &rest[consumed..];
    }
}

/// Replaces the characters that `matches`.
fn change_chars(
    text: &mut Vec<u8>,
    matches: impl Fn(char) -> bool,
    change: impl Fn(char, &mut String),
) {
    let old = String::from_utf8(std::mem::take(text)).unwrap_or_default();
    let mut new = String::with_capacity(2 * old.len());
    for c in old.chars() {
        if matches(c) {
            change(c, &mut new);
        } else {
            new.push(c);
        }
    }
    *text = new.into_bytes();
}

/// What `_normalize_asian` makes a token of its own. Its patterns for kana match nothing, as they must begin where the
/// text begins, and there is a space by then. The range from U+3200 on is as wide as that.
fn is_asian(c: char) -> bool {
    is_asian_punctuation(c)
        || matches!(c,
            '\u{2e80}'..='\u{2eff}' | '\u{31c0}'..='\u{31ef}' | '\u{3200}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}')
}

fn is_asian_punctuation(c: char) -> bool {
    matches!(c,
        '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{30fb}'
        | '\u{ff01}' | '\u{ff02}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff0e}'
        | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}' | '\u{ff61}'..='\u{ff65}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(options: Tercom, text: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        options.tokenize(text, &mut tokens);
        (0..tokens.len())
            .map(|at| String::from_utf8_lossy(tokens.bytes(at)).into_owned())
            .collect()
    }

    const NORMALIZED: Tercom = Tercom {
        normalized: true,
        no_punct: false,
        asian_support: false,
        case_sensitive: true,
    };

    #[test]
    fn words_are_split_at_spaces_in_lower_case() {
        assert_eq!(
            words(Tercom::default(), "The  Cat,\u{3000}(Sat). "),
            ["the", "cat,", "(sat)."]
        );
        assert!(words(Tercom::default(), " ").is_empty());
    }

    #[test]
    fn numbers_and_possessives_are_normalized() {
        assert_eq!(
            words(
                NORMALIZED,
                "It's 1.5 2,000. John's, a.b 3-4 the dogs' &amp;quot; x's"
            ),
            [
                "It", "'s", "1.5", "2,000", ".", "John's", ",", "a", ".", "b", "3", "-", "4",
                "the", "dogs'", "&", "quot", ";", "x", "'s"
            ]
        );
        assert_eq!(
            words(NORMALIZED, "end\n-of\nline a..5"),
            ["endof", "line", "a", ".", ".5"]
        );
    }

    #[test]
    fn references_are_normalized_twice() {
        let mut tokens = Tokens::default();
        NORMALIZED.tokenize("1...2", &mut tokens);
        assert_eq!(tokens.len(), 4);
        NORMALIZED.tokenize_reference("1...2 it's\u{b}x", &mut tokens);
        assert_eq!(tokens.len(), 5 + 3);
    }

    #[test]
    fn punctuation_can_be_removed() {
        let plain = Tercom {
            no_punct: true,
            ..Tercom::default()
        };
        assert_eq!(
            words(plain, "A, (b). c\u{3002}d - \u{ff1f}"),
            ["a", "b", "c\u{3002}d", "-", "\u{ff1f}"]
        );
        let asian = Tercom {
            asian_support: true,
            ..plain
        };
        assert_eq!(
            words(asian, "A, (b). c\u{3002}d - \u{ff1f}"),
            ["a", "b", "cd", "-"]
        );
    }

    #[test]
    fn asian_characters_are_tokens() {
        let asian = Tercom {
            asian_support: true,
            ..NORMALIZED
        };
        assert_eq!(
            words(asian, "\u{6211}\u{731b}ab\u{3042}\u{30ab}\u{3002}\u{3231}"),
            [
                "\u{6211}",
                "\u{731b}",
                "ab\u{3042}\u{30ab}",
                "\u{3002}",
                "\u{3231}"
            ]
        );
    }
}
