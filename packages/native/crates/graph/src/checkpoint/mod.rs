//! Checkpoints: an index as a stream of bytes, and back.
//!
//! docs/formats/graph.md holds the byte table. Everything is covered by a CRC32C, and what is read
//! is checked before it is believed: a checkpoint that was damaged is refused, never searched.

mod format;
mod load;
mod save;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

/// Why a checkpoint was refused. Discard it and rebuild.
#[derive(Debug)]
pub enum LoadError {
    Io(io::Error),
    /// Not a checkpoint of this version, made for other options, or damaged: says what.
    Refused(String),
}

impl LoadError {
    fn refused(what: impl Into<String>) -> Self {
        Self::Refused(what.into())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Io(error) => write!(f, "graph checkpoint: {error}"),
            LoadError::Refused(what) => write!(f, "graph checkpoint: {what}"),
        }
    }
}

impl std::error::Error for LoadError {}
