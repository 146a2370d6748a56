//! The path without vector instructions by name; the compiler still uses those that the target has.

use super::super::blocks::{BLOCK, gather};
use super::super::tokens::plain_key;
use super::{ByteClasses, GROUP, Simd, Spans, Work, take};

/// Needs nothing of the processor.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

/// Does the work with the instructions of the target.
#[inline(never)]
pub fn run<W: Work>(work: &mut Option<W>) -> W::Output {
    take(work).run(Plain)
}

/// Classifies a block. A function of its own, as the compiler makes good vector code of it only alone.
#[inline(never)]
fn classify<C: ByteClasses>(block: &[u8; BLOCK]) -> [u8; BLOCK] {
    block.map(C::of)
}

/// The positions of bits, eight at a time, so that the processor seldom guesses wrong when they end.
#[inline(always)]
pub(super) fn positions(mut bits: u64, base: u32, out: &mut [u32; BLOCK]) {
    let (groups, _) = out.as_chunks_mut::<8>();
    for group in groups {
        for place in group {
            *place = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        if bits == 0 {
            return;
        }
    }
}

/// A block by copying.
#[inline(always)]
pub(super) fn block(bytes: &[u8]) -> [u8; BLOCK] {
    if let Some(block) = bytes.first_chunk() {
        return *block;
    }
    let mut block = [b' '; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

/// The keys one by one.
#[inline(always)]
pub(super) fn make_keys(text: &[u8], spans: Spans<'_>, keys: &mut [[u64; GROUP]]) {
    let starts = spans.starts.as_flattened().iter();
    let spans = starts.zip(spans.ends.as_flattened());
    for (key, (&start, &end)) in keys.as_flattened_mut().iter_mut().zip(spans) {
        *key = plain_key(text, start as usize, end as usize);
    }
}

/// The bits one by one.
#[inline(always)]
pub(super) fn found_from<const G: usize>(
    least: u64,
    keys: &[[u64; GROUP]; G],
    masks: &[[u64; GROUP]; G],
) -> u64 {
    let both = keys.as_flattened().iter().zip(masks.as_flattened());
    both.zip(0..).fold(0, |found, ((key, mask), at)| {
        found | (u64::from(*key >= least) & u64::from(*mask != 0)) << at
    })
}

/// Clipped matches, one order at a time.
#[inline(always)]
pub fn clipped_counts<const N: usize>(rows: &[u64], len: usize) -> [u32; N] {
    let mut free = [u64::MAX; N];
    let mut counts = [0; N];
    for window in rows.windows(N).take(len) {
        let mut positions = u64::MAX;
        for order in 0..N {
            positions &= window[order] >> order;
            let open = positions & free[order];
            free[order] ^= open & open.wrapping_neg();
            counts[order] += u32::from(open != 0);
        }
    }
    counts
}

impl Simd for Plain {
    #[inline(always)]
    fn class_masks<C: ByteClasses, const N: usize>(self, block: &[u8; BLOCK]) -> [u64; N] {
        const LOWEST: u64 = 0x0101_0101_0101_0101;
        let classes = classify::<C>(block);
        let (eights, _) = classes.as_chunks::<8>();
        let mut masks = [0; N];
        for (place, eight) in eights.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            for (bit, mask) in masks.iter_mut().enumerate() {
                *mask |= gather(eight >> bit & LOWEST) << (8 * place);
            }
        }
        masks
    }

    #[inline(always)]
    fn positions(self, bits: u64, base: u32, out: &mut [u32; BLOCK]) {
        positions(bits, base, out);
    }

    #[inline(always)]
    fn keys(self, text: &[u8], spans: Spans<'_>, keys: &mut [[u64; GROUP]]) {
        make_keys(text, spans, keys);
    }

    #[inline(always)]
    fn equal_keys<const G: usize>(
        self,
        wanted: &[[u64; GROUP]; G],
        keys: &[u64],
    ) -> [[u64; GROUP]; G] {
        let mut masks = [[0; GROUP]; G];
        for (at, key) in keys.iter().enumerate() {
            let places = masks.as_flattened_mut().iter_mut();
            for (mask, wanted) in places.zip(wanted.as_flattened()) {
                *mask |= u64::from(wanted == key) << at;
            }
        }
        masks
    }

    #[inline(always)]
    fn found_from<const G: usize>(
        self,
        least: u64,
        keys: &[[u64; GROUP]; G],
        masks: &[[u64; GROUP]; G],
    ) -> u64 {
        found_from(least, keys, masks)
    }

    #[inline(always)]
    fn block(self, bytes: &[u8]) -> [u8; BLOCK] {
        block(bytes)
    }

    #[inline(always)]
    fn clipped_counts(self, rows: &[u64], len: usize) -> [u32; 4] {
        clipped_counts(rows, len)
    }
}
