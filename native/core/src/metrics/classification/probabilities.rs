//! Class scores as probabilities: what is accepted, and the softmax of logits.

use crate::metrics::{ClassScores, ParamKind, ParamSpec, Params, Problem, Row};

/// How far a row's probabilities may be from a sum of 1: room for rounded numbers, none for mistakes.
const SUM_TOLERANCE: f64 = 1e-3;

/// Largest logit: beyond it losses would leave the range that sums are exact in.
const MAX_LOGIT: f64 = 1e9;

/// The parameter that says what class scores are.
pub const SCORES: ParamSpec = ParamSpec {
    name: "scores",
    summary: "What class scores are: probabilities, or logits whose softmax are probabilities.",
    kind: ParamKind::Choice(&["probabilities", "logits"]),
};

/// What the class scores of a call are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scores {
    /// Numbers in [0, 1] that sum to 1.
    Probabilities,
    /// Any numbers; their softmax are probabilities.
    Logits,
}

impl Scores {
    /// From the parameter [`SCORES`].
    pub fn of(params: &Params) -> Self {
        match params.text(SCORES.name) {
            "logits" => Self::Logits,
            _ => Self::Probabilities,
        }
    }

    /// Refuses class scores that are not of this kind.
    pub fn check(self, row: &Row<'_>) -> Result<(), Problem> {
        let scores = row.class_scores();
        match self {
            Self::Probabilities => check_probabilities(&scores),
            Self::Logits if scores.iter().all(|score| score.abs() <= MAX_LOGIT) => Ok(()),
            Self::Logits => Err(format!("a logit is not within {MAX_LOGIT:e} of 0")),
        }
        .map_err(bad_scores)
    }

    /// The probabilities of a row.
    pub fn probabilities(self, scores: ClassScores<'_>) -> Probabilities<'_> {
        Probabilities {
            scores,
            softmax: (self == Self::Logits).then(|| Softmax::new(&scores)),
        }
    }
}

/// The refusal of a row's class scores.
pub fn bad_scores(problem: String) -> Problem {
    Problem::new("BAD_CLASS_SCORES", "prediction.class_scores", problem)
}

fn check_probabilities(scores: &ClassScores<'_>) -> Result<(), String> {
    if !scores.iter().all(|score| (0.0..=1.0).contains(&score)) {
        return Err(
            "a probability is not within 0 and 1; if these are logits, say scores=logits".into(),
        );
    }
    let sum: f64 = scores.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(format!("the probabilities sum to {sum}, not to 1"));
    }
    Ok(())
}

/// The probabilities of one row's classes.
#[derive(Debug, Clone, Copy)]
pub struct Probabilities<'a> {
    scores: ClassScores<'a>,
    softmax: Option<Softmax>,
}

impl Probabilities<'_> {
    /// The probability of a class; 0 beyond the last one.
    pub fn get(&self, class: usize) -> f64 {
        let score = self.scores.get(class);
        match &self.softmax {
            None => score.unwrap_or(0.0),
            Some(softmax) => score.map_or(0.0, |logit| softmax.probability(logit)),
        }
    }

    /// The probabilities in the order of the classes.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.scores.len()).map(|class| self.get(class))
    }

    /// Minus the logarithm of a class's probability: from logits without a detour over probabilities, else
    /// with probabilities clipped to [eps, 1 - eps], as in scikit-learn.
    pub fn loss(&self, class: usize) -> f64 {
        match (&self.softmax, self.scores.get(class)) {
            (Some(softmax), Some(logit)) => -softmax.log_probability(class, logit),
            _ => -self.get(class).clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln(),
        }
    }
}

/// What the softmax of a row divides by.
#[derive(Debug, Clone, Copy)]
pub struct Softmax {
    best: usize,
    top: f64,
    /// The exponentials of all logits but the best, relative to the best.
    others: f64,
}

impl Softmax {
    /// Of these logits.
    pub fn new(logits: &ClassScores<'_>) -> Self {
        let (mut best, mut top) = (0, f64::NEG_INFINITY);
        for (class, logit) in logits.iter().enumerate() {
            if logit > top {
                (best, top) = (class, logit);
            }
        }
        let others = logits
            .iter()
            .enumerate()
            .filter(|(class, _)| *class != best);
        Self {
            best,
            top,
            others: others.map(|(_, logit)| (logit - top).exp()).sum(),
        }
    }

    fn probability(&self, logit: f64) -> f64 {
        (logit - self.top).exp() / (1.0 + self.others)
    }

    /// The logarithm of a probability. It tells near certainties apart that all round to a probability of 1.
    pub fn log_probability(&self, class: usize, logit: f64) -> f64 {
        let distance = if class == self.best {
            0.0
        } else {
            logit - self.top
        };
        distance - self.others.ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_of_large_logits_neither_overflows_nor_vanishes() {
        let logits = [1e9, 1e9 - 1.0, -1e9];
        let row = Scores::Logits.probabilities(ClassScores::Given(&logits));
        let expected = 1.0 / (1.0 + (-1.0f64).exp());
        assert!((row.get(0) - expected).abs() < 1e-15);
        assert_eq!(row.get(2), 0.0);
        assert!((row.loss(2) - (2e9 + (-1.0f64).exp().ln_1p())).abs() < 1e-6);
        let even = Scores::Logits.probabilities(ClassScores::Given(&[0.0; 4]));
        assert!((even.loss(1) - 4f64.ln()).abs() < 1e-15);
        assert_eq!(even.iter().collect::<Vec<_>>(), [0.25; 4]);
    }

    #[test]
    fn the_loss_of_a_near_certainty_is_not_zero() {
        let row = Scores::Logits.probabilities(ClassScores::Given(&[60.0, 0.0]));
        assert_eq!(row.get(0), 1.0);
        assert_eq!(row.loss(0), (-60.0f64).exp());
    }

    #[test]
    fn probabilities_are_clipped_as_in_scikit_learn() {
        let row = Scores::Probabilities.probabilities(ClassScores::Given(&[1.0, 0.0]));
        assert_eq!(row.loss(1), -f64::EPSILON.ln());
        assert_eq!(row.loss(0), -(1.0 - f64::EPSILON).ln());
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let check = |scores: &[f64]| check_probabilities(&ClassScores::Given(scores));
        for scores in [
            [0.5, 0.6],
            [-0.1, 1.1],
            [f64::NAN, 1.0],
            [f64::INFINITY, 0.0],
            [0.0, 0.0],
        ] {
            assert!(check(&scores).is_err(), "{scores:?}");
        }
        for scores in [[0.5, 0.5], [0.333, 0.667], [0.0, 1.0], [0.4999, 0.4999]] {
            assert!(check(&scores).is_ok(), "{scores:?}");
        }
    }
}
