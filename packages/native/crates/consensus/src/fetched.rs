//! Entries that are not in memory: who waits for them, and what was read from the log.

use raft::GetEntriesContext;
use raft::eraftpb::Entry;

/// Askers of one range that are told when it is there. More ask again with the next heartbeat.
const ASKERS_MAX: usize = 8;

/// A range that raft could not read.
pub(crate) struct Wish {
    pub low: u64,
    /// The host knows.
    pub is_told: bool,
    pub contexts: Vec<GetEntriesContext>,
}

impl Wish {
    pub fn note(wishes: &mut Vec<Wish>, low: u64, context: GetEntriesContext) {
        match wishes.iter_mut().find(|wish| wish.low == low) {
            Some(wish) if wish.contexts.len() < ASKERS_MAX => wish.contexts.push(context),
            Some(_) => {}
            None => wishes.push(Wish {
                low,
                is_told: false,
                contexts: vec![context],
            }),
        }
    }
}

/// A range that was read. Invariant: entries are consecutive and begin at `before + 1`.
pub(crate) struct Fetched {
    before: u64,
    entries: Vec<Entry>,
}

impl Fetched {
    pub fn new(before: u64, entries: Vec<Entry>) -> Self {
        Self { before, entries }
    }

    pub fn last(&self) -> u64 {
        self.before + self.entries.len() as u64
    }

    /// Drops entries after `index`.
    pub fn truncate(&mut self, index: u64) {
        let kept = index.saturating_sub(self.before) as usize;
        self.entries.truncate(kept);
    }

    pub fn holds(&self, index: u64) -> bool {
        index > self.before && index <= self.last()
    }

    /// Entries from `low` to before `high`, as far as they were read.
    pub fn range(&self, low: u64, high: u64) -> impl Iterator<Item = &Entry> {
        let to = high.min(self.last() + 1) - self.before - 1;
        let from = low - self.before - 1;
        self.entries[from as usize..to as usize].iter()
    }
}
