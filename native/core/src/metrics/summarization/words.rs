//! How texts become words, by profile and tokenizer.

use std::sync::Arc;

use crate::metrics::RowFlags;
use crate::text::UNICODE_VERSION;
use crate::text::python::is_alphanumeric;
use crate::text::rouge_words;
use crate::text::rouge155_words::{Limit, Reading, WordRules};
use crate::text::sentences::split_into;
use crate::text::stems::Stems;
use crate::text::tokens::Tokens;
use crate::text::unicode_words::{self, Unit};

/// How texts become words.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Words {
    /// Runs of ASCII letters and digits.
    Ascii {
        /// Compare stems.
        stemmer: bool,
        /// Put sentences on lines by the built-in rules.
        split: bool,
    },
    /// Unicode words or characters.
    Unicode {
        /// Which of them.
        unit: Unit,
        /// As above.
        split: bool,
    },
    /// As ROUGE-1.5.5 does.
    Script(Arc<Script>),
}

impl Words {
    /// The versions of Unicode that they rest on.
    pub fn unicode(&self) -> &'static str {
        match self {
            Self::Ascii { .. } | Self::Script(_) => UNICODE_VERSION,
            Self::Unicode { split: false, .. } => unicode_words::VERSION,
            Self::Unicode { split: true, .. } => BOTH_VERSIONS,
        }
    }
}

/// What ROUGE-1.5.5 makes of texts.
#[derive(Debug)]
pub(super) struct Script {
    pub rules: WordRules,
    pub limit: Limit,
    pub reading: Reading,
    /// The settings in words: equal settings make equal words.
    pub key: String,
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// The versions of the rules for sentences and of Unicode words.
const BOTH_VERSIONS: &str = "14.0.0+17.0.0";

/// Makes the tokens of a row's texts and collects what they lose.
pub(super) struct Tokenizer<'a> {
    pub words: &'a Words,
    pub stems: &'a mut Stems,
    /// Memory for texts whose sentences are put on lines.
    pub split: &'a mut String,
    pub flags: RowFlags,
}

impl Tokenizer<'_> {
    pub fn tokenize(&mut self, text: &str, tokens: &mut Tokens) {
        match self.words {
            Words::Ascii { stemmer, split } => {
                let stems = stemmer.then_some(&mut *self.stems);
                let text = on_lines(text, *split, self.split);
                if rouge_words::tokenize(text, stems, tokens) {
                    self.flags.0 |= RowFlags::NON_ASCII_DROPPED;
                }
            }
            Words::Unicode { unit, split } => {
                let text = on_lines(text, *split, self.split);
                unicode_words::tokenize(text, *unit, tokens);
            }
            Words::Script(script) => {
                let Script {
                    rules,
                    limit,
                    reading,
                    ..
                } = &**script;
                if rules.tokenize(text, *limit, *reading, tokens) {
                    self.flags.0 |= RowFlags::TRUNCATED;
                }
                if !text.is_ascii() && text.chars().any(|c| !c.is_ascii() && is_alphanumeric(c)) {
                    self.flags.0 |= RowFlags::NON_ASCII_DROPPED;
                }
            }
        }
    }
}

/// The text with its sentences on lines.
fn on_lines<'a>(text: &'a str, split: bool, buffer: &'a mut String) -> &'a str {
    if !split {
        return text;
    }
    buffer.clear();
    split_into(text, buffer);
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_named() {
        assert_eq!(
            BOTH_VERSIONS,
            [UNICODE_VERSION, unicode_words::VERSION].join("+")
        );
    }
}
