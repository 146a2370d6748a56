//! Intervals of a proportion: so many right answers of so many independent ones.

use std::f64::consts::PI;

use super::binomial::{deviance, stirling_error};
use super::{quantile, student};

/// The score interval (Wilson 1927): the rates that a normal test of the observed one does not reject.
pub fn wilson(successes: f64, n: f64, confidence: f64) -> (f64, f64) {
    let rate = successes / n;
    let z = -quantile::normal((1.0 - confidence) / 2.0);
    let square = z * z;
    let denominator = 1.0 + square / n;
    let center = (rate + square / (2.0 * n)) / denominator;
    let spread = rate * (1.0 - rate) / n + square / (4.0 * n * n);
    let half = z * spread.sqrt() / denominator;
    // Exactly an end of the scale where rounding would miss it.
    let low = if successes == 0.0 { 0.0 } else { center - half };
    let high = if successes == n { 1.0 } else { center + half };
    (low, high)
}

/// The exact interval (Clopper and Pearson 1934): the rates that neither tail of the binomial distribution rejects. It
/// covers at least as often as it says.
pub fn clopper_pearson(successes: f64, n: f64, confidence: f64) -> (f64, f64) {
    let tail = (1.0 - confidence) / 2.0;
    let low = lower(successes, n, tail);
    (low, 1.0 - lower(n - successes, n, tail))
}

/// Standard error of a proportion.
pub fn std_error(successes: f64, n: f64) -> f64 {
    let rate = successes / n;
    (rate * (1.0 - rate) / n).sqrt()
}

/// The rate at which as many successes, or more, have this probability, which is at most a quarter.
fn lower(successes: f64, n: f64, tail: f64) -> f64 {
    if successes < 1.0 {
        return 0.0;
    }
    if successes == 1.0 {
        return -((-tail).ln_1p() / n).exp_m1();
    }
    // At the mode the probability is above a quarter, and below the mode it is convex: no step goes too far.
    let mode = (successes - 1.0) / (n - 1.0);
    if successes == n {
        return (tail.ln() / n).exp();
    }
    quantile::newton(mode, |rate| {
        let exactly = probability(successes, n, rate);
        let fraction = student::fraction(successes, n - successes + 1.0, rate);
        let at_least = exactly * (1.0 - rate) * fraction;
        (tail - at_least) * rate / (exactly * successes)
    })
}

/// Probability of so many successes, between none and all, by saddle point (Loader 2000).
fn probability(successes: f64, n: f64, rate: f64) -> f64 {
    let failures = n - successes;
    let log = stirling_error(n)
        - stirling_error(successes)
        - stirling_error(failures)
        - deviance(successes, n * rate)
        - deviance(failures, n * (1.0 - rate));
    log.exp() * (n / (2.0 * PI * successes * failures)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `proportion_confint(count, nobs, .05, method)` of statsmodels 0.15.0; live in tests/properties.
    #[test]
    fn ends_are_those_of_statsmodels() {
        let close = |got: (f64, f64), expected: (f64, f64)| {
            let apart = (got.0 - expected.0).abs().max((got.1 - expected.1).abs());
            assert!(apart < 1e-14, "{got:?} {expected:?}");
        };
        close(
            wilson(7.0, 10.0, 0.95),
            (0.396_778_147_461_145_37, 0.892_208_732_593_698_9),
        );
        close(
            clopper_pearson(7.0, 10.0, 0.95),
            (0.347_547_149_940_002_7, 0.933_260_488_822_265_5),
        );
    }

    #[test]
    fn ends_of_the_scale() {
        for n in [1.0, 2.0, 5.0, 1_000_000.0] {
            for of in [wilson, clopper_pearson] {
                let (none, all) = (of(0.0, n, 0.95), of(n, n, 0.95));
                assert_eq!((none.0, all.1), (0.0, 1.0));
                assert!((none.1 + all.0 - 1.0).abs() < 1e-12);
                assert!(none.1 > 0.0 && none.1 < 1.0);
            }
        }
    }
}
