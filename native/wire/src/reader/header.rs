//! Everything of a request but its rows: small, so prost reads it.

use evald_core::error::{Error, Result};
use evald_core::text::simd::prefetch;
use prost::{DecodeError, Message};

use super::INSTANCES;
use super::cursor::{Cursor, DEPTH, Read};
use super::issues::{NOT_UTF8, malformed_request};
use crate::proto;

/// Which request the bytes are. Rows have the same field number in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// `EvaluateRequest`.
    Evaluate,
    /// `CompareRequest`.
    Compare,
}

/// A request without its rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// What to evaluate and how; all defaults when the request holds none.
    pub spec: proto::EvaluationSpec,
    /// Name of the baseline; empty in requests without that field.
    pub baseline: String,
    /// What candidates must show.
    pub gate: Option<proto::GatePolicy>,
    /// What is asked of tasks.
    pub forgetting: Option<proto::ForgettingSpec>,
}

/// Reads everything of a request but its rows.
pub fn split(kind: RequestKind, request: &[u8]) -> Result<Header> {
    let fields = outline(request)?.header;
    let header = match kind {
        RequestKind::Evaluate => {
            proto::EvaluateRequest::decode(&fields[..]).map(|request| Header {
                spec: request.spec.unwrap_or_default(),
                ..Header::default()
            })
        }
        RequestKind::Compare => proto::CompareRequest::decode(&fields[..]).map(|request| Header {
            spec: request.spec.unwrap_or_default(),
            baseline: request.baseline,
            gate: request.gate,
            forgetting: request.forgetting,
        }),
    };
    header.map_err(|error| header_error(&error))
}

/// The bytes of a request without its rows.
pub fn header_bytes(request: &[u8]) -> Result<Vec<u8>> {
    outline(request).map(|outline| outline.header)
}

/// What a request is like, by its top-level fields alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The bytes of all fields but the rows.
    pub header: Vec<u8>,
    /// Number of rows.
    pub rows: usize,
    /// Bytes of the longest row.
    pub longest_row: usize,
}

/// The outline of a request; its rows are skipped.
pub fn outline(request: &[u8]) -> Result<Outline> {
    without_rows(request).map_err(|malformed| malformed_request(malformed, "request"))
}

/// How far ahead of the row at hand a request is fetched.
const BYTES_AHEAD: usize = 2048;

/// The outline, or what is malformed.
pub(super) fn without_rows(request: &[u8]) -> Read<Outline> {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(request);
    loop {
        let start = cursor.offset();
        let Some((tag, wire)) = cursor.key()? else {
            return Ok(found);
        };
        if tag == INSTANCES {
            let row = cursor.bytes(wire)?.len();
            found.rows += 1;
            found.longest_row = found.longest_row.max(row);
            // Where the next row begins is only known once this one is there: fetch what comes.
            let ahead = cursor.offset() + BYTES_AHEAD;
            prefetch(
                request
                    .get(ahead..ahead + row.min(BYTES_AHEAD))
                    .unwrap_or_default(),
            );
        } else {
            cursor.skip(tag, wire, DEPTH)?;
            let field = &request[start..cursor.offset()];
            found.header.extend_from_slice(field);
        }
    }
}

/// prost tells the fields only in the error's text, as `Message.field: ` innermost first, then what is
/// wrong.
#[cold]
fn header_error(error: &DecodeError) -> Error {
    let text = error.to_string();
    let mut what = text
        .strip_prefix("failed to decode Protobuf message: ")
        .unwrap_or(&text);
    let mut path = Vec::new();
    while let Some((field, rest)) = what.split_once(": ") {
        match field.split_once('.') {
            Some((message, field)) if is_name(message) && is_name(field) => path.insert(0, field),
            _ => break,
        }
        what = rest;
    }
    let path = if path.is_empty() {
        "request".into()
    } else {
        path.join(".")
    };
    if what.ends_with("data is not UTF-8 encoded") {
        return Error::invalid("INVALID_UTF8", path, NOT_UTF8);
    }
    let description = format!(
        "not a valid protobuf message: {what}; encode requests with the messages of evald.v1"
    );
    Error::invalid("MALFORMED_REQUEST", path, description)
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
