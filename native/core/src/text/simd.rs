//! The loops that need vector instructions by name. The only unsafe code of the crate is here: calling a
//! function that was compiled for instructions which the processor was just found to have.

use super::blocks::{BLOCK, gather, zeros};

/// For each print of `tokens`, one bit for each of 64 `prints` that equals it; appended to `masks`.
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "run-time dispatch; see the module")
)]
pub fn equal_masks(prints: &[u8; BLOCK], tokens: &[u8], masks: &mut Vec<u64>) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the processor has AVX-512BW, and with it AVX-512F.
            return unsafe { x86::equal_masks_avx512(prints, tokens, masks) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { x86::equal_masks_avx2(prints, tokens, masks) };
        }
    }
    equal_masks_plain(prints, tokens, masks);
}

/// For each of the lowest N bits, one bit for each byte of `classes` that has it.
#[inline]
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "run-time dispatch; see the module")
)]
pub fn bit_masks<const N: usize>(classes: &[u8; BLOCK]) -> [u64; N] {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the processor has AVX-512BW, and with it AVX-512F.
            return unsafe { x86::bit_masks_avx512(classes) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { x86::bit_masks_avx2(classes) };
        }
    }
    bit_masks_plain(classes)
}

fn bit_masks_plain<const N: usize>(classes: &[u8; BLOCK]) -> [u64; N] {
    const LOWEST: u64 = 0x0101_0101_0101_0101;
    let groups = words(classes);
    std::array::from_fn(|bit| {
        let places = groups.iter().enumerate();
        places.fold(0, |mask, (place, group)| {
            mask | gather(group >> bit & LOWEST) << (8 * place)
        })
    })
}

/// Eight prints at a time in ordinary registers.
fn equal_masks_plain(prints: &[u8; BLOCK], tokens: &[u8], masks: &mut Vec<u64>) {
    let groups: [u64; BLOCK / 8] = words(prints);
    masks.extend(tokens.iter().map(|&print| {
        let wanted = u64::from_le_bytes([print; 8]);
        let mut mask = 0;
        for (place, group) in groups.iter().enumerate() {
            mask |= gather(zeros(group ^ wanted) >> 7) << (8 * place);
        }
        mask
    }));
}

fn words(bytes: &[u8; BLOCK]) -> [u64; BLOCK / 8] {
    let (eights, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|at| u64::from_le_bytes(eights[at]))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256i, __m512i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_movemask_epi8,
        _mm256_set_epi64x, _mm256_set1_epi8, _mm512_cmpeq_epi8_mask, _mm512_set_epi64,
        _mm512_set1_epi8, _mm512_test_epi8_mask,
    };

    use super::{BLOCK, words};

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_512(bytes: &[u8; BLOCK]) -> __m512i {
        let [a, b, c, d, e, f, g, h] = words(bytes).map(u64::cast_signed);
        _mm512_set_epi64(h, g, f, e, d, c, b, a)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load_256(bytes: &[u8; BLOCK]) -> [__m256i; 2] {
        let [a, b, c, d, e, f, g, h] = words(bytes).map(u64::cast_signed);
        [_mm256_set_epi64x(d, c, b, a), _mm256_set_epi64x(h, g, f, e)]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn high_bits(halves: [__m256i; 2]) -> u64 {
        let [low, high] = halves.map(|half| _mm256_movemask_epi8(half).cast_unsigned());
        u64::from(low) | u64::from(high) << 32
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn bit_masks_avx512<const N: usize>(classes: &[u8; BLOCK]) -> [u64; N] {
        let all = load_512(classes);
        std::array::from_fn(|bit| _mm512_test_epi8_mask(all, _mm512_set1_epi8(1 << bit)))
    }

    #[target_feature(enable = "avx2")]
    pub fn bit_masks_avx2<const N: usize>(classes: &[u8; BLOCK]) -> [u64; N] {
        let halves = load_256(classes);
        std::array::from_fn(|bit| {
            let bit = _mm256_set1_epi8(1 << bit);
            high_bits(halves.map(|half| _mm256_cmpeq_epi8(_mm256_and_si256(half, bit), bit)))
        })
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    pub fn equal_masks_avx512(prints: &[u8; BLOCK], tokens: &[u8], masks: &mut Vec<u64>) {
        let all = load_512(prints);
        let equal = |print: &u8| _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8(print.cast_signed()));
        masks.extend(tokens.iter().map(equal));
    }

    #[target_feature(enable = "avx2")]
    pub fn equal_masks_avx2(prints: &[u8; BLOCK], tokens: &[u8], masks: &mut Vec<u64>) {
        let halves = load_256(prints);
        masks.extend(tokens.iter().map(|print| {
            let wanted = _mm256_set1_epi8(print.cast_signed());
            high_bits(halves.map(|half| _mm256_cmpeq_epi8(half, wanted)))
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes() -> [u8; BLOCK] {
        std::array::from_fn(|at| (at * 37 % 29) as u8 * 9)
    }

    #[test]
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "every path is compared")
    )]
    fn every_path_finds_the_same_prints() {
        let tokens: Vec<u8> = (0..=255).collect();
        let expected = tokens.iter().map(|token| {
            let bits = bytes().into_iter().enumerate();
            bits.fold(0, |mask, (at, print)| {
                mask | u64::from(print == *token) << at
            })
        });
        let expected: Vec<u64> = expected.collect();
        let mut masks = Vec::new();
        equal_masks_plain(&bytes(), &tokens, &mut masks);
        assert_eq!(masks, expected);
        masks.clear();
        equal_masks(&bytes(), &tokens, &mut masks);
        assert_eq!(masks, expected);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            masks.clear();
            // SAFETY: the processor has AVX2.
            unsafe { x86::equal_masks_avx2(&bytes(), &tokens, &mut masks) };
            assert_eq!(masks, expected);
        }
    }

    #[test]
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "every path is compared")
    )]
    fn every_path_finds_the_same_bits() {
        let expected: [u64; 8] = std::array::from_fn(|bit| {
            let places = bytes().into_iter().enumerate();
            places.fold(0, |mask, (at, byte)| {
                mask | u64::from(byte >> bit & 1) << at
            })
        });
        assert_eq!(bit_masks_plain(&bytes()), expected);
        assert_eq!(bit_masks(&bytes()), expected);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            assert_eq!(unsafe { x86::bit_masks_avx2(&bytes()) }, expected);
        }
    }
}
