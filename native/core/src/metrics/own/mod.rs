//! Metrics over numbers that the caller computed.

mod passes;
