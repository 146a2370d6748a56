//! `SentencePiece` (Kudo and Richardson 2018): reads a model file and cuts texts into its pieces, as Google's
//! sentencepiece 0.2 does.

mod bpe;
mod charsmap;
mod model;
mod normalizer;
mod pieces;
mod trie;
mod unigram;
mod wire;

use std::fmt::Write;

use model::{Algorithm, Model};
use normalizer::Normalizer;
use pieces::{Kind, Vocabulary};

/// A model, ready to cut texts.
#[derive(Debug)]
pub struct SentencePiece {
    normalizer: Normalizer,
    vocabulary: Vocabulary,
    algorithm: Algorithm,
    byte_fallback: bool,
}

/// Memory that is reused from text to text.
#[derive(Debug, Default)]
pub struct Memory {
    text: String,
    cuts: Vec<Cut>,
    unigram: unigram::Memory,
    bpe: bpe::Memory,
}

/// Where a piece ends in the normalised text, and whether the model knows it. It begins where the one before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    end: usize,
    known: bool,
}

impl SentencePiece {
    /// Reads a model file. The error says in words what is wrong with it.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        let Model {
            pieces,
            algorithm,
            byte_fallback,
            rules,
        } = Model::read(file)?;
        let vocabulary = Vocabulary::new(&pieces, byte_fallback)?;
        Ok(Self {
            normalizer: Normalizer::new(&rules)?,
            vocabulary,
            algorithm,
            byte_fallback,
        })
    }

    /// Appends the pieces of a text, separated by spaces.
    pub fn encode(&self, text: &str, memory: &mut Memory, out: &mut String) {
        let Memory {
            text: normalized,
            cuts,
            unigram,
            bpe,
        } = memory;
        self.normalizer
            .normalize(text, &self.vocabulary, normalized);
        cuts.clear();
        match self.algorithm {
            Algorithm::Unigram => unigram::cut(normalized, &self.vocabulary, unigram, cuts),
            Algorithm::Bpe => bpe::cut(normalized, &self.vocabulary, bpe, cuts),
            Algorithm::Word => self.cut_words(normalized, cuts),
            Algorithm::Char => self.cut_characters(normalized, cuts),
        }
        self.write(normalized, cuts, out);
    }

    /// Pieces that the model does not know are written as their bytes, or runs of them as one.
    fn write(&self, text: &str, cuts: &[Cut], out: &mut String) {
        let (mut start, mut in_unknown, first) = (0, false, out.len());
        for cut in cuts {
            let piece = &text[start..cut.end];
            start = cut.end;
            if !cut.known && self.byte_fallback {
                for byte in piece.bytes() {
                    let space = if out.len() == first { "" } else { " " };
                    let _ = write!(out, "{space}<0x{byte:02X}>");
                }
                continue;
            }
            if out.len() > first && (cut.known || !in_unknown) {
                out.push(' ');
            }
            out.push_str(piece);
            in_unknown = !cut.known;
        }
    }

    /// Words begin at the mark of a space.
    fn cut_words(&self, text: &str, cuts: &mut Vec<Cut>) {
        let mut start = 0;
        let marks = text.match_indices(normalizer::SPACE).map(|(at, _)| at);
        for end in marks.filter(|at| *at > 0).chain([text.len()]) {
            if end > start {
                cuts.push(self.cut(text, start, end));
            }
            start = end;
        }
    }

    fn cut_characters(&self, text: &str, cuts: &mut Vec<Cut>) {
        let mut start = 0;
        while start < text.len() {
            let (length, _) = self.vocabulary.symbol_or_character(&text[start..]);
            cuts.push(self.cut(text, start, start + length));
            start += length;
        }
    }

    fn cut(&self, text: &str, start: usize, end: usize) -> Cut {
        let found = self.vocabulary.kind(&text[start..end]);
        Cut {
            end,
            known: found.is_some_and(|kind| kind != Kind::Unknown),
        }
    }
}

#[cfg(test)]
mod tests;
