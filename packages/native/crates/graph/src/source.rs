//! What the index asks of its owner: the exact rows, and sets of slots that a filter lets through.

use std::fmt;

/// Where the exact f32 rows come from, normally the shard's vector file by `pread`.
///
/// Rows are as the user wrote them, not normalised. A slot that the index holds is readable from
/// before `VectorIndex::put` until a while after `VectorIndex::remove`: a search that began before
/// the removal may still read it.
pub trait VectorSource: Sync {
    /// Fills `out`, whose length is the dimension, with the row of `slot`.
    fn read(&self, slot: u32, out: &mut [f32]) -> Result<(), VectorReadError>;
}

/// A row that could not be read or failed its checksum. The search that met it has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorReadError {
    pub slot: u32,
    /// Says the file and what is wrong with it.
    pub message: String,
}

impl fmt::Display for VectorReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vector of slot {}: {}", self.slot, self.message)
    }
}

impl std::error::Error for VectorReadError {}

/// The slots that a filter lets through, as a view on memory of the caller.
///
/// Slots that the index does not hold may be in it; they never become hits.
#[derive(Clone, Copy, Debug)]
pub enum SlotSet<'a> {
    /// Bit `slot % 64` of word `slot / 64`; slots beyond the last word are not in the set.
    Bits {
        words: &'a [u64],
        /// Number of bits that are set.
        len: u64,
    },
    /// Ascending, without repeats. Best for sets that are scanned; a walk first turns it into bits.
    List(&'a [u32]),
}

impl SlotSet<'_> {
    pub fn len(&self) -> u64 {
        match self {
            SlotSet::Bits { len, .. } => *len,
            SlotSet::List(slots) => slots.len() as u64,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, slot: u32) -> bool {
        match self {
            SlotSet::Bits { words, .. } => words
                .get(slot as usize / 64)
                .is_some_and(|word| word >> (slot % 64) & 1 == 1),
            SlotSet::List(slots) => slots.binary_search(&slot).is_ok(),
        }
    }
}
