//! Whether bytes are UTF-8, for most texts: seen from bit masks, 64 bytes at a time.

// Tests of bytes have no branches, so that they are compiled to vector code.
#![allow(clippy::needless_bitwise_bool)]

use super::super::blocks::BLOCK;
use super::{Path, Simd, Work, byte_classes, chosen, run_on};

/// The bytes as text if they are quickly seen to be UTF-8. `None` decides nothing: a full check is as fast on paths
/// whose masks take longer, and some characters are left to it, those that begin with 0xE0 or 0xED and those of four
/// bytes.
#[expect(
    unsafe_code,
    reason = "the bytes were checked here, in a way of our own"
)]
#[inline]
pub fn quick_text(bytes: &[u8]) -> Option<&str> {
    let path = chosen().ok().filter(|path| path.path() == Path::Avx512)?;
    // SAFETY: the bytes are UTF-8, see `IsText`.
    run_on(path, &IsText(bytes)).then(|| unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// Every byte is ASCII, the first of a character of two or three bytes that may be followed by any continuation bytes,
/// or a continuation byte; and continuation bytes are where the first bytes say, and nowhere else.
struct IsText<'a>(&'a [u8]);

impl Work for &IsText<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> bool {
        let mut wrong = 0;
        // Continuation bytes that the block before leaves to this one.
        let mut open = 0;
        for base in (0..self.0.len()).step_by(BLOCK) {
            let block = simd.block(&self.0[base..]);
            let [tail, lead, long, unsure] = simd.class_masks::<Bytes, 4>(&block);
            let expected = open | lead << 1 | long << 2;
            wrong |= expected ^ tail | unsure;
            open = lead >> (BLOCK - 1) | long >> (BLOCK - 2);
        }
        // A block that is not full ends in spaces, which are no continuation bytes.
        (wrong | open) == 0
    }
}

/// Bits of the class of a byte, in the order in which [`IsText`] reads them: a continuation byte.
const TAIL: u32 = 0;
/// One or two continuation bytes follow.
const LEAD: u32 = 1;
/// Two continuation bytes follow.
const LONG: u32 = 2;
/// No byte of UTF-8, or one that the next byte depends on.
const UNSURE: u32 = 3;

#[inline]
const fn class_of(byte: u8) -> u8 {
    let tail = byte.wrapping_sub(0x80) <= 0xbf - 0x80;
    let long = (byte.wrapping_sub(0xe1) <= 0xef - 0xe1) & (byte != 0xed);
    let lead = (byte.wrapping_sub(0xc2) <= 0xdf - 0xc2) | long;
    let unsure = (byte >= 0xc0) & !lead;
    (tail as u8) << TAIL | (lead as u8) << LEAD | (long as u8) << LONG | (unsure as u8) << UNSURE
}

byte_classes!(Bytes, class_of);

#[cfg(test)]
mod tests {
    use super::super::Available;
    use super::*;

    fn check(bytes: &[u8]) {
        let is_sure = !bytes
            .iter()
            .any(|byte| matches!(byte, 0xe0 | 0xed | 0xf0..));
        let expected = is_sure && std::str::from_utf8(bytes).is_ok();
        for path in Path::ALL.into_iter().filter_map(Available::of) {
            assert_eq!(
                run_on(path, &IsText(bytes)),
                expected,
                "{path:?} {bytes:x?}"
            );
        }
    }

    /// Both sides of every boundary of the definition.
    const BYTES: [u8; 13] = [
        0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
    ];

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes there")]
    fn what_is_taken_is_utf8_wherever_it_stands() {
        for len in [0, 61, 62, 63, 64, 127] {
            let mut text = vec![b'x'; len];
            check(&text);
            for number in 0..BYTES.len().pow(4) {
                text.truncate(len);
                let digit = |at: u32| BYTES[number / BYTES.len().pow(at) % BYTES.len()];
                text.extend((0..4).map(digit));
                check(&text[..len + 1 + number % 4]);
            }
        }
    }

    #[test]
    fn every_byte_is_classed() {
        let step = if cfg!(miri) { 37 } else { 1 };
        for first in (0..=255).step_by(step) {
            check(&[first]);
            for second in (0..=255).step_by(step) {
                check(&[first, second]);
                check(&[first, second, 0x80]);
            }
        }
    }

    #[test]
    fn a_checked_text_is_the_same_text() {
        let text = "Zw\u{f6}lf Boxk\u{e4}mpfer \u{201e}jagen\u{201c} \u{732b}";
        let is_quick = chosen().is_ok_and(|path| path.path() == Path::Avx512);
        assert_eq!(quick_text(text.as_bytes()), is_quick.then_some(text));
        assert_eq!(quick_text(b"\xff"), None);
        assert_eq!(quick_text("\u{1f469}".as_bytes()), None);
    }
}
