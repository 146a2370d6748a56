//! How large a difference is, on scales that metrics share.

use super::moments::Moments;

/// An effect size with its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSize {
    /// Name of the measure.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
}

/// Cohen's `d_z`: the mean of the differences in their standard deviations (Cohen 1988); `None` if they do not vary.
pub fn cohen_dz(differences: &Moments) -> Option<EffectSize> {
    let deviation = differences.variance()?.sqrt();
    (deviation > 0.0).then_some(EffectSize {
        name: "cohen_dz",
        value: differences.mean()? / deviation,
    })
}

/// Cohen's h: how far two proportions are apart where all distances are equally hard to see (Cohen 1988).
pub fn cohen_h(baseline: f64, candidate: f64) -> EffectSize {
    let angle = |share: f64| 2.0 * share.clamp(0.0, 1.0).sqrt().asin();
    EffectSize {
        name: "cohen_h",
        value: angle(candidate) - angle(baseline),
    }
}

/// Rows won over rows lost: the odds ratio of matched pairs; `None` if no row is lost.
pub fn odds_ratio(wins: u64, losses: u64) -> Option<EffectSize> {
    (losses > 0).then(|| EffectSize {
        name: "odds_ratio",
        value: wins as f64 / losses as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `statsmodels.stats.proportion.proportion_effectsize(0.6, 0.5)` of statsmodels 0.15.0.
    #[test]
    fn sizes() {
        assert!((cohen_h(0.5, 0.6).value - 0.201_357_920_790_331).abs() < 1e-12);
        assert_eq!(cohen_h(0.3, 0.3).value, 0.0);
        assert_eq!(odds_ratio(6, 4).map(|found| found.value), Some(1.5));
        assert_eq!(odds_ratio(6, 0), None);
        assert_eq!(cohen_dz(&Moments::default()), None);
        let found = cohen_dz(&[1.0, 3.0].into_iter().collect()).unwrap().value;
        assert!((found - 2.0_f64.sqrt()).abs() < 1e-15);
    }
}
