//! Rows with sets of labels: rates of every row, and whether sets are equal.

use super::rate::{Counts, Rates};
use crate::metrics::{Components, Estimand, Field, Row, RowFlags, RowMetric};
use crate::text::scratch::Scratch;

/// Sizes of the row's sets and of what they share.
fn counts(row: &Row<'_>) -> Counts {
    let (gold, predicted) = (row.gold_label_set(), row.predicted_label_set());
    let shared = gold
        .iter()
        .filter(|label| predicted.contains(label))
        .count();
    Counts {
        tp: shared as f64,
        support: gold.len() as f64,
        predicted: predicted.len() as f64,
    }
}

/// Rates of every row's sets, averaged over rows. The statistics: of every rate the sum, and the rows that have
/// the rate.
pub struct SampleRates {
    /// The rates.
    pub rates: Rates,
    /// The value of a rate without denominator; NaN leaves the row out.
    pub zero_division: f64,
}

impl RowMetric for SampleRates {
    fn width(&self) -> usize {
        2 * self.rates.parts.len()
    }

    fn needs(&self) -> Option<&'static [Field]> {
        Some(Field::LABEL_SETS)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let counts = counts(row);
        for ((_, rate), out) in self.rates.parts.iter().zip(out.chunks_exact_mut(2)) {
            let value = rate.of(counts, self.zero_division);
            if !value.is_nan() {
                out.copy_from_slice(&[value, 1.0]);
            }
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], _n: f64) -> f64 {
        // Without rows that have the rate this is 0 / 0: undefined.
        sums[2 * self.rates.own] / sums[2 * self.rates.own + 1]
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        let means = sums
            .chunks_exact(2)
            .map(|sums| (sums[1] > 0.0).then(|| sums[0] / sums[1]));
        let names = self.rates.parts.iter().map(|(name, _)| (*name).to_owned());
        names.zip(means).collect()
    }

    fn row_score(&self, _stats: &[f64]) -> Option<f64> {
        // The registry promises none, since other averages have none.
        None
    }
}

/// Whether the two sets of a row are equal.
pub struct SubsetAccuracy;

impl RowMetric for SubsetAccuracy {
    fn width(&self) -> usize {
        1
    }

    fn needs(&self) -> Option<&'static [Field]> {
        Some(Field::LABEL_SETS)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let counts = counts(row);
        let equal = counts.tp == counts.support && counts.tp == counts.predicted;
        out[0] = f64::from(u8::from(equal));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        // Without rows this is 0 / 0: undefined.
        sums[0] / n
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        vec![("correct".into(), Some(sums[0]))]
    }

    fn estimand(&self) -> Estimand {
        Estimand::Proportion
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[0])
    }
}
