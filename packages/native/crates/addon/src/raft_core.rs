//! RaftCore for JavaScript. Lists the same calls in the same order as raft-core.ts.

use bytes::Bytes;
use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;
use prost::Message as _;
use vectron_consensus as consensus;

use crate::failure::{Failure, Thrown, thrown, to_u64};
use crate::js_bytes::share_bytes;

#[napi(object)]
pub struct RaftCoreOptions {
    pub seed: BigInt,
    pub election_ticks: u32,
    pub heartbeat_ticks: u32,
    pub message_bytes_max: f64,
    pub inflight_messages_max: u32,
    pub uncommitted_bytes_max: f64,
    pub committed_bytes_per_poll_max: f64,
    pub cached_bytes_max: f64,
}

#[napi(object)]
pub struct GroupMember {
    pub replica: BigInt,
    pub learner: bool,
}

#[napi(object)]
pub struct CreateGroupOptions {
    pub group: BigInt,
    pub replica: BigInt,
    pub bootstrap: Vec<GroupMember>,
    pub recovered: Option<Uint8Array>,
    pub applied: BigInt,
}

#[napi(string_enum = "kebab-case")]
pub enum ProposeKind {
    Accepted,
    NotLeader,
    Dropped,
    Unchanged,
}

#[napi(object)]
pub struct ProposeResult {
    pub kind: ProposeKind,
    pub index: Option<BigInt>,
    pub term: Option<BigInt>,
    pub leader: Option<BigInt>,
}

#[napi(object)]
pub struct SnapshotOffer {
    pub index: BigInt,
    pub term: BigInt,
    pub from: BigInt,
    pub data: Uint8Array,
}

#[napi(object)]
pub struct SnapshotInstall {
    pub group: BigInt,
    pub index: BigInt,
    pub term: BigInt,
    pub data: Uint8Array,
}

#[napi(object)]
pub struct SnapshotWanted {
    pub group: BigInt,
    pub to: BigInt,
}

#[napi(object)]
pub struct SnapshotPoint {
    pub index: BigInt,
    pub data: Uint8Array,
}

#[napi(string_enum = "kebab-case")]
pub enum SnapshotOutcome {
    Installed,
    Failed,
}

#[napi(object)]
pub struct EntriesWanted {
    pub group: BigInt,
    pub low: BigInt,
    pub bytes_max: f64,
}

#[napi(string_enum = "kebab-case")]
pub enum CommittedKind {
    Command,
    Empty,
    ConfChange,
}

#[napi(object)]
pub struct CommittedEntry {
    pub index: BigInt,
    pub term: BigInt,
    pub kind: CommittedKind,
    pub data: Uint8Array,
}

#[napi(object)]
pub struct GroupCommits {
    pub group: BigInt,
    pub entries: Vec<CommittedEntry>,
}

#[napi(object)]
pub struct OutgoingMessage {
    pub group: BigInt,
    pub to: BigInt,
    pub from: BigInt,
    pub data: Uint8Array,
}

#[napi(object)]
pub struct ReadState {
    pub group: BigInt,
    pub context: Uint8Array,
    pub index: BigInt,
}

#[napi(string_enum = "kebab-case")]
pub enum RaftRole {
    Follower,
    PreCandidate,
    Candidate,
    Leader,
}

#[napi(object)]
pub struct PeerStatus {
    pub replica: BigInt,
    pub match_index: BigInt,
    pub active: bool,
    pub snapshot: bool,
}

#[napi(object)]
pub struct GroupStatus {
    pub group: BigInt,
    pub term: BigInt,
    pub leader: BigInt,
    pub role: RaftRole,
    pub commit: BigInt,
    pub applied: BigInt,
    pub last_index: BigInt,
    pub first_index: BigInt,
    pub voters: Vec<BigInt>,
    pub learners: Vec<BigInt>,
    pub voters_outgoing: Vec<BigInt>,
    pub membership_version: BigInt,
    pub is_joint: bool,
    pub peers: Vec<PeerStatus>,
}

#[napi(object)]
pub struct FailedGroup {
    pub group: BigInt,
    pub message: String,
}

#[napi(object)]
pub struct PollResult {
    pub batch: BigInt,
    pub records: Option<Uint8Array>,
    pub messages: Vec<OutgoingMessage>,
    pub committed: Vec<GroupCommits>,
    pub read_states: Vec<ReadState>,
    pub changed: Vec<GroupStatus>,
    pub failed: Vec<FailedGroup>,
    pub installs: Vec<SnapshotInstall>,
    pub snapshots_wanted: Vec<SnapshotWanted>,
    pub entries_wanted: Vec<EntriesWanted>,
}

#[napi]
pub struct RaftCore {
    core: consensus::RaftCore,
}

#[napi]
impl RaftCore {
    #[napi(constructor, catch_unwind)]
    pub fn new(options: RaftCoreOptions) -> Result<Self, Thrown> {
        let core = consensus::RaftCore::new(consensus::CoreOptions {
            seed: to_u64("seed", &options.seed)?,
            election_ticks: options.election_ticks as usize,
            heartbeat_ticks: options.heartbeat_ticks as usize,
            message_bytes_max: options.message_bytes_max as u64,
            inflight_messages_max: options.inflight_messages_max as usize,
            uncommitted_bytes_max: options.uncommitted_bytes_max as u64,
            committed_bytes_per_poll_max: options.committed_bytes_per_poll_max as u64,
            cached_bytes_max: options.cached_bytes_max as u64,
        });
        Ok(Self { core })
    }

    #[napi(catch_unwind)]
    pub fn create_group(&mut self, options: CreateGroupOptions) -> Result<(), Thrown> {
        let recovered = match options.recovered {
            Some(record) => Some(decode_record(&record)?),
            None => None,
        };
        let create = consensus::CreateGroup {
            group: to_u64("group", &options.group)?,
            replica: to_u64("replica", &options.replica)?,
            bootstrap: members(&options.bootstrap)?,
            recovered,
            applied: to_u64("applied", &options.applied)?,
        };
        self.core.create_group(&create).map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn destroy_group(&mut self, group: BigInt) -> Result<(), Thrown> {
        self.core.destroy_group(to_u64("group", &group)?);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn tick(&mut self) -> Result<(), Thrown> {
        self.core.tick();
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn step(
        &mut self,
        group: BigInt,
        message: Uint8Array,
    ) -> Result<Option<SnapshotOffer>, Thrown> {
        let offer = self.core.step(to_u64("group", &group)?, &message);
        Ok(offer.map(snapshot_offer))
    }

    #[napi(catch_unwind)]
    pub fn accept_snapshot(&mut self, group: BigInt, message: Uint8Array) -> Result<bool, Thrown> {
        self.core
            .accept_snapshot(to_u64("group", &group)?, &message)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn propose(&mut self, group: BigInt, data: Uint8Array) -> Result<ProposeResult, Thrown> {
        let proposed = self
            .core
            .propose(to_u64("group", &group)?, data.to_vec())
            .map_err(thrown)?;
        Ok(propose_result(proposed))
    }

    #[napi(catch_unwind)]
    pub fn propose_members(
        &mut self,
        group: BigInt,
        members: Vec<GroupMember>,
        version: BigInt,
    ) -> Result<ProposeResult, Thrown> {
        let (group, version) = (to_u64("group", &group)?, to_u64("version", &version)?);
        let proposed = self
            .core
            .propose_members(group, &self::members(&members)?, version)
            .map_err(thrown)?;
        Ok(propose_result(proposed))
    }

    #[napi(catch_unwind)]
    pub fn apply_conf_change(
        &mut self,
        group: BigInt,
        index: BigInt,
        change: Uint8Array,
    ) -> Result<(), Thrown> {
        let (group, index) = (to_u64("group", &group)?, to_u64("index", &index)?);
        self.core
            .apply_conf_change(group, index, &change)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn read_index(&mut self, group: BigInt, context: Uint8Array) -> Result<bool, Thrown> {
        self.core
            .read_index(to_u64("group", &group)?, context.to_vec())
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn transfer_leader(&mut self, group: BigInt, to: BigInt) -> Result<(), Thrown> {
        self.core
            .transfer_leader(to_u64("group", &group)?, to_u64("to", &to)?)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn campaign(&mut self, group: BigInt) -> Result<(), Thrown> {
        self.core.campaign(to_u64("group", &group)?).map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn report_unreachable(&mut self, group: BigInt, replica: BigInt) -> Result<(), Thrown> {
        self.core
            .report_unreachable(to_u64("group", &group)?, to_u64("replica", &replica)?);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn report_gone(&mut self, group: BigInt, replica: BigInt) -> Result<(), Thrown> {
        self.core
            .report_gone(to_u64("group", &group)?, to_u64("replica", &replica)?);
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn set_snapshot(&mut self, group: BigInt, point: SnapshotPoint) -> Result<(), Thrown> {
        let (group, index) = (to_u64("group", &group)?, to_u64("index", &point.index)?);
        self.core
            .set_snapshot(group, index, &point.data)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn drop_snapshot(&mut self, group: BigInt) -> Result<(), Thrown> {
        self.core
            .drop_snapshot(to_u64("group", &group)?)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn report_snapshot(
        &mut self,
        group: BigInt,
        replica: BigInt,
        outcome: SnapshotOutcome,
    ) -> Result<(), Thrown> {
        let (group, replica) = (to_u64("group", &group)?, to_u64("replica", &replica)?);
        let outcome = match outcome {
            SnapshotOutcome::Installed => consensus::SnapshotOutcome::Installed,
            SnapshotOutcome::Failed => consensus::SnapshotOutcome::Failed,
        };
        self.core
            .report_snapshot(group, replica, outcome)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn provide_entries(
        &mut self,
        group: BigInt,
        low: BigInt,
        record: Option<Uint8Array>,
    ) -> Result<(), Thrown> {
        let (group, low) = (to_u64("group", &group)?, to_u64("low", &low)?);
        let record = match record {
            Some(record) => Some(decode_record(&record)?),
            None => None,
        };
        self.core
            .provide_entries(group, low, record.as_ref())
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn poll(&mut self) -> Result<Option<PollResult>, Thrown> {
        Ok(self.core.poll().map(poll_result))
    }

    #[napi(catch_unwind)]
    pub fn persisted(&mut self, batch: BigInt) -> Result<Vec<OutgoingMessage>, Thrown> {
        let released = self.core.persisted(to_u64("batch", &batch)?);
        Ok(released.into_iter().map(outgoing_message).collect())
    }

    #[napi(catch_unwind)]
    pub fn applied(&mut self, group: BigInt, index: BigInt) -> Result<(), Thrown> {
        self.core
            .applied(to_u64("group", &group)?, to_u64("index", &index)?)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn compact(&mut self, group: BigInt, index: BigInt) -> Result<(), Thrown> {
        self.core
            .compact(to_u64("group", &group)?, to_u64("index", &index)?)
            .map_err(thrown)
    }

    #[napi(catch_unwind)]
    pub fn status(&self, group: BigInt) -> Result<Option<GroupStatus>, Thrown> {
        Ok(self.core.status(to_u64("group", &group)?).map(group_status))
    }
}

fn members(members: &[GroupMember]) -> Result<Vec<consensus::Member>, Thrown> {
    let members = members.iter().map(|member| {
        Ok(consensus::Member {
            replica: to_u64("replica", &member.replica)?,
            learner: member.learner,
        })
    });
    members.collect()
}

fn decode_record(bytes: &[u8]) -> Result<consensus::LogRecord, Thrown> {
    consensus::LogRecord::decode(Bytes::copy_from_slice(bytes)).map_err(|cause| {
        thrown(Failure {
            reason: "DATA_CORRUPT",
            message: format!("a recovered log record does not decode: {cause}"),
            subject: Some("raft log".to_owned()),
        })
    })
}

fn propose_result(proposed: consensus::Proposed) -> ProposeResult {
    let (kind, index, term, leader) = match proposed {
        consensus::Proposed::Accepted { index, term } => {
            (ProposeKind::Accepted, Some(index), Some(term), None)
        }
        consensus::Proposed::NotLeader { leader } => {
            (ProposeKind::NotLeader, None, None, Some(leader))
        }
        consensus::Proposed::Dropped => (ProposeKind::Dropped, None, None, None),
        consensus::Proposed::Unchanged => (ProposeKind::Unchanged, None, None, None),
    };
    ProposeResult {
        kind,
        index: index.map(BigInt::from),
        term: term.map(BigInt::from),
        leader: leader.map(BigInt::from),
    }
}

fn poll_result(poll: consensus::Poll) -> PollResult {
    PollResult {
        batch: poll.batch.into(),
        records: poll.records.map(Uint8Array::new),
        messages: poll.messages.into_iter().map(outgoing_message).collect(),
        committed: poll.committed.into_iter().map(group_commits).collect(),
        read_states: poll.read_states.into_iter().map(read_state).collect(),
        changed: poll.changed.into_iter().map(group_status).collect(),
        failed: poll.failed.into_iter().map(failed_group).collect(),
        installs: poll.installs.into_iter().map(snapshot_install).collect(),
        snapshots_wanted: poll
            .snapshots_wanted
            .into_iter()
            .map(snapshot_wanted)
            .collect(),
        entries_wanted: poll
            .entries_wanted
            .into_iter()
            .map(entries_wanted)
            .collect(),
    }
}

fn snapshot_offer(offer: consensus::SnapshotOffer) -> SnapshotOffer {
    SnapshotOffer {
        index: offer.index.into(),
        term: offer.term.into(),
        from: offer.from.into(),
        data: share_bytes(offer.data),
    }
}

fn snapshot_install(install: consensus::SnapshotInstall) -> SnapshotInstall {
    SnapshotInstall {
        group: install.group.into(),
        index: install.index.into(),
        term: install.term.into(),
        data: share_bytes(install.data),
    }
}

fn snapshot_wanted(wanted: consensus::SnapshotWanted) -> SnapshotWanted {
    SnapshotWanted {
        group: wanted.group.into(),
        to: wanted.to.into(),
    }
}

fn entries_wanted(wanted: consensus::EntriesWanted) -> EntriesWanted {
    EntriesWanted {
        group: wanted.group.into(),
        low: wanted.low.into(),
        bytes_max: wanted.bytes_max as f64,
    }
}

fn outgoing_message(message: consensus::OutgoingMessage) -> OutgoingMessage {
    OutgoingMessage {
        group: message.group.into(),
        to: message.to.into(),
        from: message.from.into(),
        data: Uint8Array::new(message.data),
    }
}

fn group_commits(commits: consensus::GroupCommits) -> GroupCommits {
    GroupCommits {
        group: commits.group.into(),
        entries: commits.entries.into_iter().map(committed_entry).collect(),
    }
}

fn committed_entry(entry: consensus::Committed) -> CommittedEntry {
    CommittedEntry {
        index: entry.index.into(),
        term: entry.term.into(),
        kind: match entry.kind {
            consensus::CommittedKind::Command => CommittedKind::Command,
            consensus::CommittedKind::Empty => CommittedKind::Empty,
            consensus::CommittedKind::ConfChange => CommittedKind::ConfChange,
        },
        data: share_bytes(entry.data),
    }
}

fn read_state(state: consensus::ReadState) -> ReadState {
    ReadState {
        group: state.group.into(),
        context: Uint8Array::new(state.context),
        index: state.index.into(),
    }
}

fn failed_group(failed: consensus::FailedGroup) -> FailedGroup {
    FailedGroup {
        group: failed.group.into(),
        message: failed.message,
    }
}

fn group_status(status: consensus::GroupStatus) -> GroupStatus {
    GroupStatus {
        group: status.group.into(),
        term: status.term.into(),
        leader: status.leader.into(),
        role: match status.role {
            consensus::Role::Follower => RaftRole::Follower,
            consensus::Role::PreCandidate => RaftRole::PreCandidate,
            consensus::Role::Candidate => RaftRole::Candidate,
            consensus::Role::Leader => RaftRole::Leader,
        },
        commit: status.commit.into(),
        applied: status.applied.into(),
        last_index: status.last_index.into(),
        first_index: status.first_index.into(),
        voters: status.voters.into_iter().map(BigInt::from).collect(),
        learners: status.learners.into_iter().map(BigInt::from).collect(),
        voters_outgoing: status
            .voters_outgoing
            .into_iter()
            .map(BigInt::from)
            .collect(),
        membership_version: status.membership_version.into(),
        is_joint: status.is_joint,
        peers: status.peers.into_iter().map(peer_status).collect(),
    }
}

fn peer_status(peer: consensus::PeerStatus) -> PeerStatus {
    PeerStatus {
        replica: peer.replica.into(),
        match_index: peer.match_index.into(),
        active: peer.active,
        snapshot: peer.snapshot,
    }
}
