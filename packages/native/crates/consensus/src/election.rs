//! Election timeouts that reproduce.
//!
//! raft draws its timeout from the thread's random source whenever a replica resets. A host that
//! must be replayable overrides that draw with a pure function of what identifies the moment: the
//! seed, the group, the replica, the term, and how many elections this replica has begun. The last
//! one matters because a pre-vote does not change the term: without it two replicas could collide
//! for ever.

/// What one timeout is drawn from.
pub(crate) struct ElectionDraw {
    pub seed: u64,
    pub group: u64,
    pub replica: u64,
    pub term: u64,
    pub elections: u64,
}

impl ElectionDraw {
    /// A timeout in ticks, in `[min, 2 * min)`.
    pub fn timeout_ticks(&self, min: usize) -> usize {
        let words = [
            self.seed,
            self.group,
            self.replica,
            self.term,
            self.elections,
        ];
        let hash = words
            .iter()
            .fold(0x9e37_79b9_7f4a_7c15, |hash, word| mix(hash ^ word));
        min + (hash % min as u64) as usize
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_stay_in_range_and_spread() {
        let mut seen = std::collections::BTreeSet::new();
        for elections in 0..200 {
            let draw = ElectionDraw {
                seed: 7,
                group: 1,
                replica: 2,
                term: 3,
                elections,
            };
            let ticks = draw.timeout_ticks(15);
            assert!((15..30).contains(&ticks));
            seen.insert(ticks);
        }
        assert_eq!(seen.len(), 15);
    }
}
