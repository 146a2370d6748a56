//! The two paired tests of sacrebleu 2.6.0 (`significance.py`), draw by draw.
//!
//! Its bootstrap adds statistics in single precision, in the order of the rows that were drawn, and some scores stay
//! single: so do they here, since p-values hang on it.

use super::pcg64::Pcg64;

/// Trials of the randomisation test.
pub const TRIALS: usize = 10_000;

/// Resamples of the bootstrap where none are asked for.
pub const RESAMPLES: usize = 1_000;

/// Statistics of the rows of one system by one metric, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'r> {
    /// Numbers of a row.
    pub width: usize,
    /// Rows x width.
    pub numbers: &'r [f64],
}

impl Rows<'_> {
    fn count(&self) -> usize {
        self.numbers.len() / self.width
    }

    /// Sums over the rows.
    pub fn totals(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.width];
        for row in self.numbers.chunks_exact(self.width) {
            for (total, number) in totals.iter_mut().zip(row) {
                *total += number;
            }
        }
        totals
    }
}

/// Mean of the resampled scores and half the width of their 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResampledMean {
    /// The mean.
    pub mean: f64,
    /// Half the width.
    pub half_width: f64,
}

/// The paired approximate randomisation test (`--paired-ar`). `None` if it was cancelled.
pub fn randomisation(
    [base, cand]: [Rows<'_>; 2],
    score: impl Fn(&[f64]) -> f64,
    seed: u64,
    cancelled: &dyn Fn() -> bool,
) -> Option<f64> {
    let (of_base, of_cand) = (base.totals(), cand.totals());
    let observed = (score(&of_base) - score(&of_cand)).abs();
    let mut bits = Pcg64::new(seed).bits();
    let mut extreme = 0;
    let (mut left, mut right) = (of_cand.clone(), of_base.clone());
    for _ in 0..TRIALS {
        if cancelled() {
            return None;
        }
        left.copy_from_slice(&of_cand);
        right.copy_from_slice(&of_base);
        let rows = base.numbers.chunks_exact(base.width);
        for (base, cand) in rows.zip(cand.numbers.chunks_exact(cand.width)) {
            let moved = f64::from(u8::from(bits.next().unwrap_or_default()));
            let both = base.iter().zip(cand);
            let sides = left.iter_mut().zip(&mut right);
            for ((left, right), (base, cand)) in sides.zip(both) {
                let difference = moved * (base - cand);
                *left += difference;
                *right -= difference;
            }
        }
        extreme += u32::from((score(&left) - score(&right)).abs() > observed);
    }
    Some(f64::from(extreme + 1) / (TRIALS + 1) as f64)
}

/// The paired bootstrap test (`--paired-bs`): its p-value, and means of baseline and candidate. `observed` is the
/// difference of the values. `None` if it was cancelled.
pub fn bootstrap(
    rows: [Rows<'_>; 2],
    score: impl Fn(&[f64]) -> Number,
    observed: f64,
    (seed, resamples): (u64, usize),
    cancelled: &dyn Fn() -> bool,
) -> Option<(f64, [ResampledMean; 2])> {
    let mut generator = Pcg64::new(seed);
    let count = rows[0].count();
    let mut scores = [Scores::default(), Scores::default()];
    let mut drawn = vec![0; count];
    let mut sums = Vec::new();
    for _ in 0..resamples {
        if cancelled() {
            return None;
        }
        drawn.fill_with(|| generator.below(count as u32) as usize);
        for (rows, scores) in rows.iter().zip(&mut scores) {
            sums.clear();
            sums.resize(rows.width, 0.0);
            for at in &drawn {
                let row = &rows.numbers[at * rows.width..][..rows.width];
                for (sum, number) in sums.iter_mut().zip(row) {
                    *sum = single(*sum + single(*number));
                }
            }
            scores.values.push(score(&sums));
        }
    }
    let [base, cand] = &scores;
    let differences = cand.values.iter().zip(&base.values);
    let differences = Scores {
        values: differences
            .map(|(cand, base)| cand.rounded(cand.value - base.value).abs())
            .collect(),
    };
    let mean = differences.mean();
    let observed = mean.rounded(observed);
    let extreme = differences
        .values
        .iter()
        .filter(|found| mean.rounded(found.value - mean.value).value > observed.value)
        .count();
    let p = (extreme + 1) as f64 / (resamples + 1) as f64;
    Some((p, scores.map(Scores::summary)))
}

/// A number that is rounded as its precision has it: chrF and TER stay single, BLEU is double as Python's logarithms are.
/// One operation on singles, made in double and then rounded, gives what single precision gives.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// Whether its precision is single.
    pub is_single: bool,
}

impl Number {
    /// Another number of the same precision.
    fn rounded(self, value: f64) -> Self {
        Self {
            value: if self.is_single { single(value) } else { value },
            ..self
        }
    }

    fn abs(self) -> Self {
        self.rounded(self.value.abs())
    }

    fn plus(self, other: Self) -> Self {
        self.rounded(self.value + other.value)
    }
}

/// The nearest number of single precision.
pub fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Scores of the resamples of one system.
#[derive(Debug, Default)]
struct Scores {
    values: Vec<Number>,
}

impl Scores {
    fn mean(&self) -> Number {
        let sum = pairwise_sum(&self.values);
        sum.rounded(sum.value / self.values.len() as f64)
    }

    /// `estimate_ci`, which sums sorted scores.
    fn summary(mut self) -> ResampledMean {
        self.values
            .sort_unstable_by(|a, b| a.value.total_cmp(&b.value));
        let cut = self.values.len() / 40;
        let ends = (self.values.get(cut), self.values.iter().rev().nth(cut));
        let half_width = match ends {
            (Some(low), Some(high)) => low.rounded(0.5 * low.rounded(high.value - low.value).value),
            _ => Number::default(),
        };
        ResampledMean {
            mean: self.mean().value,
            half_width: half_width.value,
        }
    }
}

/// numpy's sum: eight partial sums within blocks, blocks in pairs.
fn pairwise_sum(numbers: &[Number]) -> Number {
    const BLOCK: usize = 128;
    const LANES: usize = 8;
    if numbers.len() < LANES {
        let zero = numbers
            .first()
            .map_or_else(Number::default, |first| first.rounded(0.0));
        return numbers.iter().fold(zero, |sum, number| sum.plus(*number));
    }
    if numbers.len() > BLOCK {
        let half = numbers.len() / 2;
        let (left, right) = numbers.split_at(half - half % LANES);
        return pairwise_sum(left).plus(pairwise_sum(right));
    }
    let mut chunks = numbers.chunks_exact(LANES);
    let mut parts = [Number::default(); LANES];
    if let Some(first) = chunks.next() {
        parts.copy_from_slice(first);
    }
    for chunk in chunks.by_ref() {
        for (part, number) in parts.iter_mut().zip(chunk) {
            *part = part.plus(*number);
        }
    }
    let [a, b, c, d, e, f, g, h] = parts;
    let sum = a.plus(b).plus(c.plus(d)).plus(e.plus(f).plus(g.plus(h)));
    let rest = chunks.remainder().iter();
    rest.fold(sum, |sum, number| sum.plus(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_against_itself_is_as_likely_as_can_be() {
        let numbers: Vec<f64> = (0..60).map(|at| f64::from(at % 7)).collect();
        let rows = Rows {
            width: 2,
            numbers: &numbers,
        };
        let score = |sums: &[f64]| sums[0] / (sums[1] + 1.0);
        let p = randomisation([rows, rows], score, 1, &|| false);
        // No trial is more extreme than no difference at all: sacrebleu does not put this down to chance.
        assert_eq!(p, Some(1.0 / 10_001.0));
        assert_eq!(randomisation([rows, rows], score, 1, &|| true), None);
    }

    /// `numpy.arange(300, dtype="float32") / 7` summed by numpy 2.4.6.
    #[test]
    fn sums_are_those_of_numpy() {
        let numbers: Vec<Number> = (0..300)
            .map(|at| Number {
                value: single(f64::from(at) / 7.0),
                is_single: true,
            })
            .collect();
        assert_eq!(pairwise_sum(&numbers).value, f64::from(6_407.142_6_f32));
    }
}
