//! Kendall's rank correlation, as scipy's `kendalltau`.

use super::pairs::PairCounter;
use super::{NUMBERS, check_numbers, numbers, rankings};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Entry, ParamKind, ParamSpec, Problem, Row,
    RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "kendall",
    summary: "Pairs of rows that predicted and gold numbers order alike, less those they order differently; -1 to 1.",
    params: &[ParamSpec {
        name: "variant",
        summary: "How ties are allowed for: tau-b, or tau-c for scales of different length.",
        kind: ParamKind::Choice(&["b", "c"]),
    }],
    range: (-1.0, 1.0),
    weighted: false,
    undefined: "the numbers of a side are all the same",
    reference: "scipy 1.17.1 kendalltau",
    source: "Kendall 1945, https://doi.org/10.1093/biomet/33.3.239; Stuart 1953, https://doi.org/10.2307/2333101",
    build: |params, _| {
        Ok(Statistics::Collected(Box::new(Kendall {
            stuart: params.text("variant") == "c",
        })))
    },
    ..NUMBERS
};

struct Kendall {
    /// tau-c instead of tau-b.
    stuart: bool,
}

impl CollectedMetric for Kendall {
    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        check_numbers(row)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let (predicted, gold) = numbers(row);
        out.extend([predicted, gold]);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let (predicted, gold) = rankings(rows);
        Box::new(Counted {
            stuart: self.stuart,
            pairs: PairCounter::new(predicted, gold),
        })
    }
}

struct Counted {
    stuart: bool,
    pairs: PairCounter,
}

impl Weighted for Counted {
    fn value(&self, weights: &[f64]) -> f64 {
        let pairs = self.pairs.count(weights);
        if self.stuart {
            pairs.tau_c()
        } else {
            pairs.tau_b()
        }
    }

    fn components(&self, weights: &[f64]) -> Components {
        let pairs = self.pairs.count(weights);
        vec![
            ("concordant".into(), Some(pairs.concordant)),
            ("discordant".into(), Some(pairs.discordant)),
            ("tied_prediction".into(), Some(pairs.tied_left)),
            ("tied_value".into(), Some(pairs.tied_right)),
        ]
    }
}
