//! What RaftCore takes and gives: plain data, as a host sees it.

use bytes::Bytes;

use crate::records::LogRecord;

#[derive(Debug, Clone)]
pub struct CoreOptions {
    /// Seeds the election timeouts.
    pub seed: u64,
    /// Ticks without a leader before an election; each timeout lies in `[min, 2 * min)`.
    pub election_ticks: usize,
    pub heartbeat_ticks: usize,
    pub message_bytes_max: u64,
    pub inflight_messages_max: usize,
    pub uncommitted_bytes_max: u64,
    pub committed_bytes_per_poll_max: u64,
    /// Bytes of applied entries that a leader keeps in memory for followers that lag.
    pub cached_bytes_max: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub replica: u64,
    pub learner: bool,
}

#[derive(Debug, Clone)]
pub struct CreateGroup {
    pub group: u64,
    pub replica: u64,
    /// Members at the beginning of time; used only when `recovered` is absent.
    pub bootstrap: Vec<Member>,
    /// What the log held.
    pub recovered: Option<LogRecord>,
    pub applied: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposed {
    Accepted {
        index: u64,
        term: u64,
    },
    /// `leader` is 0 when unknown.
    NotLeader {
        leader: u64,
    },
    Dropped,
    /// Of members alone: the group has this version or a higher one.
    Unchanged,
}

/// A snapshot that a peer offers. Its files come first, then the message is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotOffer {
    pub index: u64,
    pub term: u64,
    pub from: u64,
    pub data: Bytes,
}

/// A snapshot that the log takes: once its record is on stable storage the state machine follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInstall {
    pub group: u64,
    pub index: u64,
    pub term: u64,
    pub data: Bytes,
}

/// A follower needs a snapshot, and none is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotWanted {
    pub group: u64,
    pub to: u64,
}

/// A follower needs entries that are in the log and not in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntriesWanted {
    pub group: u64,
    /// The first one.
    pub low: u64,
    /// Bytes to read, though at least one entry.
    pub bytes_max: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotOutcome {
    Installed,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommittedKind {
    Command,
    Empty,
    ConfChange,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub index: u64,
    pub term: u64,
    pub kind: CommittedKind,
    pub data: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCommits {
    pub group: u64,
    pub entries: Vec<Committed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    pub group: u64,
    pub to: u64,
    pub from: u64,
    pub data: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadState {
    pub group: u64,
    pub context: Vec<u8>,
    pub index: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Follower,
    PreCandidate,
    Candidate,
    Leader,
}

/// What a leader knows of another member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerStatus {
    pub replica: u64,
    /// Its log agrees with the leader's up to here.
    pub match_index: u64,
    /// It was heard of within an election timeout.
    pub active: bool,
    /// It waits for a snapshot that was sent.
    pub snapshot: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupStatus {
    pub group: u64,
    pub term: u64,
    /// 0 when unknown.
    pub leader: u64,
    pub role: Role,
    pub commit: u64,
    pub applied: u64,
    pub last_index: u64,
    pub first_index: u64,
    pub voters: Vec<u64>,
    pub learners: Vec<u64>,
    /// Voters that a joint configuration leaves behind; empty in any other.
    pub voters_outgoing: Vec<u64>,
    /// Counts the changes of members, as whoever decides on them counts.
    pub membership_version: u64,
    pub is_joint: bool,
    /// Of a leader alone: the other members.
    pub peers: Vec<PeerStatus>,
}

/// A group that panicked; it answers nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedGroup {
    pub group: u64,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Poll {
    pub batch: u64,
    /// An encoded `LogBatch`; absent when nothing is to be written.
    pub records: Option<Vec<u8>>,
    pub messages: Vec<OutgoingMessage>,
    pub committed: Vec<GroupCommits>,
    pub read_states: Vec<ReadState>,
    pub changed: Vec<GroupStatus>,
    pub failed: Vec<FailedGroup>,
    pub installs: Vec<SnapshotInstall>,
    pub snapshots_wanted: Vec<SnapshotWanted>,
    pub entries_wanted: Vec<EntriesWanted>,
}
