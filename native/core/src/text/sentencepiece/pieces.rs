//! The pieces of a model: which there are, what they cost, which begin a text.

use rustc_hash::FxHashMap;

use super::model::{Piece, PieceType};
use super::normalizer::character_length;
use super::trie::Trie;

/// What is known of a piece once the model is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    /// A piece that is always cut out.
    Symbol,
    /// A piece that is never a result; BPE may build on it.
    Unused,
    /// The piece for what is not known, and no part of texts.
    Unknown,
    /// No part of texts either: control pieces and bytes.
    Reserved,
}

/// Score and kind of a piece that texts may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) score: f32,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The pieces that texts may have, numbered.
    trie: Trie,
    known: Vec<Known>,
    /// Those that they may not have.
    reserved: FxHashMap<Box<str>, Kind>,
    symbols: Option<Trie>,
    lowest: f32,
    highest: f32,
}

impl Vocabulary {
    pub(super) fn new(pieces: &[Piece<'_>], byte_fallback: bool) -> Result<Self, String> {
        let (mut texts, mut known, mut symbols) = (Vec::new(), Vec::new(), Vec::new());
        let mut reserved = FxHashMap::default();
        let (mut lowest, mut highest) = (f32::MAX, f32::MIN_POSITIVE);
        for piece in pieces {
            check(piece)?;
            let kind = match piece.kind {
                PieceType::Normal => Kind::Normal,
                PieceType::UserDefined => Kind::Symbol,
                PieceType::Unused => Kind::Unused,
                PieceType::Unknown => Kind::Unknown,
                PieceType::Control | PieceType::Byte => Kind::Reserved,
            };
            if matches!(kind, Kind::Unknown | Kind::Reserved) {
                if reserved.insert(piece.text.into(), kind).is_some() {
                    return Err(format!("it has the piece {:?} twice", piece.text));
                }
                continue;
            }
            if kind == Kind::Normal {
                lowest = lowest.min(piece.score);
                highest = highest.max(piece.score);
            }
            texts.push((piece.text.as_bytes(), known.len() as u32));
            known.push(Known {
                score: piece.score,
                kind,
            });
            if kind == Kind::Symbol {
                symbols.push((piece.text.as_bytes(), 0));
            }
        }
        check_reserved(pieces, byte_fallback)?;
        texts.sort_unstable();
        symbols.sort_unstable();
        if let Some(pair) = texts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let twice = String::from_utf8_lossy(pair[0].0);
            return Err(format!("it has the piece {twice:?} twice"));
        }
        Ok(Self {
            trie: Trie::new(&texts),
            known,
            reserved,
            symbols: (!symbols.is_empty()).then(|| Trie::new(&symbols)),
            lowest,
            highest,
        })
    }

    /// Lowest and highest score of normal pieces.
    pub(super) fn scores(&self) -> (f32, f32) {
        (self.lowest, self.highest)
    }

    /// Calls `each` with length and piece of every piece that begins a text, the shorter first.
    #[inline(always)]
    pub(super) fn for_each_prefix(&self, text: &[u8], mut each: impl FnMut(usize, Known)) {
        let mut node = 0;
        for (at, byte) in text.iter().enumerate() {
            let Some(child) = self.trie.child(node, *byte) else {
                break;
            };
            node = child;
            if let Some(number) = self.trie.value(node) {
                each(at + 1, self.known[number as usize]);
            }
        }
    }

    /// The piece of exactly this text.
    pub(super) fn find(&self, text: &str) -> Option<Known> {
        let mut node = 0;
        for byte in text.bytes() {
            node = self.trie.child(node, byte)?;
        }
        let number = self.trie.value(node)?;
        Some(self.known[number as usize])
    }

    /// What a text is as a piece. Pieces that texts may not have go first.
    pub(super) fn kind(&self, text: &str) -> Option<Kind> {
        let reserved = self.reserved.get(text).copied();
        reserved.or_else(|| self.find(text).map(|piece| piece.kind))
    }

    /// Length of the longest symbol that begins a text.
    #[inline(always)]
    pub(super) fn symbol(&self, text: &[u8]) -> Option<usize> {
        self.symbols.as_ref()?.longest(text)
    }

    /// Length of the symbol or character that begins a text which is not empty, and whether it is a symbol.
    pub(super) fn symbol_or_character(&self, text: &str) -> (usize, bool) {
        let bytes = text.as_bytes();
        match self.symbol(bytes) {
            Some(length) => (length, true),
            None => (character_length(bytes[0]), false),
        }
    }
}

fn check(piece: &Piece<'_>) -> Result<(), String> {
    if piece.text.is_empty() || piece.text.contains('\0') {
        return Err("it has a piece that is empty or has a NUL character".into());
    }
    if !piece.score.is_finite() {
        return Err(format!(
            "the score of its piece {:?} is no number",
            piece.text
        ));
    }
    Ok(())
}

fn check_reserved(pieces: &[Piece<'_>], byte_fallback: bool) -> Result<(), String> {
    let count = |kind| pieces.iter().filter(|piece| piece.kind == kind).count();
    match count(PieceType::Unknown) {
        0 => return Err("it has no piece for what is unknown".into()),
        1 => {}
        _ => return Err("it has several pieces for what is unknown".into()),
    }
    // No piece is there twice, so that the right number of right ones are all.
    let bytes = pieces.iter().filter(|piece| piece.kind == PieceType::Byte);
    let all = bytes.clone().all(|piece| is_byte(piece.text));
    if !all || bytes.count() != if byte_fallback { 256 } else { 0 } {
        return Err("its pieces for bytes do not fit byte_fallback".into());
    }
    Ok(())
}

fn is_byte(text: &str) -> bool {
    let digits = text
        .strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| {
        digits.len() == 2
            && digits
                .bytes()
                .all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'))
    })
}
