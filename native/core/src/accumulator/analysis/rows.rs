//! Rows that are listed: those that come first by (order, hash). Which ones depends on the set of all rows alone, so lists
//! merge; with equal orders they are a random sample, drawn by the seed in the hash.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Longest id in bytes; a longer one is cut.
pub const MAX_ID: usize = 256;

/// A number that is ordered, by its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Number(u64);

const SIGN: u64 = 1 << 63;

impl Number {
    /// A number that is not NaN; both zeros are the same.
    pub fn of(value: f64) -> Self {
        let bits = (value + 0.0).to_bits();
        Self(if bits & SIGN == 0 { bits | SIGN } else { !bits })
    }

    /// The number.
    pub fn value(self) -> f64 {
        f64::from_bits(if self.0 & SIGN == 0 {
            !self.0
        } else {
            self.0 ^ SIGN
        })
    }
}

/// A row that is listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    order: Number,
    hash: u64,
    /// Id, or `#position`.
    pub id: String,
    scores: Vec<Number>,
}

impl Listed {
    /// Its row scores.
    pub fn scores(&self) -> Vec<f64> {
        self.scores.iter().map(|score| score.value()).collect()
    }
}

/// What identifies a row.
#[derive(Clone, Copy)]
pub struct RowName<'r> {
    /// Hash of the seed and the row's key.
    pub hash: u64,
    /// Its id, or `#position`.
    pub id: &'r dyn Fn() -> String,
}

/// The first rows by (order, hash).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows(BTreeSet<Listed>);

impl Rows {
    /// Takes a row if it is among the first `most`.
    pub fn add(&mut self, most: usize, name: RowName<'_>, order: f64, scores: &[f64]) {
        let order = Number::of(order);
        let last = self.0.last();
        let is_late = last.is_some_and(|last| (order, name.hash) > (last.order, last.hash));
        if self.0.len() >= most && is_late {
            return;
        }
        self.0.insert(Listed {
            order,
            hash: name.hash,
            id: cut((name.id)()),
            scores: scores.iter().copied().map(Number::of).collect(),
        });
        self.cut(most);
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, most: usize, other: Self) {
        self.0.extend(other.0);
        self.cut(most);
    }

    fn cut(&mut self, most: usize) {
        while self.0.len() > most {
            self.0.pop_last();
        }
    }

    /// The rows in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Listed> {
        self.0.iter()
    }

    /// Whether rows could have given them: each with this many finite scores.
    pub fn is_sound(&self, most: usize, scores: usize) -> bool {
        let is_sound = |row: &Listed| {
            row.id.len() <= MAX_ID + ELLIPSIS.len_utf8()
                && row.scores.len() == scores
                && row.scores.iter().all(|score| score.value().is_finite())
        };
        self.0.len() <= most && self.0.iter().all(is_sound)
    }

    /// The rows up to this one by hash, which all rows of a sample are ordered by.
    pub fn keep_until(&mut self, last: &(u64, String)) {
        self.0
            .retain(|row| (row.hash, row.id.as_str()) <= (last.0, last.1.as_str()));
    }

    /// Hash and id of every row.
    pub fn names(&self) -> impl Iterator<Item = (u64, &str)> {
        self.0.iter().map(|row| (row.hash, row.id.as_str()))
    }
}

const ELLIPSIS: char = '…';

fn cut(mut id: String) -> String {
    if id.len() > MAX_ID {
        let is_end = |at: &usize| id.is_char_boundary(*at);
        id.truncate((0..=MAX_ID).rev().find(is_end).unwrap_or_default());
        id.push(ELLIPSIS);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_they_are() {
        let numbers = [
            f64::NEG_INFINITY,
            -2.0,
            -1e-300,
            0.0,
            1e-300,
            1.0,
            f64::INFINITY,
        ];
        let ordered = numbers.map(Number::of);
        assert!(ordered.is_sorted());
        assert_eq!(ordered.map(Number::value), numbers);
        assert_eq!(Number::of(-0.0), Number::of(0.0));
    }

    #[test]
    fn the_first_rows_are_kept_in_any_order() {
        let add = |rows: &mut Rows, hash: u64| {
            let name = RowName {
                hash,
                id: &|| format!("row {hash}"),
            };
            rows.add(3, name, (hash % 2) as f64, &[0.5]);
        };
        let (mut up, mut down) = (Rows::default(), Rows::default());
        (0..20).for_each(|hash| add(&mut up, hash));
        (0..20).rev().for_each(|hash| add(&mut down, hash));
        assert_eq!(up, down);
        let ids: Vec<&str> = up.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["row 0", "row 2", "row 4"]);
        let mut merged = Rows::default();
        merged.merge(3, up.clone());
        merged.merge(3, down);
        assert_eq!(merged, up);
        assert!(up.is_sound(3, 1) && !up.is_sound(2, 1) && !up.is_sound(3, 2));
    }

    #[test]
    fn long_ids_are_cut_between_letters() {
        let id = format!("{}é", "x".repeat(MAX_ID - 1));
        assert_eq!(cut(id), format!("{}…", "x".repeat(MAX_ID - 1)));
        assert_eq!(cut("short".into()), "short");
    }
}
