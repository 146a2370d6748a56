//! Variety of texts: how much they repeat themselves and each other.

mod corpus;
mod each_other;
mod grams;
mod words;
