//! RaftCore: the replicas of all Raft groups of a process behind batch calls.
//!
//! A caller changes groups by name (`step`, `propose`, `tick`), then drains all that changed with
//! one `poll`, in the order of group ids, so that the same calls always give the same answers. The
//! records of a poll are written in the order of polls; `persisted` releases what must not leave
//! before.
//!
//! Stays true: a panic of raft fails the one group that it came from; the others go on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost::Message as _;
use protobuf::Message as _;
use raft::eraftpb::Message;

use crate::answers::{
    CoreOptions, CreateGroup, FailedGroup, GroupCommits, GroupStatus, Member, OutgoingMessage,
    Poll, Proposed, SnapshotOffer, SnapshotOutcome,
};
use crate::error::ConsensusError;
use crate::group::{Group, GroupReady};
use crate::records::{LogBatch, LogRecord};

/// What one group of a batch waits for.
struct Awaiting {
    group: u64,
    incarnation: u64,
    number: u64,
    held: Vec<Message>,
}

struct Slot {
    /// Tells a group from an earlier one of the same id whose writes may still be under way.
    incarnation: u64,
    group: Group,
}

pub struct RaftCore {
    options: CoreOptions,
    groups: BTreeMap<u64, Slot>,
    dirty: BTreeSet<u64>,
    /// Failed since the last poll.
    failed: Vec<FailedGroup>,
    batches: VecDeque<(u64, Vec<Awaiting>)>,
    last_batch: u64,
    incarnations: u64,
}

impl RaftCore {
    pub fn new(options: CoreOptions) -> Self {
        Self {
            options,
            groups: BTreeMap::new(),
            dirty: BTreeSet::new(),
            failed: Vec::new(),
            batches: VecDeque::new(),
            last_batch: 0,
            incarnations: 0,
        }
    }

    pub fn create_group(&mut self, create: &CreateGroup) -> Result<(), ConsensusError> {
        if self.groups.contains_key(&create.group) {
            return Err(ConsensusError::internal(format!(
                "raft group {} exists already",
                create.group
            )));
        }
        let options = &self.options;
        let group = catch_unwind(AssertUnwindSafe(|| Group::create(options, create))).map_err(
            |panic| {
                ConsensusError::corrupt(format!("raft group {}", create.group), panic_text(&panic))
            },
        )??;
        self.incarnations += 1;
        self.groups.insert(
            create.group,
            Slot {
                incarnation: self.incarnations,
                group,
            },
        );
        self.dirty.insert(create.group);
        Ok(())
    }

    pub fn destroy_group(&mut self, group: u64) {
        self.groups.remove(&group);
        self.dirty.remove(&group);
    }

    pub fn tick(&mut self) {
        let groups: Vec<u64> = self.groups.keys().copied().collect();
        for group in groups {
            // A group that fails here is reported by the next poll.
            let _ = self.change(group, Group::tick);
        }
    }

    /// Takes a message from the network. One that does not decode, or is for a group that is not
    /// here or has failed, is dropped; the next poll tells of a failure.
    pub fn step(&mut self, group: u64, message: &[u8]) -> Option<SnapshotOffer> {
        let offer = self.change(group, |group| group.step(message));
        offer.ok().and_then(Result::ok).flatten()
    }

    pub fn accept_snapshot(&mut self, group: u64, message: &[u8]) -> Result<bool, ConsensusError> {
        self.change(group, |group| group.accept_snapshot(message))?
    }

    pub fn propose(&mut self, group: u64, data: Vec<u8>) -> Result<Proposed, ConsensusError> {
        self.change(group, |group| group.propose(data))?
    }

    pub fn propose_members(
        &mut self,
        group: u64,
        members: &[Member],
        version: u64,
    ) -> Result<Proposed, ConsensusError> {
        self.change(group, |group| group.propose_members(members, version))?
    }

    pub fn apply_conf_change(
        &mut self,
        group: u64,
        index: u64,
        change: &[u8],
    ) -> Result<(), ConsensusError> {
        self.change(group, |group| group.apply_conf_change(index, change))?
    }

    pub fn read_index(&mut self, group: u64, context: Vec<u8>) -> Result<bool, ConsensusError> {
        self.change(group, |group| group.read_index(context))
    }

    pub fn transfer_leader(&mut self, group: u64, to: u64) -> Result<(), ConsensusError> {
        self.change(group, |group| group.transfer_leader(to))
    }

    pub fn campaign(&mut self, group: u64) -> Result<(), ConsensusError> {
        self.change(group, Group::campaign)?
    }

    pub fn report_unreachable(&mut self, group: u64, replica: u64) {
        // As with messages: what concerns no group here is dropped.
        let _ = self.change(group, |group| group.report_unreachable(replica));
    }

    pub fn report_gone(&mut self, group: u64, replica: u64) {
        let _ = self.change(group, |group| group.report_gone(replica));
    }

    pub fn set_snapshot(
        &mut self,
        group: u64,
        index: u64,
        data: &[u8],
    ) -> Result<(), ConsensusError> {
        self.change(group, |group| group.set_snapshot(index, data))?
    }

    pub fn drop_snapshot(&mut self, group: u64) -> Result<(), ConsensusError> {
        self.change(group, Group::drop_snapshot)
    }

    pub fn report_snapshot(
        &mut self,
        group: u64,
        replica: u64,
        outcome: SnapshotOutcome,
    ) -> Result<(), ConsensusError> {
        self.change(group, |group| group.report_snapshot(replica, outcome))
    }

    /// `record` is what the log holds from `low` on; absent when it has forgotten that.
    pub fn provide_entries(
        &mut self,
        group: u64,
        low: u64,
        record: Option<&LogRecord>,
    ) -> Result<(), ConsensusError> {
        self.change(group, |group| group.provide_entries(low, record))?
    }

    /// Drains every group with something to do. Each answered batch must be handed to `persisted`.
    pub fn poll(&mut self) -> Option<Poll> {
        if self.dirty.is_empty() && self.failed.is_empty() {
            return None;
        }
        let mut poll = Poll::default();
        let mut records = Vec::new();
        let mut awaiting = Vec::new();
        for group in std::mem::take(&mut self.dirty) {
            let Ok((ready, change)) =
                self.change(group, |group| (group.poll(), group.take_change()))
            else {
                continue;
            };
            poll.changed.extend(change);
            self.collect(group, ready, &mut poll, &mut records, &mut awaiting);
        }
        poll.failed = std::mem::take(&mut self.failed);
        if !records.is_empty() {
            poll.records = Some(LogBatch { records }.encode_to_vec());
        }
        self.last_batch += 1;
        poll.batch = self.last_batch;
        self.batches.push_back((poll.batch, awaiting));
        Some(poll)
    }

    /// The batch and all before it are on stable storage; answers the messages that waited for it.
    pub fn persisted(&mut self, batch: u64) -> Vec<OutgoingMessage> {
        let mut released = Vec::new();
        while let Some((number, _)) = self.batches.front() {
            if *number > batch {
                break;
            }
            let (_, awaiting) = self.batches.pop_front().expect("the front was just seen");
            for waiting in awaiting {
                self.release(waiting, &mut released);
            }
        }
        released
    }

    pub fn applied(&mut self, group: u64, index: u64) -> Result<(), ConsensusError> {
        self.change(group, |group| group.applied(index))
    }

    pub fn compact(&mut self, group: u64, index: u64) -> Result<(), ConsensusError> {
        self.change(group, |group| group.compact(index))
    }

    pub fn status(&self, group: u64) -> Option<GroupStatus> {
        self.groups.get(&group).map(|slot| slot.group.status())
    }

    fn collect(
        &self,
        group: u64,
        ready: GroupReady,
        poll: &mut Poll,
        records: &mut Vec<LogRecord>,
        awaiting: &mut Vec<Awaiting>,
    ) {
        records.extend(ready.record);
        poll.messages.extend(
            ready
                .messages
                .iter()
                .map(|message| outgoing(group, message)),
        );
        poll.read_states.extend(ready.read_states);
        poll.installs.extend(ready.install);
        poll.snapshots_wanted.extend(ready.snapshots_wanted);
        poll.entries_wanted.extend(ready.entries_wanted);
        if !ready.committed.is_empty() {
            poll.committed.push(GroupCommits {
                group,
                entries: ready.committed,
            });
        }
        if let (Some(number), Some(slot)) = (ready.number, self.groups.get(&group)) {
            awaiting.push(Awaiting {
                group,
                incarnation: slot.incarnation,
                number,
                held: ready.held,
            });
        }
    }

    fn release(&mut self, waiting: Awaiting, released: &mut Vec<OutgoingMessage>) {
        let Some(slot) = self.groups.get(&waiting.group) else {
            return;
        };
        if slot.incarnation != waiting.incarnation {
            return;
        }
        if self
            .change(waiting.group, |group| group.persisted(waiting.number))
            .is_ok()
        {
            released.extend(
                waiting
                    .held
                    .iter()
                    .map(|message| outgoing(waiting.group, message)),
            );
        }
    }

    /// Runs `act` on a group, notes whether it has work, and fails the group when raft panics.
    fn change<T>(
        &mut self,
        group: u64,
        act: impl FnOnce(&mut Group) -> T,
    ) -> Result<T, ConsensusError> {
        let Some(slot) = self.groups.get_mut(&group) else {
            return Err(ConsensusError::internal(format!(
                "raft group {group} is not here"
            )));
        };
        match catch_unwind(AssertUnwindSafe(|| act(&mut slot.group))) {
            Ok(value) => {
                if slot.group.has_work() {
                    self.dirty.insert(group);
                }
                Ok(value)
            }
            Err(panic) => {
                let message = panic_text(&panic);
                self.destroy_group(group);
                self.failed.push(FailedGroup {
                    group,
                    message: message.clone(),
                });
                Err(ConsensusError::internal(format!(
                    "raft group {group} failed: {message}"
                )))
            }
        }
    }
}

fn outgoing(group: u64, message: &Message) -> OutgoingMessage {
    let data = message
        .write_to_bytes()
        .expect("a message encodes into memory");
    OutgoingMessage {
        group,
        to: message.to,
        from: message.from,
        data,
    }
}

fn panic_text(panic: &Box<dyn std::any::Any + Send>) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "unknown panic".to_owned(),
    }
}
