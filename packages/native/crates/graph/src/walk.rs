//! The walk through the graph, the loop that everything else is paid by.
//!
//! Simple version: keep the nearest nodes seen, expand the nearest one not expanded yet, stop when
//! the nearest `width` are all expanded. That spends as much on an easy query as on a hard one.
//! What is done instead (Al-Jazzazi et al. 2025): with d the distance of the candidate of rank
//! `rank` so far, nothing beyond `(1 + g) d` is kept or expanded, so an easy query stops early; a
//! linking walk uses the fixed width. Each step expands two rows, so that fetching one hides
//! behind the other, marks what it meets, asks memory for all codes at once, and only then
//! compares.

use crate::codes::{CodeLayout, Target};
use crate::entries::EntrySet;
use crate::kernels::{CodeRows, Kernels, prefetch_row};
use crate::nodes::Nodes;
use crate::pool::{Candidate, Pool};
use crate::visited::Visited;

/// Entries from which a walk starts.
const STARTS: usize = 2;

/// When a walk ends.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Rank of the candidate whose distance sets the limit.
    pub rank: usize,
    /// (1 + g)^2: squared distances up to this multiple of that candidate's are of interest. 1 for
    /// a walk of fixed width `rank`.
    pub stretch: f32,
    /// What makes a value a squared distance.
    pub offset: f32,
    /// Candidates kept at most.
    pub capacity: usize,
    /// Rows expanded before the limit counts.
    pub expansions_min: usize,
}

/// Which nodes may become results. All others are only walked through.
pub trait Admit {
    /// True when every node is admitted, so that asking is not worth it.
    const ALL: bool;
    fn admits(&self, node: u32) -> bool;
}

pub struct AdmitAll;

impl Admit for AdmitAll {
    const ALL: bool = true;

    fn admits(&self, _node: u32) -> bool {
        true
    }
}

/// A target, and buffers to compare many rows with it.
pub struct Measure<'a> {
    pub layout: CodeLayout,
    pub target: &'a Target,
    pub products: &'a mut Vec<i32>,
    pub values: &'a mut Vec<f32>,
}

impl Measure<'_> {
    /// # Safety
    /// Each row named is a row of the layout that is written and no longer changes.
    #[inline(always)]
    pub unsafe fn values(&mut self, kernels: &Kernels, rows: CodeRows, named: &[u32]) -> &[f32] {
        self.products.resize(named.len(), 0);
        // Safety: promised by the caller; a row is at least as long as the query.
        unsafe {
            kernels.dot_many(self.target.int_query(), rows, named, self.products);
            self.target
                .values(&self.layout, rows, named, self.products, self.values);
        }
        self.values
    }
}

/// Memory of walks, reused.
#[derive(Default)]
pub struct WalkScratch {
    visited: Visited,
    pool: Pool,
    /// The nearest admitted candidates, when not all are admitted.
    admitted: Pool,
    pub products: Vec<i32>,
    pub values: Vec<f32>,
}

impl WalkScratch {
    /// Nearest first: what the last walk found, among them the whole pool when it admitted all.
    pub fn found<A: Admit>(&self) -> &[Candidate] {
        if A::ALL {
            self.pool.candidates()
        } else {
            self.admitted.candidates()
        }
    }

    /// Codes that the last walk compared.
    pub fn compared(&self) -> usize {
        self.visited.met().len()
    }

    /// Nodes that the last walk met, in order.
    pub fn met(&self) -> &[u32] {
        self.visited.met()
    }
}

/// Everything about a walk but its memory.
pub struct Walk<'a> {
    pub kernels: &'a Kernels,
    pub nodes: &'a Nodes,
    pub entries: &'a EntrySet,
    pub target: &'a Target,
    pub stop: Stop,
    /// Nodes that the walk takes as absent.
    pub hidden: &'a [u32],
}

impl Walk<'_> {
    /// Walks from the entries, and from `seeds`, towards the target. The result is
    /// `scratch.found()`.
    pub fn run<A: Admit>(&self, admit: &A, seeds: &[u32], scratch: &mut WalkScratch) {
        let WalkScratch {
            visited,
            pool,
            admitted,
            products,
            values,
        } = scratch;
        visited.begin(self.nodes.len());
        pool.begin(self.stop.capacity);
        admitted.begin(self.stop.rank * 2 + 64);
        let mut measure = Measure {
            layout: self.nodes.layout,
            target: self.target,
            products,
            values,
        };
        let mut front = Front {
            pool,
            admitted,
            admit,
            stop: self.stop,
            limit: f32::MAX,
            nodes: self.nodes,
        };
        self.start(seeds, visited, &mut measure, &mut front);
        let mut expanded = 0;
        loop {
            let limit = front.limit_after(expanded);
            let Some(first) = front.pool.expand_next(limit) else {
                break;
            };
            let second = front.pool.expand_next(limit);
            expanded += 1 + usize::from(second.is_some());
            front.prefetch_next_rows();
            let from = visited.met().len();
            meet_links(self.nodes, visited, first);
            if let Some(second) = second {
                meet_links(self.nodes, visited, second);
            }
            front.compare(self.kernels, &mut measure, &visited.met()[from..]);
        }
    }

    fn start<A: Admit>(
        &self,
        seeds: &[u32],
        visited: &mut Visited,
        measure: &mut Measure<'_>,
        front: &mut Front<'_, A>,
    ) {
        for node in self.hidden {
            visited.meet(*node);
        }
        let mut best = [Candidate::new(0.0, 0); STARTS];
        for start in self.entries.nearest(self.kernels, measure, &mut best) {
            if !self.hidden.contains(&start.node()) {
                visited.meet(start.node());
                front.offer(*start);
            }
        }
        let from = visited.met().len();
        for seed in seeds {
            visited.meet(*seed);
        }
        front.compare(self.kernels, measure, &visited.met()[from..]);
    }
}

/// Notes the links of a node and asks memory for the codes of those not met before.
#[inline(always)]
fn meet_links(nodes: &Nodes, visited: &mut Visited, node: u32) {
    let from = visited.met().len();
    visited.meet_all(nodes.row_links(node), nodes.links);
    if nodes.spares_used() {
        visited.meet_all(nodes.spare_links(node), nodes.spares);
    }
    nodes.acquire_codes();
    let rows = nodes.codes();
    for link in &visited.met()[from..] {
        prefetch_row(rows.address(*link), rows.stride);
    }
}

/// The candidates of one walk and the limit they set.
struct Front<'a, A: Admit> {
    pool: &'a mut Pool,
    admitted: &'a mut Pool,
    admit: &'a A,
    stop: Stop,
    /// Values above are of no interest.
    limit: f32,
    nodes: &'a Nodes,
}

impl<A: Admit> Front<'_, A> {
    #[inline(always)]
    fn compare(&mut self, kernels: &Kernels, measure: &mut Measure<'_>, met: &[u32]) {
        // Safety: nodes that were met are in the graph, so their codes are written, and the walk
        // holds its era.
        let values = unsafe { measure.values(kernels, self.nodes.codes(), met) };
        for (node, value) in met.iter().zip(values) {
            if *value <= self.limit {
                self.offer(Candidate::new(*value, *node));
            }
        }
    }

    #[inline(always)]
    fn offer(&mut self, candidate: Candidate) {
        let Some(place) = self.pool.insert(candidate) else {
            return;
        };
        if place <= self.pool.cursor() + 1 {
            self.nodes.prefetch_links(candidate.node());
        }
        if A::ALL {
            if place < self.stop.rank {
                self.lower_limit(self.pool.value_at(self.stop.rank));
            }
        } else if self.admit.admits(candidate.node())
            && self
                .admitted
                .insert(candidate)
                .is_some_and(|place| place < self.stop.rank)
        {
            self.lower_limit(self.admitted.value_at(self.stop.rank));
        }
    }

    #[inline(always)]
    fn lower_limit(&mut self, worst: Option<f32>) {
        let Some(worst) = worst else { return };
        self.limit = if self.stop.stretch == 1.0 {
            worst
        } else {
            self.stop.stretch * (worst + self.stop.offset) - self.stop.offset
        };
    }

    /// The limit that counts after so many expansions.
    fn limit_after(&self, expanded: usize) -> f32 {
        if expanded < self.stop.expansions_min {
            f32::MAX
        } else {
            self.limit
        }
    }

    #[inline(always)]
    fn prefetch_next_rows(&self) {
        for next in self.pool.coming() {
            self.nodes.prefetch_links(next);
        }
    }
}
