//! Tags of tokens: entities in sentences.

mod entity;
mod lenient;
mod strict;
