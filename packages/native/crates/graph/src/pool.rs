//! The candidates of a walk: one sorted array of 64-bit keys.
//!
//! A key is value (32 bits, in an order that integers keep), node (31 bits), and whether the node's
//! row was expanded (1 bit). At the lengths that matter, a binary search and a short move of memory
//! beat two heaps, and the whole pool stays in the first cache.

/// Mark of an expanded node, the lowest bit of a key.
const EXPANDED: u64 = 1;

/// Turns a float into an integer that sorts like it.
#[inline(always)]
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    let flip = ((bits as i32 >> 31) as u32) | 0x8000_0000;
    bits ^ flip
}

#[inline(always)]
fn unordered(order: u32) -> f32 {
    let flip = (!((order as i32 >> 31) as u32)) | 0x8000_0000;
    f32::from_bits(order ^ flip)
}

/// A node and its value, sorted by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate(u64);

impl Candidate {
    #[inline(always)]
    pub fn new(value: f32, node: u32) -> Self {
        debug_assert!(node < 1 << 31);
        Self(u64::from(ordered(value)) << 32 | u64::from(node) << 1)
    }

    #[inline(always)]
    pub fn node(self) -> u32 {
        (self.0 as u32) >> 1
    }

    #[inline(always)]
    pub fn value(self) -> f32 {
        unordered((self.0 >> 32) as u32)
    }
}

#[derive(Default)]
pub struct Pool {
    keys: Vec<Candidate>,
    capacity: usize,
    /// No key before this place waits for expansion.
    cursor: usize,
}

impl Pool {
    /// Empties the pool and sets how many it keeps.
    pub fn begin(&mut self, capacity: usize) {
        self.keys.clear();
        self.keys.reserve(capacity + 1);
        self.capacity = capacity;
        self.cursor = 0;
    }

    /// Nearest first.
    pub fn candidates(&self) -> &[Candidate] {
        &self.keys
    }

    /// Adds a candidate, unless the pool is full of nearer ones; answers its place.
    #[inline(always)]
    pub fn insert(&mut self, candidate: Candidate) -> Option<usize> {
        if self.keys.len() == self.capacity {
            if self.keys.last().is_none_or(|last| *last <= candidate) {
                return None;
            }
            self.keys.pop();
        }
        let place = self.keys.partition_point(|key| *key < candidate);
        self.keys.insert(place, candidate);
        self.cursor = self.cursor.min(place);
        Some(place)
    }

    /// The nearest node that was not expanded and whose value is at most `limit`; marks it.
    #[inline(always)]
    pub fn expand_next(&mut self, limit: f32) -> Option<u32> {
        self.skip_expanded();
        let key = self.keys.get_mut(self.cursor)?;
        if key.value() > limit {
            return None;
        }
        key.0 |= EXPANDED;
        let node = key.node();
        self.cursor += 1;
        Some(node)
    }

    /// Nodes that are likely to be expanded next.
    #[inline(always)]
    pub fn coming(&self) -> impl Iterator<Item = u32> + '_ {
        let waiting = self.keys[self.cursor.min(self.keys.len())..].iter();
        waiting.take(2).map(|key| key.node())
    }

    /// Place of the first key that may wait for expansion.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Value of the candidate of this rank, counted from 1; `None` when there are fewer.
    #[inline(always)]
    pub fn value_at(&self, rank: usize) -> Option<f32> {
        self.keys.get(rank - 1).map(|key| key.value())
    }

    #[inline(always)]
    fn skip_expanded(&mut self) {
        while self
            .keys
            .get(self.cursor)
            .is_some_and(|key| key.0 & EXPANDED == EXPANDED)
        {
            self.cursor += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Candidates sort like their values, negative ones too, and give them back.
    #[test]
    fn order_follows_values() {
        let values = [-f32::MAX, -2.5, -1e-30, 0.0, 1e-30, 1.0, 2.5, f32::MAX];
        for pair in values.windows(2) {
            assert!(Candidate::new(pair[0], 9) < Candidate::new(pair[1], 3));
        }
        for value in values {
            assert_eq!(Candidate::new(value, 5).value(), value);
            assert_eq!(Candidate::new(value, 5).node(), 5);
        }
    }

    /// The pool keeps the nearest, expands from near to far, and goes back for nearer late-comers.
    #[test]
    fn expands_nearest_first() {
        let mut pool = Pool::default();
        pool.begin(3);
        for (value, node) in [(4.0, 4), (2.0, 2), (3.0, 3), (1.0, 1)] {
            pool.insert(Candidate::new(value, node));
        }
        assert_eq!(pool.insert(Candidate::new(9.0, 9)), None);
        assert_eq!(pool.expand_next(f32::MAX), Some(1));
        assert_eq!(pool.expand_next(f32::MAX), Some(2));
        assert_eq!(pool.insert(Candidate::new(0.5, 5)), Some(0));
        assert_eq!(pool.expand_next(f32::MAX), Some(5));
        assert_eq!(pool.expand_next(1.0), None);
        assert_eq!(pool.expand_next(f32::MAX), None);
    }
}
