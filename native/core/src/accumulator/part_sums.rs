//! Exact sums of some thousand rows in `f64`, which are faster than sums in fixed point.

use super::sums::{Sums, to_exact, whole};

/// Sums of some thousand rows that all count once, in `f64` and exact all the same: every number is cut in two, and the
/// halves, which have few bits, are summed apart.
#[derive(Debug, Default)]
pub struct PartSums {
    rows: u64,
    /// Multiples of 2^-24.
    high: Vec<f64>,
    /// The rest: multiples of 2^-64, up to 2^-25 a row.
    low: Vec<f64>,
}

impl PartSums {
    /// Rows that may be added: their sums have at most 52 bits.
    pub const MOST_ROWS: usize = 1 << 12;
    const MOST: f64 = 65_536.0;
    /// Smaller numbers have bits below 2^-64.
    const LEAST: f64 = 1.0 / 4_096.0;

    /// Zero, for this many statistics.
    pub fn new(width: usize) -> Self {
        Self {
            rows: 0,
            high: vec![0.0; width],
            low: vec![0.0; width],
        }
    }

    /// Adds a row if its numbers are neither too large nor too small. No branch depends on one of them, so that this is
    /// vector code.
    #[allow(clippy::needless_bitwise_bool)]
    pub fn add(&mut self, stats: &[f64]) -> bool {
        // Numbers around this one have 24 bits behind the point.
        const CUT: f64 = 402_653_184.0;
        let fits = |value: &f64| {
            let size = value.abs();
            (size == 0.0) | (Self::LEAST..=Self::MOST).contains(&size)
        };
        if !stats.iter().fold(true, |all, value| all & fits(value)) {
            return false;
        }
        self.rows += 1;
        let sums = self.high.iter_mut().zip(&mut self.low);
        for ((high, low), value) in sums.zip(stats) {
            let cut = (value + CUT) - CUT;
            *high += cut;
            *low += value - cut;
        }
        true
    }
}

impl Sums {
    /// Moves rows here that were summed apart. Their classes are added row by row.
    pub fn add_part(&mut self, part: &mut PartSums) {
        let rows = std::mem::take(&mut part.rows);
        self.rows += rows.cast_signed();
        self.totals[0] += whole(rows);
        let sums = part.high.iter_mut().zip(&mut part.low);
        for (total, (high, low)) in self.totals[1..].iter_mut().zip(sums) {
            *total += to_exact(std::mem::take(high)) + to_exact(std::mem::take(low));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_summed_in_parts_are_summed_as_others() {
        let (mut part, mut apart) = (PartSums::new(3), 0);
        let (mut all, mut rest) = (Sums::new(4, false), Sums::new(4, false));
        for at in 1..=PartSums::MOST_ROWS {
            let number = at as f64;
            let row = match at % 4 {
                0 => [number, 1.0 / number, -100.0 / 3.0],
                1 => [65_536.0, -65_535.999_999, 1.0 / 4_095.9],
                2 => [-number.ln(), number.sqrt(), 0.0],
                _ => [4_294_967_296.0, 1e-7 * number, 1.0],
            };
            all.add(0, 1.0, &row, None);
            if part.add(&row) {
                apart += 1;
            } else {
                rest.add(0, 1.0, &row, None);
            }
        }
        rest.add_part(&mut part);
        assert_eq!(all, rest);
        assert_eq!(apart, 3 * PartSums::MOST_ROWS / 4);
        assert!(!part.add(&[f64::NAN]) && !part.add(&[65_537.0]) && !part.add(&[-1e-4]));
    }

    #[test]
    fn parts_are_exact_at_their_limits() {
        for value in [
            PartSums::MOST,
            65_535.999_999_999_99,
            PartSums::LEAST,
            2.0 / 8_191.0,
        ] {
            for value in [value, -value] {
                let mut part = PartSums::new(1);
                let (mut all, mut rest) = (Sums::new(2, false), Sums::new(2, false));
                for _ in 0..PartSums::MOST_ROWS {
                    all.add(0, 1.0, &[value], None);
                    assert!(part.add(&[value]));
                }
                rest.add_part(&mut part);
                assert_eq!(all, rest, "{value}");
            }
        }
    }
}
