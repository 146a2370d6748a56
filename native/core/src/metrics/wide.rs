//! Numbers that do not fit one column of exact sums: three columns each.
//!
//! A column holds numbers in [-2^32, 2^32] in steps of 2^-64. A wide number is a multiple of 2^32, a rest below that
//! in steps of 2^-64, and what is below those steps, scaled up by 2^64: it reaches from 2^64 down to steps of 2^-128.

/// Columns of a wide number.
pub const WIDTH: usize = 3;

/// Largest absolute value.
pub const MAX: f64 = TWO_64;

const TWO_32: f64 = 4_294_967_296.0;
const TWO_64: f64 = TWO_32 * TWO_32;

/// The columns of a number of at most [`MAX`]; their sums are exact but for what is below 2^-128.
pub fn split(number: f64) -> [f64; WIDTH] {
    let high = (number / TWO_32).trunc();
    let rest = number - high * TWO_32;
    // Cut to steps of 2^-64: a double of 53 bits needs that only below 2^-11.
    let whole = rest.trunc();
    let middle = whole + ((rest - whole) * TWO_64).trunc() / TWO_64;
    [high, middle, (rest - middle) * TWO_64]
}

/// The number of summed columns, rounded once or twice.
pub fn join(columns: &[f64]) -> f64 {
    columns[0] * TWO_32 + (columns[1] + columns[2] / TWO_64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [
            0.0,
            1.0,
            -1.0,
            0.1,
            1e-30,
            -3e-25,
            1e19,
            -1.8e19,
            4_294_967_296.5,
            123_456_789_012.345,
            1.0 / 3.0,
        ] {
            let columns = split(number);
            assert!(
                columns.iter().all(|column| column.abs() <= TWO_32),
                "{number}"
            );
            assert_eq!(join(&columns), number);
        }
    }
}
