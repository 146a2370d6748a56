//! Predicted labels against gold labels.

pub mod accuracy;
pub mod class_rates;
pub mod confusion_matrix;
pub mod f1;
pub mod precision;
pub mod recall;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &accuracy::ENTRY,
    &confusion_matrix::ENTRY,
    &f1::ENTRY,
    &precision::ENTRY,
    &recall::ENTRY,
];
