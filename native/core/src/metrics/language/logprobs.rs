//! Log-likelihoods of tokens, and what they are counted by.

use crate::metrics::{Problem, Row};
use crate::text::python::is_space;

/// What is a log-likelihood: the highest one, by which a sum in few bits may pass zero, and the lowest finite one.
/// Higher numbers are something else (probabilities, costs); lower ones stand for minus infinity in somebody's mask.
pub const HIGHEST: f64 = 1e-3;
/// See [`HIGHEST`].
pub const LOWEST: f64 = -4_294_967_296.0;

/// Whether a number is a natural-log likelihood. Minus infinity is one: the model holds the token for impossible.
pub fn is_logprob(number: f64) -> bool {
    number == f64::NEG_INFINITY || (LOWEST..=HIGHEST).contains(&number)
}

/// Refuses rows with other numbers.
pub fn check(row: &Row<'_>) -> Result<(), Problem> {
    let wrong = row
        .token_logprobs()
        .iter()
        .position(|number| !is_logprob(*number));
    wrong.map_or(Ok(()), |at| {
        Err(Problem::new(
            "BAD_LOGPROB",
            format!("prediction.token_logprobs[{at}]"),
            "must be a natural-log likelihood: at most 0.001, and -inf or above -4.3e9; -inf stands for likelihood 0",
        ))
    })
}

/// Minus the sum of the finite log-likelihoods, and the number of infinite ones.
pub fn cost(logprobs: &[f64]) -> (f64, f64) {
    let impossible = logprobs
        .iter()
        .filter(|number| number.is_infinite())
        .count();
    let finite = logprobs.iter().filter(|number| number.is_finite());
    (-compensated_sum(finite.copied()), impossible as f64)
}

/// The sum with the rounding error of every step added at the end (Neumaier 1974): the last bit does not depend on
/// the number of tokens.
fn compensated_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for number in numbers {
        let next = sum + number;
        lost += if sum.abs() >= number.abs() {
            (sum - next) + number
        } else {
            (number - next) + sum
        };
        sum = next;
    }
    sum + lost
}

/// Words as the evaluation harness counts them: the pieces of Python's `re.split(r"\s+", text)`. A space at an edge
/// makes one more, empty, piece; an empty text has one.
pub fn harness_words(text: &str) -> usize {
    let mut pieces = 1;
    let mut in_space = false;
    for c in text.chars() {
        let space = is_space(c);
        pieces += usize::from(space && !in_space);
        in_space = space;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected numbers are those of `len(re.split(r"\s+", text))`.
    #[test]
    fn words_are_pieces_between_spaces() {
        for (text, words) in [
            ("", 1),
            (" ", 2),
            ("one", 1),
            ("one two", 2),
            (" one \r\n two ", 4),
            ("\u{1c}\u{1f}", 2),
            ("a\u{85}b\u{3000}c\u{200b}d", 3),
        ] {
            assert_eq!(harness_words(text), words, "{text:?}");
        }
    }

    #[test]
    fn impossible_tokens_are_counted_apart() {
        let (sum, impossible) = cost(&[-1.5, f64::NEG_INFINITY, -0.25, f64::NEG_INFINITY]);
        assert_eq!((sum, impossible), (1.75, 2.0));
        assert_eq!(cost(&[]), (0.0, 0.0));
    }

    #[test]
    fn sums_keep_their_last_bit() {
        let tokens = vec![-0.1; 10_000];
        assert_eq!(cost(&tokens).0, 1000.0);
        let mixed: Vec<f64> = [-1e9, -1e-7].into_iter().cycle().take(2000).collect();
        assert_eq!(cost(&mixed).0, 1e12 + 1e-4);
    }

    #[test]
    fn probabilities_and_masks_are_no_log_likelihoods() {
        for number in [-0.0, 0.0, 1e-6, -745.0, LOWEST, f64::NEG_INFINITY] {
            assert!(is_logprob(number), "{number}");
        }
        for number in [0.5, f64::NAN, f64::INFINITY, -3.4e38] {
            assert!(!is_logprob(number), "{number}");
        }
    }
}
