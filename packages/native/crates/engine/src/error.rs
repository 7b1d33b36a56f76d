//! The one error of the engine: a row of docs/ERRORS.md, a sentence, and what it is about.

use std::fmt;
use std::io;

use crate::messages::engine;

/// Names of rows in docs/ERRORS.md that the engine uses.
pub mod reason {
    pub const DATA_CORRUPT: &str = "DATA_CORRUPT";
    pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
    pub const DISK_FULL: &str = "DISK_FULL";
    pub const FORBIDDEN: &str = "FORBIDDEN";
    pub const FILTER_TYPE_MISMATCH: &str = "FILTER_TYPE_MISMATCH";
    pub const IDEMPOTENCY_KEY_REUSED: &str = "IDEMPOTENCY_KEY_REUSED";
    pub const INTERNAL: &str = "INTERNAL";
    pub const INVALID_ARGUMENT: &str = "INVALID_ARGUMENT";
    pub const INVALID_FILTER: &str = "INVALID_FILTER";
    pub const INVALID_ID: &str = "INVALID_ID";
    pub const INVALID_PAYLOAD: &str = "INVALID_PAYLOAD";
    pub const INVALID_PROTOBUF: &str = "INVALID_PROTOBUF";
    pub const NOT_FINITE: &str = "NOT_FINITE";
    pub const OUTSIDE_ROW_RULE: &str = "OUTSIDE_ROW_RULE";
    pub const PAGE_SIZE_OUT_OF_RANGE: &str = "PAGE_SIZE_OUT_OF_RANGE";
    pub const PAYLOAD_TYPE_MISMATCH: &str = "PAYLOAD_TYPE_MISMATCH";
    pub const POINT_NOT_FOUND: &str = "POINT_NOT_FOUND";
    pub const SCHEMA_CONFLICT: &str = "SCHEMA_CONFLICT";
    pub const SHARD_UNAVAILABLE: &str = "SHARD_UNAVAILABLE";
    pub const TOP_K_OUT_OF_RANGE: &str = "TOP_K_OUT_OF_RANGE";
    pub const VERSION_MISMATCH: &str = "VERSION_MISMATCH";
    pub const WRONG_DIMENSION: &str = "WRONG_DIMENSION";
}

/// Why the engine refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineError {
    /// A row of docs/ERRORS.md; see [`reason`].
    pub reason: &'static str,
    pub message: String,
    /// The field of the request, the file, or the limit that the message is about.
    pub subject: String,
}

/// What the engine's calls answer.
pub type EngineResult<T> = Result<T, EngineError>;

impl EngineError {
    pub(crate) fn new(
        reason: &'static str,
        message: impl Into<String>,
        subject: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            message: message.into(),
            subject: subject.into(),
        }
    }

    /// A file of the shard is damaged. `file` is its name within the shard's folder.
    pub(crate) fn corrupt(file: &str, what: impl fmt::Display) -> Self {
        Self::new(reason::DATA_CORRUPT, format!("{file}: {what}"), file)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(reason::INTERNAL, message, "")
    }

    /// A file operation failed; a full disk keeps its own reason.
    pub(crate) fn from_io(file: &str, error: &io::Error) -> Self {
        let message = format!("{file}: {error}");
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::new(reason::DISK_FULL, message, file)
            }
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Self::new(reason::DATA_CORRUPT, message, file)
            }
            _ => Self::new(reason::INTERNAL, message, file),
        }
    }

    pub(crate) fn to_message(&self) -> engine::EngineError {
        engine::EngineError {
            reason: self.reason.to_owned(),
            message: self.message.clone(),
            subject: self.subject.clone(),
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl std::error::Error for EngineError {}

#[cfg(test)]
mod tests {
    /// Every reason here is a row of the table that users read.
    #[test]
    fn reasons_are_documented() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../docs/ERRORS.md");
        let docs = std::fs::read_to_string(docs).expect("docs/ERRORS.md is in the repository");
        let reasons = include_str!("error.rs").lines().filter_map(|line| {
            let (_, reason) = line.trim().strip_prefix("pub const ")?.split_once("= \"")?;
            reason.strip_suffix("\";")
        });
        let reasons: Vec<&str> = reasons.collect();
        assert!(reasons.len() > 10);
        for reason in reasons {
            assert!(docs.contains(&format!("`{reason}`")), "{reason} has no row");
        }
    }
}
