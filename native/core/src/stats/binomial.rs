//! Tests of fair coins: of the rows that two systems do not tie on, does one win more than half?
//!
//! McNemar's exact test and the sign test are the same binomial test, on rows that are right for one system only and on
//! rows that one system scores higher.

use std::f64::consts::{LN_2, PI};

/// Two-sided exact p-value (McNemar 1947; the binomial test of Clopper and Pearson).
pub fn exact(wins: u64, losses: u64) -> f64 {
    (2.0 * tail(wins, losses)).min(1.0)
}

/// Two-sided mid-p value: the seen outcome counts half, which makes up for what the exact test is too careful
/// (Fagerland, Lydersen and Laake 2013).
pub fn mid_p(wins: u64, losses: u64) -> f64 {
    if wins == losses {
        return 1.0;
    }
    2.0 * tail(wins, losses) - probability(wins.min(losses), wins + losses)
}

/// Probability of at most as many heads as the smaller number.
fn tail(wins: u64, losses: u64) -> f64 {
    let (few, all) = (wins.min(losses), wins + losses);
    let (mut term, mut sum) = (1.0, 1.0);
    for heads in (1..=few).rev() {
        term *= heads as f64 / (all - heads + 1) as f64;
        sum += term;
        // Terms only get smaller, and quickly so once they no longer show.
        if term < sum * f64::EPSILON / 16.0 {
            break;
        }
    }
    probability(few, all) * sum
}

/// Probability of so many heads in all tosses, by saddle point, which loses no digits to large factorials (Loader 2000,
/// Fast and accurate computation of binomial probabilities).
fn probability(heads: u64, all: u64) -> f64 {
    let (k, n) = (heads as f64, all as f64);
    if heads == 0 || heads == all {
        return (-n).exp2();
    }
    let log = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(k, n / 2.0)
        - deviance(n - k, n / 2.0);
    log.exp() * (n / (2.0 * PI * k * (n - k))).sqrt()
}

/// What Stirling's formula leaves of ln(n!).
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let factorial: f64 = (1..=n as u32).map(f64::from).product();
        return factorial.ln() - (0.5 * (LN_2 + PI.ln() + n.ln()) + n * n.ln() - n);
    }
    let square = n * n;
    let small = 1.0 / 1_680.0 - 1.0 / 1_188.0 / square;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1_260.0 - small / square) / square) / square) / n
}

/// x ln(x / mean) + mean - x, without cancellation where x is near the mean.
fn deviance(x: f64, mean: f64) -> f64 {
    let apart = x - mean;
    if apart.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - apart;
    }
    let ratio = apart / (x + mean);
    let mut sum = apart * ratio;
    let mut term = 2.0 * x * ratio;
    for odd in (3..).step_by(2) {
        term *= ratio * ratio;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!(
            (got / expected - 1.0).abs() < 1e-12,
            "{got:e} is not {expected:e}"
        );
    }

    /// `scipy.stats.binomtest(wins, wins + losses).pvalue` of scipy 1.17.1.
    #[test]
    fn exact_p_values_are_those_of_scipy() {
        close(exact(10, 2), 0.038_574_218_75);
        close(exact(2, 10), 0.038_574_218_75);
        close(exact(0, 5), 0.0625);
        assert_eq!(exact(7, 7), 1.0);
        assert_eq!(exact(0, 0), 1.0);
        assert_eq!(exact(0, 2_000), 0.0);
    }

    #[test]
    fn half_of_the_outcome_is_taken_off() {
        close(mid_p(10, 2), 0.038_574_218_75 - 66.0 / 4_096.0);
        assert_eq!(mid_p(0, 0), 1.0);
        assert_eq!(mid_p(9, 9), 1.0);
    }

    #[test]
    fn probabilities_sum_to_one() {
        for all in [1, 2, 3, 15, 16, 17, 200, 1_001] {
            let sum: f64 = (0..=all).map(|heads| probability(heads, all)).sum();
            close(sum, 1.0);
        }
    }
}
