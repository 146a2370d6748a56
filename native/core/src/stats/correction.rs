//! Correction of p-values within a family of tests. All functions keep the order of the input.

use crate::spec::Correction;

/// Adjusts the p-values of a family.
pub fn adjust(correction: Correction, p_values: &[f64]) -> Vec<f64> {
    match correction {
        Correction::None => p_values.to_vec(),
        Correction::Holm => step_down(p_values, |p, left| p * left),
        // 1 - (1 - p)^left, exact for small p.
        Correction::HolmSidak => step_down(p_values, |p, left| -((-p).ln_1p() * left).exp_m1()),
        Correction::BenjaminiHochberg | Correction::BenjaminiYekutieli => {
            step_up(p_values, dependence(correction, p_values.len()))
        }
    }
}

/// How many times smaller than with Holm the smallest p-value of a family of this size must be.
pub fn dependence(correction: Correction, family: usize) -> f64 {
    match correction {
        // The price for tests that depend on each other in any way (Benjamini and Yekutieli 2001, theorem 1.3).
        Correction::BenjaminiYekutieli => (1..=family).map(|rank| 1.0 / rank as f64).sum(),
        _ => 1.0,
    }
}

/// Smallest first, each with the number of tests that are left (Holm 1979).
fn step_down(p_values: &[f64], scaled: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut running = 0.0_f64;
    for (rank, at) in ascending(p_values).into_iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        running = running.max(scaled(p_values[at], left).min(1.0));
        adjusted[at] = running;
    }
    adjusted
}

/// Largest first, each by the share of tests that are as small (Benjamini and Hochberg 1995).
fn step_up(p_values: &[f64], dependence: f64) -> Vec<f64> {
    let count = p_values.len() as f64;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut running = 1.0_f64;
    for (rank, at) in ascending(p_values).into_iter().enumerate().rev() {
        running = running.min(p_values[at] * dependence * count / (rank + 1) as f64);
        adjusted[at] = running;
    }
    adjusted
}

fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Correction; 5] = [
        Correction::None,
        Correction::Holm,
        Correction::HolmSidak,
        Correction::BenjaminiHochberg,
        Correction::BenjaminiYekutieli,
    ];

    /// `statsmodels.stats.multitest.multipletests([.01, .04, .03, .005], method=...)` of statsmodels 0.15.0.
    #[test]
    fn adjusts_as_statsmodels_does() {
        let expected = [
            [0.01, 0.04, 0.03, 0.005],
            [0.03, 0.06, 0.06, 0.02],
            [0.029_701, 0.0591, 0.0591, 0.019_850_499_375],
            [0.02, 0.04, 0.04, 0.02],
            [
                0.041_666_666_666_666_664,
                0.083_333_333_333_333_33,
                0.083_333_333_333_333_33,
                0.041_666_666_666_666_664,
            ],
        ];
        for (correction, expected) in ALL.into_iter().zip(expected) {
            let adjusted = adjust(correction, &[0.01, 0.04, 0.03, 0.005]);
            for (got, expected) in adjusted.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-12, "{correction:?} {got}");
            }
        }
    }

    #[test]
    fn a_family_of_one_or_none_is_left_alone() {
        for correction in ALL {
            assert_eq!(adjust(correction, &[]), [0.0; 0]);
            assert!((adjust(correction, &[0.25])[0] - 0.25).abs() < 1e-15);
            assert_eq!(
                adjust(correction, &[1.0, 1.0]),
                [1.0, 1.0],
                "{correction:?}"
            );
        }
    }
}
