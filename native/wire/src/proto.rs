//! The messages of `evald.v1`, generated from proto/evald/v1 by `evald-protogen`.

// Comments come from the proto files, which are written for every language.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

include!("generated/evald.v1.rs");
