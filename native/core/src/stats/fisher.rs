//! Upper tail of the F distribution, to the last digits for any degrees of freedom.

use std::f64::consts::PI;

use super::student::{fraction, gamma_ratio};

/// Probability of a larger F.
pub fn above(f: f64, numerator: u64, denominator: f64) -> f64 {
    if f.is_nan() || denominator.is_nan() || numerator == 0 || denominator <= 0.0 {
        return f64::NAN;
    }
    if f <= 0.0 {
        return 1.0;
    }
    if f.is_infinite() {
        return 0.0;
    }
    // The regularised incomplete beta function at far, for denominator / 2 and numerator / 2.
    let (a, b) = (denominator / 2.0, numerator as f64 / 2.0);
    let ratio = numerator as f64 * f / denominator;
    let (far, near) = (1.0 / (1.0 + ratio), ratio / (1.0 + ratio));
    let front = (log_of_inverse_beta(a, numerator) - a * ratio.ln_1p() + b * near.ln()).exp();
    if far < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, far) / a
    } else {
        1.0 - front * fraction(b, a, near) / b
    }
}

/// Logarithm of gamma(a + b) / (gamma(a) gamma(b)) for b half of a whole number; as a product, since the logarithms of
/// the gammas would lose as many digits as a has.
fn log_of_inverse_beta(a: f64, twice_b: u64) -> f64 {
    let whole = twice_b / 2;
    let (first, rest) = if twice_b.is_multiple_of(2) {
        (
            a,
            (1..whole)
                .map(|at| at as f64)
                .map(|at| (a + at) / at)
                .map(f64::ln)
                .sum::<f64>(),
        )
    } else {
        let terms = (0..whole).map(|at| at as f64 + 0.5).map(|at| (a + at) / at);
        (gamma_ratio(a) / PI.sqrt(), terms.map(f64::ln).sum::<f64>())
    };
    first.ln() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAILS: [(f64, u64, f64, f64); 8] = [
        (0.5, 1, 1.0, 0.608_173_447_969_392_8),
        (1.0, 2, 7.5, 0.412_112_908_367_810_9),
        (2.5, 9, 145.25, 0.010_935_401_816_523_005),
        (1.2, 9, 441.0, 0.292_933_489_661_755_9),
        (30.0, 9, 300.0, 4.322_065_247_901_005e-37),
        (1.1, 199, 5000.5, 0.164_198_642_460_039_35),
        (400.0, 3, 90.0, 6.787_021_080_454_419e-52),
        (1.05, 10, 1_000_000.0, 0.397_774_771_127_011_54),
    ];

    /// By mpmath 1.3.0 with 50 digits; scipy's are live in tests/properties.
    #[test]
    fn tails_are_those_of_scipy() {
        for (f, numerator, denominator, expected) in TAILS {
            let got = above(f, numerator, denominator);
            assert!(
                (got / expected - 1.0).abs() < 1e-12,
                "{f} {numerator} {denominator}: {got:e}"
            );
        }
    }

    #[test]
    fn one_degree_is_the_square_of_t() {
        for (t, df) in [(0.3_f64, 4.0), (2.0, 17.5), (30.0, 1e6)] {
            let expected = crate::stats::student::two_sided(t, df);
            assert!(
                (above(t * t, 1, df) / expected - 1.0).abs() < 1e-12,
                "{t} {df}"
            );
        }
    }

    #[test]
    fn ends_and_what_is_no_number() {
        assert_eq!(above(0.0, 3, 5.0), 1.0);
        assert_eq!(above(f64::INFINITY, 3, 5.0), 0.0);
        assert!(above(f64::NAN, 3, 5.0).is_nan());
        assert!(above(1.0, 0, 5.0).is_nan());
        assert!(above(1.0, 3, 0.0).is_nan());
    }
}
