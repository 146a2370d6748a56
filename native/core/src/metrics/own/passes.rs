//! The probability that one of k samples passes.

/// The unbiased estimate from `samples` samples of which `passed` passed: 1 - C(n - c, k) / C(n, k), as a product
/// that does not overflow. `k` is at most `samples`.
pub fn pass_at_k(samples: u64, passed: u64, k: u64) -> f64 {
    let failed = samples - passed;
    if failed < k {
        return 1.0;
    }
    let all_fail: f64 = (failed + 1..=samples)
        .map(|draw| 1.0 - k as f64 / draw as f64)
        .product();
    1.0 - all_fail
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C(3, 2) / C(5, 2) = 3 / 10.
    #[test]
    fn it_is_one_minus_the_share_of_failing_subsets() {
        assert!((pass_at_k(5, 2, 2) - 0.7).abs() < 1e-15);
        assert!((pass_at_k(5, 2, 1) - 0.4).abs() < 1e-15);
        assert_eq!(pass_at_k(5, 2, 4), 1.0);
        assert_eq!(pass_at_k(5, 0, 3), 0.0);
        assert_eq!(pass_at_k(5, 5, 5), 1.0);
        assert_eq!(pass_at_k(1, 0, 1), 0.0);
    }

    /// Against the binomials, in integers.
    #[test]
    fn every_small_case() {
        let choose = |n: u64, k: u64| (0..k).fold(1, |product, at| product * (n - at) / (at + 1));
        for samples in 1..20 {
            for (passed, k) in (0..=samples).flat_map(|c| (1..=samples).map(move |k| (c, k))) {
                let failing = if samples - passed < k {
                    0
                } else {
                    choose(samples - passed, k)
                };
                let expected = 1.0 - failing as f64 / choose(samples, k) as f64;
                assert!((pass_at_k(samples, passed, k) - expected).abs() < 1e-13);
            }
        }
    }
}
