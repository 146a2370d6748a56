//! The error of the core: a kind that decides the status code, a reason from a closed set, a message
//! for people, and the fields concerned. Messages never hold text of a row.

use thiserror::Error;

/// What kind of error it is; each kind is one gRPC status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong; sending it again will not help.
    InvalidArgument,
    /// A named thing does not exist.
    NotFound,
    /// The caller cancelled, the deadline passed or the server is going down.
    Cancelled,
    /// A bug of ours.
    Internal,
}

/// One field that is wrong, with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path with indexes, for example `instances[17].references`.
    pub field: String,
    /// What is wrong and what to do.
    pub description: String,
}

/// An error of the core.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Error {
    /// Decides the status code.
    pub kind: ErrorKind,
    /// Upper-case word of a closed set, for example `UNKNOWN_METRIC`.
    pub reason: &'static str,
    /// The error in words.
    pub message: String,
    /// Fields concerned.
    pub violations: Vec<Violation>,
    /// Every variable of the message, by lowerCamel key.
    pub metadata: Vec<(&'static str, String)>,
}

/// What is wrong with a request, gathered so that one error names many of the fields to repair.
#[derive(Debug, Default)]
pub struct Violations {
    error: Option<Error>,
}

impl Violations {
    /// Most violations of one error: enough to see the pattern, small enough for a gRPC trailer.
    pub const MOST: usize = 20;

    /// Adds the violations of an error, whose reason and variables count if it is the first.
    #[cold]
    pub fn add(&mut self, error: Error) {
        match &mut self.error {
            None => self.error = Some(error),
            Some(first) if first.violations.len() < Self::MOST => {
                first.violations.extend(error.violations);
            }
            Some(_) => {}
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.error.is_none()
    }

    /// Whether no more fit: what is wrong beyond may stay unseen.
    pub fn is_full(&self) -> bool {
        let most = |error: &Error| error.violations.len() >= Self::MOST;
        self.error.as_ref().is_some_and(most)
    }

    /// All violations as one error, if there are any.
    pub fn finish(self) -> Result<()> {
        let least = if self.is_full() { "at least " } else { "" };
        let Some(mut error) = self.error else {
            return Ok(());
        };
        let more = error.violations.len() - 1;
        if more > 0 {
            error.message = format!("{} (and {least}{more} more)", error.message);
        }
        Err(error)
    }
}

/// Result of the core.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A wrong field of the request.
    pub fn invalid(
        reason: &'static str,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let violation = Violation {
            field: field.into(),
            description: description.into(),
        };
        Self {
            kind: ErrorKind::InvalidArgument,
            reason,
            message: format!("{}: {}", violation.field, violation.description),
            violations: vec![violation],
            metadata: Vec::new(),
        }
    }

    /// Adds a variable of the message.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    /// The call was cancelled.
    pub fn cancelled() -> Self {
        Self {
            kind: ErrorKind::Cancelled,
            reason: "CANCELLED",
            message: "the call was cancelled".into(),
            violations: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// A bug of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Internal,
            reason: "INTERNAL",
            message: message.into(),
            violations: Vec::new(),
            metadata: Vec::new(),
        }
    }
}
