//! Texts in blocks of 64 bytes: one bit a byte, so that token boundaries come from a few bit operations.

/// Bytes of a block, and bits of its masks.
pub const BLOCK: usize = 64;

/// Spaces kept behind every text, so that blocks and 8-byte loads never pass its end.
pub const PADDING: usize = BLOCK + 8;

/// One bit for each byte of 0 or 1. The product gathers the lowest bits of eight bytes in its top byte.
#[inline]
pub fn bits_of(flags: &[u8; BLOCK]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    let mut bits = 0;
    for (at, eight) in eights.iter().enumerate() {
        bits |= gather(u64::from_le_bytes(*eight)) << (8 * at);
    }
    bits
}

/// The lowest bits of eight bytes of 0 or 1 as one byte.
#[inline]
pub const fn gather(eight: u64) -> u64 {
    eight.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// One bit for each byte of the block that passes the test; the test is compiled to vector code.
#[inline]
pub fn mask(block: &[u8; BLOCK], test: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(test(*byte));
    }
    bits_of(&flags)
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
            assert_eq!(mask(&block, |byte| byte == b' '), 1 << at);
            assert_eq!(mask(&block, |byte| byte != b' '), !(1 << at));
        }
    }

    #[test]
    fn positions_are_in_order() {
        let mut found = Vec::new();
        push_positions(0x8000_0000_0000_0101, 64, &mut found);
        assert_eq!(found, [64, 72, 127]);
    }
}
