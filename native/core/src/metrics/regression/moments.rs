//! Variances and covariances from exact sums.

use crate::metrics::exact::Exact;

/// Relative size below which a difference of sums is no more than their rounding, if weights are fractions.
const NOISE: f64 = 5.684_341_886_080_802e-14;

/// n Σxy - Σx Σy: the covariance times n². Zero exactly when it is zero: with weights that are integers every bit is
/// there. With others the sums are rounded like doubles, and what is less than their rounding counts as zero.
pub fn spread(n: f64, products: &[f64], left: &[f64], right: &[f64]) -> f64 {
    let squared = Exact::of_count(n).times(&Exact::of_products(products));
    let means = Exact::of_numbers(left).times(&Exact::of_numbers(right));
    let difference = squared.minus(&means).to_f64();
    let whole = |columns: &[f64]| columns.iter().all(|sum| sum.fract() == 0.0);
    let exact = n.fract() == 0.0 && whole(products) && whole(left) && whole(right);
    if !exact && difference.abs() <= NOISE * squared.to_f64().abs() {
        return 0.0;
    }
    difference
}

/// The variance times n²; never below zero.
pub fn variance(n: f64, squares: &[f64], numbers: &[f64]) -> f64 {
    spread(n, squares, numbers, numbers).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::exact::{NUMBER, PRODUCT, split, split_product};

    fn sums(rows: &[(f64, f64)]) -> ([f64; NUMBER], [f64; PRODUCT]) {
        let (mut numbers, mut squares) = ([0.0; NUMBER], [0.0; PRODUCT]);
        for (number, weight) in rows {
            let (mut one, mut square) = ([0.0; NUMBER], [0.0; PRODUCT]);
            split(*number, &mut one);
            split_product(*number, *number, &mut square);
            numbers
                .iter_mut()
                .zip(one)
                .for_each(|(sum, limb)| *sum += weight * limb);
            squares
                .iter_mut()
                .zip(square)
                .for_each(|(sum, limb)| *sum += weight * limb);
        }
        (numbers, squares)
    }

    #[test]
    fn constants_have_no_variance_whatever_their_weights() {
        for weights in [
            [1.0, 1.0, 1.0],
            [3.0, 0.0, 5.0],
            [0.1, 0.7, 1.3],
            [0.1, 0.1, 0.1],
        ] {
            for constant in [0.1, -7.3e12, 1e-9] {
                let rows = weights.map(|weight| (constant, weight));
                let (numbers, squares) = sums(&rows);
                let n = weights.iter().sum();
                assert_eq!(
                    variance(n, &squares, &numbers),
                    0.0,
                    "{weights:?} {constant}"
                );
            }
        }
    }

    #[test]
    fn weights_are_repetitions() {
        let (numbers, squares) = sums(&[(1.0, 1.0), (2.0, 2.0), (4.0, 1.0)]);
        assert_eq!(variance(4.0, &squares, &numbers), 4.0 * 25.0 - 81.0);
        let (numbers, squares) = sums(&[(1.0, 0.5), (2.0, 1.0), (4.0, 0.5)]);
        assert_eq!(variance(2.0, &squares, &numbers), (4.0 * 25.0 - 81.0) / 4.0);
    }
}
