//! The approximate search: the tail that is not linked yet, then the graph, then exact scores.
//!
//! The tail comes first. A node leaves the tail only after it is in the graph, so one that the
//! tail no longer showed is met by the walk; the other way round it could be missed by both.

use crate::era::Era;
use crate::kernels::prefetch_row;
use crate::nodes::Nodes;
use crate::outcome::{Hit, SearchOutcome, rank_hits};
use crate::pool::{Candidate, Pool};
use crate::query::{Query, Scoring};
use crate::scan::Scope;
use crate::source::{SlotSet, VectorReadError};
use crate::walk::{Admit, AdmitAll, Measure, Stop, Walk, WalkScratch};
use std::sync::atomic::Ordering;

const BATCH: usize = 64;

/// Matching nodes from which a filtered walk starts besides the entries.
const SEEDS: usize = 32;

#[derive(Default)]
pub struct ApproximateScratch {
    pub walk: WalkScratch,
    tail: Pool,
    batch: Vec<u32>,
    seeds: Vec<u32>,
    /// What was found nearest by code, of the tail and the graph.
    pub merged: Vec<Candidate>,
}

/// Admits live nodes.
struct AdmitLive<'a>(&'a Nodes);

impl Admit for AdmitLive<'_> {
    const ALL: bool = false;

    #[inline(always)]
    fn admits(&self, node: u32) -> bool {
        self.0.live.contains(node)
    }
}

/// Admits live nodes whose slot is in the set.
struct AdmitSet<'a> {
    nodes: &'a Nodes,
    set: &'a SlotSet<'a>,
}

impl Admit for AdmitSet<'_> {
    const ALL: bool = false;

    #[inline(always)]
    fn admits(&self, node: u32) -> bool {
        self.set.contains(self.nodes.slot_of(node)) && self.nodes.live.contains(node)
    }
}

/// One approximate search.
pub struct Approximate<'a> {
    pub era: &'a Era,
    pub scoring: Scoring<'a>,
    pub k: usize,
    pub stop: Stop,
    pub scope: Scope<'a>,
}

impl Approximate<'_> {
    /// The nearest that were found, at most k; it may be fewer than match.
    pub fn run(
        &self,
        query: &mut Query,
        scratch: &mut ApproximateScratch,
    ) -> Result<SearchOutcome, VectorReadError> {
        let tail_scanned = self.scan_tail(query, scratch);
        self.walk(query, scratch);
        self.merge(scratch);
        let hits = self.rescore(query, &scratch.merged)?;
        let rescored = hits.len() as u64;
        Ok(SearchOutcome {
            hits: rank_hits(hits, self.scoring.metric, self.k),
            exact: false,
            distances: scratch.walk.compared() as u64 + tail_scanned,
            rescored,
            tail_scanned,
        })
    }

    /// Fewer were found than match and are wanted.
    pub fn falls_short(&self, outcome: &SearchOutcome) -> bool {
        let live = self.era.nodes.live_len.load(Ordering::Acquire);
        let matches = self.scope.filter.map_or(live, |set| set.len().min(live));
        (outcome.hits.len() as u64) < matches.min(self.k as u64)
    }

    fn scan_tail(&self, query: &Query, scratch: &mut ApproximateScratch) -> u64 {
        let nodes = &*self.era.nodes;
        scratch.tail.begin(2 * self.stop.rank + 64);
        if nodes.pending_len.load(Ordering::Acquire) == 0 {
            return 0;
        }
        let mut measure = Measure {
            layout: nodes.layout,
            target: &query.target,
            products: &mut scratch.walk.products,
            values: &mut scratch.walk.values,
        };
        let mut scanned = 0;
        let tail = &mut scratch.tail;
        let mut compare = |batch: &mut Vec<u32>| {
            scanned += batch.len() as u64;
            // Safety: live nodes have codes, and the search holds its era.
            let values = unsafe { measure.values(self.scoring.kernels, nodes.codes(), batch) };
            for (node, value) in batch.iter().zip(values) {
                tail.insert(Candidate::new(*value, *node));
            }
            batch.clear();
        };
        scratch.batch.clear();
        let pending = nodes.pending.iter(nodes.len());
        for node in pending.filter(|node| nodes.live.contains(*node)) {
            let set = self.scope.filter;
            if set.is_some_and(|set| !set.contains(nodes.slot_of(node))) {
                continue;
            }
            prefetch_row(nodes.code_row(node), nodes.layout.stride);
            scratch.batch.push(node);
            if scratch.batch.len() == BATCH {
                compare(&mut scratch.batch);
            }
        }
        compare(&mut scratch.batch);
        scanned
    }

    /// Walks, and leaves what was found nearest in `scratch.merged`.
    fn walk(&self, query: &Query, scratch: &mut ApproximateScratch) {
        let nodes = &*self.era.nodes;
        match self.scope.filter {
            Some(set) => {
                self.choose_seeds(set, &mut scratch.seeds);
                self.walk_admitting(&AdmitSet { nodes, set }, query, scratch);
            }
            None => {
                scratch.seeds.clear();
                if nodes.dead_len.load(Ordering::Acquire) == 0 {
                    self.walk_admitting(&AdmitAll, query, scratch);
                } else {
                    self.walk_admitting(&AdmitLive(nodes), query, scratch);
                }
            }
        }
    }

    fn walk_admitting<A: Admit>(&self, admit: &A, query: &Query, scratch: &mut ApproximateScratch) {
        Walk {
            kernels: self.scoring.kernels,
            nodes: &self.era.nodes,
            entries: &self.era.entries,
            target: &query.target,
            stop: self.stop,
            hidden: &[],
        }
        .run(admit, &scratch.seeds, &mut scratch.walk);
        let found = scratch.walk.found::<A>();
        let most = found.len().min(2 * self.stop.rank + 64);
        scratch.merged.clear();
        scratch.merged.extend_from_slice(&found[..most]);
    }

    /// Linked nodes of the set, evenly spread over it: where matches are rare near the query, they
    /// give the walk something to start from.
    fn choose_seeds(&self, set: &SlotSet<'_>, seeds: &mut Vec<u32>) {
        let nodes = &*self.era.nodes;
        seeds.clear();
        let mut note = |slot: u32| {
            let node = nodes.node_of(slot);
            seeds.extend(node.filter(|node| nodes.linked.contains(*node)));
        };
        match set {
            SlotSet::List(slots) => slots
                .iter()
                .step_by(slots.len().div_ceil(SEEDS).max(1))
                .for_each(|slot| note(*slot)),
            SlotSet::Bits { words, .. } => words
                .iter()
                .enumerate()
                .step_by(words.len().div_ceil(SEEDS).max(1))
                .filter(|(_, word)| **word != 0)
                .for_each(|(at, word)| note(at as u32 * 64 + word.trailing_zeros())),
        }
    }

    fn merge(&self, scratch: &mut ApproximateScratch) {
        if scratch.tail.candidates().is_empty() {
            return;
        }
        scratch.merged.extend_from_slice(scratch.tail.candidates());
        scratch.merged.sort_unstable_by(|a, b| {
            a.value()
                .total_cmp(&b.value())
                .then(a.node().cmp(&b.node()))
        });
        scratch.merged.dedup_by_key(|candidate| candidate.node());
    }

    /// Scores the k nearest candidates and those that may be as near.
    fn rescore(
        &self,
        query: &mut Query,
        candidates: &[Candidate],
    ) -> Result<Vec<Hit>, VectorReadError> {
        let nodes = &*self.era.nodes;
        let k = self.k + self.scope.exclude.len();
        let limit = self.rescore_limit(query, candidates);
        let mut hits = Vec::with_capacity(2 * k);
        for candidate in candidates.iter().take_while(|found| found.value() <= limit) {
            let slot = nodes.slot_of(candidate.node());
            if self.scope.exclude.contains(&slot) {
                continue;
            }
            let (score, _) = query.score(&self.scoring, slot)?;
            hits.push(Hit { slot, score });
        }
        Ok(hits)
    }

    /// Candidates whose values lie beyond it are not scored exactly.
    pub fn rescore_limit(&self, query: &Query, candidates: &[Candidate]) -> f32 {
        let k = self.k + self.scope.exclude.len();
        match candidates.get(k - 1) {
            Some(last) => last.value() + query.band(&self.era.nodes, last.node()),
            None => f32::INFINITY,
        }
    }
}
