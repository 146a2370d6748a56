//! Text work shared by metrics: tokenizers, normalisers, the stemmer, matching.

// Code of hot loops must be inlined to be compiled for its processor path; see `simd`.
#![allow(clippy::inline_always)]

/// Unicode version of the tables in [`unicode14`]: what letters, spaces and lower case are is pinned, because
/// scores depend on it. Part of every signature.
pub const UNICODE_VERSION: &str = "14.0.0";

pub mod blocks;
pub mod interning;
pub mod lcs;
pub mod masks;
pub mod matching;
pub mod mteval13a;
pub mod porter;
pub mod python;
pub mod rouge_words;
pub mod scratch;
pub mod simd;
pub mod squad;
pub mod stems;
pub mod tokens;
#[rustfmt::skip]
pub mod unicode14;
