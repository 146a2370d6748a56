//! Rows of a wrong label, by (gold label, predicted label). Their number is counted elsewhere: in the confusion matrix.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rows::{RowName, Rows};

/// Rows kept of all pairs of labels together.
const MOST_ROWS: usize = 4_096;

/// Some rows of every pair of labels: those with the smallest hashes, of each pair and then of all.
///
/// That cuts twice does not show in shards: a row that is late among the rows of its shard is late among all rows, too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusions(BTreeMap<(u32, u32), Rows>);

impl Confusions {
    /// Takes a row with these labels, by number.
    pub fn add(&mut self, most: usize, name: RowName<'_>, gold: u32, predicted: u32) {
        let rows = self.0.entry((gold, predicted)).or_default();
        rows.add(most, name, 0.0, &[]);
    }

    /// The rows of a pair of labels.
    pub fn rows(&self, gold: u32, predicted: u32) -> Option<&Rows> {
        self.0.get(&(gold, predicted))
    }

    /// Adds the rows of another shard with the same numbers of labels.
    pub fn merge(&mut self, most: usize, other: Self) {
        for (labels, rows) in other.0 {
            self.0.entry(labels).or_default().merge(most, rows);
        }
        self.cut();
    }

    /// Lets go of the rows that come late among those of all pairs.
    pub fn cut(&mut self) {
        let mut names: Vec<(u64, &str)> = self.0.values().flat_map(Rows::names).collect();
        if names.len() <= MOST_ROWS {
            return;
        }
        let (_, (hash, id), _) = names.select_nth_unstable(MOST_ROWS - 1);
        let last = (*hash, (*id).to_owned());
        self.0.retain(|_, rows| {
            rows.keep_until(&last);
            rows.iter().len() > 0
        });
    }

    /// The same rows with other numbers of labels.
    #[must_use]
    pub fn relabelled(self, most: usize, labels: &[u32]) -> Self {
        let mut moved = Self::default();
        for ((gold, predicted), rows) in self.0 {
            let labels = (labels[gold as usize], labels[predicted as usize]);
            moved.0.entry(labels).or_default().merge(most, rows);
        }
        moved
    }

    /// Whether rows with so many labels could have given them.
    pub fn is_sound(&self, most: usize, labels: usize) -> bool {
        let is_label = |label: u32| (label as usize) < labels;
        let mut pairs = self.0.iter();
        self.0.values().map(|rows| rows.iter().len()).sum::<usize>() <= MOST_ROWS
            && pairs.all(|((gold, predicted), rows)| {
                is_label(*gold) && is_label(*predicted) && rows.is_sound(most, 0)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusions(rows: impl Iterator<Item = u64>) -> Confusions {
        let mut found = Confusions::default();
        for row in rows {
            let hash = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let name = RowName {
                hash,
                id: &|| row.to_string(),
            };
            // Every pair of labels is rare but the first.
            let gold = if row % 2 == 0 { 0 } else { row as u32 };
            found.add(3, name, gold, 1);
        }
        found.cut();
        found
    }

    #[test]
    fn shards_keep_what_the_whole_keeps() {
        let whole = confusions(0..20_000);
        assert!(whole.is_sound(3, 20_000) && !whole.is_sound(3, 10_000));
        let mut merged = confusions((0..20_000).filter(|row| row % 3 == 0));
        merged.merge(3, confusions((0..20_000).rev().filter(|row| row % 3 != 0)));
        assert_eq!(merged, whole);
        let kept = whole.0.values().map(|rows| rows.iter().len());
        assert_eq!(kept.sum::<usize>(), MOST_ROWS);
    }

    #[test]
    fn labels_get_other_numbers() {
        let mut found = Confusions::default();
        let name = RowName {
            hash: 7,
            id: &|| "row".into(),
        };
        found.add(3, name, 0, 1);
        let moved = found.relabelled(3, &[5, 4]);
        assert!(moved.rows(5, 4).is_some() && moved.rows(0, 1).is_none());
    }
}
