//! One Raft group's replica: raft's node, the tail of its log, and what waits to be written.
//!
//! Stays true: between `ready()` and `advance_append_async` nothing else touches the node; the
//! election timeout is drawn anew after every call that raft may have reset it in; a record carries
//! the whole hard state whenever it carries anything. A hard state in which only the commit index
//! moved is not written by itself: after a restart a leader commits again, and a write would cost
//! every proposal a second fsync.
//!
//! Leaves members to membership.rs and snapshots to snapshots.rs.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::{Entry, EntryType, Message, MessageType};
use raft::{Config, INVALID_ID, RawNode, ReadOnlyOption, StateRole};
use slog::{Discard, Logger, o};

use crate::answers::{
    Committed, CommittedKind, CoreOptions, CreateGroup, EntriesWanted, GroupStatus, PeerStatus,
    Proposed, ReadState, Role, SnapshotInstall, SnapshotOffer, SnapshotWanted,
};
use crate::append_merge::merge_appends;
use crate::election::{ElectionDraw, patience_ticks};
use crate::error::ConsensusError;
use crate::fetched::Fetched;
use crate::membership::Membership;
use crate::origin::{Origin, decode_entries};
use crate::records::{HardState, LogRecord, encode_entry};
use crate::tail::Tail;

/// Followers keep this part of what a leader does: nobody asks them, and one that begins to lead
/// reads what it lacks from the log.
const FOLLOWER_CACHE_PART: u64 = 16;

/// What a group hands out in one poll.
#[derive(Default)]
pub(crate) struct GroupReady {
    pub record: Option<LogRecord>,
    /// May leave before the record is on stable storage.
    pub messages: Vec<Message>,
    /// Must wait until it is.
    pub held: Vec<Message>,
    pub committed: Vec<Committed>,
    pub read_states: Vec<ReadState>,
    pub install: Option<SnapshotInstall>,
    pub snapshots_wanted: Vec<SnapshotWanted>,
    pub entries_wanted: Vec<EntriesWanted>,
    /// Raft's number of this ready; absent when raft had none.
    pub number: Option<u64>,
}

pub(crate) struct Group {
    pub(crate) group: u64,
    pub(crate) replica: u64,
    pub(crate) node: RawNode<Tail>,
    pub(crate) membership: Membership,
    /// Written with the next poll: what describes the replica rather than its entries.
    pub(crate) description: Option<LogRecord>,
    /// Index of a snapshot that the log has and the state machine does not.
    pub(crate) installing: Option<u64>,
    seed: u64,
    election_ticks: usize,
    message_bytes_max: u64,
    cached_bytes_max: u64,
    uncommitted_bytes_max: u64,
    /// Elections that this replica has begun since it was opened.
    elections: u64,
    /// What take_change() answered last.
    reported: Option<(u64, u64, StateRole, u64, bool)>,
}

impl Group {
    pub fn create(options: &CoreOptions, create: &CreateGroup) -> Result<Self, ConsensusError> {
        let origin = Origin::of(create)?;
        let description = create.recovered.is_none().then(|| origin.describe(create));
        let initial = raft::eraftpb::HardState {
            term: origin.hard_state.term,
            vote: origin.hard_state.vote,
            commit: origin.hard_state.commit,
            ..Default::default()
        };
        let membership = Membership::new(origin.configuration);
        let state = membership.current().state.clone();
        let config = raft_config(
            options,
            create.replica,
            create.applied.max(origin.start.index),
        );
        let tail = Tail::new(origin.start, origin.entries, (initial, state));
        let node = RawNode::new(&config, tail, &Logger::root(Discard, o!())).map_err(|cause| {
            ConsensusError::internal(format!("raft group {}: {cause}", create.group))
        })?;
        let mut group = Self {
            group: create.group,
            replica: create.replica,
            node,
            membership,
            description,
            installing: None,
            seed: options.seed,
            election_ticks: options.election_ticks,
            message_bytes_max: options.message_bytes_max,
            cached_bytes_max: options.cached_bytes_max,
            uncommitted_bytes_max: options.uncommitted_bytes_max,
            elections: 0,
            reported: None,
        };
        group.evict();
        group.draw_election_timeout();
        Ok(group)
    }

    pub fn tick(&mut self) {
        if !self.may_campaign() && self.node.raft.state != StateRole::Leader {
            return;
        }
        self.node.tick();
        // A replica that is not leader counts up from 1; zero means that its timeout fired.
        if self.node.raft.state != StateRole::Leader && self.node.raft.election_elapsed == 0 {
            self.elections += 1;
        }
        self.leave_lingering_joint();
        self.draw_election_timeout();
    }

    /// Takes a peer's message. A snapshot that would replace what is here is answered as an offer
    /// instead, and accepted later. What is not for this replica or cannot be served is dropped, as
    /// if the network had lost it: proposals that a peer forwards (a client retries at the leader).
    pub fn step(&mut self, encoded: &[u8]) -> Result<Option<SnapshotOffer>, ConsensusError> {
        let message = self.decode_message(encoded)?;
        let dropped = match message.get_msg_type() {
            MessageType::MsgPropose => true,
            MessageType::MsgTimeoutNow => !self.may_campaign(),
            MessageType::MsgAppend => self.is_full() && !message.get_entries().is_empty(),
            _ => false,
        };
        if message.to != self.replica || dropped {
            return Ok(None);
        }
        if message.get_msg_type() == MessageType::MsgSnapshot && self.needs(&message) {
            return Ok(self.offer(message));
        }
        self.take_in(message);
        Ok(None)
    }

    pub(crate) fn take_in(&mut self, message: Message) {
        // Refusals of raft (unknown peer, stale proposal) are normal on a network.
        let _ = self.node.step(message);
        self.draw_election_timeout();
    }

    pub fn propose(&mut self, data: Vec<u8>) -> Result<Proposed, ConsensusError> {
        if data.is_empty() {
            return Err(ConsensusError::internal(
                "an empty command cannot be told from a leader's own entry",
            ));
        }
        self.propose_with(|node| node.propose(Vec::new(), data))
    }

    pub(crate) fn propose_with(
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
            Err(cause) => Err(self.internal(&cause)),
        }
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
        if !self.may_campaign() {
            return Ok(());
        }
        self.elections += 1;
        let outcome = self.node.campaign();
        self.draw_election_timeout();
        outcome.map_err(|cause| self.internal(&cause))
    }

    /// Messages to a peer were lost: raft finds out anew what it has.
    pub fn report_unreachable(&mut self, replica: u64) {
        self.node.report_unreachable(replica);
    }

    /// The process of a peer is gone. When it led, there is nothing to wait for: its lease ends, so
    /// that this replica grants others their pre-votes, and soon stands for election itself. Should
    /// the word be wrong, pre-votes keep the leader that a majority hears.
    pub fn report_gone(&mut self, replica: u64) {
        self.node.report_unreachable(replica);
        let raft = &mut self.node.raft;
        if raft.state != StateRole::Follower || raft.leader_id != replica {
            return;
        }
        let term = raft.term;
        raft.become_follower(term, INVALID_ID);
        self.draw_election_timeout();
        let raft = &mut self.node.raft;
        let voters = raft.prs().conf().voters().ids();
        let others = voters
            .iter()
            .filter(|voter| ![replica, raft.id].contains(voter));
        let patience = patience_ticks((self.group, term), raft.id, others);
        raft.election_elapsed = raft.randomized_election_timeout().saturating_sub(patience);
    }

    pub fn has_work(&self) -> bool {
        self.description.is_some() || self.node.has_ready() || self.node.store().has_wishes()
    }

    pub fn poll(&mut self) -> GroupReady {
        let mut polled = GroupReady {
            record: self.description.take(),
            ..Default::default()
        };
        if self.node.has_ready() {
            self.take_ready(&mut polled);
        }
        if let Some(record) = &mut polled.record {
            self.complete(record);
        }
        self.take_wishes(&mut polled);
        polled
    }

    fn take_ready(&mut self, polled: &mut GroupReady) {
        let mut ready = self.node.ready();
        let entries = ready.take_entries();
        if !ready.snapshot().is_empty() {
            polled.install = Some(self.begin_install(ready.snapshot(), &mut polled.record));
        }
        if ready.must_sync() || polled.record.is_some() {
            let record = polled.record.get_or_insert_default();
            record.entries = entries.iter().map(encode_entry).collect();
        }
        let bytes_max = self.message_bytes_max;
        polled.messages = merge_appends(ready.take_messages(), bytes_max);
        polled.held = ready.take_persisted_messages();
        let committed_entries = ready.take_committed_entries().into_iter();
        polled.committed = committed_entries.map(committed).collect();
        let read_states = ready.take_read_states().into_iter();
        polled.read_states = read_states
            .map(|state| ReadState {
                group: self.group,
                context: state.request_ctx,
                index: state.index,
            })
            .collect();
        polled.number = Some(ready.number());
        self.node.mut_store().append(&entries);
        self.node.advance_append_async(ready);
    }

    fn take_wishes(&mut self, polled: &mut GroupReady) {
        let (group, bytes_max) = (self.group, self.cached_bytes_max);
        if self.node.raft.state != StateRole::Leader {
            self.node.mut_store().clear_wishes();
            return;
        }
        // A snapshot taken before the state machine knows the newest members would not name whom
        // it is for.
        let applied = self.node.raft.raft_log.applied;
        let knows_members = applied >= self.membership.current().index;
        let tail = self.node.mut_store();
        let snapshots = tail.take_snapshots_wanted().into_iter();
        polled.snapshots_wanted = snapshots
            .filter(|_| knows_members)
            .map(|to| SnapshotWanted { group, to })
            .collect();
        let entries = tail.take_entries_wanted().into_iter();
        polled.entries_wanted = entries
            .map(|low| EntriesWanted {
                group,
                low,
                bytes_max,
            })
            .collect();
    }

    /// The record of this ready, and all before it, are on stable storage.
    pub fn persisted(&mut self, number: u64) {
        self.node.on_persist_ready(number);
        self.draw_election_timeout();
    }

    pub fn applied(&mut self, index: u64) {
        self.node.advance_apply_to(index);
        if self.installing.is_some_and(|snapshot| snapshot <= index) {
            self.installing = None;
        }
        self.evict();
        self.draw_election_timeout();
    }

    /// The log has forgotten entries up to `index`.
    pub fn compact(&mut self, index: u64) {
        let applied = self.node.raft.raft_log.applied;
        self.node.mut_store().compact(index.min(applied));
    }

    /// Takes entries that were wanted from `low` on; absent when the log has forgotten them.
    pub fn provide_entries(
        &mut self,
        low: u64,
        record: Option<&LogRecord>,
    ) -> Result<(), ConsensusError> {
        let fetched = match record {
            Some(record) => {
                let before = record.snapshot.unwrap_or_default();
                Some(Fetched::new(
                    before.index,
                    decode_entries(before, &record.entries)?,
                ))
            }
            None => None,
        };
        let is_provided = fetched.as_ref().is_some_and(|fetched| fetched.holds(low));
        for context in self.node.mut_store().provide(low, fetched) {
            // Told without entries raft would ask at once again; the next heartbeat does.
            if is_provided {
                self.node.on_entries_fetched(context);
            }
        }
        Ok(())
    }

    pub fn status(&self) -> GroupStatus {
        let raft = &self.node.raft;
        let members = self.membership.current();
        GroupStatus {
            group: self.group,
            term: raft.term,
            leader: raft.leader_id,
            role: role(raft.state),
            commit: raft.raft_log.committed,
            applied: raft.raft_log.applied,
            last_index: raft.raft_log.last_index(),
            first_index: self.node.store().start() + 1,
            voters: members.state.get_voters().to_vec(),
            learners: members.state.get_learners().to_vec(),
            voters_outgoing: members.state.get_voters_outgoing().to_vec(),
            membership_version: members.version,
            is_joint: self.membership.is_joint(),
            peers: self.peers(),
        }
    }

    fn peers(&self) -> Vec<PeerStatus> {
        let raft = &self.node.raft;
        if raft.state != StateRole::Leader {
            return Vec::new();
        }
        let mut peers: Vec<PeerStatus> = raft
            .prs()
            .iter()
            .filter(|(replica, _)| **replica != self.replica)
            .map(|(replica, progress)| PeerStatus {
                replica: *replica,
                match_index: progress.matched,
                active: progress.recent_active,
                snapshot: progress.state == raft::ProgressState::Snapshot,
            })
            .collect();
        peers.sort_unstable_by_key(|peer| peer.replica);
        peers
    }

    /// The status, when term, leader, role or members differ from those that the last call
    /// answered.
    pub fn take_change(&mut self) -> Option<GroupStatus> {
        let raft = &self.node.raft;
        let version = self.membership.current().version;
        let is_joint = self.membership.is_joint();
        let current = (raft.term, raft.leader_id, raft.state, version, is_joint);
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

    /// Whether an election may begin. Not while a snapshot waits for the state machine: raft would
    /// look for entries that it replaced. Nor does a voter without others lead before its whole log
    /// is on stable storage: raft counts on it.
    fn may_campaign(&self) -> bool {
        let log = &self.node.raft.raft_log;
        let is_unsynced = log.persisted < log.last_index();
        self.installing.is_none() && !(is_unsynced && self.node.raft.prs().is_singleton())
    }

    /// Whether a slow state machine has let too much gather. Without more entries the leader goes
    /// on as with a follower that it cannot reach, and tries again with each heartbeat. Entries
    /// that are not committed alone cannot fill it: the leader bounds those.
    fn is_full(&self) -> bool {
        self.node.store().bytes() > 2 * self.uncommitted_bytes_max
    }

    /// Keeps in memory what followers may need soon. What all have is dropped.
    fn evict(&mut self) {
        let raft = &self.node.raft;
        let log = &raft.raft_log;
        let dispensable = log.applied.min(log.persisted);
        if self.membership.is_alone(self.replica) {
            self.node.mut_store().evict(dispensable);
            return;
        }
        let is_leader = raft.state == StateRole::Leader;
        let peers = raft.prs().iter().filter(|(id, _)| **id != self.replica);
        let matched = peers.map(|(_, progress)| progress.matched).min();
        let (cached_bytes, everywhere) = match is_leader {
            true => (self.cached_bytes_max, matched.unwrap_or(0)),
            false => (self.cached_bytes_max / FOLLOWER_CACHE_PART, 0),
        };
        let tail = self.node.mut_store();
        tail.evict(dispensable.min(everywhere));
        tail.evict_beyond(dispensable, cached_bytes);
        tail.forget_fetched(if is_leader { everywhere } else { u64::MAX });
    }

    pub(crate) fn internal(&self, cause: &raft::Error) -> ConsensusError {
        ConsensusError::internal(format!("raft group {}: {cause}", self.group))
    }

    pub(crate) fn decode_message(&self, encoded: &[u8]) -> Result<Message, ConsensusError> {
        let bytes = Bytes::copy_from_slice(encoded);
        Message::parse_from_carllerche_bytes(&bytes).map_err(|cause| ConsensusError {
            reason: "INVALID_ARGUMENT",
            message: format!("a Raft message does not decode: {cause}"),
            subject: Some(format!("raft group {}", self.group)),
        })
    }

    pub(crate) fn draw_election_timeout(&mut self) {
        let ticks = self.election_draw().timeout_ticks(self.election_ticks);
        self.node.raft.set_randomized_election_timeout(ticks);
    }

    fn election_draw(&self) -> ElectionDraw {
        ElectionDraw {
            seed: self.seed,
            group: self.group,
            replica: self.replica,
            term: self.node.raft.term,
            elections: self.elections,
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
        // Unsafe; append_merge.rs says why, and does it instead.
        batch_append: false,
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
