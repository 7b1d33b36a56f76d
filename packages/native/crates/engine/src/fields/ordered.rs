//! Numbers of one field in order, for equality and ranges. Floats come as keys of their order.

use std::collections::BTreeMap;
use std::ops::Bound;

use roaring::RoaringBitmap;

use super::posting::Posting;

/// Values of a range before their slots are gathered in a flat bitmap instead of one by one.
const FLAT_AFTER: usize = 256;

/// From key to slots, in the order of keys.
#[derive(Debug, Default)]
pub struct OrderedIndex {
    values: BTreeMap<i64, Posting>,
}

/// Both ends of a range of keys.
pub type KeyRange = (Bound<i64>, Bound<i64>);

impl OrderedIndex {
    pub fn insert(&mut self, key: i64, slot: u32) {
        self.values
            .entry(key)
            .and_modify(|posting| posting.insert(slot))
            .or_insert(Posting::One(slot));
    }

    pub fn remove(&mut self, key: i64, slot: u32) {
        if self
            .values
            .get_mut(&key)
            .is_some_and(|posting| posting.remove(slot))
        {
            self.values.remove(&key);
        }
    }

    pub fn get(&self, key: i64) -> Option<&Posting> {
        self.values.get(&key)
    }

    /// Adds the slots of all keys in the range. `slots_end` is above every slot.
    pub fn add_range(&self, range: KeyRange, slots_end: u32, out: &mut RoaringBitmap) {
        if is_empty(range) {
            return;
        }
        let mut postings = self.values.range(range).map(|(_, posting)| posting);
        for posting in postings.by_ref().take(FLAT_AFTER) {
            posting.add_to(out);
        }
        let Some(next) = postings.next() else {
            return;
        };
        let mut words = vec![0_u64; (slots_end as usize).div_ceil(64)];
        next.set_bits(&mut words);
        postings.for_each(|posting| posting.set_bits(&mut words));
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        *out |= RoaringBitmap::from_lsb0_bytes(0, &bytes);
    }

    /// How many slots the keys of the range have, about: counted where there are few keys, else
    /// as if all keys were evenly spread between the first and the last.
    pub fn estimate_range(&self, range: KeyRange) -> u64 {
        if is_empty(range) {
            return 0;
        }
        let mut postings = self.values.range(range).map(|(_, posting)| posting);
        let counted: u64 = postings.by_ref().take(FLAT_AFTER).map(Posting::len).sum();
        let (Some(_), Some((first, _)), Some((last, _))) = (
            postings.next(),
            self.values.first_key_value(),
            self.values.last_key_value(),
        ) else {
            return counted;
        };
        let from = key_of(range.0).map_or(*first, |low| low.max(*first));
        let to = key_of(range.1).map_or(*last, |high| high.min(*last));
        let width = |from: i64, to: i64| to as f64 - from as f64 + 1.0;
        let share = width(from, to) / width(*first, *last);
        // Keys have about as many slots each as those that were counted.
        let all = self.values.len() as f64 * counted as f64 / FLAT_AFTER as f64;
        ((share * all) as u64).max(counted)
    }

    /// Each key with its slots, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Posting)> {
        self.values.iter().map(|(key, posting)| (*key, posting))
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn memory_bytes(&self) -> u64 {
        // A B-tree's nodes are about two thirds full: 24 bytes an entry become 36.
        let postings: u64 = self.values.values().map(Posting::heap_bytes).sum();
        self.values.len() as u64 * 36 + postings
    }
}

fn key_of(bound: Bound<i64>) -> Option<i64> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key),
        Bound::Unbounded => None,
    }
}

/// Whether no key lies in the range (`BTreeMap::range` panics on such).
fn is_empty(range: KeyRange) -> bool {
    match range {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (Bound::Included(low), Bound::Excluded(high))
        | (Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => low >= high,
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_small_and_large() {
        let mut index = OrderedIndex::default();
        for slot in 0..2000_u32 {
            index.insert(i64::from(slot) - 1000, slot);
        }
        index.remove(5, 1005);
        for (low, high, expected) in [(-3, 4, 7), (-1000, 999, 1998), (5, 5, 0), (900, 5000, 100)] {
            let mut out = RoaringBitmap::new();
            index.add_range(
                (Bound::Included(low), Bound::Excluded(high)),
                2000,
                &mut out,
            );
            assert_eq!(out.len(), expected, "{low}..{high}");
        }
    }

    /// Small ranges are counted, large ones come out near the count where keys are spread evenly.
    #[test]
    fn ranges_are_estimated() {
        let mut index = OrderedIndex::default();
        for slot in 0..30_000_u32 {
            index.insert(i64::from(slot / 3) * 7, slot);
        }
        let estimate =
            |low, high| index.estimate_range((Bound::Included(low), Bound::Excluded(high))) as f64;
        assert_eq!(estimate(70, 140), 30.0);
        assert_eq!(estimate(9, 9), 0.0);
        for (low, high, count) in [(0, 70_000, 30_000.0), (7_000, 35_000, 12_000.0)] {
            let share = estimate(low, high) / count;
            assert!((0.95..1.05).contains(&share), "{low}..{high}: {share}");
        }
        let all = index.estimate_range((Bound::Unbounded, Bound::Unbounded));
        assert_eq!(all, 30_000);
    }
}
