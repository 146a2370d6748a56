//! `cohen_kappa`: agreement of gold and predicted labels beyond chance, plain or weighted by how far apart
//! the classes are.

use super::row_classes;
use crate::error::Result;
use crate::metrics::{
    ClassMetric, ClassSums, Components, Context, Entry, ParamKind, ParamSpec, Params, Problem, Row,
    RowFlags, RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "cohen_kappa",
    summary: "Agreement of gold and predicted labels beyond chance.",
    params: &[ParamSpec {
        name: "weights",
        summary: "How a disagreement counts: always the same (none), or by the distance of the classes in the order \
                  that the call names them in.",
        kind: ParamKind::Choice(&["none", "linear", "quadratic"]),
    }],
    range: (-1.0, 1.0),
    undefined: "both sides have the same single label, which leaves chance nothing to disagree about",
    reference: "scikit-learn 1.9.1 cohen_kappa_score",
    source: "Cohen 1960, https://doi.org/10.1177/001316446002000104; \
             weighted: Cohen 1968, https://doi.org/10.1037/h0026256",
    build,
    ..Entry::LABELS
};

/// Most classes of weighted kappa: each takes two columns of every sum.
const MAX_CLASSES: usize = 100;

fn build(params: &Params, context: &Context<'_>) -> Result<Statistics> {
    let distance = match params.text("weights") {
        "linear" => Distance::Linear,
        "quadratic" => Distance::Quadratic,
        _ => return Ok(Statistics::Classes(Box::new(Plain))),
    };
    let classes = context.classes.to_vec();
    if classes.is_empty() {
        return Err(params.error(
            "weights",
            "weighted kappa needs the classes in order: name them in spec.classes",
        ));
    }
    if classes.len() > MAX_CLASSES {
        let problem = format!(
            "weighted kappa takes at most {MAX_CLASSES} classes; there are {}",
            classes.len()
        );
        return Err(params.error("weights", problem));
    }
    Ok(Statistics::Rows(Box::new(Weighted { distance, classes })))
}

/// 1 - observed disagreement / disagreement expected by chance; NaN if chance cannot disagree.
fn kappa(observed: f64, expected: f64) -> f64 {
    if expected > 0.0 {
        1.0 - observed / expected
    } else {
        f64::NAN
    }
}

/// Every disagreement counts the same.
struct Plain;

impl ClassMetric for Plain {
    fn check(&self, _labels: &[&str]) -> std::result::Result<(), (&'static str, String)> {
        Ok(())
    }

    fn value(&self, sums: &ClassSums<'_>) -> f64 {
        let (observed, expected) = Self::disagreements(sums);
        kappa(observed, expected)
    }

    fn components(&self, sums: &ClassSums<'_>) -> Components {
        let (observed, expected) = Self::disagreements(sums);
        agreements(observed, expected, sums.n)
    }

    fn row_score(&self, _correct: bool) -> Option<f64> {
        None
    }
}

impl Plain {
    /// Rows that disagree, and rows that would by chance.
    fn disagreements(sums: &ClassSums<'_>) -> (f64, f64) {
        let total: f64 = sums.predicted.iter().sum();
        let correct: f64 = sums.true_positive.iter().sum();
        let pairs = sums.support.iter().zip(sums.predicted);
        // Summed over what disagrees, so that nothing cancels.
        let apart: f64 = pairs
            .map(|(gold, predicted)| gold * others(total, *predicted))
            .sum();
        (total - correct, apart / total)
    }
}

/// What is left of a total; not below zero, where weighted sums are off in the last bit.
fn others(total: f64, part: f64) -> f64 {
    (total - part).max(0.0)
}

/// How far two classes are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distance {
    Linear,
    Quadratic,
}

impl Distance {
    fn of(self, left: usize, right: usize) -> f64 {
        let places = left.abs_diff(right) as f64;
        match self {
            Self::Linear => places,
            Self::Quadratic => places * places,
        }
    }
}

/// A disagreement counts by distance. The statistics: the distance, then one column a gold class and one a
/// predicted class.
struct Weighted {
    distance: Distance,
    classes: Vec<String>,
}

impl Weighted {
    fn disagreements(&self, sums: &[f64], n: f64) -> (f64, f64) {
        let (gold, predicted) = sums[1..].split_at(self.classes.len());
        let mut expected = 0.0;
        for (row, gold) in gold.iter().enumerate() {
            for (column, predicted) in predicted.iter().enumerate() {
                expected += self.distance.of(row, column) * gold * predicted;
            }
        }
        (sums[0], expected / n)
    }
}

impl RowMetric for Weighted {
    fn width(&self) -> usize {
        1 + 2 * self.classes.len()
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        row_classes::check_gold(row, &self.classes)?;
        row_classes::check_predicted(row, &self.classes)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let gold = row_classes::gold(row, &self.classes);
        if let (Some(gold), Some(predicted)) = (gold, row_classes::predicted(row, &self.classes)) {
            out[0] = self.distance.of(gold, predicted);
            out[1 + gold] = 1.0;
            out[1 + self.classes.len() + predicted] = 1.0;
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        let (observed, expected) = self.disagreements(sums, n);
        kappa(observed, expected)
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let (observed, expected) = self.disagreements(sums, n);
        agreements(observed, expected, n)
    }

    fn row_score(&self, _stats: &[f64]) -> Option<f64> {
        None
    }
}

/// The two disagreements as means over rows.
fn agreements(observed: f64, expected: f64, n: f64) -> Components {
    let mean = |sum: f64| (n > 0.0).then_some(sum / n);
    vec![
        ("observed_disagreement".into(), mean(observed)),
        ("expected_disagreement".into(), mean(expected)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_agreement_beyond_chance() {
        // Two readers of 50 proposals: 20 both yes, 15 both no, 5 and 10 apart. Chance agrees on half of them.
        let sums = ClassSums {
            labels: &["yes", "no"],
            true_positive: &[20.0, 15.0],
            support: &[25.0, 25.0],
            predicted: &[30.0, 20.0],
            included: &[true, true],
            n: 50.0,
        };
        assert!((Plain.value(&sums) - 0.4).abs() < 1e-15);
        assert_eq!(
            Plain.components(&sums),
            [
                ("observed_disagreement".to_owned(), Some(0.3)),
                ("expected_disagreement".to_owned(), Some(0.5))
            ]
        );
    }

    #[test]
    fn weights_count_the_distance_of_classes() {
        let kappa = |distance: Distance, apart: f64| {
            let metric = Weighted {
                distance,
                classes: vec!["low".into(), "mid".into(), "high".into()],
            };
            // Gold and predicted: one low, one mid, two high each; two rows are apart by one place.
            metric.value(&[apart, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0], 4.0)
        };
        assert!((kappa(Distance::Linear, 2.0) - (1.0 - 2.0 / (14.0 / 4.0))).abs() < 1e-15);
        assert!((kappa(Distance::Quadratic, 2.0) - (1.0 - 2.0 / (22.0 / 4.0))).abs() < 1e-15);
        assert_eq!(kappa(Distance::Quadratic, 0.0), 1.0);
    }

    #[test]
    fn chance_that_cannot_disagree_leaves_kappa_undefined() {
        assert!(kappa(0.0, 0.0).is_nan());
    }
}
