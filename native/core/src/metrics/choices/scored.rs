//! Metrics that are the mean of one number a question, computed from its choices and their scores.

use crate::metrics::{
    Components, Entry, Estimand, Field, Problem, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// What the entries have in common.
pub(super) const SHARED: Entry = Entry {
    needs: &[Field::Choices, Field::ChoiceScores],
    ..Entry::TEXTS
};

/// The choices of a question and as many scores.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// Text, whether it is right.
    pub(super) choices: &'a [(&'a str, bool)],
    pub(super) scores: &'a [f64],
}

impl<'a> Question<'a> {
    /// Score and whether it is right, of each choice.
    pub(super) fn pairs(self) -> impl Iterator<Item = (f64, bool)> + Clone + 'a {
        let right = self.choices.iter().map(|(_, right)| *right);
        self.scores.iter().copied().zip(right)
    }

    /// How many choices are right.
    pub(super) fn right(self) -> usize {
        self.choices.iter().filter(|(_, right)| *right).count()
    }

    /// The highest score of the right or of the wrong choices.
    pub(super) fn highest(self, wanted: bool) -> f64 {
        let of_kind = self.pairs().filter(|(_, right)| *right == wanted);
        of_kind.fold(f64::NEG_INFINITY, |highest, (score, _)| highest.max(score))
    }
}

/// Whether the choice of the highest number is right; of equal numbers the first counts, as `numpy.argmax` has it.
pub(super) fn is_first_of_highest_right(pairs: impl Iterator<Item = (f64, bool)>) -> bool {
    let highest = pairs.reduce(|best, next| if next.0 > best.0 { next } else { best });
    highest.is_some_and(|(_, right)| right)
}

/// One number a question.
pub(super) trait Score: Send + Sync + 'static {
    /// Refuses a question that makes no sense for the metric.
    fn check(&self, question: Question<'_>) -> Result<(), Problem>;

    /// Whether the number says right or wrong, or more.
    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    /// The number, 0 to 1.
    fn score(&self, question: Question<'_>) -> f64;
}

/// The metric that is the mean of the numbers.
pub(super) fn mean_of(score: impl Score) -> Statistics {
    Statistics::Rows(Box::new(Mean(score)))
}

struct Mean<S>(S);

fn question<'a>(row: &Row<'a>) -> Question<'a> {
    Question {
        choices: row.choices(),
        scores: row.choice_scores(),
    }
}

impl<S: Score> RowMetric for Mean<S> {
    fn width(&self) -> usize {
        1
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        let question = question(row);
        check_scores(question)?;
        self.0.check(question)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        out[0] = self.0.score(question(row));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 { sums[0] / n } else { f64::NAN }
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Components::new()
    }

    fn estimand(&self) -> Estimand {
        self.0.estimand()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[0])
    }
}

/// Log-likelihoods may be minus infinity, but not all of them.
fn check_scores(question: Question<'_>) -> Result<(), Problem> {
    let scores = question.scores;
    let problem = if scores
        .iter()
        .any(|score| score.is_nan() || *score == f64::INFINITY)
    {
        "scores must be numbers below infinity"
    } else if scores.iter().all(|score| *score == f64::NEG_INFINITY) {
        "at least one choice must be possible: not all scores may be minus infinity"
    } else {
        return Ok(());
    };
    Err(Problem::new(
        "BAD_CHOICE_SCORE",
        "prediction.choice_scores",
        problem,
    ))
}

/// The refusal of a question's choices.
pub(super) fn bad_choices(problem: &str) -> Problem {
    Problem::new("BAD_CHOICES", "choices", problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_highest_counts() {
        let pairs = [(-2.0, false), (-1.0, true), (-1.0, false)];
        assert!(is_first_of_highest_right(pairs.into_iter()));
        assert!(!is_first_of_highest_right(pairs.into_iter().rev()));
        assert!(!is_first_of_highest_right([].into_iter()));
    }

    #[test]
    fn scores_must_make_sense() {
        let choices = [("a", true), ("b", false)];
        let reason = |scores: &[f64]| {
            let question = Question {
                choices: &choices,
                scores,
            };
            check_scores(question).err().map(|problem| problem.reason)
        };
        assert_eq!(reason(&[f64::NEG_INFINITY, -1.0]), None);
        assert_eq!(reason(&[f64::NAN, -1.0]), Some("BAD_CHOICE_SCORE"));
        assert_eq!(reason(&[f64::INFINITY, -1.0]), Some("BAD_CHOICE_SCORE"));
        assert_eq!(reason(&[f64::NEG_INFINITY; 2]), Some("BAD_CHOICE_SCORE"));
    }
}
