//! Log-likelihoods of tokens that a language model gave to a text.

mod large;
mod logprobs;
