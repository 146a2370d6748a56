//! `average_precision`: precision averaged over the recall that every score gains.

use super::positive::POSITIVE_LABEL;
use super::probabilities::SCORES;
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
    name: "average_precision",
    summary: "Area under the precision-recall curve as a step function, from class scores.",
    params: &[
        ParamSpec {
            name: "average",
            summary: "How more than two classes are averaged.",
            kind: ParamKind::Choice(&["macro", "weighted", "micro"]),
        },
        ParamSpec {
            summary: "The class to find among all others; two classes need it unless they are 0 and 1 or false and \
                      true.",
            ..POSITIVE_LABEL
        },
        SCORES,
    ],
    needs: &[Field::ClassScores, Field::Labels],
    reference: "scikit-learn 1.9.1 average_precision_score",
    source: "Manning, Raghavan and Schuetze, Introduction to Information Retrieval, 2008, section 8.4",
    build,
    ..Entry::LABELS
};

fn build(params: &Params, context: &Context<'_>) -> Result<Statistics> {
    Ok(Statistics::Collected(Box::new(AveragePrecision {
        scores: RankedScores::new(params, context)?,
        average: match params.text("average") {
            "micro" => Average::Micro,
            "weighted" => Average::Weighted,
            _ => Average::Macro,
        },
    })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Average {
    Micro,
    Macro,
    Weighted,
}

struct AveragePrecision {
    scores: RankedScores,
    average: Average,
}

impl CollectedMetric for AveragePrecision {
    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        self.scores.check(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        self.scores.keep(row, out);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        if self.scores.is_binary() {
            Box::new(OneRanking(RankedScores::one_ranking(rows)))
        } else if self.average == Average::Micro {
            Box::new(OneRanking(self.scores.micro_ranking(rows)))
        } else {
            Box::new(ByClass {
                classes: self.scores.classes(),
                rankings: self.scores.rankings(rows),
                weighted: self.average == Average::Weighted,
            })
        }
    }
}

/// One class, or all pairs of rows and classes.
struct OneRanking(Ranking);

impl Weighted for OneRanking {
    fn value(&self, weights: &[f64]) -> f64 {
        self.0.average_precision(weights).0
    }

    fn components(&self, _weights: &[f64]) -> Components {
        Components::new()
    }
}

struct ByClass<'r> {
    classes: &'r [String],
    rankings: Vec<Ranking>,
    weighted: bool,
}

impl Weighted for ByClass<'_> {
    fn value(&self, weights: &[f64]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for ranking in &self.rankings {
            let (precision, support) = ranking.average_precision(weights);
            let weight = if self.weighted { support } else { 1.0 };
            sum += precision * weight;
            total += weight;
        }
        // Weighted without a positive row this is 0 / 0: undefined.
        sum / total
    }

    fn components(&self, weights: &[f64]) -> Components {
        let parts = self.classes.iter().zip(&self.rankings);
        parts
            .map(|(class, ranking)| {
                let name = format!("class.{class}.average_precision");
                (name, Some(ranking.average_precision(weights).0))
            })
            .collect()
    }
}
