//! One Raft group's replica: raft's node, the tail of its log, and what waits to be written.
//!
//! Stays true: between `ready()` and `advance_append_async` nothing else touches the node; the
//! election timeout is drawn anew after every call that raft may have reset it in; a record carries
//! the whole hard state whenever it carries anything. A hard state in which only the commit index
//! moved is not written by itself: after a restart a leader commits again, and a write would cost
//! every proposal a second fsync.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::{ConfChangeV2, ConfState, Entry, EntryType, Message, MessageType};
use raft::{Config, INVALID_ID, RawNode, ReadOnlyOption, StateRole};
use slog::{Discard, Logger, o};

use crate::core::{
    Committed, CommittedKind, CoreOptions, CreateGroup, GroupStatus, Member, Proposed, ReadState,
    Role,
};
use crate::election::ElectionDraw;
use crate::error::ConsensusError;
use crate::records::{
    HardState, LogPosition, LogRecord, decode_conf_state, decode_entry, encode_conf_state,
    encode_entry,
};
use crate::tail::Tail;

/// Replicas of a new group agree on this position without ever having written it: an empty entry
/// that made the first configuration. It is not zero, so that a replica that joins later starts
/// from a snapshot and never from half of a history.
const BOOTSTRAP: LogPosition = LogPosition { index: 1, term: 1 };

/// What a group hands out in one poll.
pub(crate) struct GroupReady {
    pub record: Option<LogRecord>,
    /// May leave before the record is on stable storage.
    pub messages: Vec<Message>,
    /// Must wait until it is.
    pub held: Vec<Message>,
    pub committed: Vec<Committed>,
    pub read_states: Vec<ReadState>,
    /// Raft's number of this ready; absent when raft had none.
    pub number: Option<u64>,
}

pub(crate) struct Group {
    group: u64,
    replica: u64,
    seed: u64,
    node: RawNode<Tail>,
    election_ticks: usize,
    /// Elections that this replica has begun since it was opened.
    elections: u64,
    /// Entry that made the current configuration.
    conf_index: u64,
    /// Written with the next poll: what describes the replica rather than its entries.
    description: Option<LogRecord>,
    reported: Option<(u64, u64, StateRole)>,
}

impl Group {
    pub fn create(options: &CoreOptions, create: &CreateGroup) -> Result<Self, ConsensusError> {
        let subject = || format!("raft group {}", create.group);
        let (origin, is_new) = match &create.recovered {
            Some(record) => (Origin::recovered(create, record)?, false),
            None => (Origin::bootstrap(&create.bootstrap), true),
        };
        let applied = create.applied.max(origin.start.index);
        let last = origin.start.index + origin.entries.len() as u64;
        if create.applied > last {
            return Err(ConsensusError::corrupt(
                subject(),
                format!(
                    "the log ends at index {last}, but index {} was applied",
                    create.applied
                ),
            ));
        }
        if create.applied < origin.start.index && origin.start.index > BOOTSTRAP.index {
            return Err(ConsensusError::corrupt(
                subject(),
                format!(
                    "the log begins after index {}, but only {} was applied",
                    origin.start.index, create.applied
                ),
            ));
        }
        let mut hard_state = origin.hard_state;
        hard_state.commit = hard_state.commit.max(applied);
        if hard_state.commit > last {
            return Err(ConsensusError::corrupt(
                subject(),
                format!(
                    "the log ends at index {last}, but index {} was committed",
                    hard_state.commit
                ),
            ));
        }
        let description = is_new.then(|| origin.describe(create));
        let initial = raft::eraftpb::HardState {
            term: hard_state.term,
            vote: hard_state.vote,
            commit: hard_state.commit,
            ..Default::default()
        };
        let tail = Tail::new(origin.start, origin.entries, initial, origin.conf_state);
        let config = raft_config(options, create.replica, applied);
        let node = RawNode::new(&config, tail, &Logger::root(Discard, o!()))
            .map_err(|cause| ConsensusError::internal(format!("{}: {cause}", subject())))?;
        let mut group = Self {
            group: create.group,
            replica: create.replica,
            seed: options.seed,
            node,
            election_ticks: options.election_ticks,
            elections: 0,
            conf_index: origin.conf_index,
            description,
            reported: None,
        };
        group.draw_election_timeout();
        Ok(group)
    }

    pub fn tick(&mut self) {
        self.node.tick();
        // A replica that is not leader counts up from 1; zero means that its timeout fired.
        if self.node.raft.state != StateRole::Leader && self.node.raft.election_elapsed == 0 {
            self.elections += 1;
        }
        self.draw_election_timeout();
    }

    /// Takes a peer's message. What is not for this replica or cannot be served is dropped, as if
    /// the network had lost it: forwarded proposals (a client retries at the leader) and snapshots
    /// (their files have no stream yet).
    pub fn step(&mut self, encoded: &[u8]) -> Result<(), ConsensusError> {
        let mut message = Message::default();
        message
            .merge_from_bytes(encoded)
            .map_err(|cause| ConsensusError {
                reason: "INVALID_ARGUMENT",
                message: format!("a Raft message does not decode: {cause}"),
                subject: Some(format!("raft group {}", self.group)),
            })?;
        let dropped = matches!(
            message.get_msg_type(),
            MessageType::MsgPropose | MessageType::MsgSnapshot
        );
        if message.to != self.replica || dropped {
            return Ok(());
        }
        // Refusals of raft (unknown peer, stale proposal) are normal on a network.
        let _ = self.node.step(message);
        self.draw_election_timeout();
        Ok(())
    }

    pub fn propose(&mut self, data: Vec<u8>) -> Result<Proposed, ConsensusError> {
        if data.is_empty() {
            return Err(ConsensusError::internal(
                "an empty command cannot be told from a leader's own entry",
            ));
        }
        self.propose_with(|node| node.propose(Vec::new(), data))
    }

    pub fn propose_conf_change(&mut self, encoded: &[u8]) -> Result<Proposed, ConsensusError> {
        let change = self.decode_conf_change(encoded)?;
        self.propose_with(|node| node.propose_conf_change(Vec::new(), change))
    }

    fn propose_with(
        &mut self,
        propose: impl FnOnce(&mut RawNode<Tail>) -> raft::Result<()>,
    ) -> Result<Proposed, ConsensusError> {
        if self.node.raft.state != StateRole::Leader {
            return Ok(Proposed::NotLeader {
                leader: self.node.raft.leader_id,
            });
        }
        let outcome = propose(&mut self.node);
        self.draw_election_timeout();
        match outcome {
            Ok(()) => Ok(Proposed::Accepted {
                index: self.node.raft.raft_log.last_index(),
                term: self.node.raft.term,
            }),
            Err(raft::Error::ProposalDropped) => Ok(Proposed::Dropped),
            Err(cause) => Err(ConsensusError::internal(format!(
                "raft group {}: {cause}",
                self.group
            ))),
        }
    }

    /// Applies the committed change of entry `index`; one that the log says is applied changes
    /// nothing.
    pub fn apply_conf_change(
        &mut self,
        index: u64,
        encoded: &[u8],
    ) -> Result<Bytes, ConsensusError> {
        if index > self.conf_index {
            let change = self.decode_conf_change(encoded)?;
            let state = self.node.apply_conf_change(&change).map_err(|cause| {
                ConsensusError::internal(format!(
                    "raft group {}: conf change {index}: {cause}",
                    self.group
                ))
            })?;
            self.conf_index = index;
            self.node.mut_store().set_conf_state(state);
            self.draw_election_timeout();
            self.description = Some(LogRecord {
                conf_state: encode_conf_state(self.node.store().conf_state()),
                conf_index: index,
                ..Default::default()
            });
        }
        Ok(encode_conf_state(self.node.store().conf_state()))
    }

    /// false when raft would drop the request without a word.
    pub fn read_index(&mut self, context: Vec<u8>) -> bool {
        let raft = &self.node.raft;
        let can_serve = match raft.state {
            StateRole::Leader => raft.commit_to_current_term(),
            StateRole::Follower => raft.leader_id != INVALID_ID,
            StateRole::Candidate | StateRole::PreCandidate => false,
        };
        if can_serve {
            self.node.read_index(context);
        }
        can_serve
    }

    pub fn transfer_leader(&mut self, to: u64) {
        self.node.transfer_leader(to);
        self.draw_election_timeout();
    }

    pub fn campaign(&mut self) -> Result<(), ConsensusError> {
        self.elections += 1;
        let outcome = self.node.campaign();
        self.draw_election_timeout();
        outcome.map_err(|cause| {
            ConsensusError::internal(format!("raft group {}: {cause}", self.group))
        })
    }

    pub fn has_work(&self) -> bool {
        self.description.is_some() || self.node.has_ready()
    }

    pub fn poll(&mut self) -> GroupReady {
        let mut record = self.description.take();
        if !self.node.has_ready() {
            if let Some(record) = &mut record {
                self.complete(record);
            }
            return GroupReady {
                record,
                messages: Vec::new(),
                held: Vec::new(),
                committed: Vec::new(),
                read_states: Vec::new(),
                number: None,
            };
        }
        let mut ready = self.node.ready();
        let entries = ready.take_entries();
        if ready.must_sync() || record.is_some() {
            let record = record.get_or_insert_default();
            record.entries = entries.iter().map(encode_entry).collect();
            self.complete(record);
        }
        let group_ready = GroupReady {
            record,
            messages: ready.take_messages(),
            held: ready.take_persisted_messages(),
            committed: ready
                .take_committed_entries()
                .into_iter()
                .map(committed)
                .collect(),
            read_states: ready
                .take_read_states()
                .into_iter()
                .map(|state| ReadState {
                    group: self.group,
                    context: state.request_ctx,
                    index: state.index,
                })
                .collect(),
            number: Some(ready.number()),
        };
        self.node.mut_store().append(&entries);
        self.node.advance_append_async(ready);
        group_ready
    }

    /// The record of this ready, and all before it, are on stable storage.
    pub fn persisted(&mut self, number: u64) {
        self.node.on_persist_ready(number);
        self.draw_election_timeout();
    }

    pub fn applied(&mut self, index: u64) {
        self.node.advance_apply_to(index);
        self.draw_election_timeout();
    }

    /// Drops entries that are applied, up to `index`.
    pub fn compact(&mut self, index: u64) {
        let applied = self.node.raft.raft_log.applied;
        self.node.mut_store().compact(index.min(applied));
    }

    pub fn status(&self) -> GroupStatus {
        let raft = &self.node.raft;
        let conf_state = self.node.store().conf_state();
        GroupStatus {
            group: self.group,
            term: raft.term,
            leader: raft.leader_id,
            role: role(raft.state),
            commit: raft.raft_log.committed,
            applied: raft.raft_log.applied,
            last_index: raft.raft_log.last_index(),
            first_index: self.node.store().first(),
            voters: conf_state.get_voters().to_vec(),
            learners: conf_state.get_learners().to_vec(),
        }
    }

    /// The status, when term, leader or role differ from those that the last call answered.
    pub fn take_change(&mut self) -> Option<GroupStatus> {
        let raft = &self.node.raft;
        let current = (raft.term, raft.leader_id, raft.state);
        if self.reported == Some(current) {
            return None;
        }
        self.reported = Some(current);
        Some(self.status())
    }

    fn complete(&self, record: &mut LogRecord) {
        let state = self.node.raft.hard_state();
        record.group = self.group;
        record.hard_state = Some(HardState {
            term: state.term,
            vote: state.vote,
            commit: state.commit,
        });
    }

    fn decode_conf_change(&self, encoded: &[u8]) -> Result<ConfChangeV2, ConsensusError> {
        let mut change = ConfChangeV2::default();
        change.merge_from_bytes(encoded).map_err(|cause| {
            ConsensusError::corrupt(
                format!("raft group {}", self.group),
                format!("a conf change does not decode: {cause}"),
            )
        })?;
        Ok(change)
    }

    fn draw_election_timeout(&mut self) {
        let draw = ElectionDraw {
            seed: self.seed,
            group: self.group,
            replica: self.replica,
            term: self.node.raft.term,
            elections: self.elections,
        };
        let ticks = draw.timeout_ticks(self.election_ticks);
        self.node.raft.set_randomized_election_timeout(ticks);
    }
}

/// What a replica starts from.
struct Origin {
    start: LogPosition,
    entries: Vec<Entry>,
    hard_state: HardState,
    conf_state: ConfState,
    conf_index: u64,
}

impl Origin {
    fn bootstrap(members: &[Member]) -> Self {
        let mut conf_state = ConfState::default();
        for member in members {
            match member.learner {
                true => conf_state.mut_learners().push(member.replica),
                false => conf_state.mut_voters().push(member.replica),
            }
        }
        // Without members the replica was asked to join: it knows nothing until a leader tells it.
        let start = if members.is_empty() {
            LogPosition { index: 0, term: 0 }
        } else {
            BOOTSTRAP
        };
        Self {
            start,
            entries: Vec::new(),
            hard_state: HardState {
                term: start.term,
                vote: 0,
                commit: start.index,
            },
            conf_state,
            conf_index: start.index,
        }
    }

    fn recovered(create: &CreateGroup, record: &LogRecord) -> Result<Self, ConsensusError> {
        let corrupt = |message: String| {
            ConsensusError::corrupt(format!("raft group {}", create.group), message)
        };
        if record.replica_id != create.replica {
            return Err(corrupt(format!(
                "the log belongs to replica {}, not to replica {}",
                record.replica_id, create.replica
            )));
        }
        let start = record.snapshot.unwrap_or_default();
        let mut entries = Vec::with_capacity(record.entries.len());
        for encoded in &record.entries {
            let entry = decode_entry(encoded)?;
            let expected = start.index + 1 + entries.len() as u64;
            if entry.index != expected {
                return Err(corrupt(format!(
                    "entry {} lies where {expected} belongs",
                    entry.index
                )));
            }
            entries.push(entry);
        }
        Ok(Self {
            start,
            entries,
            hard_state: record.hard_state.unwrap_or_default(),
            conf_state: decode_conf_state(&record.conf_state)?,
            conf_index: record.conf_index,
        })
    }

    /// The first record of a new replica.
    fn describe(&self, create: &CreateGroup) -> LogRecord {
        LogRecord {
            conf_state: encode_conf_state(&self.conf_state),
            conf_index: self.conf_index,
            snapshot: Some(self.start),
            replica_id: create.replica,
            ..Default::default()
        }
    }
}

/// Every limit is set: raft's own defaults send one entry a message and bound nothing.
fn raft_config(options: &CoreOptions, replica: u64, applied: u64) -> Config {
    Config {
        id: replica,
        election_tick: options.election_ticks,
        heartbeat_tick: options.heartbeat_ticks,
        applied,
        max_size_per_msg: options.message_bytes_max,
        max_inflight_msgs: options.inflight_messages_max,
        check_quorum: true,
        pre_vote: true,
        min_election_tick: options.election_ticks,
        max_election_tick: 2 * options.election_ticks,
        // Leases rest on ticks, and a stalled event loop stops those.
        read_only_option: ReadOnlyOption::Safe,
        skip_bcast_commit: false,
        batch_append: true,
        priority: 0,
        max_uncommitted_size: options.uncommitted_bytes_max,
        max_committed_size_per_ready: options.committed_bytes_per_poll_max,
    }
}

fn committed(mut entry: Entry) -> Committed {
    let kind = match entry.get_entry_type() {
        EntryType::EntryNormal if entry.data.is_empty() => CommittedKind::Empty,
        EntryType::EntryNormal => CommittedKind::Command,
        EntryType::EntryConfChange | EntryType::EntryConfChangeV2 => CommittedKind::ConfChange,
    };
    Committed {
        index: entry.index,
        term: entry.term,
        kind,
        data: entry.take_data(),
    }
}

fn role(state: StateRole) -> Role {
    match state {
        StateRole::Follower => Role::Follower,
        StateRole::PreCandidate => Role::PreCandidate,
        StateRole::Candidate => Role::Candidate,
        StateRole::Leader => Role::Leader,
    }
}
