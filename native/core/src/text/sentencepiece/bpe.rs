//! Byte-pair encoding: of all pairs of neighbours that make a piece, the one with the best score is joined first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::Cut;
use super::pieces::{Kind, Known, Vocabulary};

const NONE: u32 = u32::MAX;

/// A part of the text; empty once it is joined to the one before it.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: u32,
    end: u32,
    before: u32,
    after: u32,
    /// A symbol, which is not joined.
    whole: bool,
}

/// Two parts that could be joined.
#[derive(Debug, Clone, Copy)]
struct Pair {
    score: f32,
    left: u32,
    right: u32,
    length: u32,
}

impl Ord for Pair {
    /// The better score is joined first, of equal ones the first in the text.
    fn cmp(&self, other: &Self) -> Ordering {
        // -0 and 0 are equal here; no score is NaN.
        let by_score = self.score.partial_cmp(&other.score);
        let by_score = by_score.unwrap_or(Ordering::Equal);
        by_score.then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

#[derive(Debug, Default)]
pub(super) struct Memory {
    parts: Vec<Part>,
    pairs: BinaryHeap<Pair>,
    /// Where a piece that is no result was joined, for one occurrence of each: start and end, and what lies between.
    seams: FxHashMap<Box<str>, u32>,
    /// Pieces that are still to be written.
    open: Vec<(u32, u32)>,
}

/// Appends where the pieces of a text end.
pub(super) fn cut(text: &str, vocabulary: &Vocabulary, memory: &mut Memory, cuts: &mut Vec<Cut>) {
    if text.is_empty() {
        return;
    }
    memory.parts.clear();
    memory.pairs.clear();
    memory.seams.clear();
    split(text, vocabulary, &mut memory.parts);
    for right in 1..memory.parts.len() as u32 {
        memory.offer(text, vocabulary, right - 1, right);
    }
    while let Some(pair) = memory.pairs.pop() {
        let (left, right) = (pair.left as usize, pair.right as usize);
        let (first, second) = (memory.parts[left], memory.parts[right]);
        let is_gone = |part: Part| part.start == part.end;
        if is_gone(first) || is_gone(second) || second.end - first.start != pair.length {
            continue;
        }
        memory.parts[left].end = second.end;
        memory.parts[left].after = second.after;
        memory.parts[right].end = second.start;
        if let Some(after) = memory.parts.get_mut(second.after as usize) {
            after.before = pair.left;
        }
        memory.offer(text, vocabulary, first.before, pair.left);
        memory.offer(text, vocabulary, pair.left, second.after);
    }
    memory.write(text, vocabulary, cuts);
}

/// Symbols and characters.
fn split(text: &str, vocabulary: &Vocabulary, parts: &mut Vec<Part>) {
    let mut start = 0;
    while start < text.len() {
        let at = parts.len() as u32;
        let (length, whole) = vocabulary.symbol_or_character(&text[start..]);
        let end = start + length;
        parts.push(Part {
            start: start as u32,
            end: end as u32,
            before: at.checked_sub(1).unwrap_or(NONE),
            after: if end < text.len() { at + 1 } else { NONE },
            whole,
        });
        start = end;
    }
}

impl Memory {
    /// Notes that two neighbours could be joined, if they make a piece.
    fn offer(&mut self, text: &str, vocabulary: &Vocabulary, left: u32, right: u32) {
        let parts = (
            self.parts.get(left as usize),
            self.parts.get(right as usize),
        );
        let (Some(first), Some(second)) = parts else {
            return;
        };
        if first.whole || second.whole {
            return;
        }
        let joined = &text[first.start as usize..second.end as usize];
        let Some(Known { score, kind }) = vocabulary.find(joined) else {
            return;
        };
        if kind == Kind::Unused {
            self.seams.insert(joined.into(), first.end - first.start);
        }
        self.pairs.push(Pair {
            score,
            left,
            right,
            length: second.end - first.start,
        });
    }

    /// Appends the parts that are left. A part that is no result is taken apart again.
    fn write(&mut self, text: &str, vocabulary: &Vocabulary, cuts: &mut Vec<Cut>) {
        let mut at = 0;
        while let Some(part) = self.parts.get(at as usize) {
            at = part.after;
            self.open.push((part.start, part.end));
            while let Some((start, end)) = self.open.pop() {
                let piece = &text[start as usize..end as usize];
                let kind = vocabulary.kind(piece);
                if kind == Some(Kind::Unused)
                    && let Some(length) = self.seams.get(piece)
                {
                    self.open.push((start + length, end));
                    self.open.push((start, start + length));
                    continue;
                }
                cuts.push(Cut {
                    end: end as usize,
                    known: kind.is_some_and(|kind| kind != Kind::Unknown),
                });
            }
        }
    }
}
