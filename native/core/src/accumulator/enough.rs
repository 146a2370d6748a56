//! How many draws a swap test makes, and the p-value that they give.

use crate::error::Result;
use crate::result::PValue;
use crate::stats::draws::LANES;

/// When a swap test has drawn enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enough {
    /// After this many draws; none make no test.
    Draws(u64),
    /// After this many draws that are as extreme as the data, at the latest after so many draws: the sequential
    /// Monte-Carlo test of Besag and Clifford (1991), whose p-value is exact wherever it ends.
    Extreme(u64, u64),
}

/// Draws between two looks at whether they are enough.
const ROUND: u64 = 64 * LANES as u64;

/// Draws of one metric that are as extreme as the data.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    extreme: u64,
    /// Draws that count.
    draws: u64,
    /// Whether there were as many extreme ones as wanted; the last draw was one.
    ended: bool,
}

impl Tally {
    /// Adds the draws of a block, one bit each, in their order.
    fn add(&mut self, marks: u32, draws: u64, wanted: u64) {
        if self.ended {
            return;
        }
        let count = u64::from(marks.count_ones());
        if self.extreme + count < wanted {
            self.extreme += count;
            self.draws += draws;
            return;
        }
        let mut left = marks;
        for _ in self.extreme + 1..wanted {
            left &= left - 1;
        }
        self.extreme = wanted;
        self.draws += u64::from(left.trailing_zeros()) + 1;
        self.ended = true;
    }

    /// The p-value: the share of the draws if they are all that there are or if they ended with an extreme one, else
    /// with the data counted as one more draw.
    pub fn p_value(&self, exact: bool) -> PValue {
        let (extreme, draws) = (self.extreme as f64, self.draws as f64);
        PValue {
            value: if exact || self.ended {
                extreme / draws
            } else {
                (extreme + 1.0) / (draws + 1.0)
            },
            at_floor: !exact && self.extreme == 0,
            draws: self.draws,
        }
    }
}

/// Draws until there is enough. `draw` makes some draws from a block on, and gives one mask a block and metric.
pub fn tally(
    enough: Enough,
    metrics: usize,
    draw: impl Fn(usize, u64) -> Result<Vec<Vec<u32>>>,
) -> Result<Vec<Tally>> {
    let (wanted, most, round) = match enough {
        Enough::Draws(most) => (u64::MAX, most, most),
        Enough::Extreme(wanted, most) => (wanted, most, ROUND),
    };
    let mut tallies = vec![Tally::default(); metrics];
    let mut done = 0;
    while done < most && tallies.iter().any(|tally| !tally.ended) {
        let draws = round.min(most - done);
        for marks in draw(done as usize / LANES, draws)? {
            let in_block = (LANES as u64).min(most - done);
            for (tally, marks) in tallies.iter_mut().zip(marks) {
                tally.add(marks, in_block, wanted);
            }
            done += in_block;
        }
    }
    Ok(tallies)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every third draw is extreme.
    fn thirds(first: usize, draws: u64) -> Vec<Vec<u32>> {
        let bit = |at: usize| u32::from(at % 3 == 2);
        let blocks = (draws as usize).div_ceil(LANES);
        let lanes = |block: usize| LANES.min(draws as usize - block * LANES);
        let mask = |block: usize| {
            let start = (first + block) * LANES;
            (0..lanes(block)).fold(0, |mask, lane| mask | bit(start + lane) << lane)
        };
        (0..blocks).map(|block| vec![mask(block)]).collect()
    }

    #[test]
    fn a_test_ends_with_the_last_draw_that_is_wanted() {
        for wanted in [1, 7, 32, 100, 1_000] {
            let found = tally(Enough::Extreme(wanted, 1 << 20), 1, |first, draws| {
                Ok(thirds(first, draws))
            })
            .unwrap()[0];
            assert_eq!(
                (found.extreme, found.draws, found.ended),
                (wanted, 3 * wanted, true)
            );
            assert!((found.p_value(false).value - 1.0 / 3.0).abs() < 1e-15);
        }
    }

    #[test]
    fn a_test_that_is_never_enough_has_all_draws() {
        for enough in [Enough::Draws(1_000), Enough::Extreme(500, 1_000)] {
            let found = tally(enough, 1, |first, draws| Ok(thirds(first, draws))).unwrap()[0];
            assert_eq!(
                (found.extreme, found.draws, found.ended),
                (333, 1_000, false)
            );
            assert_eq!(found.p_value(false).value, 334.0 / 1_001.0);
        }
    }
}
