//! What a search answers.

use crate::options::Metric;

/// One result. `score` is exact and means what the metric says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub slot: u32,
    pub score: f32,
}

/// An answer: `min(k, matches)` hits, nearest first; equal scores in ascending order of slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchOutcome {
    pub hits: Vec<Hit>,
    /// True: no other live slot of the set is nearer. False: found by walking the graph.
    pub exact: bool,
    /// Codes compared with the query.
    pub distances: u64,
    /// Rows read and scored in f32.
    pub rescored: u64,
    /// Slots scanned because they are not in the graph yet.
    pub tail_scanned: u64,
}

/// The k nearest of the hits. A slot whose vector is being replaced may have been met twice, under
/// its old and its new node; both were scored from the same row, so they stand side by side.
pub fn rank_hits(mut hits: Vec<Hit>, metric: Metric, k: usize) -> Vec<Hit> {
    hits.sort_unstable_by(|a, b| {
        let order = if metric.higher_is_nearer() {
            b.score.total_cmp(&a.score)
        } else {
            a.score.total_cmp(&b.score)
        };
        order.then(a.slot.cmp(&b.slot))
    });
    hits.dedup_by_key(|hit| hit.slot);
    hits.truncate(k);
    hits
}
