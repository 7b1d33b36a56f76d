//! The reading half of `VectorIndex`: search, scan.

use crate::era::Era;
use crate::index::VectorIndex;
use crate::outcome::SearchOutcome;
use crate::plan::share_of;
use crate::query::{Query, Scoring};
use crate::scan::{ScanScratch, Scope, scan};
use crate::search::{Approximate, ApproximateScratch};
use crate::source::{SlotSet, VectorReadError, VectorSource};

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

/// Memory of one search thread, reused from call to call.
#[derive(Default)]
pub struct SearchScratch {
    pub(crate) query: Query,
    pub(crate) approximate: ApproximateScratch,
    scan: ScanScratch,
}

impl VectorIndex {
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
        let search = self.approximate(query, params, filter, source, &era, &mut scratch.query);
        let outcome = search.run(&mut scratch.query, &mut scratch.approximate)?;
        let share = share_of(&era.nodes, filter.map(SlotSet::len));
        let walked = outcome.distances - outcome.tail_scanned;
        self.walks.note(search.stop.expansions_min, share, walked);
        if search.falls_short(&outcome) {
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

    /// Prepares the query, and says how it is searched for.
    pub(crate) fn approximate<'a>(
        &self,
        query: &[f32],
        params: &SearchParams<'a>,
        filter: Option<&'a SlotSet<'a>>,
        source: &'a dyn VectorSource,
        era: &'a Era,
        prepared: &mut Query,
    ) -> Approximate<'a> {
        prepared.set(query, self.options.metric, &self.rotation, &era.nodes);
        let offset = prepared.target.offset(self.options.metric, self.reach());
        let rank = params.k + params.exclude.len();
        Approximate {
            era,
            scoring: self.scoring(source),
            k: params.k,
            stop: era.tuning.stop(rank, params.target_recall, offset),
            scope: Scope {
                filter,
                exclude: params.exclude,
            },
        }
    }

    pub(crate) fn scoring<'a>(&self, source: &'a dyn VectorSource) -> Scoring<'a> {
        Scoring {
            metric: self.options.metric,
            kernels: self.kernels,
            source,
        }
    }
}

#[cfg(test)]
mod tests;
