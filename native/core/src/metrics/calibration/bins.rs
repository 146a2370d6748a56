//! Bins of confidence and what they say about calibration.

/// Which end of a bin belongs to it. The first bin holds 0 and the last bin holds 1 in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// (a, b], as in Guo et al. 2017 and scikit-learn.
    Right,
    /// [a, b), as in numpy's histogram.
    Left,
}

/// The inner borders of uniform bins over [0, 1]: numpy's `linspace` without its ends.
pub fn uniform_borders(bins: usize) -> Vec<f64> {
    let step = 1.0 / bins as f64;
    (1..bins).map(|border| border as f64 * step).collect()
}

impl Closed {
    /// Whether a confidence belongs behind a border.
    pub fn is_behind(self, confidence: f64, border: f64) -> bool {
        match self {
            Self::Right => border < confidence,
            Self::Left => border <= confidence,
        }
    }
}

/// The bin of a confidence; borders may be equal.
pub fn bin_of(confidence: f64, borders: &[f64], closed: Closed) -> usize {
    borders.partition_point(|border| closed.is_behind(confidence, *border))
}

/// The inner borders of bins that hold equally many rows: numpy's linear `percentile` of the confidences, each
/// as often as its weight says. `sorted` holds (confidence, weight) in ascending order.
pub fn quantile_borders(sorted: &[(f64, f64)], bins: usize) -> Vec<f64> {
    let total: f64 = sorted.iter().map(|(_, weight)| weight).sum();
    let last = (total - 1.0).max(0.0);
    let mut walk = Walk {
        sorted,
        at: 0,
        reached: 0.0,
    };
    let places = uniform_borders(bins).into_iter();
    places
        .map(|share| {
            // scikit-learn asks numpy for percents: the detour may move a border by one bit.
            let place = last * (share * 100.0 / 100.0);
            let low = walk.value(place.floor());
            let high = walk.clone().value((place.floor() + 1.0).min(last));
            interpolate(low, high, place - place.floor())
        })
        .collect()
}

/// Rows as if each were repeated as often as its weight says; places are asked for in ascending order.
#[derive(Clone)]
struct Walk<'a> {
    sorted: &'a [(f64, f64)],
    at: usize,
    /// Weight before `at`.
    reached: f64,
}

impl Walk<'_> {
    fn value(&mut self, place: f64) -> f64 {
        while let Some((confidence, weight)) = self.sorted.get(self.at) {
            if self.reached + weight > place {
                return *confidence;
            }
            self.reached += weight;
            self.at += 1;
        }
        self.sorted
            .last()
            .map_or(f64::NAN, |(confidence, _)| *confidence)
    }
}

/// numpy's interpolation, which starts from the nearer end.
fn interpolate(low: f64, high: f64, share: f64) -> f64 {
    if share < 0.5 {
        low + (high - low) * share
    } else {
        high - (high - low) * (1.0 - share)
    }
}

/// What a bin holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Weight of the rows.
    pub count: f64,
    /// Sum of their confidences.
    pub confidence: f64,
    /// Weight of the rows that were right.
    pub right: f64,
}

impl Bin {
    /// Adds a row.
    pub fn add(&mut self, confidence: f64, right: bool, weight: f64) {
        self.count += weight;
        self.confidence += weight * confidence;
        self.right += weight * f64::from(u8::from(right));
    }

    /// The mean of a sum over the bin's rows; `None` for an empty bin.
    pub fn mean(&self, sum: f64) -> Option<f64> {
        (self.count > 0.0).then(|| sum / self.count)
    }

    /// How far accuracy and mean confidence are apart; `None` for an empty bin.
    fn gap(&self) -> Option<f64> {
        Some((self.mean(self.right)? - self.mean(self.confidence)?).abs())
    }
}

/// How the gaps of bins become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// The mean gap, over rows.
    L1,
    /// The root of the mean squared gap, over rows.
    L2,
    /// The largest gap.
    Max,
}

impl Norm {
    /// The calibration error; NaN without rows.
    pub fn error(self, bins: impl Iterator<Item = Bin>) -> f64 {
        let (mut total, mut sum, mut largest) = (0.0, 0.0, 0.0f64);
        for (bin, gap) in bins.filter_map(|bin| Some((bin, bin.gap()?))) {
            total += bin.count;
            sum += bin.count * if self == Self::L2 { gap * gap } else { gap };
            largest = largest.max(gap);
        }
        match self {
            Self::L1 => sum / total,
            Self::L2 => (sum / total).sqrt(),
            Self::Max if total > 0.0 => largest,
            Self::Max => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_the_outer_bins_and_borders_to_the_closed_side() {
        let borders = uniform_borders(4);
        assert_eq!(borders, [0.25, 0.5, 0.75]);
        let bins = |closed| [0.0, 0.25, 0.3, 0.5, 0.75, 1.0].map(|at| bin_of(at, &borders, closed));
        assert_eq!(bins(Closed::Right), [0, 0, 1, 1, 2, 3]);
        assert_eq!(bins(Closed::Left), [0, 1, 1, 2, 3, 3]);
        assert_eq!(bin_of(0.7, &uniform_borders(1), Closed::Right), 0);
    }

    #[test]
    fn quantiles_interpolate_between_rows() {
        let plain = |values: &[f64]| values.iter().map(|value| (*value, 1.0)).collect::<Vec<_>>();
        assert_eq!(quantile_borders(&plain(&[0.1, 0.2, 0.4]), 2), [0.2]);
        let four = plain(&[0.0, 0.25, 0.5, 1.0]);
        assert_eq!(quantile_borders(&four, 2), [0.375]);
        let weighted = [(0.0, 2.0), (0.25, 0.0), (0.5, 1.0), (1.0, 3.0)];
        let repeated = plain(&[0.0, 0.0, 0.5, 1.0, 1.0, 1.0]);
        for bins in 1..9 {
            assert_eq!(
                quantile_borders(&weighted, bins),
                quantile_borders(&repeated, bins)
            );
        }
        assert!(quantile_borders(&[], 2)[0].is_nan());
    }

    #[test]
    fn errors_weigh_gaps_by_rows() {
        let mut bins = [Bin::default(); 3];
        for (bin, confidence, right) in [
            (0, 0.2, false),
            (0, 0.3, true),
            (2, 0.9, true),
            (2, 0.8, false),
        ] {
            bins[bin].add(confidence, right, 1.0);
        }
        // Gaps: |1/2 - .25| = .25 and |1/2 - .85| = .35; the empty bin has none.
        let error = |norm: Norm| norm.error(bins.into_iter());
        assert!((error(Norm::L1) - 0.3).abs() < 1e-15);
        assert!((error(Norm::L2) - (0.5f64 * (0.0625 + 0.1225)).sqrt()).abs() < 1e-15);
        assert!((error(Norm::Max) - 0.35).abs() < 1e-15);
        assert!(
            [Norm::L1, Norm::L2, Norm::Max]
                .iter()
                .all(|norm| norm.error([].into_iter()).is_nan())
        );
    }
}
