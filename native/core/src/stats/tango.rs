//! The score test and interval of a difference of two shares over the same rows (Tango 1998).
//!
//! Only rows that go up (wrong before, right now) or down count. The variance is that of the difference that is tested,
//! not of the one that was seen, so that it also holds where hardly a row changed, or none.

use super::quantile;

/// Halvings of an interval of at most two until it has no number inside.
const HALVINGS: u32 = 64;

/// The seen difference minus the supposed one, in standard errors under the latter.
pub fn score(up: u64, down: u64, rows: u64, difference: f64) -> f64 {
    let (up, down, rows) = (up as f64, down as f64, rows as f64);
    // The likeliest share of rows that go down, if the shares differ by so much.
    let linear = (2.0 * rows - up + down) * difference - up - down;
    let constant = -down * difference * (1.0 - difference);
    let root = (linear * linear - 8.0 * rows * constant).max(0.0).sqrt();
    // Of the two forms of the root the one that subtracts nothing.
    let share = if linear > 0.0 {
        -2.0 * constant / (root + linear)
    } else {
        (root - linear) / (4.0 * rows)
    };
    let variance = rows * (2.0 * share + difference * (1.0 - difference));
    (up - down - rows * difference) / variance.sqrt()
}

/// The differences that the test does not reject.
pub fn interval(up: u64, down: u64, rows: u64, confidence: f64) -> (f64, f64) {
    let z = quantile::normal(f64::midpoint(1.0, confidence));
    (-highest(down, up, rows, z), highest(up, down, rows, z))
}

/// The highest difference whose score is not below -z; scores fall as the difference grows.
fn highest(up: u64, down: u64, rows: u64, z: f64) -> f64 {
    let (mut inside, mut outside) = ((up as f64 - down as f64) / rows as f64, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(inside, outside);
        if score(up, down, rows, middle) < -z {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!(
            (got - expected).abs() < tolerance,
            "{got} is not {expected}"
        );
    }

    #[test]
    fn at_no_difference_the_score_is_mcnemars() {
        close(score(30, 12, 500, 0.0), 18.0 / 42.0_f64.sqrt(), 1e-12);
    }

    /// Fagerland, Lydersen and Laake 2014, table 6 (airway hyper-responsiveness): 1 up, 7 down of 21.
    #[test]
    fn a_published_interval() {
        let (low, high) = interval(1, 7, 21, 0.95);
        close(low, -0.517, 5e-4);
        close(high, -0.026, 5e-4);
    }

    #[test]
    fn rows_that_do_not_change_leave_a_doubt() {
        // z^2 / (n + z^2).
        let square = 1.959_963_984_540_054_f64.powi(2);
        let (low, high) = interval(0, 0, 50, 0.95);
        close(high, square / (50.0 + square), 1e-9);
        close(low, -high, 1e-15);
    }

    #[test]
    fn ends_stay_on_the_scale_and_mirror() {
        for (up, down, rows) in [(1, 0, 1), (20, 0, 20), (7, 3, 10), (0, 3, 1_000_000)] {
            let (low, high) = interval(up, down, rows, 0.95);
            let seen = (up as f64 - down as f64) / rows as f64;
            assert!(-1.0 <= low && low <= seen && seen <= high && high <= 1.0);
            let (mirrored, _) = interval(down, up, rows, 0.95);
            close(mirrored, -high, 1e-15);
        }
    }
}
