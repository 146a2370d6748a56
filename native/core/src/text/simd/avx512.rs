//! The path with AVX-512: byte classes by one table look-up, positions by compression.
#![expect(unsafe_code, reason = "run-time dispatch; see the module above")]

use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm256_add_epi64, _mm256_and_si256, _mm256_castsi128_si256,
    _mm256_extract_epi64, _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_mask_add_epi64,
    _mm256_mask_permutexvar_epi64, _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_srlv_epi64, _mm256_sub_epi32, _mm256_ternarylogic_epi64, _mm256_test_epi64_mask,
    _mm512_add_epi32, _mm512_add_epi64, _mm512_and_si512, _mm512_castsi256_si512,
    _mm512_cmpeq_epi64_mask, _mm512_cmpgt_epu64_mask, _mm512_cmple_epu64_mask,
    _mm512_cvtepu8_epi32, _mm512_cvtepu32_epi64, _mm512_extracti32x4_epi32, _mm512_inserti64x4,
    _mm512_loadu_si512, _mm512_mask_cmpge_epu64_mask, _mm512_mask_loadu_epi8, _mm512_mask_mov_epi8,
    _mm512_mask_mov_epi64, _mm512_mask_or_epi64, _mm512_maskz_compress_epi8, _mm512_movepi8_mask,
    _mm512_mullo_epi64, _mm512_or_si512, _mm512_permutex2var_epi8, _mm512_rol_epi64,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_slli_epi64, _mm512_srli_epi64, _mm512_srlv_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
    _mm512_test_epi8_mask, _mm512_test_epi64_mask, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
    _mm512_xor_si512,
};

use super::super::blocks::BLOCK;
use super::super::tokens::{HASHED, ODD, long_key};
use super::{ByteClasses, GROUP, Simd, Spans, Work, take};

/// The processor has AVX-512 F, BW, DQ, VL, VBMI and VBMI2, and what AVX2 processors have: only [`run`] makes it.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

/// Whether the processor has the instructions of this path.
pub fn is_available() -> bool {
    super::avx2::is_available()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
}

/// Does the work on this path.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
)]
pub fn run<W: Work>(work: &mut Option<W>) -> W::Output {
    take(work).run(Avx512(()))
}

impl Simd for Avx512 {
    #[inline(always)]
    fn class_masks<C: ByteClasses, const N: usize>(self, block: &[u8; BLOCK]) -> [u64; N] {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { class_masks::<C, N>(block) }
    }

    #[inline(always)]
    fn positions(self, bits: u64, base: u32, out: &mut [u32; BLOCK]) {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { positions(bits, base, out) }
    }

    #[inline(always)]
    fn keys(self, text: &[u8], spans: Spans<'_>, keys: &mut [[u64; GROUP]]) {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { make_keys(text, spans, keys) }
    }

    #[inline(always)]
    fn equal_keys<const G: usize>(
        self,
        wanted: &[[u64; GROUP]; G],
        keys: &[u64],
    ) -> [[u64; GROUP]; G] {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { equal_keys(wanted, keys) }
    }

    #[inline(always)]
    fn found_from<const G: usize>(
        self,
        least: u64,
        keys: &[[u64; GROUP]; G],
        masks: &[[u64; GROUP]; G],
    ) -> u64 {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { found_from(least, keys, masks) }
    }

    #[inline(always)]
    fn block(self, bytes: &[u8]) -> [u8; BLOCK] {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { block(bytes) }
    }

    #[inline(always)]
    fn clipped_counts(self, rows: &[u64], len: usize) -> [u32; 4] {
        // SAFETY: an Avx512 exists, so the processor has the instructions.
        unsafe { clipped_counts(rows, len) }
    }
}

/// Types that are nothing but their bits.
trait Number {}

impl Number for u8 {}
impl Number for u32 {}
impl Number for u64 {}

#[inline]
#[target_feature(enable = "avx512f")]
fn load<T: Number, const N: usize>(values: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == BLOCK) };
    // SAFETY: the array has 64 bytes; the instruction takes any alignment.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store<T: Number, const N: usize>(values: &mut [T; N], value: __m512i) {
    const { assert!(size_of::<[T; N]>() == BLOCK) };
    // SAFETY: the array has 64 bytes of plain numbers; the instruction takes any alignment.
    unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn class_masks<C: ByteClasses, const N: usize>(block: &[u8; BLOCK]) -> [u64; N] {
    let (quarters, _) = const { &C::TABLE }.as_chunks::<BLOCK>();
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| load(&quarters[at]));
    let bytes = load(block);
    // An index counts within two of the quarters; its highest bit says which two.
    let low = _mm512_permutex2var_epi8(a, bytes, b);
    let high = _mm512_permutex2var_epi8(c, bytes, d);
    let classes = _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(bytes), high);
    std::array::from_fn(|bit| _mm512_test_epi8_mask(classes, _mm512_set1_epi8(1 << bit)))
}

/// 0 to 63.
const PLACES: [u8; BLOCK] = {
    let mut places = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        places[at] = at as u8;
        at += 1;
    }
    places
};

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
fn positions(bits: u64, base: u32, out: &mut [u32; BLOCK]) {
    let places = _mm512_maskz_compress_epi8(bits, load(&PLACES));
    let base = _mm512_set1_epi32(base.cast_signed());
    let (groups, _) = out.as_chunks_mut::<16>();
    let [a, b, c, d] = groups else {
        unreachable!("four groups of 16 places");
    };
    let first = _mm512_extracti32x4_epi32::<0>(places);
    store(a, _mm512_add_epi32(_mm512_cvtepu8_epi32(first), base));
    if bits.count_ones() <= 16 {
        return;
    }
    let rest = [
        (b, _mm512_extracti32x4_epi32::<1>(places)),
        (c, _mm512_extracti32x4_epi32::<2>(places)),
        (d, _mm512_extracti32x4_epi32::<3>(places)),
    ];
    for (group, places) in rest {
        store(group, _mm512_add_epi32(_mm512_cvtepu8_epi32(places), base));
    }
}

/// One lane a wanted key.
#[inline]
#[target_feature(enable = "avx512f")]
fn equal_keys<const G: usize>(wanted: &[[u64; GROUP]; G], keys: &[u64]) -> [[u64; GROUP]; G] {
    let wanted: [__m512i; G] = std::array::from_fn(|at| load(&wanted[at]));
    let mut masks = [_mm512_setzero_si512(); G];
    let mut bit = _mm512_set1_epi64(1);
    for key in keys {
        let key = _mm512_set1_epi64(key.cast_signed());
        for (mask, wanted) in masks.iter_mut().zip(wanted) {
            let equal = _mm512_cmpeq_epi64_mask(wanted, key);
            *mask = _mm512_mask_or_epi64(*mask, equal, *mask, bit);
        }
        bit = _mm512_add_epi64(bit, bit);
    }
    let mut out = [[0; GROUP]; G];
    for (out, mask) in out.iter_mut().zip(masks) {
        store(out, mask);
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f")]
fn found_from<const G: usize>(
    least: u64,
    keys: &[[u64; GROUP]; G],
    masks: &[[u64; GROUP]; G],
) -> u64 {
    let least = _mm512_set1_epi64(least.cast_signed());
    let mut found = 0;
    for (at, (keys, masks)) in keys.iter().zip(masks).enumerate() {
        let masks = load(masks);
        let not_zero = _mm512_test_epi64_mask(masks, masks);
        let both = _mm512_mask_cmpge_epu64_mask(not_zero, load(keys), least);
        found |= u64::from(both) << (GROUP * at);
    }
    found
}

/// See `plain_key` of the tokens.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn make_keys(text: &[u8], spans: Spans<'_>, keys: &mut [[u64; GROUP]]) {
    for (keys, (starts, ends)) in keys.iter_mut().zip(spans.starts.iter().zip(spans.ends)) {
        let [first, second] = pairs_of_words(text, starts);
        // SAFETY: the arrays have 32 bytes; the instruction takes any alignment.
        let [start, end] =
            [starts, ends].map(|places| unsafe { _mm256_loadu_si256(places.as_ptr().cast()) });
        let len = _mm512_cvtepu32_epi64(_mm256_sub_epi32(end, start));
        store(keys, keys_of(first, second, len));
        let mut long = _mm512_cmpgt_epu64_mask(len, _mm512_set1_epi64(16));
        while long != 0 {
            let at = long.trailing_zeros() as usize;
            long &= long - 1;
            keys[at] = long_key(text, starts[at] as usize, ends[at] as usize);
        }
    }
}

/// Two words from each of eight places: the first ones, then the second ones. Loads one by one are faster than the
/// instructions that gather.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn pairs_of_words(text: &[u8], places: &[u32; GROUP]) -> [__m512i; 2] {
    let [a, b, c, d, e, f, g, h] = places.map(|place| sixteen(text, place as usize));
    let four = |a, b, c, d| {
        let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
        let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(c), d);
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
    };
    let (even, odd) = (four(a, c, e, g), four(b, d, f, h));
    [
        _mm512_unpacklo_epi64(even, odd),
        _mm512_unpackhi_epi64(even, odd),
    ]
}

/// Sixteen bytes, which the text has.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(text: &[u8], place: usize) -> __m128i {
    let Some(bytes) = text.get(place..place + 16) else {
        out_of_text()
    };
    // SAFETY: there are 16 bytes; the instruction takes any alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[cold]
fn out_of_text() -> ! {
    unreachable!("tokens are in the text, and the padding is longer")
}

/// Keys of tokens of up to 16 bytes from their first two words and their lengths.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn keys_of(first: __m512i, second: __m512i, len: __m512i) -> __m512i {
    let all = _mm512_set1_epi64(-1);
    // Bits behind the token in the first and in both words; a shift by more than 63 leaves nothing.
    let behind = _mm512_sub_epi64(_mm512_set1_epi64(64), _mm512_slli_epi64::<3>(len));
    let short = _mm512_and_si512(first, _mm512_srlv_epi64(all, behind));
    let behind = _mm512_add_epi64(behind, _mm512_set1_epi64(64));
    let second = _mm512_and_si512(second, _mm512_srlv_epi64(all, behind));
    let odd = _mm512_set1_epi64(ODD.cast_signed());
    let mixed = _mm512_mullo_epi64(first, odd);
    let mixed = _mm512_mullo_epi64(_mm512_xor_si512(mixed, _mm512_rol_epi64::<29>(second)), odd);
    let mixed = _mm512_xor_si512(mixed, _mm512_srli_epi64::<32>(mixed));
    let hash = _mm512_or_si512(mixed, _mm512_set1_epi64(HASHED.cast_signed()));
    let is_short = _mm512_cmple_epu64_mask(len, _mm512_set1_epi64(8));
    _mm512_mask_mov_epi64(hash, is_short, short)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn block(bytes: &[u8]) -> [u8; BLOCK] {
    let mask = u64::MAX.checked_shl(bytes.len().min(BLOCK) as u32);
    let mask = !mask.unwrap_or(0);
    let spaces = _mm512_set1_epi8(b' '.cast_signed());
    // SAFETY: bytes that the mask leaves out are not touched, whatever memory they are in.
    let value = unsafe { _mm512_mask_loadu_epi8(spaces, mask, bytes.as_ptr().cast()) };
    let mut block = [0; BLOCK];
    store(&mut block, value);
    block
}

/// `free & !(open & !below)`, where `below` is `open - 1`.
const TAKE_LOWEST: i32 = 0xb0;

/// One lane an order.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn clipped_counts(rows: &[u64], len: usize) -> [u32; 4] {
    let all = _mm256_set1_epi64x(-1);
    let shifts = _mm256_set_epi64x(3, 2, 1, 0);
    let one = _mm256_set1_epi64x(1);
    let (by_one, by_two) = (_mm256_set_epi64x(2, 1, 0, 0), _mm256_set_epi64x(1, 0, 0, 0));
    let (mut free, mut counts) = (all, _mm256_setzero_si256());
    // Four at a time: the rows behind the last one are zero.
    for at in (0..len).step_by(4) {
        let Some(seven) = rows.get(at..at + 7) else {
            unreachable!("there are empty rows behind the others");
        };
        for window in seven.windows(4) {
            // SAFETY: a window has four rows; the instruction takes any alignment.
            let here = unsafe { _mm256_loadu_si256(window.as_ptr().cast()) };
            let grams = _mm256_srlv_epi64(here, shifts);
            // Every lane and those before it: the two steps of a running "and".
            let before = _mm256_mask_permutexvar_epi64(all, 0b1110, by_one, grams);
            let grams = _mm256_and_si256(grams, before);
            let before = _mm256_mask_permutexvar_epi64(all, 0b1100, by_two, grams);
            let open = _mm256_ternarylogic_epi64::<0x80>(grams, before, free);
            let found = _mm256_test_epi64_mask(open, open);
            counts = _mm256_mask_add_epi64(counts, found, counts, one);
            // Without the lowest bit of `open`.
            let below = _mm256_add_epi64(open, all);
            free = _mm256_ternarylogic_epi64::<TAKE_LOWEST>(free, open, below);
        }
    }
    [
        _mm256_extract_epi64::<0>(counts) as u32,
        _mm256_extract_epi64::<1>(counts) as u32,
        _mm256_extract_epi64::<2>(counts) as u32,
        _mm256_extract_epi64::<3>(counts) as u32,
    ]
}
