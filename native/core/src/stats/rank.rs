//! Ranks of systems, and how sure they are.

/// Ranks from 1 for the highest value; equal values share the better rank.
pub fn ranks(values: &[f64]) -> Vec<u32> {
    let rank = |value: &f64| 1 + values.iter().filter(|other| *other > value).count() as u32;
    values.iter().map(rank).collect()
}

/// The interval of each system's ranks over replicates: as many are left out at either end as the level allows
/// (Bojar et al. 2013, as WMT ranks systems). `replicates` has one vector of values a system. One where a system has no
/// value is left out; there is no interval if these are more than 1 %.
pub fn rank_intervals(replicates: &[Vec<f64>], confidence: f64) -> Option<Vec<(u32, u32)>> {
    let count = replicates.iter().map(Vec::len).min().unwrap_or(0);
    let mut found = vec![Vec::with_capacity(count); replicates.len()];
    let mut values = vec![0.0; replicates.len()];
    for at in 0..count {
        for (value, replicates) in values.iter_mut().zip(replicates) {
            *value = replicates[at];
        }
        if values.iter().any(|value| value.is_nan()) {
            continue;
        }
        for (found, rank) in found.iter_mut().zip(ranks(&values)) {
            found.push(rank);
        }
    }
    let kept = found.first().map_or(0, Vec::len);
    if kept == 0 || (count - kept) * 100 > count {
        return None;
    }
    // 1 - 0.9 is a little less than 0.1.
    let cut = ((1.0 - confidence) / 2.0 * kept as f64 + 1e-9).floor() as usize;
    let interval = |mut ranks: Vec<u32>| {
        ranks.sort_unstable();
        (ranks[cut], ranks[kept - 1 - cut])
    };
    Some(found.into_iter().map(interval).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(ranks(&[2.0, 5.0, 5.0, 1.0]), [3, 1, 1, 4]);
        assert_eq!(ranks(&[]), [0; 0]);
    }

    #[test]
    fn intervals_leave_out_the_tails() {
        let sure: Vec<f64> = vec![9.0; 100];
        let mostly: Vec<f64> = (0..100).map(|at| if at < 3 { 0.0 } else { 5.0 }).collect();
        let least = vec![1.0; 100];
        let replicates = [sure, mostly, least];
        let found = rank_intervals(&replicates, 0.95).unwrap();
        assert_eq!(found, [(1, 1), (2, 3), (2, 3)]);
        let found = rank_intervals(&replicates, 0.9).unwrap();
        assert_eq!(found, [(1, 1), (2, 2), (3, 3)]);
    }

    #[test]
    fn too_many_replicates_without_a_value_are_no_interval() {
        let mut values = vec![1.0; 100];
        values[0] = f64::NAN;
        assert!(rank_intervals(&[values.clone(), vec![2.0; 100]], 0.95).is_some());
        values[1] = f64::NAN;
        assert!(rank_intervals(&[values, vec![2.0; 100]], 0.95).is_none());
        assert!(rank_intervals(&[Vec::new(), Vec::new()], 0.95).is_none());
    }
}
