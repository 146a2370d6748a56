//! Accuracy over choices: whether the choice of the highest score is right; 0 to 1.

use super::scored::{Question, SHARED, Score, bad_choices, is_first_of_highest_right, mean_of};
use crate::metrics::{Entry, Estimand, ParamKind, ParamSpec, Problem};

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "choice_accuracy",
    summary: "Share of questions whose choice of the highest score is right; 0 to 1.",
    params: &[ParamSpec {
        name: "normalize",
        summary: "What scores are divided by: nothing, the characters or the UTF-8 bytes of the choice.",
        kind: ParamKind::Choice(&["none", "characters", "bytes"]),
    }],
    reference: "lm-evaluation-harness 0.4.13: acc, acc_norm (characters), acc_bytes (bytes)",
    source: "Gao et al., https://doi.org/10.5281/zenodo.10256836",
    build: |params, _| {
        Ok(mean_of(match params.text("normalize") {
            "characters" => Accuracy::ByCharacters,
            "bytes" => Accuracy::ByBytes,
            _ => Accuracy::Plain,
        }))
    },
    ..SHARED
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accuracy {
    Plain,
    ByCharacters,
    ByBytes,
}

impl Score for Accuracy {
    fn check(&self, question: Question<'_>) -> Result<(), Problem> {
        if question.right() == 0 {
            return Err(bad_choices("mark at least one choice as correct"));
        }
        let has_empty = question.choices.iter().any(|(text, _)| text.is_empty());
        if *self != Self::Plain && has_empty {
            return Err(bad_choices(
                "an empty choice has no length to divide its score by: use normalize=none",
            ));
        }
        Ok(())
    }

    fn estimand(&self) -> Estimand {
        Estimand::Proportion
    }

    fn score(&self, question: Question<'_>) -> f64 {
        let choices = question.choices.iter().zip(question.scores);
        let divided = choices.map(|((text, right), score)| {
            let length = match self {
                Self::Plain => return (*score, *right),
                Self::ByCharacters => text.chars().count(),
                Self::ByBytes => text.len(),
            };
            (score / length as f64, *right)
        });
        f64::from(u8::from(is_first_of_highest_right(divided)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_change_the_choice() {
        let question = Question {
            choices: &[
                ("yes", true),
                ("n\u{f6}\u{f6}\u{f6}", false),
                ("never", false),
            ],
            scores: &[-3.5, -4.6, -5.5],
        };
        assert_eq!(Accuracy::Plain.score(question), 1.0);
        assert_eq!(Accuracy::ByCharacters.score(question), 0.0);
        assert_eq!(Accuracy::ByBytes.score(question), 0.0);
        let by_bytes = Question {
            scores: &[-3.5, -7.5, -8.5],
            ..question
        };
        assert_eq!(Accuracy::ByCharacters.score(by_bytes), 1.0);
        assert_eq!(Accuracy::ByBytes.score(by_bytes), 0.0);
    }

    #[test]
    fn questions_must_have_a_right_choice_and_lengths() {
        let refused = |metric: Accuracy, choices: &[(&str, bool)]| {
            let question = Question {
                choices,
                scores: &[],
            };
            metric.check(question).is_err()
        };
        assert!(refused(Accuracy::Plain, &[("a", false)]));
        assert!(!refused(Accuracy::Plain, &[("", true)]));
        assert!(refused(Accuracy::ByBytes, &[("", true)]));
    }
}
