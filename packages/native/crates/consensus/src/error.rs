//! The one error of this crate. `reason` is a row of docs/ERRORS.md, so that the addon can hand it
//! on unchanged.

use std::fmt;

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsensusError {
    /// A row of docs/ERRORS.md.
    pub reason: &'static str,
    pub message: String,
    /// The file, group or limit that the message is about.
    pub subject: Option<String>,
}

impl ConsensusError {
    /// What is stored contradicts itself: the replica must be rebuilt, never guessed.
    pub(crate) fn corrupt(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            reason: "DATA_CORRUPT",
            message: message.into(),
            subject: Some(subject.into()),
        }
    }

    /// The caller broke the contract of a call.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            reason: "INTERNAL",
            message: message.into(),
            subject: None,
        }
    }

    /// Nothing was written, because too little space is left.
    pub(crate) fn disk_full(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            reason: "DISK_FULL",
            message: message.into(),
            subject: Some(subject.into()),
        }
    }
}

impl fmt::Display for ConsensusError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.reason, self.message)?;
        match &self.subject {
            Some(subject) => write!(formatter, " ({subject})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConsensusError {}
