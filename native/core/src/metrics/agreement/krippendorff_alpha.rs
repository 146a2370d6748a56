//! Krippendorff's alpha, as the package krippendorff 0.9.0.

use std::collections::HashMap;

use super::alpha::{Level, Ratings};
use super::units::Unit;
use super::{RATED, RATED_BY_SYSTEM, SYSTEM_IS_RATER, keep_names, named_units, ratings};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Context, Entry, Field, ParamKind, ParamSpec,
    Params, Problem, Row, RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "krippendorff_alpha",
    summary: "Agreement of any number of raters beyond chance, ratings may be missing; 1 is perfect, 0 is chance.",
    params: PARAMS,
    undefined: "no two ratings that can be compared differ, or level=ratio has over 1024 different values",
    reference: "krippendorff 0.9.0",
    source: "Krippendorff 2004, Content Analysis, 2nd ed., chapter 11",
    build: |params, context| {
        Ok(Statistics::Collected(Box::new(KrippendorffAlpha::new(
            params, context,
        ))))
    },
    ..RATED
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "level",
        summary: "What differences of labels mean: nothing but that they differ, their order (of the classes of the \
                  call, else of numbers), the difference of numbers, or that in relation to their sum.",
        kind: ParamKind::Choice(&["nominal", "ordinal", "interval", "ratio"]),
    },
    SYSTEM_IS_RATER,
];

/// Labels that are numbers are below this, so that sums of their squares are finite.
const MAX_NUMBER: f64 = 1e100;

struct KrippendorffAlpha {
    level: Level,
    system_is_rater: bool,
    /// Places of the classes, where their order is the scale.
    places: HashMap<String, f64>,
}

impl KrippendorffAlpha {
    fn new(params: &Params, context: &Context<'_>) -> Self {
        let level = match params.text("level") {
            "ordinal" => Level::Ordinal,
            "interval" => Level::Interval,
            "ratio" => Level::Ratio,
            _ => Level::Nominal,
        };
        let order = if level == Level::Ordinal {
            context.classes
        } else {
            &[]
        };
        Self {
            level,
            system_is_rater: params.bool("system_is_rater"),
            places: order.iter().cloned().zip((0..).map(f64::from)).collect(),
        }
    }

    /// The number that a label of a numeric level stands for.
    fn number(&self, label: &str) -> Option<f64> {
        if !self.places.is_empty() {
            return self.places.get(label).copied();
        }
        let number: f64 = label.parse().ok()?;
        (number.abs() < MAX_NUMBER).then_some(number)
    }
}

impl CollectedMetric for KrippendorffAlpha {
    fn needs(&self) -> Option<&'static [Field]> {
        self.system_is_rater.then_some(RATED_BY_SYSTEM)
    }

    fn checks_rows(&self) -> bool {
        self.level != Level::Nominal
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        let wrong =
            ratings(row, self.system_is_rater).position(|label| self.number(label).is_none());
        let Some(at) = wrong else {
            return Ok(());
        };
        let field = if at < row.human_labels().len() {
            format!("human_labels[{at}]")
        } else {
            "prediction.labels[0]".to_owned()
        };
        let problem = if self.places.is_empty() {
            "must be a number for this level of measurement; words need the classes of the call as their order, or \
             level=nominal"
        } else {
            "is none of the classes of the call, whose order is the scale"
        };
        Err(Problem::new("BAD_LABEL", field, problem))
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let labels = ratings(row, self.system_is_rater);
        if self.level == Level::Nominal {
            keep_names(labels, out);
        } else {
            out.extend(labels.filter_map(|label| self.number(label)));
        }
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let (units, values) = if self.level == Level::Nominal {
            let (units, names) = named_units(rows);
            (units, vec![0.0; names])
        } else {
            numbered_units(rows)
        };
        Box::new(Ratings::new(self.level, units, values))
    }
}

/// Units of ratings that are numbers, and the numbers that occur, ascending.
fn numbered_units(rows: &CollectedRows) -> (Vec<Unit>, Vec<f64>) {
    // -0 and 0 are the same number.
    let plain = |number: &f64| number + 0.0;
    let mut values: Vec<f64> = rows.iter().flatten().map(plain).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let place = |number: &f64| values.binary_search_by(|value| value.total_cmp(&plain(number)));
    let unit = |numbers: &[f64]| {
        let places: Vec<usize> = numbers
            .iter()
            .filter_map(|number| place(number).ok())
            .collect();
        Unit::of(&places)
    };
    (rows.iter().map(unit).collect(), values)
}

impl Weighted for Ratings {
    fn value(&self, weights: &[f64]) -> f64 {
        self.disagreement(weights).alpha()
    }

    fn components(&self, weights: &[f64]) -> Components {
        let found = self.disagreement(weights);
        let defined = |value: f64| (!value.is_nan()).then_some(value);
        vec![
            ("expected_disagreement".into(), defined(found.expected)),
            ("observed_disagreement".into(), defined(found.observed)),
            ("ratings".into(), Some(found.ratings)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_numbers_or_places_of_classes() {
        let mut metric = KrippendorffAlpha {
            level: Level::Ordinal,
            system_is_rater: false,
            places: HashMap::new(),
        };
        assert_eq!(metric.number("-1.5"), Some(-1.5));
        for label in ["", "low", "nan", "inf", "1e400", " 1"] {
            assert_eq!(metric.number(label), None, "{label}");
        }
        metric.places.insert("low".into(), 0.0);
        assert_eq!(
            (metric.number("low"), metric.number("1")),
            (Some(0.0), None)
        );
    }

    #[test]
    fn zeros_of_both_signs_are_one_value() {
        let mut rows = CollectedRows::default();
        rows.push(0, &[-0.0, 2.0]);
        rows.push(1, &[0.0, 2.0]);
        let (units, values) = numbered_units(&rows);
        assert_eq!(units[0], units[1]);
        assert_eq!(values, [0.0, 2.0]);
    }

    #[test]
    fn other_numbers_do_no_harm() {
        let mut rows = CollectedRows::default();
        rows.push(0, &[f64::NAN, f64::INFINITY, -1.0]);
        for level in [
            Level::Nominal,
            Level::Ordinal,
            Level::Interval,
            Level::Ratio,
        ] {
            let metric = KrippendorffAlpha {
                level,
                system_is_rater: false,
                places: HashMap::new(),
            };
            let _ = metric.prepare(&rows).value(&[1.0]);
        }
    }
}
