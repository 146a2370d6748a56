//! Class names: numbers for counting, label order for answers.

use rustc_hash::FxHashMap;

use crate::error::{Error, Result};
use crate::spec::UnknownLabels;

/// The class of labels that are none of the named ones.
pub const OTHER: &str = "(other)";

/// Numbers of the class names of a call.
#[derive(Debug, Clone)]
pub struct LabelTable {
    names: Vec<String>,
    numbers: FxHashMap<String, u32>,
    closed: Option<UnknownLabels>,
    max_classes: usize,
}

impl LabelTable {
    /// A closed table if the caller names the classes, else one that grows with the rows.
    pub fn new(classes: &[String], unknown: UnknownLabels, max_classes: usize) -> Self {
        let mut names = classes.to_vec();
        if !names.is_empty() && unknown == UnknownLabels::Bucket {
            names.push(OTHER.to_owned());
        }
        Self {
            numbers: names.iter().cloned().zip(0..).collect(),
            names,
            closed: (!classes.is_empty()).then_some(unknown),
            max_classes,
        }
    }

    /// The number of a label; `None` if it is to be left out. `field` says where the label stands.
    pub fn number(&mut self, label: &str, field: impl Fn() -> String) -> Result<Option<u32>> {
        if let Some(number) = self.numbers.get(label) {
            return Ok(Some(*number));
        }
        match self.closed {
            None => {}
            Some(UnknownLabels::Drop) => return Ok(None),
            Some(UnknownLabels::Bucket) => return Ok(self.numbers.get(OTHER).copied()),
            Some(UnknownLabels::Reject) => {
                return Err(Error::invalid(
                    "UNKNOWN_LABEL",
                    field(),
                    "the label is none of spec.classes; correct it, name it there, or set unknown_labels",
                ));
            }
        }
        if self.names.len() >= self.max_classes {
            return Err(Error::invalid(
                "LIMIT_EXCEEDED",
                field(),
                format!(
                    "more than max_classes = {} different labels",
                    self.max_classes
                ),
            )
            .with("limit", "max_classes")
            .with("maximum", self.max_classes));
        }
        let number = self.names.len() as u32;
        self.names.push(label.to_owned());
        self.numbers.insert(label.to_owned(), number);
        Ok(Some(number))
    }

    /// The names in label order.
    pub fn sorted_names(&self) -> impl Iterator<Item = &str> {
        let order = self.order().into_iter();
        order.map(|number| self.names[number as usize].as_str())
    }

    /// Place of every number in label order.
    pub fn ranks(&self) -> Vec<u32> {
        let mut ranks = vec![0; self.names.len()];
        for (rank, number) in self.order().into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        ranks
    }

    /// Numbers in label order: as numbers if all labels are integers, else by code point. A closed table
    /// keeps the caller's order.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        if self.closed.is_some() {
            return order;
        }
        let integers: Option<Vec<i64>> = self.names.iter().map(|name| name.parse().ok()).collect();
        match integers {
            // "7" and "07" are the same number: the name decides.
            Some(integers) => order.sort_by_key(|number| {
                let at = *number as usize;
                (integers[at], self.names[at].as_str())
            }),
            None => order.sort_by_key(|number| self.names[*number as usize].as_str()),
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(labels: &[&str]) -> Vec<String> {
        let mut table = LabelTable::new(&[], UnknownLabels::Reject, 10);
        for label in labels {
            table.number(label, String::new).unwrap();
        }
        table.sorted_names().map(str::to_owned).collect()
    }

    #[test]
    fn integers_sort_as_numbers_and_words_by_code_point() {
        assert_eq!(sorted(&["10", "-2", "9"]), ["-2", "9", "10"]);
        assert_eq!(sorted(&["10", "9", "x"]), ["10", "9", "x"]);
        assert_eq!(sorted(&["b", "Z", "a"]), ["Z", "a", "b"]);
    }

    #[test]
    fn a_closed_table_refuses_and_a_full_one_too() {
        let mut closed = LabelTable::new(&["a".into()], UnknownLabels::Reject, 10);
        assert_eq!(
            closed.number("b", String::new).unwrap_err().reason,
            "UNKNOWN_LABEL"
        );
        let mut full = LabelTable::new(&[], UnknownLabels::Reject, 1);
        full.number("a", String::new).unwrap();
        assert_eq!(
            full.number("b", String::new).unwrap_err().reason,
            "LIMIT_EXCEEDED"
        );
    }

    #[test]
    fn unknown_labels_are_left_out_or_one_more_class() {
        let classes = ["a".to_owned()];
        let mut table = LabelTable::new(&classes, UnknownLabels::Drop, 10);
        assert_eq!(table.number("b", String::new).unwrap(), None);
        let mut table = LabelTable::new(&classes, UnknownLabels::Bucket, 10);
        assert_eq!(table.number("b", String::new).unwrap(), Some(1));
        assert_eq!(table.sorted_names().collect::<Vec<_>>(), ["a", OTHER]);
    }
}
