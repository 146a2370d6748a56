//! Text work shared by metrics: tokenizers, normalisers, the stemmer, matching.

pub mod scratch;
