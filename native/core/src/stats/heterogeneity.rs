//! Whether estimates of independent groups differ by more than chance (Cochran 1954).

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Cochran's Q and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heterogeneity {
    /// Weighted squares of the distances from the mean of all groups.
    pub q: f64,
    /// Groups less one.
    pub degrees: u64,
    /// Probability of such a Q or a larger one if all groups had the same difference.
    pub p: f64,
    /// Share of the variation that is more than chance (Higgins and Thompson 2002).
    pub i_squared: f64,
}

/// Of (estimate, standard error); `None` for fewer than two groups. Standard errors are above 0.
pub fn cochran(groups: &[(f64, f64)]) -> Option<Heterogeneity> {
    let degrees = groups.len().checked_sub(1).filter(|degrees| *degrees > 0)?;
    let weight = |std_error: f64| (std_error * std_error).recip();
    let weights: f64 = groups.iter().map(|(_, error)| weight(*error)).sum();
    let mean: f64 = groups
        .iter()
        .map(|(value, error)| value * weight(*error))
        .sum();
    let mean = mean / weights;
    let q: f64 = groups
        .iter()
        .map(|(value, error)| weight(*error) * (value - mean) * (value - mean))
        .sum();
    // To 12 digits of scipy's for up to hundreds of groups, however far in the tail (live in tests/properties).
    let distribution = ChiSquared::new(degrees as f64).ok()?;
    Some(Heterogeneity {
        q,
        degrees: degrees as u64,
        p: distribution.sf(q),
        i_squared: if q > 0.0 {
            ((q - degrees as f64) / q).max(0.0)
        } else {
            0.0
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_tells_nothing() {
        assert_eq!(cochran(&[]), None);
        assert_eq!(cochran(&[(0.1, 0.2)]), None);
    }

    #[test]
    fn equal_groups_are_homogeneous() {
        let found = cochran(&[(0.5, 0.1), (0.5, 0.3)]).unwrap();
        assert_eq!((found.q, found.degrees, found.i_squared), (0.0, 1, 0.0));
        assert!((found.p - 1.0).abs() < 1e-15);
    }

    /// By hand: weights 100 and 25, mean 0.12, Q = 100 x .02^2 + 25 x .08^2 = 0.2.
    #[test]
    fn q_weighs_by_precision() {
        let found = cochran(&[(0.1, 0.1), (0.2, 0.2)]).unwrap();
        assert!((found.q - 0.2).abs() < 1e-12, "{found:?}");
        // scipy.stats.chi2.sf(0.2, 1)
        assert!((found.p - 0.654_720_846_018_577).abs() < 1e-12, "{found:?}");
    }
}
