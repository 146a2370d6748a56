//! Fleiss' and Randolph's kappa, as statsmodels 0.15.0.

use super::kappa::{Agreement, Chance, agreement};
use super::units::Unit;
use super::{RATED, RATED_BY_SYSTEM, SYSTEM_IS_RATER, keep_names, named_units, ratings};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Entry, Field, ParamKind, ParamSpec, Row, RowFlags,
    Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "fleiss_kappa",
    summary: "Agreement beyond chance of the same number of raters on every row; 1 is perfect, 0 is chance.",
    params: &[
        ParamSpec {
            name: "method",
            summary: "What chance is: the labels' shares of all ratings (fleiss), or every label alike (randolph).",
            kind: ParamKind::Choice(&["fleiss", "randolph"]),
        },
        SYSTEM_IS_RATER,
    ],
    undefined: "rows have different numbers of ratings, or only one, or all ratings are the same",
    reference: "statsmodels 0.15.0 fleiss_kappa",
    source: "Fleiss 1971, https://doi.org/10.1037/h0031619; Randolph 2005, https://eric.ed.gov/?id=ED490661",
    build: |params, context| {
        Ok(Statistics::Collected(Box::new(FleissKappa {
            chance: if params.text("method") == "randolph" {
                Chance::Uniform
            } else {
                Chance::Marginals
            },
            system_is_rater: params.bool("system_is_rater"),
            classes: context.classes.len(),
        })))
    },
    ..RATED
};

struct FleissKappa {
    chance: Chance,
    system_is_rater: bool,
    /// Classes that the call names: labels that chance could give.
    classes: usize,
}

impl CollectedMetric for FleissKappa {
    fn needs(&self) -> Option<&'static [Field]> {
        self.system_is_rater.then_some(RATED_BY_SYSTEM)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        keep_names(ratings(row, self.system_is_rater), out);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let (units, names) = named_units(rows);
        let counts = || units.iter().map(|unit| unit.ratings);
        Box::new(Rated {
            chance: self.chance,
            values: names.max(self.classes),
            fewest: counts().fold(f64::INFINITY, f64::min),
            most: counts().fold(0.0, f64::max),
            units,
        })
    }
}

struct Rated {
    chance: Chance,
    values: usize,
    fewest: f64,
    most: f64,
    units: Vec<Unit>,
}

impl Rated {
    /// `None` unless all units have the same number of ratings, at least two.
    fn agreement(&self, weights: &[f64]) -> Option<Agreement> {
        let full = self.fewest == self.most && self.fewest >= 2.0;
        full.then(|| agreement(&self.units, self.values, self.chance, weights))
    }
}

impl Weighted for Rated {
    fn value(&self, weights: &[f64]) -> f64 {
        self.agreement(weights).map_or(f64::NAN, Agreement::kappa)
    }

    fn components(&self, weights: &[f64]) -> Components {
        let found = self.agreement(weights);
        let defined = |value: f64| (!value.is_nan()).then_some(value);
        vec![
            (
                "expected_agreement".into(),
                found.and_then(|found| defined(found.expected)),
            ),
            (
                "fewest_ratings".into(),
                self.fewest.is_finite().then_some(self.fewest),
            ),
            ("most_ratings".into(), Some(self.most)),
            (
                "observed_agreement".into(),
                found.and_then(|found| defined(found.observed)),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(metric: &FleissKappa, units: &[&[&str]]) -> (f64, Components) {
        let mut rows = CollectedRows::default();
        for (at, unit) in units.iter().enumerate() {
            let mut numbers = Vec::new();
            keep_names(unit.iter().copied(), &mut numbers);
            rows.push(at as u64, &numbers);
        }
        let prepared = metric.prepare(&rows);
        let weights = vec![1.0; units.len()];
        (prepared.value(&weights), prepared.components(&weights))
    }

    /// Agreement on 2 of 3 rows; chance agrees on half of them, with four classes on a quarter.
    #[test]
    fn chance_is_that_of_the_labels_or_of_the_classes() {
        let units: [&[&str]; 3] = [&["a", "a"], &["a", "b"], &["b", "b"]];
        let metric = |chance| FleissKappa {
            chance,
            system_is_rater: false,
            classes: 4,
        };
        let (kappa, _) = prepared(&metric(Chance::Marginals), &units);
        assert!((kappa - (2.0 / 3.0 - 0.5) / 0.5).abs() < 1e-15);
        let (kappa, _) = prepared(&metric(Chance::Uniform), &units);
        assert!((kappa - (2.0 / 3.0 - 0.25) / 0.75).abs() < 1e-15);
    }

    #[test]
    fn rows_with_other_raters_have_no_kappa() {
        let metric = FleissKappa {
            chance: Chance::Marginals,
            system_is_rater: false,
            classes: 0,
        };
        let (kappa, parts) = prepared(&metric, &[&["a", "a"], &["a", "b", "b"]]);
        assert!(kappa.is_nan());
        assert_eq!(
            parts[1..3],
            [
                ("fewest_ratings".into(), Some(2.0)),
                ("most_ratings".into(), Some(3.0))
            ]
        );
        assert!(prepared(&metric, &[&["a"], &["b"]]).0.is_nan());
        assert!(prepared(&metric, &[&[], &[]]).0.is_nan());
    }
}
