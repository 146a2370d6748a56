//! Texts in blocks of 64 bytes: one bit a byte, so that token boundaries come from a few bit operations.

/// Bytes of a block, and bits of its masks.
pub const BLOCK: usize = 64;

/// Spaces kept behind every text, so that blocks and 8-byte loads never pass its end.
pub const PADDING: usize = BLOCK + 8;

/// The lowest bits of eight bytes of 0 or 1 as one byte: the product moves them to its top byte.
#[inline]
pub const fn gather(eight: u64) -> u64 {
    eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
}
