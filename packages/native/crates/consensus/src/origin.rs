//! What a replica starts from: the beginning of time, nothing at all, or what its log held.

use raft::eraftpb::{ConfState, Entry};

use crate::answers::{CreateGroup, Member};
use crate::error::ConsensusError;
use crate::membership::Configuration;
use crate::records::{
    HardState, LogPosition, LogRecord, decode_conf_state, decode_entry, encode_conf_state,
};

/// Replicas of a new group agree on this position without ever having written it: an empty entry
/// that made the first configuration. It is not zero, so that a replica that joins later starts
/// from a snapshot and never from half of a history.
pub(crate) const BOOTSTRAP: LogPosition = LogPosition { index: 1, term: 1 };

/// Membership version of the members at the beginning.
const BOOTSTRAP_VERSION: u64 = 1;

pub(crate) struct Origin {
    pub start: LogPosition,
    pub entries: Vec<Entry>,
    pub hard_state: HardState,
    pub configuration: Configuration,
}

impl Origin {
    /// Checks what the log held against what the state machine has applied.
    pub fn of(create: &CreateGroup) -> Result<Self, ConsensusError> {
        let mut origin = match &create.recovered {
            Some(record) => Self::recovered(create, record)?,
            None => Self::bootstrap(&create.bootstrap),
        };
        let start = origin.start.index;
        let last = start + origin.entries.len() as u64;
        let applied = create.applied;
        if applied > last {
            return Err(corrupt(
                create,
                format!("the log ends at index {last}, but index {applied} was applied"),
            ));
        }
        if applied < start && start > BOOTSTRAP.index {
            return Err(corrupt(
                create,
                format!("the log begins after index {start}, but only {applied} was applied"),
            ));
        }
        let hard_state = &mut origin.hard_state;
        hard_state.commit = hard_state.commit.max(applied.max(start));
        if hard_state.commit > last {
            let commit = hard_state.commit;
            return Err(corrupt(
                create,
                format!("the log ends at index {last}, but index {commit} was committed"),
            ));
        }
        Ok(origin)
    }

    fn bootstrap(members: &[Member]) -> Self {
        let mut state = ConfState::default();
        for member in members {
            match member.learner {
                true => state.mut_learners().push(member.replica),
                false => state.mut_voters().push(member.replica),
            }
        }
        // Without members the replica was asked to join: it knows nothing until a leader tells it.
        let (start, version) = if members.is_empty() {
            (LogPosition { index: 0, term: 0 }, 0)
        } else {
            (BOOTSTRAP, BOOTSTRAP_VERSION)
        };
        Self {
            start,
            entries: Vec::new(),
            hard_state: HardState {
                term: start.term,
                vote: 0,
                commit: start.index,
            },
            configuration: Configuration {
                state,
                index: start.index,
                version,
            },
        }
    }

    fn recovered(create: &CreateGroup, record: &LogRecord) -> Result<Self, ConsensusError> {
        if record.replica_id != create.replica {
            let (theirs, ours) = (record.replica_id, create.replica);
            return Err(corrupt(
                create,
                format!("the log belongs to replica {theirs}, not to replica {ours}"),
            ));
        }
        let start = record.snapshot.unwrap_or_default();
        let entries = decode_entries(start, &record.entries)
            .map_err(|cause| corrupt(create, cause.message))?;
        Ok(Self {
            start,
            entries,
            hard_state: record.hard_state.unwrap_or_default(),
            configuration: Configuration {
                state: decode_conf_state(&record.conf_state)?,
                index: record.conf_index,
                // A log of before versions were counted has the members of its beginning.
                version: record.conf_version.max(u64::from(record.conf_index > 0)),
            },
        })
    }

    /// The first record of a new replica.
    pub fn describe(&self, create: &CreateGroup) -> LogRecord {
        LogRecord {
            conf_state: encode_conf_state(&self.configuration.state),
            conf_index: self.configuration.index,
            conf_version: self.configuration.version,
            snapshot: Some(self.start),
            replica_id: create.replica,
            ..Default::default()
        }
    }
}

/// Decodes entries that must be consecutive after `before`.
pub(crate) fn decode_entries(
    before: LogPosition,
    encoded: &[bytes::Bytes],
) -> Result<Vec<Entry>, ConsensusError> {
    let mut entries = Vec::with_capacity(encoded.len());
    for bytes in encoded {
        let entry = decode_entry(bytes)?;
        let expected = before.index + 1 + entries.len() as u64;
        if entry.index != expected {
            return Err(ConsensusError::corrupt(
                "raft log",
                format!("entry {} lies where {expected} belongs", entry.index),
            ));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn corrupt(create: &CreateGroup, message: String) -> ConsensusError {
    ConsensusError::corrupt(format!("raft group {}", create.group), message)
}
