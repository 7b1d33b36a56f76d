//! Consensus: the Raft state machines of many groups and the durable log that they share.
//!
//! [`RaftCore`] is pure: no clock, thread, socket or file, so production and simulation run the
//! same code. [`RaftLog`] is the opposite: it owns files and one writer thread and knows nothing of
//! Raft but the shape of its records. A host carries what one asks for to the other.

mod core;
mod election;
mod error;
mod group;
mod log;
mod log_files;
mod log_space;
mod log_writer;
mod records;
mod tail;

pub use crate::core::{
    Committed, CommittedKind, CoreOptions, CreateGroup, FailedGroup, GroupCommits, GroupStatus,
    Member, OutgoingMessage, Poll, Proposed, RaftCore, ReadState, Role,
};
pub use crate::error::ConsensusError;
pub use crate::log::{LogOptions, RaftLog};
pub use crate::log_writer::Done;
pub use crate::records::{HardState, LogBatch, LogPosition, LogRecord};
