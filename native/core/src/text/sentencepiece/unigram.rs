//! The unigram model: of all ways to cut a text into pieces, the one whose scores have the highest sum.

use super::Cut;
use super::normalizer::character_length;
use super::pieces::{Kind, Vocabulary};

/// How much worse a character that is not known is than the worst piece.
const UNKNOWN_PENALTY: f32 = 10.0;

/// The best way to cut the text up to a place.
#[derive(Debug, Clone, Copy)]
struct Best {
    score: f32,
    /// Where its last piece begins; [`NOWHERE`] if no piece ends here.
    start: u32,
    known: bool,
}

const NOWHERE: u32 = u32::MAX;
const NO_WAY: Best = Best {
    score: 0.0,
    start: NOWHERE,
    known: false,
};

#[derive(Debug, Default)]
pub(super) struct Memory {
    best: Vec<Best>,
}

/// Appends where the pieces of a text end.
///
/// Sums have single precision, as in the reference: which of two nearly equal ways wins depends on it.
pub(super) fn cut(text: &str, vocabulary: &Vocabulary, memory: &mut Memory, cuts: &mut Vec<Cut>) {
    let text = text.as_bytes();
    let best = &mut memory.best;
    best.clear();
    best.resize(text.len() + 1, NO_WAY);
    let (lowest, highest) = vocabulary.scores();
    let unknown = lowest - UNKNOWN_PENALTY;
    let mut start = 0;
    while start < text.len() {
        let here = best[start].score;
        let width = character_length(text[start]);
        let mut is_known = false;
        vocabulary.for_each_prefix(&text[start..], |length, piece| {
            let score = match piece.kind {
                Kind::Unused => return,
                // The reference has 0.1 with double precision.
                Kind::Symbol => (f64::from(length as f32 * highest) - 0.1) as f32,
                _ => piece.score,
            };
            is_known |= length == width;
            best[start + length].improve(score + here, start, true);
        });
        if !is_known {
            best[start + width].improve(unknown + here, start, false);
        }
        start += width;
    }
    let first = cuts.len();
    let mut end = text.len();
    while end > 0 {
        let Best { start, known, .. } = best[end];
        cuts.push(Cut { end, known });
        end = start as usize;
    }
    cuts[first..].reverse();
}

impl Best {
    #[inline(always)]
    fn improve(&mut self, score: f32, start: usize, known: bool) {
        if self.start == NOWHERE || score > self.score {
            *self = Self {
                score,
                start: start as u32,
                known,
            };
        }
    }
}
