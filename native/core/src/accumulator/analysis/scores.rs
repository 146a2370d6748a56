//! Where row scores are bad: rows by score and by length, rows that another system fixes or breaks, rows that are hard for
//! all.

use serde::{Deserialize, Serialize};

use super::rows::{RowName, Rows};
use crate::accumulator::sums::{to_exact, to_number};
use crate::metrics::{Direction, ResolvedMetric};

/// Equal parts that a bounded scale is cut into.
pub const BANDS: usize = 5;

/// Most words of each bucket of lengths; the last one has no end.
pub const LENGTHS: [u32; 8] = [0, 5, 10, 20, 40, 80, 160, u32::MAX];

/// How near to the best value a score is right, as a part of the scale: BLEU of equal texts is 100.00000000000004.
const TOLERANCE: f64 = 1e-9;

/// Larger scores cannot be summed in fixed point.
const LARGEST: f64 = 4_294_967_296.0;

/// What the row scores of a metric mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The worst score; may be infinite.
    worst: f64,
    /// The best score; may be infinite.
    best: f64,
}

impl Scale {
    /// The scale of a metric whose rows have scores that can be better or worse.
    pub fn of(metric: &ResolvedMetric) -> Option<Self> {
        let (low, high) = metric.range;
        let (worst, best) = match metric.direction {
            Direction::Higher => (low, high),
            Direction::Lower => (high, low),
            Direction::None => return None,
        };
        metric.entry.row_score.then_some(Self { worst, best })
    }

    /// Whether a score can be right or wrong.
    pub fn has_best(&self) -> bool {
        self.best.is_finite()
    }

    /// Whether there are bands.
    pub fn is_bounded(&self) -> bool {
        self.best.is_finite() && self.worst.is_finite()
    }

    /// Whether a score is the best there is.
    pub fn is_right(&self, score: f64) -> bool {
        let unit = if self.is_bounded() {
            (self.best - self.worst).abs()
        } else {
            self.best.abs().max(1.0)
        };
        self.has_best() && (score - self.best).abs() <= TOLERANCE * unit
    }

    /// 0 for the worst part of the scale to [`BANDS`] - 1; 0 without bounds.
    pub fn band(&self, score: f64) -> usize {
        if !self.is_bounded() {
            return 0;
        }
        let part = (score - self.worst) / (self.best - self.worst) * BANDS as f64;
        (part.max(0.0) as usize).min(BANDS - 1)
    }

    /// Worst and best score of a band; `None` without bounds.
    pub fn ends_of(&self, band: usize) -> Option<(f64, f64)> {
        let end = |at: usize| self.worst + (self.best - self.worst) * at as f64 / BANDS as f64;
        self.is_bounded().then(|| (end(band), end(band + 1)))
    }

    /// How good a score is, to compare with others: more is better.
    pub fn goodness(&self, score: f64) -> f64 {
        if self.best >= self.worst {
            score
        } else {
            -score
        }
    }
}

/// Rows of one length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Number of rows.
    pub rows: u64,
    /// Those that are right.
    pub right: u64,
    sum: i128,
    unsummed: u64,
}

impl Bucket {
    fn add(&mut self, score: f64, is_right: bool) {
        self.rows += 1;
        self.right += u64::from(is_right);
        if score.abs() < LARGEST {
            self.sum = self.sum.saturating_add(to_exact(score));
        } else {
            self.unsummed += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.right += other.right;
        self.sum = self.sum.saturating_add(other.sum);
        self.unsummed += other.unsummed;
    }

    /// Mean row score; `None` without rows, or with a score that is too large.
    pub fn mean(&self) -> Option<f64> {
        (self.rows > 0 && self.unsummed == 0).then(|| to_number(self.sum) / self.rows as f64)
    }
}

/// Rows of one band of scores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Number of rows.
    pub count: u64,
    /// Some of them.
    pub rows: Rows,
}

/// Words of a row's reference and prediction, where it has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lengths(pub [Option<u32>; 2]);

/// One metric of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// Rows that are right.
    pub right: u64,
    /// The other rows, worst band first.
    pub bands: [Band; BANDS],
    /// All rows by words of the reference, then of the prediction.
    pub lengths: [[Bucket; LENGTHS.len()]; 2],
}

impl Errors {
    /// Adds a row.
    pub fn add(
        &mut self,
        most: usize,
        name: RowName<'_>,
        scale: &Scale,
        score: f64,
        lengths: Lengths,
    ) {
        let is_right = scale.is_right(score);
        if is_right {
            self.right += 1;
        } else {
            let band = &mut self.bands[scale.band(score)];
            band.count += 1;
            band.rows.add(most, name, 0.0, &[score]);
        }
        for (buckets, words) in self.lengths.iter_mut().zip(lengths.0) {
            if let Some(words) = words {
                let at = LENGTHS.partition_point(|most| *most < words);
                buckets[at].add(score, is_right);
            }
        }
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, most: usize, other: Self) {
        self.right += other.right;
        for (mine, theirs) in self.bands.iter_mut().zip(other.bands) {
            mine.count += theirs.count;
            mine.rows.merge(most, theirs.rows);
        }
        let theirs = other.lengths.iter().flatten();
        for (mine, theirs) in self.lengths.iter_mut().flatten().zip(theirs) {
            mine.merge(theirs);
        }
    }

    /// Whether this many rows could have given it.
    pub fn is_sound(&self, most: usize, rows: u64) -> bool {
        let fits = |bucket: &Bucket| {
            bucket.rows <= rows && bucket.right <= bucket.rows && bucket.unsummed <= bucket.rows
        };
        let mut bands = self.bands.iter();
        self.right <= rows
            && bands.all(|band| {
                band.count <= rows
                    && band.rows.iter().len() as u64 <= band.count
                    && band.rows.is_sound(most, 1)
            })
            && self.lengths.iter().flatten().all(fits)
    }
}

/// One metric of a candidate against the baseline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// Rows by whether the baseline and whether the candidate is right.
    pub right: [[u64; 2]; 2],
    /// Rows with the largest gains of the candidate; scores of both.
    pub gains: Rows,
    /// Rows with the largest losses.
    pub losses: Rows,
}

impl Changes {
    /// Adds a row by both scores.
    pub fn add(
        &mut self,
        most: usize,
        name: RowName<'_>,
        scale: &Scale,
        baseline: f64,
        candidate: f64,
    ) {
        let right = [baseline, candidate].map(|score| usize::from(scale.is_right(score)));
        self.right[right[0]][right[1]] += 1;
        let gain = scale.goodness(candidate) - scale.goodness(baseline);
        let scores = [baseline, candidate];
        if gain > 0.0 {
            self.gains.add(most, name, -gain, &scores);
        } else if gain < 0.0 {
            self.losses.add(most, name, gain, &scores);
        }
    }

    /// Adds the rows of another shard.
    pub fn merge(&mut self, most: usize, other: Self) {
        let theirs = other.right.iter().flatten();
        for (mine, theirs) in self.right.iter_mut().flatten().zip(theirs) {
            *mine += theirs;
        }
        self.gains.merge(most, other.gains);
        self.losses.merge(most, other.losses);
    }

    /// Whether this many rows could have given it.
    pub fn is_sound(&self, most: usize, rows: u64) -> bool {
        self.right.iter().flatten().all(|count| *count <= rows)
            && self.gains.is_sound(most, 2)
            && self.losses.is_sound(most, 2)
    }
}

/// Takes a row if its mean score over all systems is among the worst and not the best there is.
pub fn add_hard(rows: &mut Rows, most: usize, name: RowName<'_>, scale: &Scale, scores: &[f64]) {
    if scores.iter().all(|score| scale.is_right(*score)) {
        return;
    }
    let sum: f64 = scores.iter().map(|score| scale.goodness(*score)).sum();
    rows.add(most, name, sum / scores.len() as f64, scores);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERCENT: Scale = Scale {
        worst: 0.0,
        best: 100.0,
    };
    const ERRORS: Scale = Scale {
        worst: f64::INFINITY,
        best: 0.0,
    };

    #[test]
    fn bands_cover_the_scale() {
        let bands = [-1.0, 0.0, 19.9, 20.0, 60.0, 99.9, 101.0].map(|score| PERCENT.band(score));
        assert_eq!(bands, [0, 0, 0, 1, 3, 4, 4]);
        assert_eq!(PERCENT.ends_of(1), Some((20.0, 40.0)));
        let down = Scale {
            worst: 2.0,
            best: 0.0,
        };
        assert_eq!([2.0, 1.5, 0.1].map(|score| down.band(score)), [0, 1, 4]);
        assert_eq!(
            down.ends_of(4).map(|(worst, best)| worst > best),
            Some(true)
        );
        assert_eq!((ERRORS.band(7.0), ERRORS.ends_of(0)), (0, None));
    }

    #[test]
    fn right_is_the_best_value() {
        assert!(PERCENT.is_right(100.000_000_000_000_04) && !PERCENT.is_right(99.999));
        assert!(ERRORS.is_right(0.0) && !ERRORS.is_right(0.01));
        let open = Scale {
            worst: f64::NEG_INFINITY,
            best: f64::INFINITY,
        };
        assert!(!open.is_right(1e300) && !open.is_right(f64::MAX));
        assert!(ERRORS.goodness(1.0) < ERRORS.goodness(0.0));
    }

    #[test]
    fn a_mean_of_scores_that_are_too_large_is_no_number() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.mean(), None);
        bucket.add(0.25, false);
        bucket.add(0.75, true);
        assert_eq!(bucket.mean(), Some(0.5));
        bucket.add(1e300, false);
        assert_eq!((bucket.rows, bucket.right, bucket.mean()), (3, 1, None));
    }
}
