//! What metrics that rank rows by class scores keep of a row: the gold class and the scores, or, if they are about
//! one class, whether it is gold and its score.

use rustc_hash::FxHashMap;

use super::positive::Positive;
use super::probabilities::{Scores, Softmax, bad_scores};
use super::ranking::Ranking;
use super::row_classes;
use crate::error::Result;
use crate::metrics::{CollectedRows, Context, Params, Problem, Row};

/// The classes of a call and what is kept of rows.
pub struct RankedScores {
    classes: Vec<String>,
    places: FxHashMap<String, usize>,
    scores: Scores,
    positive: Option<usize>,
}

impl RankedScores {
    /// From checked parameters.
    pub fn new(params: &Params, context: &Context<'_>) -> Result<Self> {
        let classes = context.classes.to_vec();
        Ok(Self {
            places: classes.iter().cloned().zip(0..).collect(),
            scores: Scores::of(params),
            positive: Positive::of(params).place(params, &classes)?,
            classes,
        })
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Whether one class is ranked against all others.
    pub fn is_binary(&self) -> bool {
        self.positive.is_some()
    }

    /// Whether scores are said to be probabilities.
    pub fn are_probabilities(&self) -> bool {
        self.scores == Scores::Probabilities
    }

    /// Refuses rows that have no finite score of every class, or another gold label.
    pub fn check(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        // Only models answer without named classes, and each in its own order.
        if self.classes.is_empty() {
            return Err(bad_scores(
                "scores are ranked across rows and systems: name the classes in spec.classes"
                    .into(),
            ));
        }
        row_classes::check_gold(row, &self.classes)?;
        let known = |class: &String| self.places.contains_key(class);
        if row.classes().len() != self.classes.len() || !row.classes().iter().all(known) {
            return Err(bad_scores(
                "the classes that have scores are not spec.classes".into(),
            ));
        }
        if row.class_scores().iter().all(f64::is_finite) {
            Ok(())
        } else {
            Err(bad_scores("a score is not finite".into()))
        }
    }

    /// Appends what is kept of a row.
    pub fn keep(&self, row: &Row<'_>, out: &mut Vec<f64>) {
        let gold = row_classes::gold(row, &self.classes).unwrap_or(0);
        let start = out.len();
        out.resize(start + 1 + self.classes.len(), 0.0);
        let kept = &mut out[start..];
        let scores = row.class_scores();
        let softmax = (self.scores == Scores::Logits).then(|| Softmax::new(&scores));
        for (at, (class, score)) in row.classes().iter().zip(scores.iter()).enumerate() {
            // The logarithm ranks like the probability, without its ties near 0 and 1.
            let score = softmax
                .as_ref()
                .map_or(score, |softmax| softmax.log_probability(at, score));
            if let Some(place) = self.places.get(class) {
                kept[1 + place] = score;
            }
        }
        kept[0] = gold as f64;
        if let Some(positive) = self.positive {
            let (truth, score) = (f64::from(u8::from(gold == positive)), kept[1 + positive]);
            out.truncate(start);
            out.extend([truth, score]);
        }
    }

    /// The rows in the order of the only score.
    pub fn one_ranking(rows: &CollectedRows) -> Ranking {
        let numbers = rows.iter().zip(0..);
        Ranking::new(numbers.map(|(kept, row)| (row, kept[1], (kept[0] == 0.0).then_some(0))))
    }

    /// For every class the rows in the order of its score.
    pub fn rankings(&self, rows: &CollectedRows) -> Vec<Ranking> {
        let of_class = |class: usize| {
            let numbers = rows.iter().zip(0..);
            Ranking::new(numbers.map(|(kept, row)| {
                let gold = kept[0] as usize;
                (row, kept[1 + class], (gold != class).then_some(gold as u32))
            }))
        };
        (0..self.classes.len()).map(of_class).collect()
    }

    /// All pairs of a row and a class, in the order of the score: a pair is positive if the class is gold.
    pub fn micro_ranking(&self, rows: &CollectedRows) -> Ranking {
        let pairs = rows.iter().zip(0..).flat_map(|(kept, row)| {
            let gold = kept[0] as usize;
            let scores = kept[1..].iter().enumerate();
            scores.map(move |(class, score)| (row, *score, (gold != class).then_some(0)))
        });
        Ranking::new(pairs)
    }
}
