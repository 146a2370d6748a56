//! What the tests of the wire layer share: wire primitives, requests, comparison with prost.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod plain;
pub mod random;
pub mod writer;

use evald_wire::proto::{EvaluateRequest, Instance, Prediction};
use evald_wire::reader::ReadLimits;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

/// Limits that no test reaches by chance.
pub const LIMITS: ReadLimits = ReadLimits {
    max_rows: 1_000_000,
    max_row_bytes: 1 << 20,
};

/// A row that every reader accepts.
pub fn row(id: &str) -> Instance {
    Instance {
        id: id.into(),
        references: vec!["a reference".into()],
        predictions: vec![Prediction {
            text: Some("an answer".into()),
            ..Prediction::default()
        }],
        ..Instance::default()
    }
}

/// The rows as prost encodes a request.
pub fn encode_request(rows: &[Instance]) -> Vec<u8> {
    let request = EvaluateRequest {
        spec: None,
        instances: rows.to_vec(),
    };
    request.encode_to_vec()
}

/// Appends a length-delimited field.
pub fn bytes_field(out: &mut Vec<u8>, tag: u32, value: &[u8]) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// Appends a double.
pub fn fixed64_field(out: &mut Vec<u8>, tag: u32, value: f64) {
    encode_key(tag, WireType::SixtyFourBit, out);
    out.extend_from_slice(&value.to_le_bytes());
}
