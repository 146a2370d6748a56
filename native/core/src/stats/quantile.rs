//! Quantiles and tails to the last digits, in a bounded number of steps: the library's have ten digits, and some of its
//! searches do not end.

use std::f64::consts::PI;

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

use super::student;

/// Newton's steps, at most: the first ones may only double, the last ones double the digits.
const MOST_STEPS: u32 = 200;

/// From so many degrees of freedom on, four terms of the expansion in their reciprocal are all digits (Abramowitz and
/// Stegun 26.7.5).
const MANY: f64 = 2_000.0;

/// Terms of a series, at most.
const MOST_TERMS: u32 = 500;

/// Quantile of the standard normal distribution.
pub fn normal(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// Probability that a standard normal value is below this one.
pub fn below(value: f64) -> f64 {
    let x = value.abs();
    let density = (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
    let beyond = if x < 2.5 {
        // x + x^3 / 3 + x^5 / (3 x 5) + ...
        let (mut term, mut sum) = (x, x);
        for odd in (3..MOST_TERMS).step_by(2) {
            term *= x * x / f64::from(odd);
            sum += term;
        }
        0.5 - density * sum
    } else {
        // Mills' ratio: 1 / (x + 1 / (x + 2 / (x + 3 / ...))).
        let ratio = (1..MOST_TERMS)
            .rev()
            .fold(x, |rest, at| x + f64::from(at) / rest);
        density / ratio
    };
    if value < 0.0 { beyond } else { 1.0 - beyond }
}

/// The t that is exceeded with this probability, which is below a half; NaN without degrees of freedom.
pub fn student(tail: f64, df: f64) -> f64 {
    let Ok(distribution) = StudentsT::new(0.0, 1.0, df) else {
        return f64::NAN;
    };
    let z = -normal(tail);
    if df >= MANY {
        let square = z * z;
        let first = (square + 1.0) / 4.0;
        let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
        let third = (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
        let fourth = (((79.0 * square + 776.0) * square + 1_482.0) * square - 1_920.0) * square;
        let fourth = (fourth - 945.0) / 92_160.0;
        return z + z * (first + (second + (third + fourth / df) / df) / df) / df;
    }
    // The normal quantile is nearer to 0, and the tail is convex: from there no step goes too far.
    newton(z, |t| (student::above(t, df) - tail) / distribution.pdf(t))
}

/// Adds steps until they no longer show.
pub(super) fn newton(start: f64, step: impl Fn(f64) -> f64) -> f64 {
    let mut at = start;
    for _ in 0..MOST_STEPS {
        let by = step(at);
        if !by.is_finite() {
            break;
        }
        at += by;
        if by.abs() <= at.abs() * f64::EPSILON {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got / expected - 1.0).abs() < 1e-13, "{got:e} {expected:e}");
    }

    /// `scipy.stats.norm.cdf` of scipy 1.17.1.
    #[test]
    fn tails_are_those_of_scipy() {
        close(below(-1.959_963_984_540_054), 0.025);
        close(below(1.0), 0.841_344_746_068_542_9);
        close(below(-2.5), 0.006_209_665_325_776_132);
        close(below(-8.0), 6.220_960_574_271_785e-16);
        for (at, expected) in [
            (-20.0, 2.753_624_118_606_155_6e-89),
            (-37.0, 5.725_571_222_523_926_6e-300),
        ] {
            assert!((below(at) / expected - 1.0).abs() < 1e-12, "{at}");
        }
        assert_eq!((below(0.0), below(-1e9), below(1e9)), (0.5, 0.0, 1.0));
    }

    /// `scipy.stats.t.isf` of scipy 1.17.1; live in tests/properties.
    #[test]
    fn t_quantiles_are_those_of_scipy() {
        close(student(0.025, 1.0), 12.706_204_736_174_7);
        close(student(0.025, 29.0), 2.045_229_642_132_703);
        assert!(student(0.0005, 1.0) > 636.0);
        close(student(0.025, 1e4), 1.960_201_239_890_626_3);
        close(student(0.0005, 2_000.0), 3.295_398_136_729_74);
        close(student(0.0005, 1_999.0), 3.295_400_576_927_377_3);
        close(student(0.025, 1e9), 1.959_963_986_912_325_3);
        assert!(student(0.025, 0.0).is_nan());
    }
}
