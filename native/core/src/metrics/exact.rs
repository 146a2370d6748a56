//! Sums without rounding, for metrics that subtract sums of squares from each other.
//!
//! A number is a multiple of 2^-80 below 2^64; what is finer is cut off. It is kept in limbs of 24 bits, one column
//! each, so that a column's sum over half a billion rows is still an integer that a double holds. The product of two
//! numbers has twice the limbs. [`Exact`] puts the summed columns together and computes with all their bits.

/// Bits of a limb.
const BITS: i32 = 24;

const RADIX: f64 = 16_777_216.0;
const RADIX_I64: i64 = 1 << BITS;

/// Columns of a number.
pub const NUMBER: usize = 6;

/// Columns of a product of two numbers.
pub const PRODUCT: usize = 12;

/// Limbs below the lowest column: weights may be fractions, and sums are multiples of 2^-64.
const BELOW: usize = 3;

/// Absolute values of numbers are below this.
pub const MAX: f64 = 18_446_744_073_709_551_616.0;

/// The unit of the last limb of a number is 2 to this; that of a product has twice the exponent.
const LOWEST: i32 = -80;

/// The unit of the first limb of a number: 2^40.
const HIGHEST_UNIT: f64 = 1_099_511_627_776.0;

/// Writes the limbs of a number of less than [`MAX`], the highest first; all have its sign.
pub fn split(number: f64, out: &mut [f64]) {
    debug_assert_eq!(out.len(), NUMBER);
    let (mut rest, mut unit) = (number, HIGHEST_UNIT);
    for limb in out {
        // Exact: the units are powers of two, and what is cut off has fewer bits than the number.
        *limb = (rest / unit).trunc();
        rest -= *limb * unit;
        unit /= RADIX;
    }
}

/// Writes the limbs of the product of two numbers, the highest first; all have its sign.
pub fn split_product(left: f64, right: f64, out: &mut [f64]) {
    debug_assert_eq!(out.len(), PRODUCT);
    let (mut of_left, mut of_right) = ([0.0; NUMBER], [0.0; NUMBER]);
    split(left.abs(), &mut of_left);
    split(right.abs(), &mut of_right);
    let sign = if (left < 0.0) == (right < 0.0) {
        1.0
    } else {
        -1.0
    };
    let mut carry = 0.0;
    for at in (0..PRODUCT).rev() {
        // Limb 0 takes the last carry. At most six products of 48 bits: their sum is below 2^53.
        let sum = (0..NUMBER)
            .filter_map(|one| Some(of_left[one] * of_right.get(at.checked_sub(one + 1)?)?))
            .fold(carry, |sum, product| sum + product);
        carry = (sum / RADIX).trunc();
        out[at] = sign * (sum - carry * RADIX);
    }
}

/// A number of any length: limbs of 24 bits, the lowest first; the last one carries the sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    limbs: Vec<i64>,
    /// The unit of the first limb is 2 to this.
    exponent: i32,
}

impl Exact {
    /// The sum of numbers whose limbs were summed by column. Sums need not be integers: weights may be fractions.
    pub fn of_numbers(columns: &[f64]) -> Self {
        Self::of_columns(columns, LOWEST)
    }

    /// The sum of products whose limbs were summed by column.
    pub fn of_products(columns: &[f64]) -> Self {
        Self::of_columns(columns, 2 * LOWEST)
    }

    fn of_columns(columns: &[f64], lowest: i32) -> Self {
        let mut limbs = vec![0; BELOW + columns.len()];
        for (above, sum) in columns.iter().rev().enumerate() {
            let (mut rest, mut unit) = (*sum, 1.0);
            for at in (above..=above + BELOW).rev() {
                let limb = (rest / unit).trunc();
                limbs[at] += limb as i64;
                rest -= limb * unit;
                unit /= RADIX;
            }
        }
        Self::carried(limbs, lowest - BITS * 3)
    }

    /// A number of rows, or the sum of their weights.
    pub fn of_count(count: f64) -> Self {
        Self::of_columns(&[count], 0)
    }

    /// Brings all limbs but the last into 0..2^24.
    fn carried(mut limbs: Vec<i64>, exponent: i32) -> Self {
        let mut carry = 0;
        for limb in &mut limbs {
            let sum = *limb + carry;
            *limb = sum.rem_euclid(RADIX_I64);
            carry = sum.div_euclid(RADIX_I64);
        }
        while !(-1..=0).contains(&carry) {
            limbs.push(carry.rem_euclid(RADIX_I64));
            carry = carry.div_euclid(RADIX_I64);
        }
        limbs.push(carry);
        Self { limbs, exponent }
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut limbs = vec![0; self.limbs.len() + other.limbs.len()];
        for (at, left) in self.limbs.iter().enumerate() {
            // Up to fifty products of 48 bits: their sum is far below 2^63.
            for (to, right) in limbs[at..].iter_mut().zip(&other.limbs) {
                *to += left * right;
            }
        }
        Self::carried(limbs, self.exponent + other.exponent)
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        let places = |number: &Self| ((number.exponent - exponent) / BITS) as usize;
        let len = (self.limbs.len() + places(self)).max(other.limbs.len() + places(other));
        let mut limbs = vec![0; len];
        for (number, sign) in [(self, 1), (other, -1)] {
            for (to, limb) in limbs[places(number)..].iter_mut().zip(&number.limbs) {
                *to += sign * limb;
            }
        }
        Self::carried(limbs, exponent)
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.limbs.iter().all(|limb| *limb == 0)
    }

    /// The nearest double.
    pub fn to_f64(&self) -> f64 {
        if self.limbs.last().is_some_and(|limb| *limb < 0) {
            let negated = self.limbs.iter().map(|limb| -limb).collect();
            return -Self::carried(negated, self.exponent).to_f64();
        }
        // The highest four limbs hold at least 73 bits. What is below only has to break ties.
        let top = self.limbs.iter().rposition(|limb| *limb != 0).unwrap_or(0);
        let (below, limbs) = self.limbs[..=top].split_at(top.saturating_sub(3));
        let head = limbs
            .iter()
            .rev()
            .fold(0, |head, limb| head << BITS | *limb as u128);
        let rest = below.iter().any(|limb| *limb != 0);
        let exponent = below
            .iter()
            .fold(self.exponent, |exponent, _| exponent + BITS);
        (head | u128::from(rest)) as f64 * 2_f64.powi(exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sums(numbers: &[f64]) -> Vec<f64> {
        numbers.iter().fold(vec![0.0; NUMBER], |mut sums, number| {
            let mut limbs = [0.0; NUMBER];
            split(*number, &mut limbs);
            sums.iter_mut()
                .zip(limbs)
                .for_each(|(sum, limb)| *sum += limb);
            sums
        })
    }

    fn product_sums(pairs: &[(f64, f64)]) -> Vec<f64> {
        pairs
            .iter()
            .fold(vec![0.0; PRODUCT], |mut sums, (left, right)| {
                let mut limbs = [0.0; PRODUCT];
                split_product(*left, *right, &mut limbs);
                assert!(
                    limbs
                        .iter()
                        .all(|limb| limb.abs() < RADIX && limb.fract() == 0.0)
                );
                sums.iter_mut()
                    .zip(limbs)
                    .for_each(|(sum, limb)| *sum += limb);
                sums
            })
    }

    const NUMBERS: [f64; 12] = [
        0.0,
        1.0,
        -1.0,
        0.1,
        -1e-7,
        1e15,
        -1.234_567_890_123e18,
        1.8e19,
        16_777_216.0,
        -16_777_215.9,
        std::f64::consts::PI,
        1e-8,
    ];

    #[test]
    fn numbers_and_products_come_back() {
        for left in NUMBERS {
            assert_eq!(Exact::of_numbers(&sums(&[left])).to_f64(), left);
            for right in NUMBERS {
                let product = Exact::of_products(&product_sums(&[(left, right)]));
                assert_eq!(product.to_f64(), left * right, "{left} {right}");
                let same =
                    Exact::of_numbers(&sums(&[left])).times(&Exact::of_numbers(&sums(&[right])));
                assert!(same.minus(&product).is_zero(), "{left} {right}");
            }
        }
    }

    #[test]
    fn steps_below_the_last_are_cut_off() {
        let step = 2_f64.powi(LOWEST);
        assert_eq!(Exact::of_numbers(&sums(&[1.75 * step])).to_f64(), step);
        assert_eq!(Exact::of_numbers(&sums(&[-1.75 * step])).to_f64(), -step);
    }

    /// n Σx² - (Σx)² of numbers around 10^12 that differ by thousandths: doubles have no bit of it left.
    #[test]
    fn nothing_cancels() {
        let numbers = [1e12, 1e12 + 0.001_953_125, 1e12 + 0.003_906_25];
        let squares = product_sums(&numbers.map(|x| (x, x)));
        let sum = Exact::of_numbers(&sums(&numbers));
        let spread = Exact::of_count(3.0)
            .times(&Exact::of_products(&squares))
            .minus(&sum.times(&sum));
        assert_eq!(spread.to_f64(), 6.0 * 0.001_953_125_f64.powi(2));
        let constant = product_sums(&[(0.1, 0.1); 7]);
        let sum = Exact::of_numbers(&sums(&[0.1; 7]));
        let spread = Exact::of_count(7.0)
            .times(&Exact::of_products(&constant))
            .minus(&sum.times(&sum));
        assert!(spread.is_zero());
    }

    #[test]
    fn fractions_of_limbs_count() {
        let half: Vec<f64> = sums(&[3.0]).iter().map(|sum| sum * 0.25).collect();
        assert_eq!(Exact::of_numbers(&half).to_f64(), 0.75);
        assert_eq!(Exact::of_count(2.5).to_f64(), 2.5);
        let negative = Exact::of_count(0.25).minus(&Exact::of_count(2.5));
        assert_eq!(negative.to_f64(), -2.25);
        assert_eq!(negative.times(&negative).to_f64(), 5.0625);
    }

    proptest! {
        #[test]
        fn sums_of_integers_are_exact(pairs in prop::collection::vec((-1_i64 << 52..1 << 52, -1_i64 << 52..1 << 52), 0..60)) {
            let numbers: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (*x as f64, *y as f64)).collect();
            let expected: i128 = pairs.iter().map(|(x, y)| i128::from(*x) * i128::from(*y)).sum();
            let products = Exact::of_products(&product_sums(&numbers));
            prop_assert_eq!(products.to_f64(), expected as f64);
            let left: Vec<f64> = numbers.iter().map(|(x, _)| *x).collect();
            let sum: i64 = pairs.iter().map(|(x, _)| x).sum();
            prop_assert_eq!(Exact::of_numbers(&sums(&left)).to_f64(), sum as f64);
        }
    }
}
