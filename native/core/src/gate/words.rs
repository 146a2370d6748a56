//! Numbers in the words of a reason.

/// p-values below are printed as this one: numbers that small have no digits.
const SMALLEST: f64 = 1e-300;

/// Four decimals, or four digits where those would show too little.
pub fn plain(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || size >= 0.01 {
        return format!("{value:.4}");
    }
    if size < 1e-6 {
        return format!("{value:.3e}");
    }
    let decimals = (3.0 - size.log10().floor()) as usize;
    let digits = format!("{value:.decimals$}");
    digits.trim_end_matches('0').to_owned()
}

/// The same with its sign.
pub fn signed(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", plain(value))
}

/// A p-value: never zero; at the floor of its draws with "<", rounded up so that this is true.
pub fn p_value(value: f64, at_floor: bool) -> String {
    if value < SMALLEST {
        return format!("<{SMALLEST:e}");
    }
    let unit = if value >= 0.001 {
        1e-4
    } else {
        10_f64.powf(value.log10().floor() - 1.0)
    };
    // 0.0003 / 0.00001 is a little more than 30.
    let shown = if at_floor {
        (value / unit - 1e-9).ceil() * unit
    } else {
        value
    };
    let digits = if value >= 0.001 {
        format!("{shown:.4}")
    } else {
        format!("{shown:.1e}")
    };
    format!("{}{digits}", if at_floor { "<" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_keep_their_digits() {
        let shown = [0.0, 12.0, -0.05, 0.005, 0.004_959_4, -0.000_012, 1.5e-9].map(plain);
        let expected = [
            "0.0000",
            "12.0000",
            "-0.0500",
            "0.005",
            "0.004959",
            "-0.000012",
            "1.500e-9",
        ];
        assert_eq!(shown, expected);
        assert_eq!(signed(0.25), "+0.2500");
    }

    #[test]
    fn no_p_value_is_zero() {
        let shown = [0.0, 1e-310, 3.14e-20, 0.000_25, 0.0312].map(|p| p_value(p, false));
        let expected = ["<1e-300", "<1e-300", "3.1e-20", "2.5e-4", "0.0312"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_floor_is_rounded_up() {
        let shown = [0.000_3, 0.000_123, 9.999_000_1e-5, 0.001_23, 0.0].map(|p| p_value(p, true));
        let expected = ["<3.0e-4", "<1.3e-4", "<1.0e-4", "<0.0013", "<1e-300"];
        assert_eq!(shown, expected);
    }
}
