//! Is a difference surely smaller than a margin? One-sided p-values for both ends of it.
//!
//! Two one-sided tests make a test of equivalence (Schuirmann 1987): it is significant at a level if the interval of
//! 1 - 2 x level lies within the margin. One of them alone is a test of non-inferiority.

use super::paired_t::MeanDifference;
use super::{quantile, student, tango};

/// One-sided p-values of differences at or beyond a margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beyond {
    /// Of a difference of minus the margin, or lower.
    pub below: f64,
    /// Of a difference of the margin, or higher.
    pub above: f64,
}

impl Beyond {
    /// Both tests must succeed.
    pub fn equivalence(&self) -> f64 {
        self.below.max(self.above)
    }

    /// Of a mean: Student's t at both ends.
    pub fn of_mean(found: &MeanDifference, margin: f64) -> Self {
        let p = |distance: f64| student::above(distance / found.std_error, found.df);
        Self {
            below: p(margin + found.mean),
            above: p(margin - found.mean),
        }
    }

    /// Of a share of rows, from the rows that changed: Tango's score test (1998), which also holds where hardly a row
    /// did. `margin` is a share.
    pub fn of_flips(up: u64, down: u64, rows: u64, margin: f64) -> Self {
        Self {
            below: above(tango::score(up, down, rows, -margin)),
            above: above(-tango::score(up, down, rows, margin)),
        }
    }

    /// Of bootstrap replicates of the difference: the share at or beyond either end, counted as p-values of draws are.
    /// One without a value counts as beyond.
    pub fn of_replicates(replicates: &[f64], margin: f64) -> Self {
        let inside = |is_inside: &dyn Fn(f64) -> bool| {
            let outside = replicates.iter().filter(|value| !is_inside(**value));
            (outside.count() + 1) as f64 / (replicates.len() + 1) as f64
        };
        Self {
            below: inside(&|value| value > -margin),
            above: inside(&|value| value < margin),
        }
    }

    /// Of units that do not differ at all, for a value that they move by at most `reach`: had a share of margin / reach of
    /// them to differ, this is the probability that none of these is among them.
    pub fn of_no_change(units: u64, margin: f64, reach: f64) -> Self {
        let p = (units as f64 * (-(margin / reach).min(1.0)).ln_1p()).exp();
        Self { below: p, above: p }
    }
}

/// Probability of a larger standard normal value.
fn above(value: f64) -> f64 {
    quantile::below(-value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    /// Tango 1998, example: 43 of 44 pairs concordant, one down; margin 0.1: z = 1.709, p = 0.0437.
    #[test]
    fn tangos_own_example() {
        let p = Beyond::of_flips(0, 1, 44, 0.1).below;
        assert!((p - 0.0437).abs() < 5e-4, "{p}");
    }

    #[test]
    fn no_change_is_judged_by_the_number_of_rows() {
        let few = Beyond::of_flips(0, 0, 10, 0.05);
        assert!(few.equivalence() > 0.2);
        assert!(Beyond::of_flips(0, 0, 500, 0.05).equivalence() < 1e-6);
        close(
            Beyond::of_no_change(100, 5.0, 100.0).below,
            0.95_f64.powi(100),
        );
        close(Beyond::of_no_change(3, 5.0, 1.0).below, 0.0);
    }

    #[test]
    fn ends_of_means_and_replicates() {
        let found = MeanDifference {
            mean: 0.0,
            std_error: 1.0,
            df: 1.0,
        };
        let both = Beyond::of_mean(&found, 1.0);
        close(both.below, 0.25);
        close(both.above, 0.25);
        let replicates: Vec<f64> = (0..99).map(|at| f64::from(at) / 100.0).collect();
        let both = Beyond::of_replicates(&replicates, 0.9);
        close(both.below, 0.01);
        close(both.above, 0.1);
        close(
            Beyond::of_replicates(&[f64::NAN; 9], 1.0).equivalence(),
            1.0,
        );
    }
}
