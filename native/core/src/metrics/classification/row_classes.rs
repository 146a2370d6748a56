//! Which of the classes a row's labels are, for metrics that need places instead of names.

use crate::metrics::{ClassScores, Problem, Row};

/// The place of the only gold label in these classes.
pub fn gold(row: &Row<'_>, classes: &[String]) -> Option<usize> {
    place(row.gold_labels().first()?, classes)
}

/// The place of the predicted class: that of the label if there is one, else that of the highest score.
pub fn predicted(row: &Row<'_>, classes: &[String]) -> Option<usize> {
    match row.labels().first() {
        Some(label) => place(label, classes),
        None => place(row.classes().get(best(&row.class_scores())?)?, classes),
    }
}

/// The class of the highest score, the first on ties.
pub fn best(scores: &ClassScores<'_>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (class, score) in scores.iter().enumerate() {
        if best.is_none_or(|(_, top)| score > top) {
            best = Some((class, score));
        }
    }
    best.map(|(class, _)| class)
}

/// Refuses a row whose gold label is none of the classes.
pub fn check_gold(row: &Row<'_>, classes: &[String]) -> Result<(), Problem> {
    gold(row, classes).map_or_else(|| Err(unknown("labels[0]")), |_| Ok(()))
}

/// Refuses a row whose predicted label is none of the classes.
pub fn check_predicted(row: &Row<'_>, classes: &[String]) -> Result<(), Problem> {
    predicted(row, classes).map_or_else(|| Err(unknown("prediction.labels[0]")), |_| Ok(()))
}

fn place(label: &str, classes: &[String]) -> Option<usize> {
    classes.iter().position(|class| class == label)
}

fn unknown(field: &str) -> Problem {
    Problem::new(
        "UNKNOWN_LABEL",
        field,
        "the label is none of the classes; correct it or name it there",
    )
}
