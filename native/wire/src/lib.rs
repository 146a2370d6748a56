//! The wire layer of evald: protobuf bytes to core data and back. Knows nothing of Python.

pub mod proto;
