//! Agreement of raters.

mod alpha;
mod kappa;
mod units;
