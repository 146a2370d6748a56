//! Texts in blocks of 64 bytes: one bit a byte, so that token boundaries come from a few bit operations.

use super::simd::bit_masks;

/// Bytes of a block, and bits of its masks.
pub const BLOCK: usize = 64;

/// Spaces kept behind every text, so that blocks and 8-byte loads never pass its end.
pub const PADDING: usize = BLOCK + 8;

/// The lowest bits of eight bytes of 0 or 1 as one byte: the product moves them to its top byte.
#[inline]
pub const fn gather(eight: u64) -> u64 {
    eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Whether the text has any of the bytes.
pub fn contains_any<const N: usize>(text: &[u8], bytes: [u8; N]) -> bool {
    let (eights, rest) = text.as_chunks::<8>();
    let mut found = 0;
    for eight in eights {
        let eight = u64::from_le_bytes(*eight);
        for byte in bytes {
            found |= zeros(eight ^ u64::from_le_bytes([byte; 8]));
        }
    }
    found != 0 || rest.iter().any(|byte| bytes.contains(byte))
}

/// The highest bit of each byte that is zero; exact, as no carry leaves a byte.
#[inline]
pub const fn zeros(eight: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((eight & LOW) + LOW) | eight | LOW)
}

/// A class for each byte of a block: bits that the caller names.
#[derive(Debug)]
pub struct Classes([u8; BLOCK]);

impl Classes {
    /// Classifies a block. A function of its own, as the compiler makes good vector code of it only alone.
    #[inline(never)]
    pub fn of(block: &[u8; BLOCK], class: impl Fn(u8) -> u8) -> Self {
        let mut classes = [0; BLOCK];
        for (place, byte) in classes.iter_mut().zip(block) {
            *place = class(*byte);
        }
        Self(classes)
    }

    /// For each of the lowest N bits, one bit for each byte whose class has it.
    #[inline]
    pub fn masks<const N: usize>(&self) -> [u64; N] {
        bit_masks(&self.0)
    }
}

/// Appends `base` + the position of every set bit.
#[inline]
pub fn push_positions(mut bits: u64, base: u32, positions: &mut Vec<u32>) {
    while bits != 0 {
        positions.push(base + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_finds_its_place() {
        for at in 0..BLOCK {
            let mut block = [b'x'; BLOCK];
            block[at] = b' ';
            let classes = Classes::of(&block, |byte| u8::from(byte == b' ') << 3 | 1);
            assert_eq!(classes.masks(), [u64::MAX, 0, 0, 1 << at, 0]);
        }
    }

    #[test]
    fn bytes_are_found_anywhere() {
        for len in 0..20 {
            for at in 0..len {
                let mut text = vec![0x80; len];
                assert!(!contains_any(&text, [0, 1]));
                text[at] = 1;
                assert!(contains_any(&text, [0, 1]));
            }
        }
    }

    #[test]
    fn positions_are_in_order() {
        let mut found = Vec::new();
        push_positions(0x8000_0000_0000_0101, 64, &mut found);
        assert_eq!(found, [64, 72, 127]);
    }
}
