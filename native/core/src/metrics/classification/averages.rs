//! The parameters that precision, recall, F and Jaccard share, and the metric that they make.

use super::class_rates::{Average, ClassRates};
use super::label_sets::SampleRates;
use super::positive::{POSITIVE_LABEL, Positive};
use super::rate::Rates;
use crate::error::Result;
use crate::metrics::{ParamKind, ParamSpec, Params, Statistics};

/// Whether rows have sets of labels.
pub const MULTILABEL: ParamSpec = ParamSpec {
    name: "multilabel",
    summary: "Whether rows have sets of labels instead of exactly one.",
    kind: ParamKind::Bool(false),
};

const ABSENT_CLASSES: ParamSpec = ParamSpec {
    name: "absent_classes",
    summary: "Whether macro averages count named classes that are neither gold nor predicted, or skip them.",
    kind: ParamKind::Choice(&["count", "skip"]),
};

const ZERO_DIVISION: ParamSpec = ParamSpec {
    name: "zero_division",
    summary: "The value of a rate whose denominator is zero; nan leaves the class out of averages.",
    kind: ParamKind::Choice(&["0", "1", "nan"]),
};

const AVERAGE: ParamSpec = ParamSpec {
    name: "average",
    summary: "How classes are averaged: binary scores the positive class alone, samples averages over rows. The \
              classes one by one are in the components.",
    kind: ParamKind::Choice(&["binary", "micro", "macro", "weighted", "samples"]),
};

const F_AVERAGE: ParamSpec = ParamSpec {
    summary: "How classes are averaged: binary scores the positive class alone, samples averages over rows; macro is \
              the mean of the classes' F, macro_of_means is F of their mean precision and recall. The classes one by \
              one are in the components.",
    kind: ParamKind::Choice(&[
        "binary",
        "micro",
        "macro",
        "macro_of_means",
        "weighted",
        "samples",
    ]),
    ..AVERAGE
};

/// Of precision and recall.
pub const RATE_PARAMS: &[ParamSpec] = &[
    ABSENT_CLASSES,
    AVERAGE,
    MULTILABEL,
    POSITIVE_LABEL,
    ZERO_DIVISION,
];

/// Of F1.
pub const F1_PARAMS: &[ParamSpec] = &[
    ABSENT_CLASSES,
    F_AVERAGE,
    MULTILABEL,
    POSITIVE_LABEL,
    ZERO_DIVISION,
];

/// Of F beta.
pub const F_BETA_PARAMS: &[ParamSpec] = &[
    ABSENT_CLASSES,
    F_AVERAGE,
    ParamSpec {
        name: "beta",
        summary: "How many times as much as precision recall counts.",
        kind: ParamKind::Float {
            default: 1.0,
            low: 0.0,
            high: 1_000.0,
        },
    },
    MULTILABEL,
    POSITIVE_LABEL,
    ZERO_DIVISION,
];

/// Of Jaccard, which scikit-learn gives no nan.
pub const JACCARD_PARAMS: &[ParamSpec] = &[
    ABSENT_CLASSES,
    AVERAGE,
    MULTILABEL,
    POSITIVE_LABEL,
    ParamSpec {
        summary: "The value of a rate whose denominator is zero.",
        kind: ParamKind::Choice(&["0", "1"]),
        ..ZERO_DIVISION
    },
];

/// The metric.
pub fn build(rates: Rates, params: &Params) -> Result<Statistics> {
    let average = params.text(AVERAGE.name);
    if average != "binary" {
        refuse_unused(params, POSITIVE_LABEL)?;
    }
    if !average.starts_with("macro") {
        refuse_unused(params, ABSENT_CLASSES)?;
    }
    let multilabel = params.bool(MULTILABEL.name);
    let zero_division = match params.text(ZERO_DIVISION.name) {
        "1" => 1.0,
        "nan" => f64::NAN,
        _ => 0.0,
    };
    let average = match (average, multilabel) {
        ("binary", true) => {
            return Err(params.error(
                AVERAGE.name,
                "sets of labels have no positive class: name another average",
            ));
        }
        ("samples", false) => {
            return Err(params.error(
                AVERAGE.name,
                "samples is for sets of labels: say multilabel=true as well",
            ));
        }
        ("samples", true) => {
            return Ok(Statistics::Rows(Box::new(SampleRates {
                rates,
                zero_division,
            })));
        }
        ("micro", _) => Average::Micro,
        ("macro", _) => Average::Macro,
        ("macro_of_means", _) => Average::MacroOfMeans,
        ("weighted", _) => Average::Weighted,
        _ => Average::Binary,
    };
    Ok(Statistics::Classes(Box::new(ClassRates {
        rates,
        average,
        multilabel,
        positive: Positive::of(params),
        skip_absent: params.text(ABSENT_CLASSES.name) == "skip",
        zero_division,
    })))
}

/// A parameter without effect is a mistake of the caller.
fn refuse_unused(params: &Params, spec: ParamSpec) -> Result<()> {
    if params.is_default(spec.name) {
        return Ok(());
    }
    let average = params.text(AVERAGE.name);
    Err(params.error(
        spec.name,
        format!("average={average} does not use it; leave it out"),
    ))
}
