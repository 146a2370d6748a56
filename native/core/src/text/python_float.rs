//! Python's `float(text)` and `str(float)`, which the DROP evaluation passes every word through.

use std::fmt::Write as _;

use super::python::is_space;
use super::unicode14::DECIMAL_ZEROS;

/// `float(text)`: `None` where Python raises.
///
/// Decimal digits of every script count and single underscores may stand between digits. Python drops spaces at the
/// ends, but of the ASCII ones only those of C's `isspace`: U+001C to U+001F stay and make the text no number.
pub fn parse(text: &str) -> Option<f64> {
    if text.is_ascii() && !text.contains('_') {
        return trimmed(text).parse().ok();
    }
    let ascii: String = text.chars().map(ascii_of).collect();
    without_underscores(trimmed(&ascii))?.parse().ok()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r'])
}

/// What `float` reads a character as; `?` for characters that no number has.
fn ascii_of(c: char) -> char {
    if c.is_ascii() {
        c
    } else if is_space(c) {
        ' '
    } else {
        decimal_digit(c).map_or('?', char::from)
    }
}

/// The ASCII digit of a decimal digit of any script.
fn decimal_digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let after = DECIMAL_ZEROS.partition_point(|&zero| zero <= code);
    let digit = code - DECIMAL_ZEROS.get(after.checked_sub(1)?)?;
    (digit < 10).then(|| b'0' + digit as u8)
}

/// The text without its underscores; `None` if one does not stand between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let lies_between_digits =
        |(at, _): (usize, &str)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    text.match_indices('_')
        .all(lies_between_digits)
        .then(|| text.replace('_', ""))
}

/// Appends `str(number)`: the shortest digits that read back as the number, with a decimal point or an exponent.
pub fn write(number: f64, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = if number.is_nan() {
        out.write_str("nan")
    } else if number.is_infinite() {
        out.write_str(if number > 0.0 { "inf" } else { "-inf" })
    } else {
        write_finite(number, out)
    };
}

fn write_finite(number: f64, out: &mut String) -> std::fmt::Result {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        // `{:?}` keeps ".0" behind whole numbers, and has no exponent in this range.
        Ok(-4..16) | Err(_) => write!(out, "{}", Plain(number)),
        Ok(power) => {
            let sign = if power < 0 { '-' } else { '+' };
            write!(out, "{digits}e{sign}{:02}", power.abs())
        }
    }
}

/// A number without exponent, with at least one digit behind the point.
struct Plain(f64);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        if self.0.fract() == 0.0 {
            f.write_str(".0")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let mut out = String::new();
        parse(text).map(|number| {
            write(number, &mut out);
            out
        })
    }

    /// Every line is what Python 3.11 prints.
    #[test]
    fn numbers_are_those_of_python() {
        for (text, expected) in [
            ("5", "5.0"),
            (" 5\n", "5.0"),
            ("+.5", "0.5"),
            ("5.", "5.0"),
            ("-0", "-0.0"),
            ("1_000.2_5", "1000.25"),
            ("1e16", "1e+16"),
            ("123456789012345680", "1.2345678901234568e+17"),
            ("9999999999999998", "9999999999999998.0"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.5e-7", "1.5e-07"),
            ("5e-324", "5e-324"),
            ("1e400", "inf"),
            ("-Infinity", "-inf"),
            ("+NaN", "nan"),
            ("\u{665}", "5.0"),
            ("\u{ff11}e\u{1d7d9}", "10.0"),
            ("5\u{a0}", "5.0"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_python_refuses_is_no_number() {
        for text in [
            "",
            " ",
            ".",
            "e5",
            "1__0",
            "_1",
            "1_",
            "1_e5",
            "1._1",
            "0x10",
            "\u{b2}",
            "\x1c5",
            "\x1c\u{665}",
            "1\0",
            "1 2",
            "infinit_y",
            "\u{2212}5",
            // Far behind the digits before it.
            "\u{307}",
            "5\u{e9}",
            "--5",
        ] {
            assert_eq!(shown(text), None, "{text:?}");
        }
    }
}
