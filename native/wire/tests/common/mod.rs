//! What the tests of the wire layer share: wire primitives, requests, comparison with prost.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod plain;
pub mod random;
pub mod writer;

use evald_core::error::Error;
use evald_wire::proto::{EvaluateRequest, Instance, Prediction};
use evald_wire::reader::{ReadLimits, read_rows};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

/// Limits that no test reaches by chance.
pub const LIMITS: ReadLimits = ReadLimits {
    max_rows: 1_000_000,
    max_row_bytes: 1 << 20,
    max_predictions: 1_000_000,
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

/// A request with good rows before the given bytes of a row.
pub fn after_good_rows(good: usize, instance: &[u8]) -> Vec<u8> {
    let mut request = encode_request(&vec![row("a"); good]);
    bytes_field(&mut request, 2, instance);
    request
}

/// The error of reading a wrong request.
pub fn read_error(request: &[u8]) -> Error {
    read_rows(request, &LIMITS, &|| false).expect_err("the request is wrong")
}

/// The paths of an error's violations.
pub fn fields(error: &Error) -> Vec<&str> {
    let violations = error.violations.iter();
    violations
        .map(|violation| violation.field.as_str())
        .collect()
}

/// A variable of an error's message.
pub fn variable<'e>(error: &'e Error, key: &str) -> Option<&'e str> {
    let mut variables = error.metadata.iter();
    variables
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.as_str())
}
