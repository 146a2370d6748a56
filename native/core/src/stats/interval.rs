//! Percentile intervals from replicates (Efron 1981).

/// Name of the method in answers.
pub const METHOD: &str = "percentile_bootstrap";

/// An interval with the standard deviation of the replicates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Standard deviation of the replicates (n - 1).
    pub std_error: f64,
}

/// The percentile interval of replicates; NaN marks replicates without a value. An infinite one (the perplexity of an
/// impossible token) has no place between others and counts as none.
///
/// More than 1 % without a value makes the interval undefined: dropping them would hide that the data are too few.
pub fn percentile_interval(replicates: &[f64], confidence: f64) -> Result<Interval, String> {
    let finite = replicates.iter().copied().filter(|v| v.is_finite());
    let mut values: Vec<f64> = finite.collect();
    let dropped = replicates.len() - values.len();
    if dropped * 100 > replicates.len() {
        return Err(format!(
            "{dropped} of {} bootstrap replicates have no finite value: too few rows for an interval",
            replicates.len()
        ));
    }
    if values.len() < 2 {
        return Err("intervals are turned off".into());
    }
    let tail = (1.0 - confidence) / 2.0;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    Ok(Interval {
        low: quantile(&mut values, tail),
        high: quantile(&mut values, 1.0 - tail),
        std_error: variance.sqrt(),
    })
}

/// Quantile with linear interpolation (Hyndman and Fan 1996, type 7; numpy's default).
fn quantile(values: &mut [f64], probability: f64) -> f64 {
    let position = probability * (values.len() - 1) as f64;
    let below = position.floor();
    let (_, low, above) = values.select_nth_unstable_by(below as usize, f64::total_cmp);
    let low = *low;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) if position > below => low + (high - low) * (position - below),
        _ => low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        let values: Vec<f64> = (0..=10).map(f64::from).collect();
        // numpy.quantile(range(11), [.025, .975])
        let interval = percentile_interval(&values, 0.95).unwrap();
        assert!((interval.low - 0.25).abs() < 1e-12);
        assert!((interval.high - 9.75).abs() < 1e-12);
        assert!((interval.std_error - 11.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn too_many_undefined_replicates_are_no_interval() {
        let mut values = vec![1.0; 1000];
        values[..10].fill(f64::NAN);
        assert!(percentile_interval(&values, 0.95).is_ok());
        values[10] = f64::INFINITY;
        assert!(percentile_interval(&values, 0.95).is_err());
    }
}
