//! Mean and variance of numbers, from sums that are exact: they do not depend on order, and a variance that is tiny
//! beside the mean keeps its digits.

use serde::{Deserialize, Serialize};

/// Binary digits of a limb.
const LIMB: i32 = 64;

/// Limbs of a sum: they reach from 2^-192 to beyond the square of the largest number.
const LIMBS: usize = 6;

/// Weight of the lowest digit is 2 to minus this.
const LOWEST: i32 = 192;

/// Numbers above this have no place in the sums.
const MOST: f64 = 73_786_976_294_838_206_464.0;

/// Digits of a double's mantissa after the first.
const MANTISSA: i32 = 52;

/// A sum of doubles without rounding (a superaccumulator; Kulisch 2008), but for digits below 2^-192.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ExactSum([i128; LIMBS]);

impl ExactSum {
    /// Adds a number below 2^134.
    fn add(&mut self, number: f64) {
        let bits = number.to_bits();
        let exponent = (bits >> MANTISSA & 0x7ff) as i32;
        // Zero, and what is far too small.
        if exponent == 0 {
            return;
        }
        let digits = bits & ((1 << MANTISSA) - 1) | 1 << MANTISSA;
        let place = exponent - 1_023 - MANTISSA + LOWEST;
        if place < 0 {
            let kept = if place > -LIMB { digits >> -place } else { 0 };
            self.add_at(0, i128::from(kept), number < 0.0);
            return;
        }
        let limb = (place / LIMB) as usize;
        let shifted = u128::from(digits) << (place % LIMB);
        self.add_at(limb, i128::from(shifted as u64), number < 0.0);
        self.add_at(limb + 1, (shifted >> LIMB).cast_signed(), number < 0.0);
    }

    fn add_at(&mut self, limb: usize, digits: i128, negative: bool) {
        if let Some(sum) = self.0.get_mut(limb) {
            *sum += if negative { -digits } else { digits };
        }
    }

    /// Adds another sum. Sums of rows stay far from the ends of the range, those of a forged state may not.
    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The sum as a number and what rounding took from it.
    fn value(&self) -> Double {
        let mut digits = self.0;
        // Limbs of one sign and below 2^64, so that few of them hold all that a pair of doubles can.
        for limb in 1..LIMBS {
            let carried = digits[limb - 1] >> LIMB;
            digits[limb - 1] -= carried << LIMB;
            digits[limb] = digits[limb].saturating_add(carried);
        }
        let mut sum = Double::default();
        for (limb, digits) in (0..LIMBS as u8).zip(digits).rev() {
            let weight = f64::from(LIMB * i32::from(limb) - LOWEST).exp2();
            // A limb has more digits than a double.
            let high = digits >> 32 << 32;
            sum = sum.plus(high as f64 * weight);
            sum = sum.plus((digits - high) as f64 * weight);
        }
        sum
    }
}

/// A number of twice as many digits: the sum of two doubles, the second being less than the first can show (Dekker 1971).
#[derive(Debug, Clone, Copy, Default)]
struct Double(f64, f64);

impl Double {
    fn of_sum(a: f64, b: f64) -> Self {
        let sum = a + b;
        let of_b = sum - a;
        Self(sum, (a - (sum - of_b)) + (b - of_b))
    }

    fn of_product(a: f64, b: f64) -> Self {
        let product = a * b;
        Self(product, a.mul_add(b, -product))
    }

    fn plus(self, other: f64) -> Self {
        let sum = Self::of_sum(self.0, other);
        Self::of_sum(sum.0, sum.1 + self.1)
    }

    fn minus(self, other: Self) -> Self {
        self.plus(-other.0).plus(-other.1)
    }

    fn square(self) -> Self {
        let product = Self::of_product(self.0, self.0);
        Self::of_sum(product.0, product.1 + 2.0 * self.0 * self.1)
    }

    fn times(self, factor: f64) -> Self {
        let product = Self::of_product(self.0, factor);
        Self::of_sum(product.0, product.1 + self.1 * factor)
    }
}

/// Sums of numbers and of their squares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// Numbers added.
    pub count: u64,
    /// Of these, infinite ones and others that have no place in the sums.
    pub beyond: u64,
    sum: ExactSum,
    squares: ExactSum,
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut moments = Self::default();
        for number in numbers {
            moments.add(number);
        }
        moments
    }
}

impl Moments {
    /// Adds a number.
    pub fn add(&mut self, number: f64) {
        self.count += 1;
        if number == 0.0 {
            return;
        }
        if number.is_nan() || number.abs() > MOST {
            self.beyond += 1;
            return;
        }
        self.sum.add(number);
        let square = Double::of_product(number, number);
        self.squares.add(square.0);
        self.squares.add(square.1);
    }

    /// Adds the numbers of another shard.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.beyond += other.beyond;
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    /// The mean; `None` without numbers or with infinite ones.
    pub fn mean(&self) -> Option<f64> {
        let is_defined = self.count > 0 && self.beyond == 0;
        is_defined.then(|| self.sum.value().0 / self.count as f64)
    }

    /// The variance (n - 1); `None` below two numbers or with infinite ones.
    pub fn variance(&self) -> Option<f64> {
        if self.count < 2 || self.beyond > 0 {
            return None;
        }
        let count = self.count as f64;
        // n x squares - sum^2, both exact to twice the digits of a double.
        let spread = self.squares.value().times(count);
        let spread = spread.minus(self.sum.value().square());
        Some(spread.0.max(0.0) / count / (count - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(numbers: impl IntoIterator<Item = f64>) -> Moments {
        numbers.into_iter().collect()
    }

    #[test]
    fn mean_and_variance() {
        let found = moments([1.0, 2.0, 4.0, -3.0]);
        assert_eq!(found.mean(), Some(1.0));
        assert!((found.variance().unwrap() - 26.0 / 3.0).abs() < 1e-14);
        assert_eq!(moments([]).mean(), None);
        assert_eq!(moments([5.0]).variance(), None);
        assert_eq!(moments([0.1; 7]).variance(), Some(0.0));
    }

    #[test]
    fn a_variance_beside_a_huge_mean_keeps_its_digits() {
        for scale in [1e-15, 1e-9, 1.0, 1e12] {
            let numbers = [1e6, 1e6 + 1.0, 1e6 + 2.0].map(|number| number * scale);
            let mean = (numbers[0] + numbers[1] + numbers[2]) / 3.0;
            let expected: f64 = numbers.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / 2.0;
            let got = moments(numbers).variance().unwrap();
            assert!((got / expected - 1.0).abs() < 1e-9, "{got:e} {expected:e}");
        }
        let steps = moments([1e15, 1e15 + 1.0, 1e15 + 2.0]);
        assert_eq!(steps.variance(), Some(1.0));
    }

    #[test]
    fn sums_do_not_depend_on_order_or_shards() {
        let numbers: Vec<f64> = (1..2_000)
            .map(|at| (f64::from(at) * 0.7).sin() * 10.0_f64.powi(at % 19 - 9))
            .collect();
        let forward = moments(numbers.iter().copied());
        assert_eq!(forward, moments(numbers.iter().rev().copied()));
        let (left, right) = numbers.split_at(700);
        let mut merged = moments(left.iter().copied());
        merged.merge(&moments(right.iter().copied()));
        assert_eq!(forward, merged);
        let mut cancelled = forward;
        for number in &numbers {
            cancelled.add(-number);
        }
        assert_eq!(cancelled.mean(), Some(0.0));
    }

    #[test]
    fn infinite_numbers_have_no_moments() {
        let found = moments([1.0, f64::INFINITY, f64::NAN, 1e300]);
        assert_eq!((found.mean(), found.variance()), (None, None));
        assert_eq!((found.count, found.beyond), (4, 3));
        assert_eq!(moments([f64::MIN_POSITIVE, 1e-300]).mean(), Some(0.0));
    }
}
