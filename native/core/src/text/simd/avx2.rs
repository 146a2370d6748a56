//! The path with AVX2 and BMI2.
#![expect(unsafe_code, reason = "run-time dispatch; see the module above")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blend_epi32, _mm256_cmpeq_epi64,
    _mm256_extract_epi64, _mm256_movemask_epi8, _mm256_or_si256, _mm256_permute4x64_epi64,
    _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_slli_epi16,
    _mm256_srlv_epi64, _mm256_sub_epi64, _mm256_xor_si256,
};

use super::super::blocks::BLOCK;
use super::{ByteClasses, GROUP, Simd, Spans, Work, plain, take};

/// The processor has AVX2, BMI1, BMI2, LZCNT and POPCNT: only [`run`] makes it.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

/// Whether the processor has the instructions of this path.
pub fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// Does the work on this path.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub fn run<W: Work>(work: &mut Option<W>) -> W::Output {
    take(work).run(Avx2(()))
}

impl Simd for Avx2 {
    #[inline(always)]
    fn class_masks<C: ByteClasses, const N: usize>(self, block: &[u8; BLOCK]) -> [u64; N] {
        // SAFETY: an Avx2 exists, so the processor has the instructions.
        unsafe { class_masks::<C, N>(block) }
    }

    #[inline(always)]
    fn positions(self, bits: u64, base: u32, out: &mut [u32; BLOCK]) {
        plain::positions(bits, base, out);
    }

    #[inline(always)]
    fn keys(self, text: &[u8], spans: Spans<'_>, keys: &mut [[u64; GROUP]]) {
        plain::make_keys(text, spans, keys);
    }

    #[inline(always)]
    fn equal_keys<const G: usize>(
        self,
        wanted: &[[u64; GROUP]; G],
        keys: &[u64],
    ) -> [[u64; GROUP]; G] {
        // SAFETY: an Avx2 exists, so the processor has the instructions.
        unsafe { equal_keys(wanted, keys) }
    }

    #[inline(always)]
    fn found_from<const G: usize>(
        self,
        least: u64,
        keys: &[[u64; GROUP]; G],
        masks: &[[u64; GROUP]; G],
    ) -> u64 {
        plain::found_from(least, keys, masks)
    }

    #[inline(always)]
    fn block(self, bytes: &[u8]) -> [u8; BLOCK] {
        plain::block(bytes)
    }

    #[inline(always)]
    fn clipped_counts(self, rows: &[u64], len: usize) -> [u32; 4] {
        // SAFETY: an Avx2 exists, so the processor has the instructions.
        unsafe { clipped_counts(rows, len) }
    }
}

/// Classifies a block. A function of its own, as the compiler makes good vector code of it only alone.
#[inline(never)]
#[target_feature(enable = "avx2")]
fn classify<C: ByteClasses>(block: &[u8; BLOCK]) -> [u8; BLOCK] {
    block.map(C::of)
}

#[inline]
#[target_feature(enable = "avx2")]
fn class_masks<C: ByteClasses, const N: usize>(block: &[u8; BLOCK]) -> [u64; N] {
    let classes = classify::<C>(block);
    let (eights, _) = classes.as_chunks::<8>();
    let eight = |at: usize| i64::from_le_bytes(eights[at]);
    let halves =
        [0, 4].map(|at| _mm256_set_epi64x(eight(at + 3), eight(at + 2), eight(at + 1), eight(at)));
    let [low, high] = halves;
    let mut masks = [0; N];
    let mut shifted = [low, high];
    // The highest bit of each byte is what can be gathered: shift the others there, from the eighth down.
    for bit in (0..8).rev() {
        if let Some(mask) = masks.get_mut(bit) {
            *mask = high_bits(shifted);
        }
        shifted = shifted.map(|half| _mm256_slli_epi16::<1>(half));
    }
    masks
}

#[inline]
#[target_feature(enable = "avx2")]
fn high_bits(halves: [__m256i; 2]) -> u64 {
    let [low, high] = halves.map(|half| _mm256_movemask_epi8(half).cast_unsigned());
    u64::from(low) | u64::from(high) << 32
}

/// One lane a wanted key.
#[inline]
#[target_feature(enable = "avx2")]
fn equal_keys<const G: usize>(wanted: &[[u64; GROUP]; G], keys: &[u64]) -> [[u64; GROUP]; G] {
    let mut masks = [[0; GROUP]; G];
    for (masks, wanted) in masks.iter_mut().zip(wanted) {
        let [a, b, c, d, e, f, g, h] = wanted.map(u64::cast_signed);
        let wanted = [_mm256_set_epi64x(d, c, b, a), _mm256_set_epi64x(h, g, f, e)];
        let [mut low, mut high] = [_mm256_setzero_si256(); 2];
        let mut bit = _mm256_set1_epi64x(1);
        for key in keys {
            let key = _mm256_set1_epi64x(key.cast_signed());
            let [equal_low, equal_high] =
                wanted.map(|half| _mm256_and_si256(_mm256_cmpeq_epi64(half, key), bit));
            low = _mm256_or_si256(low, equal_low);
            high = _mm256_or_si256(high, equal_high);
            bit = _mm256_add_epi64(bit, bit);
        }
        let (a, b) = masks.split_at_mut(4);
        a.copy_from_slice(&lanes(low));
        b.copy_from_slice(&lanes(high));
    }
    masks
}

#[inline]
#[target_feature(enable = "avx2")]
fn lanes(value: __m256i) -> [u64; 4] {
    [
        _mm256_extract_epi64::<0>(value),
        _mm256_extract_epi64::<1>(value),
        _mm256_extract_epi64::<2>(value),
        _mm256_extract_epi64::<3>(value),
    ]
    .map(i64::cast_unsigned)
}

/// One lane an order.
#[inline]
#[target_feature(enable = "avx2")]
fn clipped_counts(rows: &[u64], len: usize) -> [u32; 4] {
    let all = _mm256_set1_epi64x(-1);
    let shifts = _mm256_set_epi64x(3, 2, 1, 0);
    let (mut free, mut missed) = (all, _mm256_setzero_si256());
    for window in rows.windows(4).take(len) {
        let lane = |at: usize| window[at].cast_signed();
        let here = _mm256_set_epi64x(lane(3), lane(2), lane(1), lane(0));
        let grams = _mm256_srlv_epi64(here, shifts);
        // Every lane and those before it: the two steps of a running "and".
        let before = _mm256_permute4x64_epi64::<0b10_01_00_00>(grams);
        let grams = _mm256_and_si256(grams, _mm256_blend_epi32::<0b0000_0011>(before, all));
        let before = _mm256_permute4x64_epi64::<0b01_00_00_00>(grams);
        let grams = _mm256_and_si256(grams, _mm256_blend_epi32::<0b0000_1111>(before, all));
        let open = _mm256_and_si256(grams, free);
        let lowest = _mm256_and_si256(open, _mm256_sub_epi64(_mm256_setzero_si256(), open));
        free = _mm256_xor_si256(free, lowest);
        missed = _mm256_sub_epi64(missed, _mm256_cmpeq_epi64(open, _mm256_setzero_si256()));
    }
    let windows = rows.len().saturating_sub(3).min(len) as u32;
    lanes(missed).map(|missed| windows - missed as u32)
}
