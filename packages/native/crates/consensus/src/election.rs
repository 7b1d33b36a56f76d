//! Election timeouts that reproduce.
//!
//! raft draws its timeout from the thread's random source whenever a replica resets. A host that
//! must be replayable overrides that draw with a pure function of what identifies the moment: the
//! seed, the group, the replica, the term, and how many elections this replica has begun. The last
//! one matters because a pre-vote does not change the term: without it two replicas could collide
//! for ever.

/// Enough for a round of votes between two replicas that lost the same leader.
const TICKS_APART: usize = 2;

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
        min + (self.hash() % min as u64) as usize
    }

    fn hash(&self) -> u64 {
        let words = [
            self.seed,
            self.group,
            self.replica,
            self.term,
            self.elections,
        ];
        words
            .iter()
            .fold(0x9e37_79b9_7f4a_7c15, |hash, word| mix(hash ^ word))
    }
}

/// Ticks before a replica stands for election once it knows that the leader is gone: one after the
/// other, in an order that all of them draw alike, so that no two stand at once.
pub(crate) fn patience_ticks(
    (group, term): (u64, u64),
    own: u64,
    others: impl Iterator<Item = u64>,
) -> usize {
    let key = |replica: u64| (mix(mix(group ^ mix(term)) ^ replica), replica);
    1 + TICKS_APART * others.filter(|other| key(*other) < key(own)).count()
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
