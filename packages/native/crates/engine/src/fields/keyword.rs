//! Strings of one field: a hash table over texts in one buffer.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::posting::Posting;

/// Longest string, in bytes, that is indexed.
pub const KEYWORD_BYTES_MAX: usize = 256;

/// From text to slots.
#[derive(Debug, Default)]
pub struct KeywordIndex {
    table: HashTable<Term>,
    /// Texts of the terms, and of terms that are gone.
    texts: Vec<u8>,
    /// Bytes of `texts` that no term uses.
    garbage: usize,
    hasher: RandomState,
}

#[derive(Debug)]
struct Term {
    start: u32,
    len: u16,
    posting: Posting,
}

impl Term {
    fn text<'t>(&self, texts: &'t [u8]) -> &'t [u8] {
        &texts[self.start as usize..][..usize::from(self.len)]
    }
}

impl KeywordIndex {
    /// Adds a slot to a text of at most [`KEYWORD_BYTES_MAX`] bytes.
    pub fn insert(&mut self, text: &str, slot: u32) {
        let Self {
            table,
            texts,
            hasher,
            ..
        } = self;
        let hash = hasher.hash_one(text.as_bytes());
        let same = |term: &Term| term.text(texts) == text.as_bytes();
        match table.entry(hash, same, |term| hasher.hash_one(term.text(texts))) {
            Entry::Occupied(mut entry) => entry.get_mut().posting.insert(slot),
            Entry::Vacant(entry) => {
                let start = u32::try_from(texts.len()).expect("a field's texts stay below 4 GiB");
                let len = u16::try_from(text.len()).expect("long texts are not indexed");
                entry.insert(Term {
                    start,
                    len,
                    posting: Posting::One(slot),
                });
                texts.extend_from_slice(text.as_bytes());
            }
        }
    }

    pub fn remove(&mut self, text: &str, slot: u32) {
        let Self {
            table,
            texts,
            garbage,
            hasher,
        } = self;
        let hash = hasher.hash_one(text.as_bytes());
        let same = |term: &Term| term.text(texts) == text.as_bytes();
        if let Ok(mut entry) = table.find_entry(hash, same)
            && entry.get_mut().posting.remove(slot)
        {
            entry.remove();
            *garbage += text.len();
        }
        if self.garbage > 4096 && self.garbage * 2 > self.texts.len() {
            self.drop_garbage();
        }
    }

    /// Moves the texts in use into a new buffer.
    fn drop_garbage(&mut self) {
        let mut texts = Vec::with_capacity(self.texts.len() - self.garbage);
        for term in &mut self.table {
            let start = texts.len() as u32;
            texts.extend_from_slice(term.text(&self.texts));
            term.start = start;
        }
        self.texts = texts;
        self.garbage = 0;
    }

    pub fn get(&self, text: &str) -> Option<&Posting> {
        let hash = self.hasher.hash_one(text.as_bytes());
        let same = |term: &Term| term.text(&self.texts) == text.as_bytes();
        self.table.find(hash, same).map(|term| &term.posting)
    }

    /// Each text with its slots, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Posting)> {
        self.table.iter().map(|term| {
            let text = std::str::from_utf8(term.text(&self.texts));
            (text.expect("texts are put in as strings"), &term.posting)
        })
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn memory_bytes(&self) -> u64 {
        let postings: u64 = self
            .table
            .iter()
            .map(|term| term.posting.heap_bytes())
            .sum();
        (self.table.allocation_size() + self.texts.capacity()) as u64 + postings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_terms_through_inserts_removes_and_compaction() {
        let mut index = KeywordIndex::default();
        for slot in 0..5000 {
            index.insert(&format!("term {slot}"), slot);
            index.insert("shared", slot);
        }
        for slot in 0..4000 {
            index.remove(&format!("term {slot}"), slot);
        }
        assert_eq!(index.len(), 1001);
        assert!(index.texts.len() < 30_000, "garbage is dropped");
        assert!(index.get("term 3999").is_none());
        assert_eq!(index.get("term 4000").map(Posting::len), Some(1));
        assert_eq!(index.get("shared").map(Posting::len), Some(5000));
    }
}
