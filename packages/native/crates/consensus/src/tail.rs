//! The in-memory end of one group's log, in the shape that raft reads it.
//!
//! Raft's storage trait is synchronous, so what it may ask for must be in memory: everything above
//! min(applied, persisted). `compact` drops what lies below; the host calls it, so the tail is
//! bounded by the host's limit in bytes. Entries hold their payload as shared `Bytes`: a clone
//! copies no data.
//!
//! Invariant: `entries` are consecutive and begin at `start.index + 1`.

use std::collections::VecDeque;

use protobuf::Message as _;
use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Result, Storage, StorageError};

use crate::records::LogPosition;

pub(crate) struct Tail {
    /// Position just before the first entry; its term is kept for log matching.
    start: LogPosition,
    entries: VecDeque<Entry>,
    /// State that the replica starts from; raft keeps the current one itself.
    initial: HardState,
    conf_state: ConfState,
}

impl Tail {
    pub fn new(
        start: LogPosition,
        entries: Vec<Entry>,
        initial: HardState,
        conf_state: ConfState,
    ) -> Self {
        Self {
            start,
            entries: entries.into(),
            initial,
            conf_state,
        }
    }

    pub fn conf_state(&self) -> &ConfState {
        &self.conf_state
    }

    pub fn set_conf_state(&mut self, state: ConfState) {
        self.conf_state = state;
    }

    pub fn first(&self) -> u64 {
        self.start.index + 1
    }

    pub fn last(&self) -> u64 {
        self.start.index + self.entries.len() as u64
    }

    /// Adds entries; those from the first one's index on are superseded.
    pub fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        assert!(
            first.index > self.start.index && first.index <= self.last() + 1,
            "entries from {} do not continue a log of {} to {}",
            first.index,
            self.first(),
            self.last()
        );
        self.entries.truncate((first.index - self.first()) as usize);
        self.entries.extend(entries.iter().cloned());
    }

    /// Drops entries up to and including `index`, which must be in the log.
    pub fn compact(&mut self, index: u64) {
        if index <= self.start.index {
            return;
        }
        let term = self
            .term_at(index)
            .expect("compacts only what the log holds");
        self.entries.drain(..(index - self.start.index) as usize);
        self.start = LogPosition { index, term };
        if self.entries.capacity() > 1024 && self.entries.len() < self.entries.capacity() / 8 {
            self.entries.shrink_to_fit();
        }
    }

    fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.start.index {
            return Some(self.start.term);
        }
        let position = index.checked_sub(self.first())?;
        self.entries.get(position as usize).map(|entry| entry.term)
    }
}

impl Storage for Tail {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(RaftState::new(
            self.initial.clone(),
            self.conf_state.clone(),
        ))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        if low < self.first() {
            return Err(Error::Store(StorageError::Compacted));
        }
        assert!(
            high <= self.last() + 1,
            "asked for entries to {high}, the log ends at {}",
            self.last()
        );
        let limit = max_size.into().unwrap_or(u64::MAX);
        let from = (low - self.first()) as usize;
        let to = (high - self.first()) as usize;
        let mut taken = Vec::new();
        let mut bytes = 0u64;
        for entry in self.entries.range(from..to) {
            bytes += u64::from(entry.compute_size());
            // At least one entry goes out, however large: otherwise it could never be replicated.
            if bytes > limit && !taken.is_empty() {
                break;
            }
            taken.push(entry.clone());
        }
        Ok(taken)
    }

    fn term(&self, index: u64) -> Result<u64> {
        if index < self.start.index {
            return Err(Error::Store(StorageError::Compacted));
        }
        self.term_at(index)
            .ok_or(Error::Store(StorageError::Unavailable))
    }

    fn first_index(&self) -> Result<u64> {
        Ok(self.first())
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.last())
    }

    /// Raft asks again later; any other error would end the process.
    fn snapshot(&self, _request_index: u64, _to: u64) -> Result<Snapshot> {
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
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
        Tail::new(start, entries, HardState::default(), ConfState::default())
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
        assert_eq!(tail.first(), 8);
        assert_eq!(tail.term(7).unwrap(), 2);
        assert_eq!(tail.term(6), Err(Error::Store(StorageError::Compacted)));
        tail.compact(9);
        assert_eq!((tail.first(), tail.last()), (10, 9));
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
    #[should_panic(expected = "do not continue")]
    fn a_hole_is_refused() {
        tail(5..=9).append(&[entry(11, 3, 1)]);
    }
}
