//! The slots that have one value of one field: 16 bytes while there is one, a bitmap when many.

use roaring::RoaringBitmap;

/// Slots in a sorted list before they become a bitmap: a bitmap's first container costs more.
const LIST_MAX: usize = 64;

/// A set of slots that is never empty in an index.
#[derive(Debug)]
pub enum Posting {
    One(u32),
    /// Ascending, 0 to [`LIST_MAX`] slots. Boxed twice to keep the enum at 16 bytes.
    #[expect(clippy::box_collection, reason = "the enum stays at 16 bytes")]
    Few(Box<Vec<u32>>),
    Many(Box<RoaringBitmap>),
}

impl Posting {
    pub fn insert(&mut self, slot: u32) {
        match self {
            Posting::One(only) if *only == slot => {}
            Posting::One(only) => {
                let pair = vec![slot.min(*only), slot.max(*only)];
                *self = Posting::Few(Box::new(pair));
            }
            Posting::Few(slots) => {
                let Err(at) = slots.binary_search(&slot) else {
                    return;
                };
                slots.insert(at, slot);
                if slots.len() > LIST_MAX {
                    let bitmap = slots.iter().copied().collect();
                    *self = Posting::Many(Box::new(bitmap));
                }
            }
            Posting::Many(bitmap) => {
                bitmap.insert(slot);
            }
        }
    }

    /// Removes the slot; answers whether the posting is now empty and must go.
    pub fn remove(&mut self, slot: u32) -> bool {
        match self {
            Posting::One(only) => *only == slot,
            Posting::Few(slots) => {
                if let Ok(at) = slots.binary_search(&slot) {
                    slots.remove(at);
                }
                slots.is_empty()
            }
            Posting::Many(bitmap) => {
                bitmap.remove(slot);
                bitmap.is_empty()
            }
        }
    }

    /// Adds the slots to a bitmap.
    pub fn add_to(&self, out: &mut RoaringBitmap) {
        match self {
            Posting::One(slot) => {
                out.insert(*slot);
            }
            Posting::Few(slots) => out.extend(slots.iter().copied()),
            Posting::Many(bitmap) => *out |= bitmap.as_ref(),
        }
    }

    /// Sets the slots' bits: bit `slot % 64` of word `slot / 64`. The words cover every slot.
    pub fn set_bits(&self, words: &mut [u64]) {
        let mut set = |slot: u32| words[slot as usize / 64] |= 1 << (slot % 64);
        match self {
            Posting::One(slot) => set(*slot),
            Posting::Few(slots) => slots.iter().copied().for_each(set),
            Posting::Many(bitmap) => bitmap.iter().for_each(set),
        }
    }

    /// How many of the slots are among these.
    pub fn len_within(&self, slots: &RoaringBitmap) -> u64 {
        match self {
            Posting::One(slot) => u64::from(slots.contains(*slot)),
            Posting::Few(own) => own.iter().filter(|slot| slots.contains(**slot)).count() as u64,
            Posting::Many(bitmap) => bitmap.intersection_len(slots),
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            Posting::One(_) => 1,
            Posting::Few(slots) => slots.len() as u64,
            Posting::Many(bitmap) => bitmap.len(),
        }
    }

    /// Bytes outside the enum itself.
    pub fn heap_bytes(&self) -> u64 {
        match self {
            Posting::One(_) => 0,
            Posting::Few(slots) => 24 + 4 * slots.capacity() as u64,
            Posting::Many(bitmap) => bitmap_bytes(bitmap),
        }
    }
}

/// Resident bytes of a bitmap, closely.
pub fn bitmap_bytes(bitmap: &RoaringBitmap) -> u64 {
    let statistics = bitmap.statistics();
    let payload = statistics.n_bytes_array_containers
        + statistics.n_bytes_bitset_containers
        + statistics.n_bytes_run_containers;
    24 + payload + 40 * u64::from(statistics.n_containers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_shrinks_through_its_forms() {
        assert_eq!(size_of::<Posting>(), 16);
        let mut posting = Posting::One(500);
        for slot in (0..200).rev() {
            posting.insert(slot * 3);
            posting.insert(slot * 3);
        }
        let mut out = RoaringBitmap::new();
        posting.add_to(&mut out);
        let expected: RoaringBitmap = (0..200).map(|slot| slot * 3).chain([500]).collect();
        assert_eq!(out, expected);
        let mut words = vec![0; 10];
        posting.set_bits(&mut words);
        assert_eq!(
            words
                .iter()
                .map(|word: &u64| word.count_ones())
                .sum::<u32>(),
            201
        );
        let some: RoaringBitmap = (0..300).collect();
        assert_eq!(posting.len_within(&some), 100);
        for slot in 0..200 {
            assert!(!posting.remove(slot * 3));
        }
        assert!(posting.remove(500));
    }
}
