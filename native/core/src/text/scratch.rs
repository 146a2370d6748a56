//! Memory that is reused from row to row, so that scoring a row allocates nothing.

/// Reused by one thread for all metrics of a call.
#[derive(Debug, Default)]
pub struct Scratch {}
