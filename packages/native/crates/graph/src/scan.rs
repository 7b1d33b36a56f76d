//! The exact search: the true top k of a set, at the cost of int8 comparisons.
//!
//! Every code knows a bound of its error, so each comparison gives an interval that holds the true
//! value. Three sieves, each narrower and dearer than the one before: a node whose interval begins
//! beyond the k-th smallest upper end is out; what is left is compared with the unquantised query;
//! then rows are read, in the order in which their intervals begin, until the next interval begins
//! beyond the k-th exact value. Nothing that was not read can be nearer.

use std::collections::BinaryHeap;

use crate::kernels::{Kernels, prefetch_row};
use crate::nodes::Nodes;
use crate::options::Metric;
use crate::outcome::{Hit, SearchOutcome, rank_hits};
use crate::pool::Candidate;
use crate::query::{Query, Scoring};
use crate::source::{SlotSet, VectorReadError};
use crate::walk::Measure;

/// Nodes compared in one go; the codes of the next batch are on their way meanwhile.
const BATCH: usize = 64;

/// Candidates that may pile up before those that are out are thrown away.
const PILE: usize = 4096;

#[derive(Default)]
pub struct ScanScratch {
    batch: Vec<u32>,
    next: Vec<u32>,
    products: Vec<i32>,
    values: Vec<f32>,
    sieve: Sieve,
}

/// The nodes that may be among the k nearest, by what is known so far.
#[derive(Default)]
struct Sieve {
    k: usize,
    /// The k smallest upper ends.
    upper: BinaryHeap<Candidate>,
    /// Lower ends.
    kept: Vec<Candidate>,
    pile: usize,
}

impl Sieve {
    fn begin(&mut self, k: usize) {
        self.k = k;
        self.upper.clear();
        self.kept.clear();
        self.pile = PILE;
    }

    /// No node whose interval begins beyond this is among the k nearest.
    #[inline(always)]
    fn limit(&self) -> f32 {
        match self.upper.peek() {
            Some(last) if self.upper.len() == self.k => last.value(),
            Some(_) | None => f32::INFINITY,
        }
    }

    #[inline(always)]
    fn offer(&mut self, node: u32, value: f32, error: f32) {
        let limit = self.limit();
        if value - error > limit {
            return;
        }
        self.kept.push(Candidate::new(value - error, node));
        self.note(Candidate::new(value + error, node), limit);
        if self.kept.len() > self.pile {
            self.sift();
            self.pile = PILE.max(2 * self.kept.len());
        }
    }

    fn note(&mut self, upper: Candidate, limit: f32) {
        if self.upper.len() < self.k {
            self.upper.push(upper);
        } else if upper.value() < limit {
            self.upper.pop();
            self.upper.push(upper);
        }
    }

    fn sift(&mut self) {
        let limit = self.limit();
        self.kept.retain(|kept| kept.value() <= limit);
    }
}

/// Which live nodes a scan looks at.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub filter: Option<&'a SlotSet<'a>>,
    /// Slots left out; few.
    pub exclude: &'a [u32],
}

impl Scope<'_> {
    /// Hands the nodes to `take`: by slot for a small set, else by node, which is the order of
    /// memory.
    pub fn for_nodes(&self, nodes: &Nodes, mut take: impl FnMut(u32)) {
        let keep = |slot: u32| self.exclude.is_empty() || !self.exclude.contains(&slot);
        match self.filter {
            Some(SlotSet::List(slots)) => {
                let slots = slots.iter().copied().filter(|slot| keep(*slot));
                slots.filter_map(|slot| nodes.node_of(slot)).for_each(take);
            }
            Some(SlotSet::Bits { words, len }) if *len < u64::from(nodes.len()) / 4 => {
                let slots = set_bits(words).filter(|slot| keep(*slot));
                slots.filter_map(|slot| nodes.node_of(slot)).for_each(take);
            }
            filter @ (Some(SlotSet::Bits { .. }) | None) => {
                let unfiltered = filter.is_none() && self.exclude.is_empty();
                for node in nodes.live.iter(nodes.len()) {
                    if unfiltered {
                        take(node);
                        continue;
                    }
                    let slot = nodes.slot_of(node);
                    if keep(slot) && filter.is_none_or(|set| set.contains(slot)) {
                        take(node);
                    }
                }
            }
        }
    }
}

fn set_bits(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut word = *word;
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| at as u32 * 64 + word.trailing_zeros())?;
            word &= word - 1;
            Some(bit)
        })
    })
}

/// The true top k of the scope.
pub fn scan(
    nodes: &Nodes,
    scoring: &Scoring<'_>,
    k: usize,
    scope: &Scope<'_>,
    query: &mut Query,
    scratch: &mut ScanScratch,
) -> Result<SearchOutcome, VectorReadError> {
    let distances = compare_all(nodes, scoring.kernels, k, scope, query, scratch);
    let sieve = &mut scratch.sieve;
    sieve.sift();
    refine(nodes, scoring.metric, query, sieve);
    sieve.kept.sort_unstable();
    let hits = read_nearest(nodes, scoring, query, sieve)?;
    let rescored = hits.len() as u64;
    Ok(SearchOutcome {
        hits: rank_hits(hits, scoring.metric, k),
        exact: true,
        distances,
        rescored,
        tail_scanned: 0,
    })
}

/// The first sieve: integer comparisons.
fn compare_all(
    nodes: &Nodes,
    kernels: &Kernels,
    k: usize,
    scope: &Scope<'_>,
    query: &Query,
    scratch: &mut ScanScratch,
) -> u64 {
    let ScanScratch {
        batch,
        next,
        products,
        values,
        sieve,
    } = scratch;
    sieve.begin(k);
    batch.clear();
    next.clear();
    let mut measure = Measure {
        layout: nodes.layout,
        target: &query.target,
        products,
        values,
    };
    let mut compare = |batch: &[u32]| {
        // Safety: live nodes have codes, and the caller holds the era.
        let values = unsafe { measure.values(kernels, nodes.codes(), batch) };
        for (node, value) in batch.iter().zip(values) {
            sieve.offer(*node, *value, query.error(nodes, *node));
        }
    };
    let mut compared = 0;
    scope.for_nodes(nodes, |node| {
        compared += 1;
        prefetch_row(nodes.code_row(node), nodes.layout.stride);
        next.push(node);
        if next.len() == BATCH {
            compare(batch);
            std::mem::swap(batch, next);
            next.clear();
        }
    });
    compare(batch);
    compare(next);
    compared
}

/// The second sieve: the unquantised query.
fn refine(nodes: &Nodes, metric: Metric, query: &Query, sieve: &mut Sieve) {
    let first = std::mem::take(&mut sieve.kept);
    sieve.begin(sieve.k);
    for candidate in first {
        let (value, error) = query.refine(nodes, candidate.node(), metric);
        sieve.offer(candidate.node(), value, error);
    }
    sieve.sift();
}

/// The third sieve: rows.
fn read_nearest(
    nodes: &Nodes,
    scoring: &Scoring<'_>,
    query: &mut Query,
    sieve: &mut Sieve,
) -> Result<Vec<Hit>, VectorReadError> {
    let kept = std::mem::take(&mut sieve.kept);
    sieve.begin(sieve.k);
    let mut hits = Vec::with_capacity(kept.len().min(2 * sieve.k));
    for candidate in &kept {
        let limit = sieve.limit();
        if candidate.value() > limit {
            break;
        }
        let slot = nodes.slot_of(candidate.node());
        let (score, value) = query.score(scoring, slot)?;
        hits.push(Hit { slot, score });
        sieve.note(Candidate::new(value, candidate.node()), limit);
    }
    sieve.kept = kept;
    Ok(hits)
}
