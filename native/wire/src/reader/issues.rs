//! What is wrong with rows, gathered so that one answer names many of the fields to repair.

use std::fmt;

use evald_core::error::{Error, Violations};

use super::cursor::Malformed;

/// What `INVALID_UTF8` says.
pub(super) const NOT_UTF8: &str = "holds bytes that are not UTF-8; send text as UTF-8";

/// Why reading ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes are no protobuf message, so nothing after them can be trusted.
    Malformed(Malformed),
    /// There are as many violations as one error holds.
    Full,
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// A field of a row. Its text form is the path that errors show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    /// Index of the row.
    pub row: usize,
    /// Index of the prediction, for its fields.
    pub prediction: Option<usize>,
    /// Name of the field; empty for the row itself.
    pub field: &'static str,
    /// Which element of the field.
    pub at: At<'p>,
}

/// An element of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'p> {
    /// The field as a whole.
    Whole,
    /// An element of a list.
    Index(usize),
    /// An entry of a map.
    Key(&'p str),
    /// A field of a message in a list, and perhaps which element of that field.
    Inside(usize, &'static str, Option<usize>),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "instances[{}]", self.row)?;
        if let Some(prediction) = self.prediction {
            write!(out, ".predictions[{prediction}]")?;
        }
        if !self.field.is_empty() {
            write!(out, ".{}", self.field)?;
        }
        match self.at {
            At::Whole => Ok(()),
            At::Index(index) => write!(out, "[{index}]"),
            At::Key(key) => write!(out, "[\"{}\"]", shown_key(key)),
            At::Inside(index, field, None) => write!(out, "[{index}].{field}"),
            At::Inside(index, field, Some(inner)) => write!(out, "[{index}].{field}[{inner}]"),
        }
    }
}

/// A caller's map key as errors show it: only what looks like a name, because keys may hold user text.
pub(crate) fn shown_key(key: &str) -> &str {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let named = key.bytes().all(word) && !key.starts_with(|first: char| first.is_ascii_digit());
    if named && (1..=32).contains(&key.len()) {
        key
    } else {
        "?"
    }
}

/// The violations so far; reading ends when no more fit.
#[derive(Debug, Default)]
pub(super) struct Issues(Violations);

impl Issues {
    /// Adds a violation; the first one decides the reason.
    #[cold]
    pub fn add(
        &mut self,
        reason: &'static str,
        place: Place<'_>,
        description: impl Into<String>,
    ) -> Result<(), Stop> {
        self.add_error(Error::invalid(reason, place.to_string(), description))
    }

    /// Adds an error with its variables; they are kept if it is the first.
    #[cold]
    pub fn add_error(&mut self, error: Error) -> Result<(), Stop> {
        self.0.add(error);
        if self.0.is_full() {
            Err(Stop::Full)
        } else {
            Ok(())
        }
    }

    /// A text is not UTF-8.
    #[cold]
    pub fn not_utf8(&mut self, place: Place<'_>) -> Result<(), Stop> {
        self.add("INVALID_UTF8", place, NOT_UTF8)
    }

    /// All violations as one error, if there are any.
    pub fn finish(self) -> Result<(), Error> {
        self.0.finish()
    }
}

/// The error for bytes that are no message of the proto files. `field` is the innermost known path.
#[cold]
pub(super) fn malformed_request(malformed: Malformed, field: impl Into<String>) -> Error {
    let Malformed { offset, what } = malformed;
    Error::invalid(
        "MALFORMED_REQUEST",
        field,
        format!(
            "not a valid protobuf message: {what} at byte {offset}; \
             encode requests with the messages of evald.v1"
        ),
    )
    .with("offset", offset)
}

/// The error for more than a limit allows.
#[cold]
pub(super) fn limit_exceeded(
    limit: &'static str,
    maximum: usize,
    field: String,
    description: String,
) -> Error {
    Error::invalid("LIMIT_EXCEEDED", field, description)
        .with("limit", limit)
        .with("maximum", maximum)
}
