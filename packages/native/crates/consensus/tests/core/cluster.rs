//! Nodes in one thread: each has a RaftCore and remembers what it made durable. Tests decide when
//! messages travel and when an fsync ends.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;
use vectron_consensus::{
    Committed, CommittedKind, CoreOptions, CreateGroup, GroupStatus, LogBatch, LogPosition,
    LogRecord, Member, OutgoingMessage, Proposed, RaftCore, Role, SnapshotInstall, SnapshotOutcome,
};

pub const GROUP: u64 = 1;

pub fn options(seed: u64) -> CoreOptions {
    CoreOptions {
        seed,
        election_ticks: 15,
        heartbeat_ticks: 2,
        message_bytes_max: 256 << 10,
        inflight_messages_max: 64,
        uncommitted_bytes_max: 64 << 20,
        committed_bytes_per_poll_max: 4 << 20,
        cached_bytes_max: 1 << 20,
    }
}

pub fn learners(replicas: &[u64]) -> Vec<Member> {
    let mut members = voters(replicas);
    for member in &mut members {
        member.learner = true;
    }
    members
}

/// What a snapshot carries in these tests: all commands up to its index.
#[derive(Clone, PartialEq, prost::Message)]
struct Snapshot {
    #[prost(uint64, tag = "20")]
    index: u64,
    #[prost(string, repeated, tag = "21")]
    commands: Vec<String>,
    /// Added by the core, as to any descriptor.
    #[prost(uint64, tag = "6")]
    conf_version: u64,
}

pub fn voters(replicas: &[u64]) -> Vec<Member> {
    replicas
        .iter()
        .map(|replica| Member {
            replica: *replica,
            learner: false,
        })
        .collect()
}

/// A polled batch that is not yet on stable storage.
struct Unsynced {
    batch: u64,
    records: Vec<LogRecord>,
    installs: Vec<SnapshotInstall>,
}

pub struct Node {
    pub core: RaftCore,
    pub replica: u64,
    /// Handed out since the snapshot that the state began with.
    pub committed: Vec<Committed>,
    pub reads: Vec<(Vec<u8>, u64)>,
    /// Installs that wait for `install`, when `installs_late`.
    pub installs: Vec<SnapshotInstall>,
    /// Whether the test itself says when a snapshot goes into the state machine.
    pub installs_late: bool,
    /// Whether no fsync ends.
    pub syncs_late: bool,
    /// Entries that wait for `apply_waiting`, when `applies_late`.
    waiting: Vec<Committed>,
    /// Whether the state machine stands still.
    pub applies_late: bool,
    pub snapshots_sent: usize,
    /// Times that entries were read from the log for a follower.
    pub log_reads: usize,
    options: CoreOptions,
    base: Snapshot,
    /// Received, not installed: survives a crash.
    prepared: Option<Snapshot>,
    unsynced: Vec<Unsynced>,
    /// Applied when the last fsync ended: a state machine may have made this durable.
    safe_applied: u64,
    compacted: u64,
    /// All that a restart finds.
    durable: LogRecord,
}

impl Node {
    pub fn new(seed: u64, replica: u64, members: &[u64]) -> Self {
        Self::with_options(options(seed), replica, voters(members))
    }

    pub fn with_options(options: CoreOptions, replica: u64, bootstrap: Vec<Member>) -> Self {
        let mut core = RaftCore::new(options.clone());
        let is_joining = bootstrap.is_empty();
        core.create_group(&CreateGroup {
            group: GROUP,
            replica,
            bootstrap,
            recovered: None,
            applied: 0,
        })
        .unwrap();
        Self {
            core,
            replica,
            committed: Vec::new(),
            reads: Vec::new(),
            installs: Vec::new(),
            installs_late: false,
            syncs_late: false,
            waiting: Vec::new(),
            applies_late: false,
            snapshots_sent: 0,
            log_reads: 0,
            options,
            base: Snapshot {
                index: u64::from(!is_joining),
                ..Default::default()
            },
            prepared: None,
            unsynced: Vec::new(),
            safe_applied: 0,
            compacted: 0,
            durable: LogRecord::default(),
        }
    }

    /// Polls everything; answers what may leave before an fsync.
    pub fn poll(&mut self) -> Vec<OutgoingMessage> {
        let mut messages = Vec::new();
        while let Some(poll) = self.core.poll() {
            assert!(poll.failed.is_empty(), "{:?}", poll.failed);
            messages.extend(poll.messages);
            let records = match &poll.records {
                Some(bytes) => LogBatch::decode(bytes.as_slice()).unwrap().records,
                None => Vec::new(),
            };
            self.unsynced.push(Unsynced {
                batch: poll.batch,
                records,
                installs: poll.installs,
            });
            if !poll.snapshots_wanted.is_empty() {
                self.send_snapshot();
            }
            for wanted in poll.entries_wanted {
                self.log_reads += 1;
                let record = self.read_log(wanted.low);
                self.core
                    .provide_entries(GROUP, wanted.low, record.as_ref())
                    .unwrap();
            }
            self.reads.extend(
                poll.read_states
                    .into_iter()
                    .map(|state| (state.context, state.index)),
            );
            for commits in poll.committed {
                self.waiting.extend(commits.entries);
            }
            if !self.applies_late {
                self.apply_waiting();
            }
        }
        messages
    }

    /// Ends the fsync of all that was polled; answers what waited for it.
    pub fn sync(&mut self) -> Vec<OutgoingMessage> {
        let mut messages = Vec::new();
        if self.syncs_late {
            return messages;
        }
        for unsynced in std::mem::take(&mut self.unsynced) {
            for record in unsynced.records {
                merge(&mut self.durable, record);
            }
            messages.extend(self.core.persisted(unsynced.batch));
            self.installs.extend(unsynced.installs);
        }
        if !self.installs_late {
            self.install();
        }
        self.safe_applied = self.applied();
        messages
    }

    /// Lets the state machine follow the log.
    pub fn install(&mut self) {
        for install in std::mem::take(&mut self.installs) {
            self.switch_to(install.index);
            self.core.applied(GROUP, install.index).unwrap();
        }
    }

    fn switch_to(&mut self, index: u64) {
        let prepared = self.prepared.take().expect("the files came first");
        assert_eq!(prepared.index, index);
        self.base = prepared;
        self.committed.clear();
    }

    /// Answers the wish for a snapshot with all that is applied.
    fn send_snapshot(&mut self) {
        let snapshot = Snapshot {
            index: self.applied(),
            commands: self.commands(),
            conf_version: 0,
        };
        self.snapshots_sent += 1;
        self.core
            .set_snapshot(GROUP, snapshot.index, &snapshot.encode_to_vec())
            .unwrap();
    }

    /// Takes a message of a peer; fetches the files of an offered snapshot at once.
    pub fn step(&mut self, message: &OutgoingMessage) {
        let Some(offer) = self.core.step(GROUP, &message.data) else {
            return;
        };
        let snapshot = Snapshot::decode(offer.data).unwrap();
        assert_eq!(snapshot.index, offer.index);
        self.prepared = Some(snapshot);
        if !self.core.accept_snapshot(GROUP, &message.data).unwrap() {
            self.prepared = None;
        }
    }

    /// What the log forgets, memory forgets too.
    pub fn compact(&mut self, index: u64) {
        let start = self.durable.snapshot.unwrap().index;
        let dropped = (index - start) as usize;
        let term = decode(&self.durable.entries[dropped - 1]).term;
        self.durable.entries.drain(..dropped);
        self.durable.snapshot = Some(LogPosition { index, term });
        self.compacted = index;
        self.core.compact(GROUP, index).unwrap();
    }

    fn read_log(&self, low: u64) -> Option<LogRecord> {
        let start = self.durable.snapshot.unwrap();
        let skipped = low.checked_sub(start.index + 1)? as usize;
        let before = match skipped {
            0 => start,
            _ => LogPosition {
                index: low - 1,
                term: decode(&self.durable.entries[skipped - 1]).term,
            },
        };
        let entries = self.durable.entries[skipped..].iter().take(3);
        Some(LogRecord {
            snapshot: Some(before),
            entries: entries.cloned().collect(),
            ..Default::default()
        })
    }

    pub fn safe_applied(&self) -> u64 {
        self.safe_applied
    }

    pub fn applied(&self) -> u64 {
        self.committed
            .last()
            .map_or(self.base.index, |entry| entry.index)
    }

    /// Dies without a last fsync and starts again, having applied `applied`.
    pub fn restart(&mut self, seed: u64, applied: u64) {
        self.unsynced.clear();
        self.installs.clear();
        self.waiting.clear();
        // What was installed is durable, and so is what the log has forgotten.
        let applied = applied.max(self.base.index).max(self.compacted);
        self.committed.retain(|entry| entry.index <= applied);
        let start = self.durable.snapshot.unwrap().index;
        if start > applied && start > 1 {
            self.switch_to(start);
        }
        self.prepared = None;
        self.safe_applied = self.applied();
        self.options.seed = seed;
        self.core = RaftCore::new(self.options.clone());
        self.core
            .create_group(&CreateGroup {
                group: GROUP,
                replica: self.replica,
                bootstrap: Vec::new(),
                recovered: Some(self.durable.clone()),
                applied: self.applied(),
            })
            .unwrap();
    }

    pub fn status(&self) -> GroupStatus {
        self.core.status(GROUP).unwrap()
    }

    pub fn is_leader(&self) -> bool {
        self.status().role == Role::Leader
    }

    pub fn commands(&self) -> Vec<String> {
        let committed = self.committed.iter();
        let commands = committed
            .filter(|entry| entry.kind == CommittedKind::Command)
            .map(|entry| String::from_utf8(entry.data.to_vec()).unwrap());
        self.base.commands.iter().cloned().chain(commands).collect()
    }

    /// Asks the leader for these members.
    pub fn propose_members(&mut self, members: &[Member], version: u64) -> Proposed {
        self.core.propose_members(GROUP, members, version).unwrap()
    }

    pub fn propose(&mut self, command: &str) -> (u64, u64) {
        match self
            .core
            .propose(GROUP, command.as_bytes().to_vec())
            .unwrap()
        {
            Proposed::Accepted { index, term } => (index, term),
            refused => panic!("{command} was not taken: {refused:?}"),
        }
    }

    pub fn apply_waiting(&mut self) {
        for entry in std::mem::take(&mut self.waiting) {
            let expected = self.applied() + 1;
            assert_eq!(
                entry.index, expected,
                "entries are handed out in order, once"
            );
            if entry.kind == CommittedKind::ConfChange {
                self.core
                    .apply_conf_change(GROUP, entry.index, &entry.data)
                    .unwrap();
            }
            self.core.applied(GROUP, entry.index).unwrap();
            self.committed.push(entry);
        }
    }
}

/// What a log does with a record: later entries supersede earlier ones from their first index on.
fn merge(durable: &mut LogRecord, record: LogRecord) {
    durable.group = record.group;
    durable.hard_state = record.hard_state.or(durable.hard_state);
    if record.snapshot.is_some() {
        durable.snapshot = record.snapshot;
        durable.entries.clear();
    }
    if record.replica_id > 0 {
        durable.replica_id = record.replica_id;
    }
    if record.conf_index > 0 {
        durable.conf_state = record.conf_state;
        durable.conf_index = record.conf_index;
        durable.conf_version = record.conf_version;
    }
    if let Some(first) = record.entries.first() {
        let start = durable.snapshot.unwrap_or_default().index;
        durable
            .entries
            .truncate((decode(first).index - start - 1) as usize);
        durable.entries.extend(record.entries);
    }
}

fn decode(entry: &Bytes) -> raft::eraftpb::Entry {
    use protobuf::Message as _;
    let mut decoded = raft::eraftpb::Entry::default();
    decoded.merge_from_bytes(entry).unwrap();
    decoded
}

fn is_snapshot(message: &OutgoingMessage) -> bool {
    use protobuf::Message as _;
    let mut decoded = raft::eraftpb::Message::default();
    decoded.merge_from_bytes(&message.data).unwrap();
    decoded.get_msg_type() == raft::eraftpb::MessageType::MsgSnapshot
}

/// Connected nodes. Messages to nodes in `cut_off`, or from them, are lost.
pub struct Cluster {
    pub nodes: BTreeMap<u64, Node>,
    pub cut_off: Vec<u64>,
    pub lose_snapshots: bool,
}

impl Cluster {
    pub fn new(seed: u64, replicas: &[u64]) -> Self {
        let nodes = replicas
            .iter()
            .map(|replica| (*replica, Node::new(seed, *replica, replicas)));
        Self {
            nodes: nodes.collect(),
            cut_off: Vec::new(),
            lose_snapshots: false,
        }
    }

    /// Polls, syncs and delivers until nothing moves.
    pub fn settle(&mut self) {
        while self.step_once() {}
    }

    /// One round of messages; false when there were none.
    pub fn step_once(&mut self) -> bool {
        let mut messages = Vec::new();
        for (replica, node) in &mut self.nodes {
            let mut sent = node.poll();
            sent.extend(node.sync());
            sent.extend(node.poll());
            if !self.cut_off.contains(replica) {
                messages.extend(sent);
            }
        }
        for message in &messages {
            self.deliver(message);
        }
        !messages.is_empty()
    }

    pub fn tick(&mut self, ticks: usize) {
        for _ in 0..ticks {
            for node in self.nodes.values_mut() {
                node.core.tick();
            }
            self.settle();
        }
    }

    /// Ticks until there is one leader that all connected nodes know.
    pub fn elect(&mut self) -> u64 {
        for _ in 0..200 {
            self.tick(1);
            let connected = self
                .nodes
                .values()
                .filter(|node| !self.cut_off.contains(&node.replica));
            let leaders: Vec<u64> = connected.map(|node| node.status().leader).collect();
            let first = leaders[0];
            let is_agreed = first != 0 && leaders.iter().all(|leader| *leader == first);
            if is_agreed && !self.cut_off.contains(&first) {
                return first;
            }
        }
        panic!("no leader after 200 ticks");
    }

    pub fn node(&mut self, replica: u64) -> &mut Node {
        self.nodes.get_mut(&replica).unwrap()
    }

    fn deliver(&mut self, message: &OutgoingMessage) {
        let is_lost = self.lose_snapshots && is_snapshot(message);
        if is_lost || self.cut_off.contains(&message.to) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(&message.to) {
            node.step(message);
        }
    }

    /// A replica that was asked to join and knows nothing yet.
    pub fn add_empty(&mut self, seed: u64, replica: u64) {
        let node = Node::with_options(options(seed), replica, Vec::new());
        self.nodes.insert(replica, node);
    }

    /// Tells the leader what became of every snapshot that it sent.
    pub fn report_snapshots(&mut self, leader: u64, outcome: SnapshotOutcome) {
        let node = self.node(leader);
        for peer in node.status().peers {
            if peer.snapshot {
                node.core
                    .report_snapshot(GROUP, peer.replica, outcome)
                    .unwrap();
            }
        }
    }
}
