//! Which way is the cheaper one, and what each is expected to cost.
//!
//! A walk costs about the same whatever the number of vectors, a scan grows with the matches;
//! longer codes favour the walk, whose fetches overlap better, and a higher recall the scan. Costs
//! are in codes that a scan compares in the same time. How many codes a walk compares depends on
//! the data, so that is learned from the walks before it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::index::VectorIndex;
use crate::nodes::Nodes;

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest {
    pub k: usize,
    pub target_recall: f32,
    /// Slots that the filter lets through; `None` without a filter.
    pub matches: Option<u64>,
}

/// How to answer a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing matches: the answer is empty and exact.
    Empty,
    /// `VectorIndex::scan`: as fast as the walk, and exact.
    Scan,
    /// `VectorIndex::search`.
    Walk,
}

/// What a way is expected to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// In codes that a scan compares in the same time.
    pub cost: u64,
    /// Codes compared.
    pub distances: u64,
}

/// The way chosen, and what it was chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub way: Way,
    pub scan: Estimate,
    pub walk: Estimate,
    /// Half of the vectors or more are not in the graph yet: they are scanned either way.
    pub is_mostly_tail: bool,
}

/// Codes of 128 bytes that a scan compares in the time of an unfiltered walk for a recall of .95.
const SCAN_FOR_WALK: f32 = 8_000.0;

/// The same for a walk under a filter that lets a tenth through: it walks past nine others for each
/// match.
const SCAN_FOR_FILTERED_WALK: f32 = 30_000.0;

/// Codes that a walk compares for each row that it must expand, as long as nothing is learned: it
/// expands about twice as many, and has met half of what a row of 32 links leads to.
const DISTANCES_AN_EXPANSION: f32 = 32.0;

/// Shares of matches that are told apart: each lets half as many through as the one before.
const SHARES: usize = 8;

/// Part of what is known that the newest walk replaces.
const LEARNING_RATE: f32 = 0.125;

impl VectorIndex {
    /// The cheaper way to answer.
    pub fn plan(&self, request: PlanRequest) -> Plan {
        let era = self.eras.current();
        let nodes = &*era.nodes;
        let live = nodes.live_len.load(Ordering::Acquire);
        let tail = nodes.pending_len.load(Ordering::Acquire);
        let (matches, at_128) = match request.matches {
            Some(matches) => (matches.min(live), SCAN_FOR_FILTERED_WALK),
            None => (live, SCAN_FOR_WALK),
        };
        let lines = nodes.layout.stride as f32 / 128.0;
        let for_recall = 1.0 + ((request.target_recall - 0.95) / 0.04).clamp(-0.5, 2.0);
        let for_k = (request.k as f32 / 10.0).max(1.0).sqrt();
        let crossover = at_128 * for_recall * for_k / lines.sqrt();
        let stop = era.tuning.stop(request.k, request.target_recall, 0.0);
        let share = matches as f32 / live.max(1) as f32;
        let walked = self.walks.expected(stop.expansions_min, share);
        let is_mostly_tail = tail >= live / 2;
        let way = if matches == 0 {
            Way::Empty
        } else if matches as f32 <= crossover || is_mostly_tail {
            Way::Scan
        } else {
            Way::Walk
        };
        Plan {
            way,
            scan: Estimate {
                cost: matches,
                distances: matches,
            },
            walk: Estimate {
                cost: crossover as u64,
                distances: (walked as u64).min(live - tail.min(live))
                    + (tail as f32 * share) as u64,
            },
            is_mostly_tail,
        }
    }
}

/// What walks of late have taken, in parts of what a walk is expected to take that nothing is known
/// of: for each share of matches on its own, because what a filter costs depends on the data.
pub struct WalkRecord {
    /// Bits of f32; 0 where nothing is known. Of two walks that end at once one may be forgotten.
    ratios: [AtomicU32; SHARES],
}

impl Default for WalkRecord {
    fn default() -> Self {
        Self {
            ratios: [const { AtomicU32::new(0) }; SHARES],
        }
    }
}

impl WalkRecord {
    /// Codes that a walk will compare. `share`: of the vectors, those that match.
    fn expected(&self, expansions_min: usize, share: f32) -> f32 {
        let known = f32::from_bits(self.ratios[place(share)].load(Ordering::Relaxed));
        unlearned(expansions_min, share) * if known > 0.0 { known } else { 1.0 }
    }

    /// Takes in how many codes a walk compared.
    pub fn note(&self, expansions_min: usize, share: f32, compared: u64) {
        let ratio = &self.ratios[place(share)];
        let known = f32::from_bits(ratio.load(Ordering::Relaxed));
        let new = compared as f32 / unlearned(expansions_min, share);
        let learned = if known > 0.0 {
            known + LEARNING_RATE * (new - known)
        } else {
            new
        };
        ratio.store(learned.to_bits(), Ordering::Relaxed);
    }
}

/// A walk under a filter goes on until it has enough matches; with chance for a guide it would meet
/// 1 / share others for each, but most of them lie near the query, where it looks anyway.
fn unlearned(expansions_min: usize, share: f32) -> f32 {
    2.0 * expansions_min as f32 * DISTANCES_AN_EXPANSION / bounded(share).sqrt()
}

fn place(share: f32) -> usize {
    (-bounded(share).log2()) as usize
}

fn bounded(share: f32) -> f32 {
    share.clamp(1.0 / (1 << (SHARES - 1)) as f32, 1.0)
}

/// Share of the live nodes that match.
pub fn share_of(nodes: &Nodes, matches: Option<u64>) -> f32 {
    let live = nodes.live_len.load(Ordering::Acquire).max(1);
    matches.map_or(1.0, |matches| matches.min(live) as f32 / live as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Rows, build, linked_index, params};
    use crate::{GraphOptions, Metric, SearchScratch, SlotSet};

    /// Few matches are scanned, many are walked, none answers itself.
    #[test]
    fn plans_follow_matches() {
        let rows = Rows::random(12_000, 4, 10);
        let index = VectorIndex::new(GraphOptions::new(4, Metric::L2));
        (0..12_000).for_each(|slot| index.put(slot, rows.row(slot)));
        let plan = |matches| index.plan(request(matches));
        assert_eq!(plan(None).way, Way::Scan, "all is tail");
        assert!(plan(None).is_mostly_tail);
        build(&index);
        assert_eq!(plan(None).way, Way::Walk);
        assert!(plan(None).walk.cost < plan(None).scan.cost);
        assert_eq!(plan(Some(0)).way, Way::Empty);
        assert_eq!(plan(Some(500)).way, Way::Scan);
        assert!(plan(Some(500)).scan.cost < plan(Some(500)).walk.cost);
    }

    /// After some walks, what a walk is expected to compare is near what it does compare, with and
    /// without filters; and what is learned of one share of matches is not of another.
    #[test]
    fn walks_are_learned_from() {
        let rows = Rows::random(12_000, 16, 31);
        let index = linked_index(&rows, Metric::L2, 0..12_000);
        let queries = Rows::random(80, 16, 32);
        let mut scratch = SearchScratch::default();
        for every in [1, 4, 40] {
            let chosen: Vec<u32> = (0..12_000).step_by(every).collect();
            let set = SlotSet::List(&chosen);
            let filter = (every > 1).then_some(&set);
            let matches = filter.map(SlotSet::len);
            let mut compared = 0;
            for query in queries.iter() {
                let outcome = index.search(query, &params(10), filter, &rows, &mut scratch);
                compared += outcome.expect("rows can be read").distances;
            }
            let mean = compared as f32 / 80.0;
            let expected = index.plan(request(matches)).walk.distances as f32;
            assert!(
                (0.5..2.0).contains(&(expected / mean)),
                "one of {every} matches: {expected} expected, {mean} compared"
            );
        }
    }

    fn request(matches: Option<u64>) -> PlanRequest {
        PlanRequest {
            k: 10,
            target_recall: 0.95,
            matches,
        }
    }
}
