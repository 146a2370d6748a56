//! Normalises a text as the model's rules say; where they say nothing, a character stays what it is.

use super::charsmap::CharsMap;
use super::model::Rules;
use super::pieces::Vocabulary;

/// What takes the place of a space.
pub(super) const SPACE: &str = "\u{2581}";

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Normalizer {
    charsmap: Option<CharsMap>,
    space: &'static str,
    prefix: bool,
    suffix: bool,
    remove_extra: bool,
}

impl Normalizer {
    pub(super) fn new(rules: &Rules<'_>) -> Result<Self, String> {
        let charsmap = if rules.charsmap.is_empty() {
            None
        } else {
            let charsmap = CharsMap::read(rules.charsmap);
            Some(charsmap.ok_or("its table for normalising texts is broken")?)
        };
        Ok(Self {
            charsmap,
            space: if rules.escape_whitespaces { SPACE } else { " " },
            prefix: rules.add_dummy_prefix && !rules.treat_whitespace_as_suffix,
            suffix: rules.add_dummy_prefix && rules.treat_whitespace_as_suffix,
            remove_extra: rules.remove_extra_whitespaces,
        })
    }

    /// Replaces `out` by the normalised text. Symbols that the user defined stay as they are.
    pub(super) fn normalize(&self, text: &str, vocabulary: &Vocabulary, out: &mut String) {
        let mut bytes = std::mem::take(out).into_bytes();
        bytes.clear();
        self.fill(text, vocabulary, &mut bytes);
        // Only a broken table cuts characters.
        *out = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    }

    fn fill(&self, text: &str, vocabulary: &Vocabulary, out: &mut Vec<u8>) {
        let mut rest = text.as_bytes();
        if self.remove_extra {
            while !rest.is_empty() {
                let (length, replacement) = self.next(rest, vocabulary);
                if replacement != b" " {
                    break;
                }
                rest = &rest[length..];
            }
        }
        if rest.is_empty() {
            return;
        }
        if self.prefix {
            out.extend_from_slice(self.space.as_bytes());
        }
        let mut after_space = self.remove_extra;
        while !rest.is_empty() {
            let (length, mut replacement) = self.next(rest, vocabulary);
            rest = &rest[length..];
            while after_space && let Some(later) = replacement.strip_prefix(b" ") {
                replacement = later;
            }
            for byte in replacement {
                match byte {
                    b' ' => out.extend_from_slice(self.space.as_bytes()),
                    byte => out.push(*byte),
                }
            }
            if let Some(last) = replacement.last() {
                after_space = self.remove_extra && *last == b' ';
            }
        }
        if self.remove_extra {
            while out.ends_with(self.space.as_bytes()) {
                out.truncate(out.len() - self.space.len());
            }
        }
        if self.suffix {
            out.extend_from_slice(self.space.as_bytes());
        }
    }

    /// Length of the beginning that is replaced as one, and what takes its place.
    fn next<'t>(&'t self, text: &'t [u8], vocabulary: &Vocabulary) -> (usize, &'t [u8]) {
        if let Some(length) = vocabulary.symbol(text) {
            return (length, &text[..length]);
        }
        if let Some(found) = self.charsmap.as_ref().and_then(|map| map.longest(text)) {
            return found;
        }
        let length = character_length(text[0]).min(text.len());
        (length, &text[..length])
    }
}

/// Length of a character by its first byte, as `SentencePiece` counts it.
#[inline(always)]
pub(super) fn character_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}
