//! Python's view of characters, which the reference implementations inherit: `str.lower()`, `str.split()`
//! and `\w`, as Python 3.11 has them (Unicode 14.0). Rust's own tables follow a later Unicode.

use super::unicode14;

/// A set of characters.
struct Characters {
    ranges: &'static [(u32, u32)],
    /// One bit a character of [`BASIC`]: most texts have no others.
    basic: [u64; BASIC / 64],
}

/// The characters below this one are the Basic Multilingual Plane.
const BASIC: usize = 0x1_0000;

static WORD: Characters = Characters::of(unicode14::WORD);
static CASED: Characters = Characters::of(unicode14::CASED);
static CASE_IGNORABLE: Characters = Characters::of(unicode14::CASE_IGNORABLE);

impl Characters {
    /// The characters of sorted ranges.
    const fn of(ranges: &'static [(u32, u32)]) -> Self {
        let mut basic = [0; BASIC / 64];
        let mut range = 0;
        while range < ranges.len() {
            let (mut code, last) = ranges[range];
            while code <= last && code < BASIC as u32 {
                basic[code as usize / 64] |= 1 << (code % 64);
                code += 1;
            }
            range += 1;
        }
        Self { ranges, basic }
    }

    fn has(&self, c: char) -> bool {
        let code = u32::from(c);
        if let Some(bits) = self.basic.get(code as usize / 64) {
            return bits >> (code % 64) & 1 == 1;
        }
        let after = self.ranges.partition_point(|&(low, _)| low <= code);
        after > 0 && code <= self.ranges[after - 1].1
    }
}

/// `\w` of Python's `re`, without the underscore: `str.isalnum()`.
pub fn is_alphanumeric(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        WORD.has(c)
    }
}

/// What `str.split()` splits at: 29 characters, U+001C to U+001F among them (Rust's `is_whitespace` has 25).
pub const fn is_space(c: char) -> bool {
    matches!(c,
        '\t'..='\r' | '\u{1c}'..=' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
        | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Length in bytes of the non-ASCII space that starts at `at`, 0 if there is none.
pub fn wide_space_len(text: &[u8], at: usize) -> usize {
    match text.get(at..).unwrap_or_default() {
        [0xc2, 0x85 | 0xa0, ..] => 2,
        [0xe1, 0x9a, 0x80, ..]
        | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..]
        | [0xe2, 0x81, 0x9f, ..]
        | [0xe3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Appends `str.lower()` of the text.
pub fn lower_into(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        out.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        return;
    }
    let mut utf8 = [0; 4];
    for (at, c) in text.char_indices() {
        match c {
            'Σ' if is_final_sigma(text, at) => out.extend("ς".bytes()),
            _ if c.is_ascii() => out.push(c.to_ascii_lowercase() as u8),
            // Letters that got a lower case after Unicode 14 are no cased letters there: Python keeps them.
            _ if CASED.has(c) => {
                for lower in c.to_lowercase() {
                    out.extend(lower.encode_utf8(&mut utf8).bytes());
                }
            }
            _ => out.extend(c.encode_utf8(&mut utf8).bytes()),
        }
    }
}

/// The `Final_Sigma` condition of the Unicode Standard, section 3.13.
fn is_final_sigma(text: &str, at: usize) -> bool {
    let is_cased = |c: Option<char>| c.is_some_and(|c| CASED.has(c));
    let solid = |c: &char| !CASE_IGNORABLE.has(*c);
    let before = text[..at].chars().rev().find(solid);
    is_cased(before) && !is_cased(text[at + 'Σ'.len_utf8()..].chars().find(solid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(text: &str) -> String {
        let mut out = Vec::new();
        lower_into(text, &mut out);
        String::from_utf8(out).expect("lower case is UTF-8")
    }

    /// FNV-1a, for comparing a whole table with Python's in one number.
    fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
        bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn sets_of_characters_are_their_ranges() {
        for set in [&WORD, &CASED, &CASE_IGNORABLE] {
            let mut ranges = set.ranges.iter().peekable();
            for c in '\0'..=char::MAX {
                let code = u32::from(c);
                while ranges.next_if(|(_, last)| *last < code).is_some() {}
                let expected = ranges.peek().is_some_and(|(first, _)| *first <= code);
                assert_eq!(set.has(c), expected, "{c:?}");
            }
        }
    }

    /// The expected number is Python 3.11's: the FNV-1a of `chr(c).lower()` in UTF-8 over all code points.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn lower_case_equals_python_for_every_code_point() {
        let all = ('\0'..=char::MAX).flat_map(|c| lower(&c.to_string()).into_bytes());
        assert_eq!(fnv(all), FNV_LOWER);
    }

    #[test]
    fn sigma_is_final_as_in_python() {
        assert_eq!(lower("ΟΔΟΣ ΣΟΦΟΣ."), "οδος σοφος.");
        assert_eq!(lower("Σ"), "σ");
        assert_eq!(lower("AΣ'"), "aς'");
        assert_eq!(lower("AΣ'B"), "aσ'b");
        assert_eq!(lower("İK\u{212a}"), "i\u{307}kk");
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn there_are_29_spaces() {
        assert_eq!(('\0'..=char::MAX).filter(|c| is_space(*c)).count(), 29);
        for c in '\u{80}'..=char::MAX {
            let text = c.to_string();
            let expected = if is_space(c) { text.len() } else { 0 };
            assert_eq!(wide_space_len(text.as_bytes(), 0), expected, "{c:?}");
        }
    }

    const FNV_LOWER: u64 = 0xc319_d02e_8283_b91e;
}
