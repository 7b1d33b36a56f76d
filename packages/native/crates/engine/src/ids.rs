//! Ids of points by slot and slots by id, in memory.
//!
//! A search without payloads then reads nothing from the store, and a look-up by id sees the same
//! state of the shard as the search around it.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

/// Ids in one buffer: two bytes of length, the id, and padding to four bytes.
#[derive(Debug, Default)]
pub struct IdArena {
    bytes: Vec<u8>,
    slots: HashTable<u32>,
    hasher: RandomState,
    /// Place of each slot's id in `bytes`, in units of four bytes; [`ABSENT`] for none.
    starts: Vec<u32>,
    /// Bytes of ids that are gone.
    garbage: usize,
}

const UNIT: usize = 4;
const ABSENT: u32 = u32::MAX;
const GARBAGE_MIN: usize = 1 << 20;

impl IdArena {
    /// Sets the id, of at most 512 bytes, of a slot that has none. No other slot has the id.
    pub fn insert(&mut self, slot: u32, id: &[u8]) {
        let missing = (slot as usize + 1).saturating_sub(self.starts.len());
        make_room(&mut self.starts, missing);
        self.starts.resize(self.starts.len() + missing, ABSENT);
        self.starts[slot as usize] = append(&mut self.bytes, id);
        let Self {
            bytes,
            slots,
            hasher,
            starts,
            ..
        } = self;
        let rehash = |slot: &u32| hasher.hash_one(read(bytes, starts[*slot as usize]));
        slots.insert_unique(hasher.hash_one(id), slot, rehash);
    }

    /// The slot of an id.
    pub fn slot_of(&self, id: &[u8]) -> Option<u32> {
        let same = |slot: &u32| read(&self.bytes, self.starts[*slot as usize]) == id;
        self.slots.find(self.hasher.hash_one(id), same).copied()
    }

    pub fn remove(&mut self, slot: u32) {
        let start = self.starts.get(slot as usize).copied().unwrap_or(ABSENT);
        if start == ABSENT {
            return;
        }
        let id = read(&self.bytes, start);
        if let Ok(entry) = self
            .slots
            .find_entry(self.hasher.hash_one(id), |other| *other == slot)
        {
            entry.remove();
        }
        let len = id.len();
        self.starts[slot as usize] = ABSENT;
        self.garbage += (len + 2).next_multiple_of(UNIT);
        if self.garbage > GARBAGE_MIN && self.garbage * 2 > self.bytes.len() {
            self.drop_garbage();
        }
    }

    fn drop_garbage(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.garbage);
        for start in self.starts.iter_mut().filter(|start| **start != ABSENT) {
            *start = append(&mut bytes, read(&self.bytes, *start));
        }
        self.bytes = bytes;
        self.garbage = 0;
    }

    /// The id of a slot in use.
    pub fn get(&self, slot: u32) -> Option<&[u8]> {
        let start = *self.starts.get(slot as usize)?;
        (start != ABSENT).then(|| read(&self.bytes, start))
    }

    pub fn memory_bytes(&self) -> u64 {
        let maps = self.starts.capacity() * 4 + self.slots.allocation_size();
        (self.bytes.capacity() + maps) as u64
    }
}

/// Grows by an eighth where a vector of its own accord would double.
fn make_room<T>(vector: &mut Vec<T>, more: usize) {
    if vector.capacity() - vector.len() < more {
        vector.reserve_exact(more.max(vector.len() / 8));
    }
}

fn append(bytes: &mut Vec<u8>, id: &[u8]) -> u32 {
    let start = u32::try_from(bytes.len() / UNIT).expect("ids of a shard stay below 16 GiB");
    let len = u16::try_from(id.len()).expect("ids are short");
    make_room(bytes, id.len() + 2 + UNIT);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(id);
    bytes.resize(bytes.len().next_multiple_of(UNIT), 0);
    start
}

fn read(bytes: &[u8], start: u32) -> &[u8] {
    let at = start as usize * UNIT;
    let len = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    &bytes[at + 2..][..usize::from(len)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_ids_through_removals_and_compaction() {
        let mut arena = IdArena::default();
        let id = |slot: u32| format!("id-{slot}-{}", "x".repeat(slot as usize % 50));
        for slot in 0..100_000 {
            arena.insert(slot, id(slot).as_bytes());
        }
        for slot in (0..100_000).filter(|slot| slot % 5 != 0) {
            arena.remove(slot);
            arena.remove(slot);
        }
        assert!(arena.bytes.len() < 2_500_000, "garbage is dropped");
        for slot in 0..100_000 {
            let expected = (slot % 5 == 0).then(|| id(slot));
            assert_eq!(arena.get(slot), expected.as_deref().map(str::as_bytes));
            assert_eq!(arena.slot_of(id(slot).as_bytes()), expected.map(|_| slot));
        }
        assert_eq!(arena.get(100_000), None);
    }
}
