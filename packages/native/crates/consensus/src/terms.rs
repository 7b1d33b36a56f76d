//! The term of every entry of a log, in a few words: terms only grow along a log, so it is enough
//! to know where each begins. Entries themselves need not be in memory for it.

use raft::eraftpb::Entry;

use crate::records::LogPosition;

/// Invariant: indexes and terms ascend; the first run begins at the log's start.
pub(crate) struct Terms {
    runs: Vec<LogPosition>,
}

impl Terms {
    pub fn new(start: LogPosition) -> Self {
        Self { runs: vec![start] }
    }

    /// Takes entries that follow, or supersede from the first one's index on.
    pub fn append<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) {
        for entry in entries {
            while self.runs.len() > 1 && self.last().index >= entry.index {
                self.runs.pop();
            }
            if self.last().term != entry.term {
                self.runs.push(LogPosition {
                    index: entry.index,
                    term: entry.term,
                });
            }
        }
    }

    /// The term of an index that the log holds, or of its start; none before that.
    pub fn at(&self, index: u64) -> Option<u64> {
        let after = self.runs.partition_point(|run| run.index <= index);
        after
            .checked_sub(1)
            .map(|position| self.runs[position].term)
    }

    /// The log begins after `index` now.
    pub fn compact(&mut self, index: u64) {
        let Some(term) = self.at(index) else { return };
        self.runs.retain(|run| run.index > index);
        self.runs.insert(0, LogPosition { index, term });
    }

    fn last(&self) -> LogPosition {
        *self.runs.last().expect("the first run is never dropped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(positions: &[(u64, u64)]) -> Vec<Entry> {
        let entry = |(index, term): &(u64, u64)| Entry {
            index: *index,
            term: *term,
            ..Default::default()
        };
        positions.iter().map(entry).collect()
    }

    #[test]
    fn terms_are_known_from_the_start_on() {
        let mut terms = Terms::new(LogPosition { index: 4, term: 2 });
        terms.append(&entries(&[(5, 2), (6, 3), (7, 3), (8, 5)]));
        let at = |terms: &Terms| [3, 4, 5, 6, 7, 8].map(|index| terms.at(index).unwrap_or(0));
        assert_eq!(at(&terms), [0, 2, 2, 3, 3, 5]);
        terms.append(&entries(&[(7, 6)]));
        assert_eq!(at(&terms), [0, 2, 2, 3, 6, 6]);
        terms.compact(6);
        assert_eq!(at(&terms), [0, 0, 0, 3, 6, 6]);
        terms.compact(8);
        assert_eq!(at(&terms), [0, 0, 0, 0, 0, 6]);
    }
}
