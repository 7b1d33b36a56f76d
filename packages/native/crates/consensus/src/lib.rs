//! Consensus: the Raft state machines of many groups and the durable log that they share.
//!
//! [`RaftCore`] is pure: no clock, thread, socket or file, so production and simulation run the
//! same code. [`RaftLog`] is the opposite: it owns files and one writer thread and knows nothing of
//! Raft but the shape of its records. A host carries what one asks for to the other.

mod answers;
mod append_merge;
mod core;
mod election;
mod error;
mod fetched;
mod group;
mod group_members;
mod group_snapshots;
mod log;
mod log_files;
mod log_reader;
mod log_space;
mod log_writer;
mod membership;
mod origin;
mod records;
mod tail;
mod terms;

pub use crate::answers::{
    Committed, CommittedKind, CoreOptions, CreateGroup, EntriesWanted, FailedGroup, GroupCommits,
    GroupStatus, Member, OutgoingMessage, PeerStatus, Poll, Proposed, ReadState, Role,
    SnapshotInstall, SnapshotOffer, SnapshotOutcome, SnapshotWanted,
};
pub use crate::core::RaftCore;
pub use crate::error::ConsensusError;
pub use crate::log::{LogOptions, RaftLog};
pub use crate::log_reader::ReadDone;
pub use crate::log_writer::Done;
pub use crate::records::{HardState, LogBatch, LogPosition, LogRecord};
