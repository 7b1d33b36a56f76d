//! Errors on their way to JavaScript: reason, message and subject, the three parts of a
//! VectronError.
//!
//! A thrown napi error has room for a code and a text only: the code is the reason, the first line
//! of the text is the subject, and the rest is the message. packages/native/src/failure.ts takes it
//! apart.

use napi::bindgen_prelude::BigInt;
use vectron_consensus::ConsensusError;
use vectron_engine::EngineError;

/// What an export throws.
pub type Thrown = napi::Error<String>;

/// Why a call was refused, before it is thrown or handed to a promise.
pub struct Failure {
    /// A row of docs/ERRORS.md.
    pub reason: &'static str,
    pub message: String,
    pub subject: Option<String>,
}

impl Failure {
    pub fn internal(message: impl Into<String>) -> Self {
        Self {
            reason: "INTERNAL",
            message: message.into(),
            subject: None,
        }
    }
}

impl From<ConsensusError> for Failure {
    fn from(error: ConsensusError) -> Self {
        Self {
            reason: error.reason,
            message: error.message,
            subject: error.subject,
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let subject = (!error.subject.is_empty()).then_some(error.subject);
        Self {
            reason: error.reason,
            message: error.message,
            subject,
        }
    }
}

impl From<Failure> for Thrown {
    fn from(failure: Failure) -> Self {
        let subject = failure.subject.unwrap_or_default().replace('\n', " ");
        Thrown::new(
            failure.reason.to_owned(),
            format!("{subject}\n{}", failure.message),
        )
    }
}

pub fn thrown(error: impl Into<Failure>) -> Thrown {
    error.into().into()
}

/// An id, index or term of JavaScript: a BigInt of 64 bits without sign.
pub fn to_u64(name: &str, value: &BigInt) -> Result<u64, Thrown> {
    match value.get_u64() {
        (false, number, true) => Ok(number),
        _ => Err(Failure {
            reason: "INVALID_ARGUMENT",
            message: format!("{name} must be a BigInt from 0 to 2^64-1"),
            subject: None,
        }
        .into()),
    }
}
