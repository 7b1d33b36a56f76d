//! The reading half of `VectorIndex`: plan, search, scan.

use crate::index::VectorIndex;
use crate::outcome::SearchOutcome;
use crate::query::{Query, Scoring};
use crate::scan::{ScanScratch, Scope, scan};
use crate::search::{Approximate, ApproximateScratch};
use crate::source::{SlotSet, VectorReadError, VectorSource};
use std::sync::atomic::Ordering;

/// What a search aims at.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams<'a> {
    /// Number of hits wanted, 1 or more.
    pub k: usize,
    /// Share of the true top k to find, .80 to .999, when the answer is approximate.
    pub target_recall: f32,
    /// Slots never to return. Few: each candidate is compared with all of them.
    pub exclude: &'a [u32],
}

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
pub enum Plan {
    /// Nothing matches: the answer is empty and exact.
    Empty,
    /// `VectorIndex::scan`: as fast as the walk, and exact.
    Scan,
    /// `VectorIndex::search`.
    Walk,
}

/// Memory of one search thread, reused from call to call.
#[derive(Default)]
pub struct SearchScratch {
    query: Query,
    approximate: ApproximateScratch,
    scan: ScanScratch,
}

/// Codes of 128 bytes that a scan compares in the time of an unfiltered walk for a recall of .95.
const SCAN_FOR_WALK: f32 = 8_000.0;

/// The same for a walk under a filter that lets a tenth through: it walks past nine others for each
/// match.
const SCAN_FOR_FILTERED_WALK: f32 = 30_000.0;

impl VectorIndex {
    /// The cheaper way to answer. A walk costs about the same whatever the number of vectors, a
    /// scan grows with the matches; longer codes favour the walk, whose fetches overlap better, and
    /// a higher recall the scan.
    pub fn plan(&self, request: PlanRequest) -> Plan {
        let nodes = &self.eras.current().nodes;
        let live = nodes.live_len.load(Ordering::Acquire);
        let (matches, at_128) = match request.matches {
            Some(matches) => (matches.min(live), SCAN_FOR_FILTERED_WALK),
            None => (live, SCAN_FOR_WALK),
        };
        if matches == 0 {
            return Plan::Empty;
        }
        let lines = nodes.layout.stride as f32 / 128.0;
        let for_recall = 1.0 + ((request.target_recall - 0.95) / 0.04).clamp(-0.5, 2.0);
        let for_k = (request.k as f32 / 10.0).max(1.0).sqrt();
        let crossover = at_128 * for_recall * for_k / lines.sqrt();
        // Half the set or more in the tail: the scan of it is the greater part anyway.
        let tail = nodes.pending_len.load(Ordering::Acquire);
        if matches as f32 <= crossover || tail >= live / 2 {
            Plan::Scan
        } else {
            Plan::Walk
        }
    }

    /// Walks the graph, scans what is not in it yet, and scores the best candidates exactly. Falls
    /// back to `scan` when that finds fewer than match.
    pub fn search(
        &self,
        query: &[f32],
        params: &SearchParams<'_>,
        filter: Option<&SlotSet<'_>>,
        source: &dyn VectorSource,
        scratch: &mut SearchScratch,
    ) -> Result<SearchOutcome, VectorReadError> {
        assert!(params.k > 0, "k is 1 or more");
        let era = self.eras.current();
        let prepared = &mut scratch.query;
        prepared.set(query, self.options.metric, &self.rotation, &era.nodes);
        let offset = prepared.target.offset(self.options.metric, self.reach());
        let rank = params.k + params.exclude.len();
        let search = Approximate {
            era: &era,
            scoring: self.scoring(source),
            k: params.k,
            stop: era.tuning.stop(rank, params.target_recall, offset),
            scope: Scope {
                filter,
                exclude: params.exclude,
            },
        };
        let outcome = search.run(prepared, &mut scratch.approximate)?;
        let live = era.nodes.live_len.load(Ordering::Acquire);
        let matches = filter.map_or(live, |set| set.len().min(live));
        if (outcome.hits.len() as u64) < matches.min(params.k as u64) {
            let tail_scanned = outcome.tail_scanned;
            drop(era);
            let outcome = self.scan(query, params, filter, source, scratch)?;
            return Ok(SearchOutcome {
                tail_scanned,
                ..outcome
            });
        }
        Ok(outcome)
    }

    /// The true top k of the live slots of the set.
    pub fn scan(
        &self,
        query: &[f32],
        params: &SearchParams<'_>,
        filter: Option<&SlotSet<'_>>,
        source: &dyn VectorSource,
        scratch: &mut SearchScratch,
    ) -> Result<SearchOutcome, VectorReadError> {
        assert!(params.k > 0, "k is 1 or more");
        let era = self.eras.current();
        let prepared = &mut scratch.query;
        prepared.set(query, self.options.metric, &self.rotation, &era.nodes);
        let scope = Scope {
            filter,
            exclude: params.exclude,
        };
        scan(
            &era.nodes,
            &self.scoring(source),
            params.k,
            &scope,
            prepared,
            &mut scratch.scan,
        )
    }

    fn scoring<'a>(&self, source: &'a dyn VectorSource) -> Scoring<'a> {
        Scoring {
            metric: self.options.metric,
            kernels: self.kernels,
            source,
        }
    }
}

#[cfg(test)]
mod tests;
