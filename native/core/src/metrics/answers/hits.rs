//! Metrics that say of every answer whether it is right; the value is the share of right ones, 0 to 100.

use super::words::percent;
use crate::metrics::{Components, Estimand, Field, Problem, Row, RowFlags, RowMetric, Statistics};
use crate::text::scratch::Scratch;

/// Whether an answer is right.
pub(super) trait Hit: Send + Sync + 'static {
    /// As [`RowMetric::needs`].
    fn needs(&self) -> Option<&'static [Field]> {
        None
    }

    /// As [`RowMetric::checks_rows`].
    fn checks_rows(&self) -> bool {
        false
    }

    /// As [`RowMetric::check_row`].
    fn check_row(&self, _row: &Row<'_>) -> Result<(), Problem> {
        Ok(())
    }

    /// Whether the answer of a row is right.
    fn is_hit(&self, row: &Row<'_>, scratch: &mut Scratch) -> bool;
}

/// The metric that counts hits.
pub(super) fn share_of(hit: impl Hit) -> Statistics {
    Statistics::Rows(Box::new(Share(hit)))
}

struct Share<H>(H);

impl<H: Hit> RowMetric for Share<H> {
    fn width(&self) -> usize {
        1
    }

    fn needs(&self) -> Option<&'static [Field]> {
        self.0.needs()
    }

    fn checks_rows(&self) -> bool {
        self.0.checks_rows()
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        self.0.check_row(row)
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        out[0] = f64::from(u8::from(self.0.is_hit(row, scratch)));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        percent(sums[0], n)
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        vec![("matches".into(), Some(sums[0]))]
    }

    fn estimand(&self) -> Estimand {
        Estimand::Proportion
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(100.0 * stats[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always;

    impl Hit for Always {
        fn is_hit(&self, _row: &Row<'_>, _scratch: &mut Scratch) -> bool {
            true
        }
    }

    #[test]
    fn the_value_is_in_percent() {
        let metric = Share(Always);
        let mut out = [0.0];
        metric.row(
            &Row::of_texts("", &[""], 1),
            &mut Scratch::default(),
            &mut out,
        );
        assert_eq!(out, [1.0]);
        assert_eq!(metric.value(&[1.0], 3.0), 100.0 / 3.0);
        assert_eq!(metric.row_score(&[1.0]), Some(100.0));
        assert_eq!(
            metric.components(&[1.0], 3.0),
            [("matches".into(), Some(1.0))]
        );
        assert!(metric.value(&[0.0], 0.0).is_nan());
    }
}
