//! `roc_auc`: how often a row of a class has a higher score for it than a row of another class.

use super::positive::POSITIVE_LABEL;
use super::probabilities::{SCORES, Scores};
use super::ranked_scores::RankedScores;
use super::ranking::Ranking;
use crate::error::Result;
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Context, Entry, Field, ParamKind, ParamSpec,
    Params, Problem, Row, RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "roc_auc",
    summary: "Area under the ROC curve: how often a row of a class has a higher score for it than another row.",
    params: &[
        ParamSpec {
            name: "average",
            summary: "How more than two classes are averaged; micro is for ovr alone.",
            kind: ParamKind::Choice(&["macro", "weighted", "micro"]),
        },
        ParamSpec {
            name: "multi_class",
            summary: "What a class is compared with if there are more than two: all others at once (ovr) or each \
                      other class (ovo).",
            kind: ParamKind::Choice(&["ovr", "ovo"]),
        },
        ParamSpec {
            summary: "The class that is compared with all others; two classes need it unless they are 0 and 1 or \
                      false and true.",
            ..POSITIVE_LABEL
        },
        SCORES,
    ],
    needs: &[Field::ClassScores, Field::Labels],
    undefined: "a class has no rows or all of them, and the area compares rows of a class with others",
    reference: "scikit-learn 1.9.1 roc_auc_score",
    source: "Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747; \
             ovo: Hand and Till 2001, https://doi.org/10.1023/A:1010920819831",
    build,
    ..Entry::LABELS
};

fn build(params: &Params, context: &Context<'_>) -> Result<Statistics> {
    let scores = RankedScores::new(params, context)?;
    let multi = match (params.text("multi_class"), params.text("average")) {
        ("ovo", "micro") => {
            return Err(params.error("average", "micro is for multi_class=ovr alone"));
        }
        ("ovo", average) => Multi::EachPair {
            weighted: average == "weighted",
        },
        (_, "micro") => Multi::Micro,
        (_, average) => Multi::OneVersusRest {
            weighted: average == "weighted",
        },
    };
    Ok(Statistics::Collected(Box::new(RocAuc { scores, multi })))
}

/// How more than two classes become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Multi {
    OneVersusRest { weighted: bool },
    EachPair { weighted: bool },
    Micro,
}

struct RocAuc {
    scores: RankedScores,
    multi: Multi,
}

impl CollectedMetric for RocAuc {
    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        self.scores.check(row)?;
        if self.scores.are_probabilities() && !self.scores.is_binary() {
            // Classes are compared with each other, so their scores must be on one scale.
            Scores::Probabilities.check(row)?;
        }
        Ok(())
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        self.scores.keep(row, out);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        if self.scores.is_binary() {
            return Box::new(OneRanking(RankedScores::one_ranking(rows)));
        }
        let rankings = || self.scores.rankings(rows);
        let classes = self.scores.classes();
        match self.multi {
            Multi::Micro => Box::new(OneRanking(self.scores.micro_ranking(rows))),
            Multi::OneVersusRest { weighted } => Box::new(OneVersusRest {
                classes,
                rankings: rankings(),
                weighted,
            }),
            Multi::EachPair { weighted } => Box::new(EachPair {
                rankings: rankings(),
                weighted,
            }),
        }
    }
}

/// One class, or all pairs of rows and classes.
struct OneRanking(Ranking);

impl Weighted for OneRanking {
    fn value(&self, weights: &[f64]) -> f64 {
        self.0.area(weights).0
    }

    fn components(&self, _weights: &[f64]) -> Components {
        Components::new()
    }
}

struct OneVersusRest<'r> {
    classes: &'r [String],
    rankings: Vec<Ranking>,
    weighted: bool,
}

impl Weighted for OneVersusRest<'_> {
    fn value(&self, weights: &[f64]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for ranking in &self.rankings {
            let (area, support) = ranking.area(weights);
            let weight = if self.weighted { support } else { 1.0 };
            // A class without rows has no area: it weighs nothing, or makes the plain mean undefined.
            if weight > 0.0 {
                sum += area * weight;
                total += weight;
            }
        }
        sum / total
    }

    fn components(&self, weights: &[f64]) -> Components {
        let areas = self.classes.iter().zip(&self.rankings);
        areas
            .map(|(class, ranking)| {
                let (area, _) = ranking.area(weights);
                (
                    format!("class.{class}.roc_auc"),
                    (!area.is_nan()).then_some(area),
                )
            })
            .collect()
    }
}

struct EachPair {
    rankings: Vec<Ranking>,
    weighted: bool,
}

impl Weighted for EachPair {
    fn value(&self, weights: &[f64]) -> f64 {
        let classes = self.rankings.len();
        // wins[a][b]: pairs of a row of a and a row of b that the score of a ranks in order.
        let mut wins = vec![0.0; classes * classes];
        let mut supports = Vec::with_capacity(classes);
        for (ranking, wins) in self.rankings.iter().zip(wins.chunks_exact_mut(classes)) {
            let (support, _) = ranking.wins(weights, |rival, share| wins[rival as usize] += share);
            supports.push(support);
        }
        let (mut sum, mut total) = (0.0, 0.0);
        for a in 0..classes {
            for b in a + 1..classes {
                let pairs = supports[a] * supports[b];
                if pairs > 0.0 {
                    let area = 0.5 * (wins[a * classes + b] + wins[b * classes + a]) / pairs;
                    let weight = if self.weighted {
                        supports[a] + supports[b]
                    } else {
                        1.0
                    };
                    sum += area * weight;
                    total += weight;
                }
            }
        }
        // Without two classes this is 0 / 0: undefined.
        sum / total
    }

    fn components(&self, _weights: &[f64]) -> Components {
        Components::new()
    }
}
