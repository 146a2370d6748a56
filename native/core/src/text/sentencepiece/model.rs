//! The parts of a model file (`ModelProto` of `sentencepiece_model.proto`) that cutting texts needs.

use super::wire::{Value, fields};

/// How texts are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Unigram,
    Bpe,
    Word,
    Char,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) score: f32,
    pub(super) kind: PieceType,
}

/// How texts are normalised before they are cut.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)]
pub(super) struct Rules<'a> {
    pub(super) charsmap: &'a [u8],
    pub(super) add_dummy_prefix: bool,
    pub(super) remove_extra_whitespaces: bool,
    pub(super) escape_whitespaces: bool,
    pub(super) treat_whitespace_as_suffix: bool,
}

#[derive(Debug)]
pub(super) struct Model<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) algorithm: Algorithm,
    pub(super) byte_fallback: bool,
    pub(super) rules: Rules<'a>,
}

impl<'a> Model<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Self, String> {
        let mut model = Self {
            pieces: Vec::new(),
            algorithm: Algorithm::Unigram,
            byte_fallback: false,
            rules: Rules {
                charsmap: &[],
                add_dummy_prefix: true,
                remove_extra_whitespaces: true,
                escape_whitespaces: true,
                treat_whitespace_as_suffix: false,
            },
        };
        let mut algorithm = 1;
        let read = fields(file, |number, value| match (number, value) {
            (1, Value::Bytes(piece)) => {
                model.pieces.push(read_piece(piece)?);
                Some(())
            }
            (2, Value::Bytes(trainer)) => model.read_trainer(trainer, &mut algorithm),
            (3, Value::Bytes(normalizer)) => model.rules.read(normalizer),
            // Self-tests, the rules for the way back, and what is not known yet.
            (1..=3, _) => None,
            _ => Some(()),
        });
        read.ok_or("it is no SentencePiece model")?;
        if model.pieces.is_empty() {
            return Err("it is no SentencePiece model: it has no pieces".into());
        }
        model.algorithm = match algorithm {
            1 => Algorithm::Unigram,
            2 => Algorithm::Bpe,
            3 => Algorithm::Word,
            4 => Algorithm::Char,
            other => return Err(format!("it is a model of an unknown kind, {other}")),
        };
        Ok(model)
    }

    fn read_trainer(&mut self, message: &'a [u8], algorithm: &mut u64) -> Option<()> {
        fields(message, |number, value| {
            match (number, value) {
                (3, Value::Number(value)) => *algorithm = value,
                (24, Value::Number(value)) => self.rules.treat_whitespace_as_suffix = value != 0,
                (35, Value::Number(value)) => self.byte_fallback = value != 0,
                (3 | 24 | 35, _) => return None,
                _ => {}
            }
            Some(())
        })
    }
}

impl<'a> Rules<'a> {
    fn read(&mut self, message: &'a [u8]) -> Option<()> {
        fields(message, |number, value| {
            match (number, value) {
                (2, Value::Bytes(value)) => self.charsmap = value,
                (3, Value::Number(value)) => self.add_dummy_prefix = value != 0,
                (4, Value::Number(value)) => self.remove_extra_whitespaces = value != 0,
                (5, Value::Number(value)) => self.escape_whitespaces = value != 0,
                (2..=5, _) => return None,
                _ => {}
            }
            Some(())
        })
    }
}

fn read_piece(message: &[u8]) -> Option<Piece<'_>> {
    let mut piece = Piece {
        text: "",
        score: 0.0,
        kind: PieceType::Normal,
    };
    fields(message, |number, value| {
        match (number, value) {
            (1, Value::Bytes(text)) => piece.text = std::str::from_utf8(text).ok()?,
            (2, Value::Four(score)) => piece.score = f32::from_le_bytes(score),
            (3, Value::Number(kind)) => {
                piece.kind = match kind {
                    1 => PieceType::Normal,
                    2 => PieceType::Unknown,
                    3 => PieceType::Control,
                    4 => PieceType::UserDefined,
                    5 => PieceType::Unused,
                    6 => PieceType::Byte,
                    _ => return None,
                };
            }
            (1..=3, _) => return None,
            _ => {}
        }
        Some(())
    })?;
    Some(piece)
}
