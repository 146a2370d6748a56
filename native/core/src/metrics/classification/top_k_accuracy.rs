//! `top_k_accuracy`: the share of rows whose gold class is among the k highest scores.

use super::row_classes;
use crate::metrics::{
    Components, Entry, Estimand, Field, ParamKind, ParamSpec, Problem, Row, RowFlags, RowMetric,
    Statistics,
};
use crate::text::scratch::Scratch;

/// The registry's entry.
pub static ENTRY: Entry = Entry {
    name: "top_k_accuracy",
    summary: "The share of rows whose gold class is among the k classes of the highest scores.",
    params: &[ParamSpec {
        name: "k",
        summary: "How many of the highest scores count.",
        kind: ParamKind::Int {
            default: 2,
            low: 1,
            high: 1_000,
        },
    }],
    needs: &[Field::ClassScores, Field::Labels],
    row_score: true,
    reference: "scikit-learn 1.9.1 top_k_accuracy_score",
    source: "the definition",
    build: |params, _| Ok(Statistics::Rows(Box::new(TopK(params.int("k") as usize)))),
    ..Entry::LABELS
};

struct TopK(usize);

impl TopK {
    fn hit(&self, row: &Row<'_>) -> bool {
        let scores = row.class_scores();
        let Some((gold, score)) =
            row_classes::gold(row, row.classes()).and_then(|gold| Some((gold, scores.get(gold)?)))
        else {
            return false;
        };
        // scikit-learn ranks the later class first on ties, but of two classes the earlier one.
        let two = scores.len() == 2;
        let before = |(class, other): (usize, f64)| {
            other > score || (other == score && if two { class < gold } else { class > gold })
        };
        scores
            .iter()
            .enumerate()
            .filter(|other| before(*other))
            .count()
            < self.0
    }
}

impl RowMetric for TopK {
    fn width(&self) -> usize {
        1
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        row_classes::check_gold(row, row.classes())
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        out[0] = f64::from(u8::from(self.hit(row)));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        // Without rows this is 0 / 0: undefined.
        sums[0] / n
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        vec![("hits".into(), Some(sums[0]))]
    }

    fn estimand(&self) -> Estimand {
        Estimand::Proportion
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[0])
    }
}
