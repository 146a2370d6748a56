//! `ece` and `mce`: how far confidence and accuracy are apart in bins of confidence.

use super::bins::{Bin, Closed, Norm, bin_of, quantile_borders, uniform_borders};
use crate::error::Result;
use crate::metrics::classification::positive::POSITIVE_LABEL;
use crate::metrics::classification::probabilities::{SCORES, Scores};
use crate::metrics::classification::row_classes;
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Direction, Entry, Field, ParamKind, ParamSpec,
    Params, Problem, Row, RowFlags, RowMetric, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry's entry of `ece`.
pub static ECE: Entry = Entry {
    name: "ece",
    summary: "Expected calibration error: how far confidence and accuracy are apart, averaged over bins of confidence.",
    params: &[BINNING, CLOSED, N_BINS, NORM, POSITIVE, SCORES],
    needs: &[Field::ClassScores, Field::Labels],
    direction: Direction::Lower,
    reference: "scikit-learn 1.9.1 calibration_curve, its bins averaged",
    source: "Guo et al. 2017, https://proceedings.mlr.press/v70/guo17a.html; \
             quantile bins: Nixon et al. 2019, https://arxiv.org/abs/1904.01685",
    build: |params, _| {
        let norm = match params.text(NORM.name) {
            "l2" => Norm::L2,
            _ => Norm::L1,
        };
        build(params, norm)
    },
    ..Entry::LABELS
};

/// The registry's entry of `mce`.
pub static MCE: Entry = Entry {
    name: "mce",
    summary: "Maximum calibration error: how far confidence and accuracy are apart in the worst bin of confidence.",
    params: &[BINNING, CLOSED, N_BINS, POSITIVE, SCORES],
    build: |params, _| build(params, Norm::Max),
    ..ECE
};

const BINNING: ParamSpec = ParamSpec {
    name: "binning",
    summary: "Bins of equal width (uniform), or with equally many rows (quantile).",
    kind: ParamKind::Choice(&["uniform", "quantile"]),
};

const CLOSED: ParamSpec = ParamSpec {
    name: "closed",
    summary: "The bin of a confidence on a border: the one below, (a, b], or the one above, [a, b); 0 and 1 are \
              always in the outer bins.",
    kind: ParamKind::Choice(&["right", "left"]),
};

const N_BINS: ParamSpec = ParamSpec {
    name: "n_bins",
    summary: "Number of bins.",
    kind: ParamKind::Int {
        default: 15,
        low: 1,
        high: 1_000,
    },
};

const NORM: ParamSpec = ParamSpec {
    name: "norm",
    summary: "The mean gap (l1), or the root of the mean squared gap (l2), over rows.",
    kind: ParamKind::Choice(&["l1", "l2"]),
};

const POSITIVE: ParamSpec = ParamSpec {
    summary: "Judge the probability of this class; without it, that of each row's most probable class.",
    ..POSITIVE_LABEL
};

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(params: &Params, norm: Norm) -> Result<Statistics> {
    let positive = params.text(POSITIVE.name);
    let gaps = Gaps {
        bins: params.int(N_BINS.name) as usize,
        closed: match params.text(CLOSED.name) {
            "left" => Closed::Left,
            _ => Closed::Right,
        },
        norm,
        positive: (!positive.is_empty()).then(|| positive.to_owned()),
        scores: Scores::of(params),
    };
    Ok(match params.text(BINNING.name) {
        "quantile" => Statistics::Collected(Box::new(Quantile(gaps))),
        _ => Statistics::Rows(Box::new(Uniform {
            borders: uniform_borders(gaps.bins),
            gaps,
        })),
    })
}

/// What both kinds of bins share.
struct Gaps {
    bins: usize,
    closed: Closed,
    norm: Norm,
    positive: Option<String>,
    scores: Scores,
}

impl Gaps {
    fn check(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        row_classes::check_gold(row, row.classes())?;
        let known = |positive: &String| row.classes().contains(positive);
        if !self.positive.as_ref().is_none_or(known) {
            return Err(Problem::new(
                "UNKNOWN_LABEL",
                "prediction.class_scores",
                "none of the classes that have scores is the positive_label",
            ));
        }
        self.scores.check(row)
    }

    /// The judged class's probability, and whether the class is gold.
    fn confidence(&self, row: &Row<'_>) -> (f64, bool) {
        let scores = row.class_scores();
        let judged = match &self.positive {
            Some(positive) => row.classes().iter().position(|class| class == positive),
            None => row_classes::best(&scores),
        };
        let confidence = judged.map_or(0.0, |class| self.scores.probabilities(scores).get(class));
        (confidence, judged == row_classes::gold(row, row.classes()))
    }
}

/// Of every bin its rows, their mean confidence and their accuracy: a reliability diagram.
fn diagram(bins: impl Iterator<Item = Bin>) -> Components {
    let mut parts = Components::new();
    for (bin, at) in bins.zip(1..) {
        parts.push((format!("bin.{at}.count"), Some(bin.count)));
        parts.push((format!("bin.{at}.confidence"), bin.mean(bin.confidence)));
        parts.push((format!("bin.{at}.accuracy"), bin.mean(bin.right)));
    }
    parts
}

/// Bins of equal width: sums of rows. The statistics: of every bin count, confidence and rows that are right.
struct Uniform {
    gaps: Gaps,
    borders: Vec<f64>,
}

impl Uniform {
    fn bins(sums: &[f64]) -> impl Iterator<Item = Bin> + '_ {
        sums.chunks_exact(3).map(|sums| Bin {
            count: sums[0],
            confidence: sums[1],
            right: sums[2],
        })
    }
}

impl RowMetric for Uniform {
    fn width(&self) -> usize {
        3 * self.gaps.bins
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        self.gaps.check(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (confidence, right) = self.gaps.confidence(row);
        let bin = bin_of(confidence, &self.borders, self.gaps.closed);
        out[3 * bin..][..3].copy_from_slice(&[1.0, confidence, f64::from(u8::from(right))]);
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], _n: f64) -> f64 {
        self.gaps.norm.error(Self::bins(sums))
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        diagram(Self::bins(sums))
    }

    fn row_score(&self, _stats: &[f64]) -> Option<f64> {
        None
    }
}

/// Bins with equally many rows: their borders depend on all rows.
struct Quantile(Gaps);

impl CollectedMetric for Quantile {
    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        self.0.check(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let (confidence, right) = self.0.confidence(row);
        out.extend([confidence, f64::from(u8::from(right))]);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let kept = rows.iter().zip(0..);
        let mut sorted: Vec<(f64, bool, u32)> = kept
            .map(|(kept, row)| (kept[0], kept[1] == 1.0, row))
            .collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        Box::new(QuantileRows {
            gaps: &self.0,
            sorted,
        })
    }
}

/// Rows in ascending order of confidence: confidence, whether right, which row.
struct QuantileRows<'r> {
    gaps: &'r Gaps,
    sorted: Vec<(f64, bool, u32)>,
}

impl QuantileRows<'_> {
    fn bins(&self, weights: &[f64]) -> Vec<Bin> {
        let weight = |row: u32| weights[row as usize];
        let weighted: Vec<(f64, f64)> = self
            .sorted
            .iter()
            .map(|(at, _, row)| (*at, weight(*row)))
            .collect();
        let borders = quantile_borders(&weighted, self.gaps.bins);
        let mut bins = vec![Bin::default(); self.gaps.bins];
        let mut bin = 0;
        for (confidence, right, row) in &self.sorted {
            // Confidences ascend, so their bins do.
            let behind = |border: &f64| self.gaps.closed.is_behind(*confidence, *border);
            while borders.get(bin).is_some_and(behind) {
                bin += 1;
            }
            bins[bin].add(*confidence, *right, weight(*row));
        }
        bins
    }
}

impl Weighted for QuantileRows<'_> {
    fn value(&self, weights: &[f64]) -> f64 {
        self.gaps.norm.error(self.bins(weights).into_iter())
    }

    fn components(&self, weights: &[f64]) -> Components {
        diagram(self.bins(weights).into_iter())
    }
}
