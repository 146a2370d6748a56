//! Tail probabilities of Student's t distribution, to the last digits for any degrees of freedom.

use std::f64::consts::PI;

/// Steps of the continued fraction, at most; it takes about as many as the root of the degrees of freedom.
const MOST_STEPS: u32 = 1_000_000;

/// Probability of a t at least as far from zero.
pub fn two_sided(t: f64, df: f64) -> f64 {
    let square = t * t;
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if square.is_infinite() {
        return 0.0;
    }
    // The regularised incomplete beta function at df / (df + t^2), for df / 2 and 1 / 2.
    let a = df / 2.0;
    let (far, near) = (df / (df + square), square / (df + square));
    let front = (-a * (square / df).ln_1p()).exp() * near.sqrt() * gamma_ratio(a) / PI.sqrt();
    if far < (a + 1.0) / (a + 2.5) {
        front * fraction(a, 0.5, far) / a
    } else {
        1.0 - front * fraction(0.5, a, near) / 0.5
    }
}

/// Probability of a larger t.
pub fn above(t: f64, df: f64) -> f64 {
    let half = two_sided(t, df) / 2.0;
    if t > 0.0 { half } else { 1.0 - half }
}

/// gamma(a + 1/2) / gamma(a). The logarithms of both would lose as many digits as a has.
pub(super) fn gamma_ratio(a: f64) -> f64 {
    let (mut a, mut factor) = (a, 1.0);
    while a < 20.0 {
        factor *= a / (a + 0.5);
        a += 1.0;
    }
    let square = 1.0 / (a * a);
    let small = 17.0 / 14_336.0 - 31.0 / 18_432.0 * square;
    let log = (-1.0 / 8.0 + (1.0 / 192.0 - (1.0 / 640.0 - small * square) * square) * square) / a;
    factor * a.sqrt() * log.exp()
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method.
pub(super) fn fraction(a: f64, b: f64, x: f64) -> f64 {
    // Where a denominator would be zero.
    let safe = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / safe(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for step in 1..MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / safe(1.0 + even * d);
        c = safe(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / safe(1.0 + odd * d);
        c = safe(1.0 + odd / c);
        let change = d * c;
        result *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `2 * scipy.stats.t.sf(t, df)` of scipy 1.17.1; live in tests/properties.
    #[test]
    fn tails_are_those_of_scipy() {
        for (t, df, expected) in [
            (1.0, 1.0, 0.5),
            (2.0, 2.0, 0.183_503_419_072_274),
            (2.228_138_851_964_938_6, 10.0, 0.050_000_000_001_808_64),
        ] {
            let got = two_sided(t, df);
            assert!((got / expected - 1.0).abs() < 1e-12, "{t} {df}: {got:e}");
            assert_eq!(two_sided(-t, df), got);
        }
    }

    #[test]
    fn ends_and_what_is_no_number() {
        assert_eq!(two_sided(0.0, 5.0), 1.0);
        assert_eq!(two_sided(f64::INFINITY, 5.0), 0.0);
        assert!(two_sided(f64::NAN, 5.0).is_nan());
        assert!(two_sided(1.0, 0.0).is_nan());
        assert_eq!(above(0.0, 3.0), 0.5);
        assert!((above(1.0, 1.0) - 0.25).abs() < 1e-15);
        assert!((above(-1.0, 1.0) - 0.75).abs() < 1e-15);
    }
}
