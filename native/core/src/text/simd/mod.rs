//! Run-time choice of vector instructions, and the few operations that need them by name.
//!
//! A hot loop is a [`Work`]: generic code that the compiler translates once a path, each time for the instructions
//! of that path. [`run`] picks the path that was chosen when the process started. The only unsafe code of the crate
//! is in this folder: calling a function that was compiled for instructions which the processor was found to have.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;
mod utf8;

use std::sync::OnceLock;

use super::blocks::BLOCK;

pub(super) use plain::clipped_counts;
pub use utf8::quick_text;

/// Keys that are compared at once.
pub const GROUP: usize = 8;

/// Which instructions the hot loops use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Those that every processor of the target has.
    Plain,
    /// x86-64 with AVX2 and BMI2 (2013 on).
    Avx2,
    /// x86-64 with AVX-512 up to VBMI2 (Intel Ice Lake, AMD Zen 4).
    Avx512,
}

impl Path {
    /// All paths, the slowest first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Avx2, Self::Avx512];

    /// The name in [`VARIABLE`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether the processor has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// The environment variable that forces a path, so that one machine can test all of them.
pub const VARIABLE: &str = "EVALD_CPU";

/// A path whose instructions the processor was found to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available(Path);

impl Available {
    /// The path, if the processor has it.
    pub fn of(path: Path) -> Option<Self> {
        path.is_available().then_some(Self(path))
    }

    /// The path.
    pub fn path(self) -> Path {
        self.0
    }

    /// The fastest path that the processor has.
    fn best() -> Self {
        let mut fastest = Path::ALL.into_iter().rev().filter_map(Self::of);
        fastest.next().unwrap_or(Self(Path::Plain))
    }

    /// The path of a name; no name means the fastest.
    fn of_name(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Ok(Self::best());
        }
        let Some(path) = Path::ALL.into_iter().find(|path| path.name() == name) else {
            return Err(format!("{VARIABLE}={name}: must be plain, avx2 or avx512"));
        };
        Self::of(path).ok_or_else(|| {
            format!(
                "{VARIABLE}={name}: this processor lacks the instructions; leave the variable out"
            )
        })
    }
}

static CHOSEN: OnceLock<Result<Available, String>> = OnceLock::new();

/// The path in force, chosen at the first call; an error if [`VARIABLE`] asks for what cannot be, and the plain path is
/// in force then.
pub fn chosen() -> Result<Available, &'static str> {
    #[cfg(feature = "fuzzing")]
    if let Some(path) = FORCED.get() {
        return Ok(path);
    }
    let chosen = CHOSEN.get_or_init(|| {
        let name = std::env::var_os(VARIABLE).unwrap_or_default();
        Available::of_name(&name.to_string_lossy())
    });
    chosen.as_ref().copied().map_err(String::as_str)
}

#[cfg(feature = "fuzzing")]
thread_local! {
    static FORCED: std::cell::Cell<Option<Available>> = const { std::cell::Cell::new(None) };
}

/// Does work with a path in force on this thread, so that fuzzing compares the paths.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub fn with_path<T>(path: Available, work: impl FnOnce() -> T) -> T {
    let before = FORCED.replace(Some(path));
    let result = work();
    FORCED.set(before);
    result
}

/// What the hot loops need of the processor beside plain Rust. A value of a type that implements it proves that the
/// processor has the instructions.
pub trait Simd: Copy {
    /// For each of the lowest N bits of the classes, one bit for each byte of the block whose class has it.
    fn class_masks<C: ByteClasses, const N: usize>(self, block: &[u8; BLOCK]) -> [u64; N];

    /// Writes `base` + the position of every set bit, in order; what is behind them is undefined.
    fn positions(self, bits: u64, base: u32, out: &mut [u32; BLOCK]);

    /// The keys of tokens, each of which starts 16 bytes or more before the end of the padded text; see
    /// [`super::tokens::Tokens::make_plain_keys`].
    fn keys(self, text: &[u8], spans: Spans<'_>, keys: &mut [[u64; GROUP]]);

    /// For each of the wanted keys, one bit for each of up to 64 keys that equals it.
    fn equal_keys<const G: usize>(
        self,
        wanted: &[[u64; GROUP]; G],
        keys: &[u64],
    ) -> [[u64; GROUP]; G];

    /// One bit for each of the keys that is `least` or more and whose mask is not zero.
    fn found_from<const G: usize>(
        self,
        least: u64,
        keys: &[[u64; GROUP]; G],
        masks: &[[u64; GROUP]; G],
    ) -> u64;

    /// The block that begins with these bytes; spaces where there are no more.
    fn block(self, bytes: &[u8]) -> [u8; BLOCK];

    /// See [`super::matching`]: how many rows of the first `len` find a free position, for the orders 1 to 4. Behind them
    /// are [`super::masks::EMPTY_ROWS`] rows of zeros.
    fn clipped_counts(self, rows: &[u64], len: usize) -> [u32; 4];
}

/// Where tokens start and, exclusively, end.
#[derive(Debug, Clone, Copy)]
pub struct Spans<'a> {
    /// The first bytes.
    pub starts: &'a [[u32; GROUP]],
    /// The bytes behind the last ones.
    pub ends: &'a [[u32; GROUP]],
}

/// Classes of bytes, one bit each; the table says the same as the function.
pub trait ByteClasses {
    /// The class of every byte.
    const TABLE: [u8; 256];

    /// The class of a byte, without branches.
    fn of(byte: u8) -> u8;
}

/// Makes a type of classes from a constant function: `byte_classes!(Type, class_of)`.
macro_rules! byte_classes {
    ($name:ident, $class_of:path) => {
        struct $name;

        impl $crate::text::simd::ByteClasses for $name {
            const TABLE: [u8; 256] = {
                let mut table = [0; 256];
                let mut byte = 0;
                while byte < 256 {
                    table[byte] = $class_of(byte as u8);
                    byte += 1;
                }
                table
            };

            #[inline(always)]
            fn of(byte: u8) -> u8 {
                $class_of(byte)
            }
        }
    };
}
pub(super) use byte_classes;

/// A hot loop. `run` and every generic function that it calls are `#[inline(always)]`: others are plain code.
pub trait Work {
    /// What the loop returns.
    type Output;

    /// Does the work.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Does the work on the path in force.
#[inline(always)]
pub fn run<W: Work>(work: W) -> W::Output {
    run_on(chosen().unwrap_or(Available(Path::Plain)), work)
}

/// Does the work on a path.
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "run-time dispatch; see the module")
)]
#[inline(always)]
fn run_on<W: Work>(path: Available, work: W) -> W::Output {
    // By reference: the processor would wait for a copy of what was written just before.
    let work = &mut Some(work);
    match path.0 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an available path is one whose instructions the processor has.
        Path::Avx512 => unsafe { avx512::run(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the same.
        Path::Avx2 => unsafe { avx2::run(work) },
        _ => plain::run(work),
    }
}

/// What is done once.
#[inline(always)]
fn take<W>(work: &mut Option<W>) -> W {
    work.take()
        .unwrap_or_else(|| unreachable!("work is done once"))
}

/// Asks the processor to fetch values that are read soon.
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "an instruction by name")
)]
#[inline]
pub fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(const { BLOCK / size_of::<T>() }) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has the instruction, and it never fails, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

#[cfg(test)]
mod tests {
    use super::super::tokens::key_of;
    use super::*;

    fn each_path(check: impl Fn(Available)) {
        Path::ALL
            .into_iter()
            .filter_map(Available::of)
            .for_each(check);
    }

    const fn number(byte: u8) -> u8 {
        byte.wrapping_mul(37) ^ 5
    }

    byte_classes!(Numbers, number);

    struct Masks([u8; BLOCK]);

    impl Work for Masks {
        type Output = [u64; 8];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [u64; 8] {
            simd.class_masks::<Numbers, 8>(&self.0)
        }
    }

    #[test]
    fn every_path_finds_the_classes_of_every_byte() {
        for first in 0..=255_u8 {
            let block: [u8; BLOCK] = std::array::from_fn(|at| first.wrapping_add(at as u8 * 3));
            let expected = std::array::from_fn(|bit| {
                let places = block.into_iter().enumerate();
                places.fold(0, |mask, (at, byte)| {
                    mask | u64::from(Numbers::of(byte) >> bit & 1) << at
                })
            });
            each_path(|path| assert_eq!(run_on(path, Masks(block)), expected, "{path:?}"));
        }
    }

    struct Positions(u64);

    impl Work for Positions {
        type Output = [u32; BLOCK];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [u32; BLOCK] {
            let mut out = [7; BLOCK];
            simd.positions(self.0, 1 << 31, &mut out);
            out
        }
    }

    #[test]
    fn every_path_finds_the_positions_of_bits() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for turn in 0..200_u32 {
            bits = bits.rotate_left(7).wrapping_mul(0x2545_f491_4f6c_dd1d);
            let bits =
                [0, u64::MAX, 1 << 63, bits, bits & bits.rotate_left(turn)][turn as usize % 5];
            let expected: Vec<u32> = (0..64)
                .filter(|at| bits >> at & 1 == 1)
                .map(|at| at + (1 << 31))
                .collect();
            each_path(|path| {
                assert_eq!(
                    run_on(path, Positions(bits))[..expected.len()],
                    expected,
                    "{path:?}"
                );
            });
        }
    }

    struct Equal<'a>([[u64; GROUP]; 3], &'a [u64]);

    impl Work for Equal<'_> {
        type Output = [[u64; GROUP]; 3];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [[u64; GROUP]; 3] {
            simd.equal_keys(&self.0, self.1)
        }
    }

    #[test]
    fn every_path_finds_equal_keys() {
        let key = |at: usize| (at as u64 % 5) << 40 | (at as u64 % 3);
        let wanted =
            std::array::from_fn(|group| std::array::from_fn(|at| key(group * GROUP + at + 7)));
        for len in 0..=64 {
            let keys: Vec<u64> = (0..len).map(key).collect();
            let mask_of = |wanted| {
                let equal = keys.iter().map(|key| u64::from(*key == wanted));
                equal.zip(0..).fold(0, |mask, (bit, at)| mask | bit << at)
            };
            let expected = wanted.map(|group: [u64; GROUP]| group.map(mask_of));
            each_path(|path| assert_eq!(run_on(path, Equal(wanted, &keys)), expected, "{path:?}"));
        }
    }

    struct FoundFrom(u64, [[u64; GROUP]; 3], [[u64; GROUP]; 3]);

    impl Work for FoundFrom {
        type Output = u64;

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> u64 {
            simd.found_from(self.0, &self.1, &self.2)
        }
    }

    #[test]
    fn every_path_finds_keys_with_masks() {
        let key = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mask = |at: usize| (at as u64 / 2 % 3) << (at % 7 * 9);
        let all = |number: &dyn Fn(usize) -> u64| {
            std::array::from_fn(|group| std::array::from_fn(|at| number(group * GROUP + at)))
        };
        for least in [0, 1, key(3), key(20), 1 << 63, u64::MAX] {
            let expected = (0..3 * GROUP).fold(0, |bits, at| {
                bits | u64::from(key(at) >= least && mask(at) != 0) << at
            });
            each_path(|path| {
                let found = run_on(path, FoundFrom(least, all(&key), all(&mask)));
                assert_eq!(found, expected, "{path:?} {least}");
            });
        }
    }

    struct Keys<'a>(&'a [u8], Spans<'a>);

    impl Work for Keys<'_> {
        type Output = [[u64; GROUP]; 2];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [[u64; GROUP]; 2] {
            let mut keys = [[0; GROUP]; 2];
            simd.keys(self.0, self.1, &mut keys);
            keys
        }
    }

    /// Tokens of every length, and at every place of a text that has 16 bytes from there on.
    #[test]
    fn every_path_makes_the_same_keys() {
        let text: Vec<u8> = (0..120).map(|at| b'!' + at % 90).collect();
        for len in 1..40_u32 {
            let places = text.len() as u32 - len - 15;
            for first in (0..places).step_by(GROUP) {
                let start = |at: u32| (first + at).min(places);
                let end = |at: u32| start(at) + (len - at % len);
                let eights = [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15]];
                let spans = Spans {
                    starts: &eights.map(|eight: [u32; GROUP]| eight.map(start)),
                    ends: &eights.map(|eight: [u32; GROUP]| eight.map(end)),
                };
                let key = |at| key_of(&text, start(at) as usize, end(at) as usize);
                let expected = eights.map(|eight| eight.map(key));
                each_path(|path| {
                    let found = run_on(path, Keys(&text, spans));
                    assert_eq!(found, expected, "{path:?} {len} {first}");
                });
            }
        }
    }

    struct Last<'a>(&'a [u8]);

    impl Work for Last<'_> {
        type Output = [u8; BLOCK];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [u8; BLOCK] {
            simd.block(self.0)
        }
    }

    #[test]
    fn every_path_fills_the_last_block_with_spaces() {
        for len in 0..BLOCK + 3 {
            let bytes = vec![b'x'; len];
            let mut expected = [b' '; BLOCK];
            expected[..len.min(BLOCK)].fill(b'x');
            each_path(|path| assert_eq!(run_on(path, Last(&bytes)), expected, "{path:?} {len}"));
        }
    }

    struct Clipped<'a>(&'a [u64], usize);

    impl Work for Clipped<'_> {
        type Output = [u32; 4];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> [u32; 4] {
            simd.clipped_counts(self.0, self.1)
        }
    }

    #[test]
    fn every_path_clips_alike() {
        let mut state = 1_u64;
        for len in 0..60 {
            let mut rows: Vec<u64> = (0..len)
                .map(|_| {
                    state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    // Some bits, often the same ones, as words that occur several times.
                    (0x8421_1248_0000_0011 | 1 << (state >> 58)) & !0 >> (state >> 40 & 31)
                })
                .collect();
            rows.resize(len + 8, 0);
            let expected = plain::clipped_counts(&rows, len);
            assert!(len < 8 || expected[0] > 0);
            each_path(|path| assert_eq!(run_on(path, Clipped(&rows, len)), expected, "{path:?}"));
        }
    }

    #[test]
    fn a_path_is_chosen_by_name() {
        assert_eq!(Available::of_name(""), Ok(Available::best()));
        assert!(Available::of_name("sse9").is_err());
        for path in Path::ALL {
            let found = Available::of_name(path.name());
            assert_eq!(found.ok(), Available::of(path));
        }
    }
}
