//! Numbers in running text: `-$1,234.50`, `3 %`, `6.02e23`.

use super::python::{is_alphanumeric, is_space};

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    /// What stands before decimals: `.` or `,`. The other one separates thousands.
    pub decimal_comma: bool,
    /// Whether a percent sign divides by a hundred; else it is not looked at.
    pub percent_is_fraction: bool,
}

/// Which number of a text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The last one.
    Last,
    /// The first one.
    First,
    /// The text is one number and nothing else but white space around it.
    Only,
}

impl Notation {
    /// The number of a text that counts; `None` if there is none. Numbers too large for a double are infinite.
    pub fn read(self, text: &str, which: Which) -> Option<f64> {
        if which == Which::Only {
            let text = text.trim_matches(is_space);
            return self
                .number_at(text, 0)
                .filter(|found| found.end == text.len())
                .map(|found| found.value);
        }
        let mut last = None;
        let mut at = 0;
        while let Some(first) = text[at..].chars().next() {
            match self.number_at(text, at) {
                Some(found) if which == Which::First => return Some(found.value),
                Some(found) => {
                    last = Some(found.value);
                    at = found.end;
                }
                None => at += first.len_utf8(),
            }
        }
        last
    }

    /// The number that begins at an offset: sign, currency, digits, decimals, exponent, percent sign.
    fn number_at(self, text: &str, start: usize) -> Option<Found> {
        let mut rest = &text[start..];
        let mut digits = String::new();
        // Behind a letter or digit these join: COVID-19, 2010-2012, 3.14.15.
        let joins = text[..start]
            .chars()
            .next_back()
            .is_some_and(is_alphanumeric);
        if joins && rest.starts_with(['-', '+', '\u{2212}', '.', ',']) {
            return None;
        }
        if let Some(after) = rest.strip_prefix(['-', '+', '\u{2212}']) {
            digits.push(if rest.starts_with('+') { '+' } else { '-' });
            rest = after;
        }
        rest = rest.strip_prefix(['$', '€', '£', '¥']).unwrap_or(rest);
        rest = self.whole_part(rest, &mut digits);
        rest = self.decimals(rest, &mut digits)?;
        rest = exponent(rest, &mut digits);
        let mut value: f64 = digits.parse().ok()?;
        let spaced = rest
            .strip_prefix([' ', '\u{a0}', '\u{202f}'])
            .unwrap_or(rest);
        if let Some(after) = spaced.strip_prefix('%') {
            rest = after;
            if self.percent_is_fraction {
                value /= 100.0;
            }
        }
        Some(Found {
            value,
            end: text.len() - rest.len(),
        })
    }

    /// Digits, with separators between groups of three where all of them are alike.
    fn whole_part<'a>(self, text: &'a str, digits: &mut String) -> &'a str {
        let (head, mut rest) = text.split_at(digits_of(text));
        digits.push_str(head);
        let separator = rest.chars().next().filter(|c| self.separates(*c));
        let Some(separator) = separator.filter(|_| (1..=3).contains(&head.len())) else {
            return rest;
        };
        while let Some(group) = rest.strip_prefix(separator) {
            if digits_of(group) != 3 {
                break;
            }
            digits.push_str(&group[..3]);
            rest = &group[3..];
        }
        rest
    }

    fn separates(self, c: char) -> bool {
        let other = if self.decimal_comma { '.' } else { ',' };
        c == other || matches!(c, '\u{a0}' | '\u{2009}' | '\u{202f}')
    }

    /// What follows the decimal sign; `None` if there is no digit on either side of it.
    fn decimals<'a>(self, text: &'a str, digits: &mut String) -> Option<&'a str> {
        let mark = if self.decimal_comma { ',' } else { '.' };
        let behind = text.strip_prefix(mark).unwrap_or("");
        let len = digits_of(behind);
        if len == 0 {
            return digits
                .ends_with(|c: char| c.is_ascii_digit())
                .then_some(text);
        }
        digits.push('.');
        digits.push_str(&behind[..len]);
        Some(&behind[len..])
    }
}

struct Found {
    value: f64,
    /// Offset behind the number.
    end: usize,
}

/// How many ASCII digits a text begins with.
fn digits_of(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn exponent<'a>(text: &'a str, digits: &mut String) -> &'a str {
    let Some(power) = text.strip_prefix(['e', 'E']) else {
        return text;
    };
    let unsigned = power.strip_prefix(['+', '-']).unwrap_or(power);
    let len = digits_of(unsigned);
    if len == 0 {
        return text;
    }
    let end = power.len() - unsigned.len() + len;
    digits.push('e');
    digits.push_str(&power[..end]);
    &power[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: Notation = Notation {
        decimal_comma: false,
        percent_is_fraction: false,
    };
    const COMMA: Notation = Notation {
        decimal_comma: true,
        percent_is_fraction: true,
    };

    #[test]
    fn the_last_number_is_found() {
        for (text, expected) in [
            ("The answer is 42.", 42.0),
            ("5 + 7 = 12", 12.0),
            ("-$1,234.50 in all", -1234.5),
            ("$-3", -3.0),
            ("x=-.5e1!", -5.0),
            ("1,2,3", 3.0),
            ("1,000,000", 1e6),
            ("1,0000", 0.0),
            ("1234,567", 567.0),
            ("12\u{a0}345\u{202f}678", 678.0),
            ("12\u{202f}345\u{202f}678 m", 12_345_678.0),
            ("COVID-19", 19.0),
            ("2010-2012", 2012.0),
            ("\u{2212}7 or - 8", 8.0),
            ("3.14.15", 15.0),
            ("a .5", 0.5),
            ("2e", 2.0),
            ("2e+", 2.0),
            ("6.02E+23", 6.02e23),
            ("50 %", 50.0),
            ("\u{663}", f64::NAN),
            ("none. -", f64::NAN),
            ("", f64::NAN),
        ] {
            let found = POINT.read(text, Which::Last).unwrap_or(f64::NAN);
            assert!(
                found == expected || (found.is_nan() && expected.is_nan()),
                "{text}: {found}"
            );
        }
        assert_eq!(POINT.read("1e999", Which::Last), Some(f64::INFINITY));
    }

    #[test]
    fn first_and_only() {
        assert_eq!(POINT.read("5 of 7", Which::First), Some(5.0));
        assert_eq!(POINT.read(" 5 %\n", Which::Only), Some(5.0));
        assert_eq!(POINT.read("5 kg", Which::Only), None);
        assert_eq!(POINT.read("", Which::Only), None);
    }

    #[test]
    fn commas_may_be_decimal_and_percents_fractions() {
        assert_eq!(COMMA.read("1.234,5", Which::Last), Some(1234.5));
        assert_eq!(COMMA.read("12,5%", Which::Only), Some(0.125));
        assert_eq!(COMMA.read("3.5", Which::Last), Some(5.0));
    }
}
