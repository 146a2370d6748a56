//! Correction of p-values within a family of tests.

/// Holm's step-down adjustment (Holm 1979); keeps the order of the input.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut running = 0.0_f64;
    for (rank, index) in order.iter().enumerate() {
        let scaled = p_values[*index] * (p_values.len() - rank) as f64;
        running = running.max(scaled.min(1.0));
        adjusted[*index] = running;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusts_as_statsmodels_does() {
        // statsmodels.stats.multitest.multipletests([.01, .04, .03, .005], method="holm")
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - expected).abs() < 1e-12);
        }
    }
}
