//! The one reader of rows: it borrows every text from the request and builds no message objects.
//!
//! It accepts and refuses the same bytes as the decoder that prost generates, and reads the same values.
//! The differences are meant:
//! - Reserved fields are refused and not looked into (see `reserved.rs`), numbers must make sense for their
//!   field whatever the metrics, and limits apply. A named score that a later entry of the same name
//!   overwrites must be a number too.
//! - A map field with the wire type of another kind of field is malformed; prost reads it all the same.
//!
//! # Reasons
//! `MALFORMED_REQUEST` ends reading at once. `UNSUPPORTED_FIELD`, `INVALID_UTF8`, `NAN_SCORE`,
//! `NOT_FINITE`, `BAD_WEIGHT` and `LIMIT_EXCEEDED` of a row are gathered, up to 20 in one error whose reason
//! is the first one's.
//! `LIMIT_EXCEEDED` of the number of rows also ends reading at once; [`split`] counts the rows earlier.

mod cursor;
mod extras;
mod header;
mod instance;
mod issues;
mod prediction;
mod reserved;

use evald_core::batch::Batch;
use evald_core::error::{Error, Result};

use cursor::{Cursor, DEPTH, Read};
use header::without_rows;
use instance::Rows;
use issues::{Stop, limit_exceeded, malformed_request};

pub use header::{Header, Outline, RequestKind, header_bytes, outline, split};
pub(crate) use issues::shown_key;

/// Field number of the rows in every request that has rows.
const INSTANCES: u32 = 2;

/// Rows between two looks at the cancel flag.
const POLL_ROWS: usize = 256;

/// What a request may hold. What occurs twice in a row counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Most rows.
    pub max_rows: usize,
    /// Most bytes of one row: all texts, names of inputs and scores, and 8 bytes for every number.
    pub max_row_bytes: usize,
    /// Most predictions in one row: the number of systems.
    pub max_predictions: usize,
}

/// Reads the rows of a request. `cancel` is asked before the first row and every 256 rows.
pub fn read_rows<'a>(
    request: &'a [u8],
    limits: &ReadLimits,
    cancel: &dyn Fn() -> bool,
) -> Result<Batch<'a>> {
    check_length(request)?;
    let mut rows = Rows::new(*limits);
    let mut cursor = Cursor::new(request);
    while let Some((tag, wire)) = at_top(cursor.key())? {
        if tag != INSTANCES {
            at_top(cursor.skip(tag, wire, DEPTH))?;
            continue;
        }
        let row = rows.row();
        if row == limits.max_rows {
            return Err(too_many_rows(request, limits.max_rows));
        }
        if row.is_multiple_of(POLL_ROWS) {
            if cancel() {
                return Err(Error::cancelled());
            }
            rows.make_room(cursor.offset(), request.len());
        }
        let message = match cursor.message(wire) {
            Ok(message) => message,
            Err(malformed) => return Err(malformed_request(malformed, "request")),
        };
        match rows.read(message, DEPTH - 1) {
            Ok(()) => {}
            Err(Stop::Full) => break,
            Err(Stop::Malformed(malformed)) => {
                return Err(malformed_request(malformed, format!("instances[{row}]")));
            }
        }
    }
    rows.issues.finish()?;
    if rows.batch.instances.is_empty() {
        let description = "required: a request needs at least one row";
        return Err(Error::invalid("EMPTY_REQUEST", "instances", description));
    }
    Ok(rows.batch)
}

/// Reads the bytes of one `Instance`, as `read_rows` reads a request that holds only this row.
pub fn read_instance<'a>(instance: &'a [u8], limits: &ReadLimits) -> Result<Batch<'a>> {
    check_length(instance)?;
    let mut rows = Rows::new(*limits);
    match rows.read(Cursor::new(instance), DEPTH) {
        Ok(()) | Err(Stop::Full) => {}
        Err(Stop::Malformed(malformed)) => {
            return Err(malformed_request(malformed, "instances[0]"));
        }
    }
    rows.issues.finish()?;
    Ok(rows.batch)
}

/// Counts the rows only to tell their number: a pass of its own over large rows costs a third of reading
/// them, because every length that it looks at is far from the last one.
#[cold]
fn too_many_rows(request: &[u8], maximum: usize) -> Error {
    let rows = match without_rows(request) {
        Ok(outline) => outline.rows,
        Err(malformed) => return malformed_request(malformed, "request"),
    };
    let description = format!(
        "the request holds {rows} rows, more than the limit max_rows of {maximum}; \
         send fewer rows in a call or raise the limit of the server"
    );
    limit_exceeded("max_rows", maximum, "instances".into(), description).with("rows", rows)
}

/// Pools of a batch have 32-bit indexes; gRPC cannot send more either.
fn check_length(request: &[u8]) -> Result<()> {
    if u32::try_from(request.len()).is_ok() {
        return Ok(());
    }
    let maximum = u32::MAX as usize;
    let description =
        format!("the request is longer than {maximum} bytes; send fewer rows in a call");
    let error = limit_exceeded("max_request_bytes", maximum, "request".into(), description);
    Err(error.with("bytes", request.len()))
}

fn at_top<T>(read: Read<T>) -> Result<T> {
    read.map_err(|malformed| malformed_request(malformed, "request"))
}
