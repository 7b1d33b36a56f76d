//! Nodes in one thread: each has a RaftCore and remembers what it made durable. Tests decide when
//! messages travel and when an fsync ends.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;
use vectron_consensus::{
    Committed, CommittedKind, CoreOptions, CreateGroup, GroupStatus, LogBatch, LogRecord, Member,
    OutgoingMessage, Proposed, RaftCore, Role,
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
    }
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
}

pub struct Node {
    pub core: RaftCore,
    pub replica: u64,
    pub committed: Vec<Committed>,
    pub reads: Vec<(Vec<u8>, u64)>,
    unsynced: Vec<Unsynced>,
    /// All that a restart finds.
    durable: LogRecord,
}

impl Node {
    pub fn new(seed: u64, replica: u64, members: &[u64]) -> Self {
        let mut core = RaftCore::new(options(seed));
        core.create_group(&CreateGroup {
            group: GROUP,
            replica,
            bootstrap: voters(members),
            recovered: None,
            applied: 0,
        })
        .unwrap();
        Self {
            core,
            replica,
            committed: Vec::new(),
            reads: Vec::new(),
            unsynced: Vec::new(),
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
            });
            self.reads.extend(
                poll.read_states
                    .into_iter()
                    .map(|state| (state.context, state.index)),
            );
            for commits in poll.committed {
                self.apply(commits.entries);
            }
        }
        messages
    }

    /// Ends the fsync of all that was polled; answers what waited for it.
    pub fn sync(&mut self) -> Vec<OutgoingMessage> {
        let mut messages = Vec::new();
        for Unsynced { batch, records } in std::mem::take(&mut self.unsynced) {
            for record in records {
                merge(&mut self.durable, record);
            }
            messages.extend(self.core.persisted(batch));
        }
        messages
    }

    /// Dies without a last fsync and starts again, having applied `applied`.
    pub fn restart(&mut self, seed: u64, applied: u64) {
        self.unsynced.clear();
        self.committed.retain(|entry| entry.index <= applied);
        self.core = RaftCore::new(options(seed));
        self.core
            .create_group(&CreateGroup {
                group: GROUP,
                replica: self.replica,
                bootstrap: Vec::new(),
                recovered: Some(self.durable.clone()),
                applied,
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
        let commands = self
            .committed
            .iter()
            .filter(|entry| entry.kind == CommittedKind::Command);
        commands
            .map(|entry| String::from_utf8(entry.data.to_vec()).unwrap())
            .collect()
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

    fn apply(&mut self, entries: Vec<Committed>) {
        for entry in entries {
            let expected = self.committed.last().map_or(2, |last| last.index + 1);
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
    durable.snapshot = record.snapshot.or(durable.snapshot);
    if record.replica_id > 0 {
        durable.replica_id = record.replica_id;
    }
    if record.conf_index > 0 {
        durable.conf_state = record.conf_state;
        durable.conf_index = record.conf_index;
    }
    if let Some(first) = record.entries.first() {
        let start = durable.snapshot.unwrap_or_default().index;
        durable
            .entries
            .truncate((entry_index(first) - start - 1) as usize);
        durable.entries.extend(record.entries);
    }
}

fn entry_index(entry: &Bytes) -> u64 {
    use protobuf::Message as _;
    let mut decoded = raft::eraftpb::Entry::default();
    decoded.merge_from_bytes(entry).unwrap();
    decoded.index
}

/// Connected nodes. Messages to nodes in `cut_off`, or from them, are lost.
pub struct Cluster {
    pub nodes: BTreeMap<u64, Node>,
    pub cut_off: Vec<u64>,
}

impl Cluster {
    pub fn new(seed: u64, replicas: &[u64]) -> Self {
        let nodes = replicas
            .iter()
            .map(|replica| (*replica, Node::new(seed, *replica, replicas)));
        Self {
            nodes: nodes.collect(),
            cut_off: Vec::new(),
        }
    }

    /// Polls, syncs and delivers until nothing moves.
    pub fn settle(&mut self) {
        loop {
            let mut messages = Vec::new();
            for (replica, node) in &mut self.nodes {
                let mut sent = node.poll();
                sent.extend(node.sync());
                if !self.cut_off.contains(replica) {
                    messages.extend(sent);
                }
            }
            let idle = messages.is_empty();
            for message in messages {
                self.deliver(&message);
            }
            if idle && self.nodes.values_mut().all(|node| node.poll().is_empty()) {
                return;
            }
        }
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
        if self.cut_off.contains(&message.to) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(&message.to) {
            node.core.step(message.group, &message.data).unwrap();
        }
    }
}
