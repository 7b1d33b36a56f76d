//! The end of one group's log, in the shape that raft reads it: newest entries in memory, older
//! ones on disk until the log is compacted.
//!
//! Raft's storage trait is synchronous, so what it may ask for must be in memory: everything above
//! min(applied, persisted). Older entries are cached for followers that lag a little. For one that
//! lags more the host reads entries from the log (`wanted` and `provide`); for one that lags behind
//! the log's start there is a snapshot. Entries hold their payload as shared `Bytes`: a clone
//! copies no data.
//!
//! Invariant: `entries` are consecutive and begin at `cached.index + 1`; `start <= cached`.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use protobuf::Message as _;
use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Result, Storage, StorageError};

use crate::fetched::{Fetched, Wish};
use crate::membership::is_member;
use crate::records::LogPosition;
use crate::terms::Terms;

/// Ranges that were read for lagging followers and are kept until others replace them.
const FETCHED_MAX: usize = 4;

pub(crate) struct Tail {
    /// Index just before the log's first entry; its term is kept for log matching.
    start: u64,
    /// Index just before the first entry in memory.
    cached: u64,
    /// Of all entries of the log, in memory or not.
    terms: Terms,
    entries: VecDeque<Entry>,
    /// Bytes of `entries`.
    bytes: u64,
    fetched: VecDeque<Fetched>,
    /// State that the replica starts from; raft keeps the current one itself.
    initial: (HardState, ConfState),
    /// For followers behind the log's start.
    snapshot: Option<Snapshot>,
    /// Noted while raft reads.
    wishes: RefCell<Wishes>,
}

#[derive(Default)]
struct Wishes {
    /// Replicas that need a snapshot.
    snapshots: BTreeSet<u64>,
    entries: Vec<Wish>,
}

impl Tail {
    pub fn new(start: LogPosition, entries: Vec<Entry>, initial: (HardState, ConfState)) -> Self {
        let mut terms = Terms::new(start);
        terms.append(&entries);
        Self {
            start: start.index,
            cached: start.index,
            terms,
            bytes: entries.iter().map(entry_bytes).sum(),
            entries: entries.into(),
            fetched: VecDeque::new(),
            initial,
            snapshot: None,
            wishes: RefCell::default(),
        }
    }

    /// Index just before the log's first entry.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Bytes of entries in memory.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn last(&self) -> u64 {
        self.cached + self.entries.len() as u64
    }

    /// Adds entries; those from the first one's index on are superseded.
    pub fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        assert!(
            first.index > self.cached && first.index <= self.last() + 1,
            "entries from {} do not continue a log of {} to {}",
            first.index,
            self.start + 1,
            self.last()
        );
        let kept = (first.index - self.cached - 1) as usize;
        let superseded = self.entries.drain(kept..);
        self.bytes -= superseded.map(|entry| entry_bytes(&entry)).sum::<u64>();
        self.bytes += entries.iter().map(entry_bytes).sum::<u64>();
        self.entries.extend(entries.iter().cloned());
        self.terms.append(entries);
    }

    /// The log forgets entries up to and including `index`, which must be in it.
    pub fn compact(&mut self, index: u64) {
        if index <= self.start {
            return;
        }
        self.evict(index);
        self.start = index;
        self.terms.compact(index);
        self.fetched.retain(|fetched| fetched.last() > index);
    }

    /// Drops entries up to and including `index` from memory; the log keeps them.
    pub fn evict(&mut self, index: u64) {
        if index <= self.cached {
            return;
        }
        assert!(index <= self.last(), "drops only what the log holds");
        let dropped = self
            .entries
            .drain(..(index - self.cached) as usize)
            .map(|entry| entry_bytes(&entry));
        self.bytes -= dropped.sum::<u64>();
        self.cached = index;
        if self.entries.capacity() > 1024 && self.entries.len() < self.entries.capacity() / 8 {
            self.entries.shrink_to_fit();
        }
    }

    /// Evicts the oldest entries up to `index` until at most `bytes_max` bytes are in memory.
    pub fn evict_beyond(&mut self, index: u64, bytes_max: u64) {
        let mut to = self.cached;
        let mut bytes = self.bytes;
        for entry in &self.entries {
            if bytes <= bytes_max || entry.index > index {
                break;
            }
            bytes -= entry_bytes(entry);
            to = entry.index;
        }
        self.evict(to);
    }

    /// The log begins anew after a snapshot.
    pub fn restore(&mut self, position: LogPosition) {
        self.start = position.index;
        self.cached = position.index;
        self.terms = Terms::new(position);
        self.entries.clear();
        self.bytes = 0;
        self.fetched.clear();
        self.snapshot = None;
    }

    /// The term of an entry of the log, or of the position before its first one.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index > self.last() {
            return None;
        }
        self.terms.at(index)
    }

    pub fn set_snapshot(&mut self, snapshot: Option<Snapshot>) {
        self.snapshot = snapshot;
        // Whoever cannot take this one asks again.
        self.wishes.get_mut().snapshots.clear();
    }

    /// Takes entries that were wished for from `low` on; absent when the log has forgotten them.
    /// Answers whom to tell.
    pub fn provide(&mut self, low: u64, fetched: Option<Fetched>) -> Vec<GetEntriesContext> {
        if let Some(mut fetched) = fetched {
            // Newer ones are in memory, and may still be superseded.
            fetched.truncate(self.cached);
            self.fetched.push_back(fetched);
            if self.fetched.len() > FETCHED_MAX {
                self.fetched.pop_front();
            }
        }
        let wishes = self.wishes.get_mut();
        match wishes.entries.iter().position(|wish| wish.low == low) {
            Some(position) => wishes.entries.swap_remove(position).contexts,
            None => Vec::new(),
        }
    }

    /// Forgets what was read, up to an index that nobody needs any more.
    pub fn forget_fetched(&mut self, index: u64) {
        self.fetched.retain(|fetched| fetched.last() > index);
    }

    /// Replicas that were refused a snapshot since the last call.
    pub fn take_snapshots_wanted(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.wishes.get_mut().snapshots)
    }

    /// First indexes of entries that were wished for since the last call.
    pub fn take_entries_wanted(&mut self) -> Vec<u64> {
        let wishes = self.wishes.get_mut().entries.iter_mut();
        wishes
            .filter_map(|wish| {
                let is_new = !std::mem::replace(&mut wish.is_told, true);
                is_new.then_some(wish.low)
            })
            .collect()
    }

    pub fn has_wishes(&self) -> bool {
        let wishes = self.wishes.borrow();
        !wishes.snapshots.is_empty() || wishes.entries.iter().any(|wish| !wish.is_told)
    }

    /// Forgets what was wished for, when nobody waits for it any more.
    pub fn clear_wishes(&mut self) {
        *self.wishes.get_mut() = Wishes::default();
    }
}

impl Storage for Tail {
    fn initial_state(&self) -> Result<RaftState> {
        let (hard_state, conf_state) = self.initial.clone();
        Ok(RaftState::new(hard_state, conf_state))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        context: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        if low <= self.start {
            return Err(Error::Store(StorageError::Compacted));
        }
        assert!(
            high <= self.last() + 1,
            "asked for entries to {high}, the log ends at {}",
            self.last()
        );
        let limit = max_size.into().unwrap_or(u64::MAX);
        if low > self.cached {
            let from = (low - self.cached - 1) as usize;
            let to = (high - self.cached - 1) as usize;
            return Ok(take_within(self.entries.range(from..to), limit));
        }
        if let Some(fetched) = self.fetched.iter().find(|fetched| fetched.holds(low)) {
            return Ok(take_within(fetched.range(low, high), limit));
        }
        assert!(
            context.can_async(),
            "entries from {low} are needed at once; memory begins after {}",
            self.cached
        );
        Wish::note(&mut self.wishes.borrow_mut().entries, low, context);
        Err(Error::Store(StorageError::LogTemporarilyUnavailable))
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index > self.last() {
            return Err(Error::Store(StorageError::Unavailable));
        }
        self.term_at(index)
            .ok_or(Error::Store(StorageError::Compacted))
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.start + 1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.last())
    }

    /// What is not there yet raft asks for again; any other error would end the process.
    fn snapshot(&self, request_index: u64, to: u64) -> Result<Snapshot> {
        if let Some(snapshot) = &self.snapshot {
            let metadata = snapshot.get_metadata();
            // The follower goes on after the snapshot: the log must still hold that. And it takes
            // none that does not know it as a member.
            let continues = metadata.index >= request_index && metadata.index >= self.start;
            if continues && is_member(metadata.get_conf_state(), to) {
                return Ok(snapshot.clone());
            }
        }
        self.wishes.borrow_mut().snapshots.insert(to);
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}

/// Clones entries up to a size; at least one, however large: otherwise it could never be sent.
fn take_within<'a>(entries: impl Iterator<Item = &'a Entry>, bytes_max: u64) -> Vec<Entry> {
    let mut taken = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        bytes += entry_bytes(entry);
        if bytes > bytes_max && !taken.is_empty() {
            break;
        }
        taken.push(entry.clone());
    }
    taken
}

fn entry_bytes(entry: &Entry) -> u64 {
    u64::from(entry.compute_size())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(index: u64, term: u64, bytes: usize) -> Entry {
        Entry {
            index,
            term,
            data: vec![1; bytes].into(),
            ..Default::default()
        }
    }

    fn tail(indexes: std::ops::RangeInclusive<u64>) -> Tail {
        let start = LogPosition {
            index: indexes.start() - 1,
            term: 1,
        };
        let entries = indexes.map(|index| entry(index, 2, 100)).collect();
        Tail::new(start, entries, (HardState::default(), ConfState::default()))
    }

    #[test]
    fn a_conflicting_append_supersedes_the_rest() {
        let mut tail = tail(5..=9);
        tail.append(&[entry(7, 3, 1)]);
        assert_eq!(tail.last(), 7);
        assert_eq!(tail.term(6).unwrap(), 2);
        assert_eq!(tail.term(7).unwrap(), 3);
    }

    #[test]
    fn compaction_keeps_the_term_of_the_last_dropped_entry() {
        let mut tail = tail(5..=9);
        tail.compact(7);
        assert_eq!(tail.first_index().unwrap(), 8);
        assert_eq!(tail.term(7).unwrap(), 2);
        assert_eq!(tail.term(6), Err(Error::Store(StorageError::Compacted)));
        tail.compact(9);
        assert_eq!((tail.first_index().unwrap(), tail.last()), (10, 9));
        tail.append(&[entry(10, 4, 1)]);
        assert_eq!(tail.term(10).unwrap(), 4);
    }

    #[test]
    fn a_size_limit_still_lets_one_entry_through() {
        let tail = tail(5..=9);
        let read = |limit| {
            tail.entries(5, 10, limit, GetEntriesContext::empty(false))
                .unwrap()
                .len()
        };
        assert_eq!(read(1), 1);
        assert_eq!(read(250), 2);
        assert_eq!(read(u64::MAX), 5);
    }

    #[test]
    fn what_was_evicted_comes_back_when_it_is_provided() {
        let mut tail = tail(5..=9);
        tail.evict(7);
        let read = |tail: &Tail| {
            let context = GetEntriesContext::empty(true);
            tail.entries(6, 10, u64::MAX, context).map(|entries| {
                let indexes: Vec<u64> = entries.iter().map(|entry| entry.index).collect();
                indexes
            })
        };
        let unavailable = Err(Error::Store(StorageError::LogTemporarilyUnavailable));
        assert_eq!(read(&tail), unavailable);
        assert_eq!(read(&tail), unavailable);
        assert_eq!(tail.take_entries_wanted(), [6]);
        assert!(tail.take_entries_wanted().is_empty(), "told only once");
        let fetched = Fetched::new(5, vec![entry(6, 2, 1), entry(7, 2, 1)]);
        assert_eq!(tail.provide(6, Some(fetched)).len(), 2);
        assert_eq!(read(&tail), Ok(vec![6, 7]));
        assert_eq!(tail.term(5), Ok(2));
        tail.compact(6);
        assert_eq!(read(&tail), Err(Error::Store(StorageError::Compacted)));
    }

    #[test]
    fn memory_is_bounded_by_bytes() {
        let mut tail = tail(5..=9);
        tail.evict_beyond(8, 250);
        assert_eq!(tail.cached, 7);
        tail.evict_beyond(8, 0);
        assert_eq!(tail.cached, 8, "what is not applied stays");
        assert_eq!(tail.bytes, tail.entries.iter().map(entry_bytes).sum());
        assert_eq!(tail.first_index().unwrap(), 5);
    }

    #[test]
    fn a_snapshot_is_wished_for_until_one_is_set_that_the_log_continues() {
        let mut tail = tail(5..=9);
        let unavailable = Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable));
        assert_eq!(tail.snapshot(0, 3), unavailable);
        assert_eq!(tail.take_snapshots_wanted(), BTreeSet::from([3]));
        let mut snapshot = Snapshot::default();
        snapshot.mut_metadata().index = 6;
        let members = snapshot.mut_metadata().mut_conf_state();
        members.set_voters(vec![1, 3]);
        tail.set_snapshot(Some(snapshot.clone()));
        assert_eq!(tail.snapshot(0, 3), Ok(snapshot));
        assert_eq!(tail.snapshot(0, 4), unavailable, "it knows no member 4");
        tail.compact(7);
        assert_eq!(tail.snapshot(0, 3), unavailable);
    }

    #[test]
    #[should_panic(expected = "do not continue")]
    fn a_hole_is_refused() {
        tail(5..=9).append(&[entry(11, 3, 1)]);
    }
}
