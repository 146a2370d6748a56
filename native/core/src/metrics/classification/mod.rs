//! Predicted labels, sets of labels and scores of classes against gold labels.

pub mod accuracy;
pub mod average_precision;
pub mod averages;
pub mod balanced_accuracy;
pub mod brier;
pub mod class_rates;
pub mod cohen_kappa;
pub mod confusion_matrix;
pub mod f1;
pub mod f_beta;
pub mod hamming_loss;
pub mod jaccard;
pub mod label_sets;
pub mod log_loss;
pub mod mcc;
pub mod positive;
pub mod precision;
pub mod probabilities;
pub mod ranked_scores;
pub mod ranking;
pub mod rate;
pub mod recall;
pub mod roc_auc;
pub mod row_classes;
pub mod top_k_accuracy;

use super::registry::Entry;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &accuracy::ENTRY,
    &average_precision::ENTRY,
    &balanced_accuracy::ENTRY,
    &brier::ENTRY,
    &cohen_kappa::ENTRY,
    &confusion_matrix::ENTRY,
    &f1::ENTRY,
    &f_beta::ENTRY,
    &hamming_loss::ENTRY,
    &jaccard::ENTRY,
    &log_loss::CROSS_ENTROPY,
    &log_loss::LOG_LOSS,
    &mcc::ENTRY,
    &precision::ENTRY,
    &recall::ENTRY,
    &roc_auc::ENTRY,
    &top_k_accuracy::ENTRY,
];
