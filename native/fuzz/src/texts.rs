//! Texts of an input.

use std::borrow::Cow;

/// What stands between texts: a byte that UTF-8 never has.
pub const BREAK: u8 = 0xff;

/// The texts between the breaks; bytes that are no text are replaced.
pub fn texts(data: &[u8]) -> Vec<Cow<'_, str>> {
    data.split(|byte| *byte == BREAK)
        .map(String::from_utf8_lossy)
        .collect()
}
