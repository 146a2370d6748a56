//! Numbers against gold numbers.

mod moments;
mod pairs;
mod ranks;
