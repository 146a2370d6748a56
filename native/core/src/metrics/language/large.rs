//! Sums of numbers as large as a double can be: perplexities of single texts.

/// Columns of a number.
pub const WIDTH: usize = 12;

const TWO_64: f64 = 18_446_744_073_709_551_616.0;

/// Bits that a column takes: it holds multiples of 2^-64 below 2^32.
const BITS: i32 = 96;

/// What the first column is a multiple of: 2 to this.
const HIGHEST: i32 = 992;

fn units() -> impl Iterator<Item = f64> {
    let exponents = (0..).map(|column| HIGHEST - BITS * column);
    exponents.take(WIDTH).map(|exponent| 2_f64.powi(exponent))
}

/// Writes the columns of a finite number of at least 0, the highest first. What is below 2^-128 is cut off.
pub fn split(number: f64, out: &mut [f64]) {
    debug_assert_eq!(out.len(), WIDTH);
    let mut rest = number;
    for (column, unit) in out.iter_mut().zip(units()) {
        // Powers of two, and what is cut off has fewer bits than the number: every step is exact.
        *column = (rest / unit * TWO_64).trunc() / TWO_64;
        rest -= *column * unit;
    }
}

/// The number of summed columns.
pub fn join(columns: &[f64]) -> f64 {
    columns
        .iter()
        .zip(units())
        .map(|(column, unit)| column * unit)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [
            0.0,
            1.0,
            40.25,
            1e10,
            1.8e19,
            1.234_567_890_123e120,
            f64::MAX,
            0.5_f64.powi(64),
        ] {
            let mut columns = [0.0; WIDTH];
            split(number, &mut columns);
            assert!(
                columns
                    .iter()
                    .all(|column| (0.0..4_294_967_296.0).contains(column)),
                "{number}"
            );
            assert_eq!(join(&columns), number);
        }
    }
}
