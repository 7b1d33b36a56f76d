//! Which candidates a node links to.
//!
//! Nearest first, a candidate is kept unless one already kept is at least as near to it as the node
//! is: then it is reached through that one (Malkov and Yashunin 2018, algorithm 4, without its
//! factor: widening by 1.2 made the walk worse on every set tried). The row is then filled with the
//! nearest of the rejected, because a place that stays empty still costs its memory and its fetch.
//! Equal distances reject: otherwise many equal vectors would link to nothing but each other.

use crate::codes::Target;
use crate::kernels::{Kernels, prefetch_row};
use crate::nodes::Nodes;
use crate::options::Metric;
use crate::pool::Candidate;
use crate::walk::Measure;

/// Kept rows that a candidate is compared with at once.
const CHUNK: usize = 8;

#[derive(Default)]
pub struct SelectScratch {
    target: Target,
    products: Vec<i32>,
    values: Vec<f32>,
    rejected: Vec<u32>,
    pub selected: Vec<u32>,
}

/// What rows are compared by.
#[derive(Clone, Copy)]
pub struct Geometry<'a> {
    pub kernels: &'a Kernels,
    pub nodes: &'a Nodes,
    pub metric: Metric,
    /// Greatest length of all vectors; only dot uses it.
    pub reach: f32,
}

impl Geometry<'_> {
    /// Makes a node's code the target.
    pub fn aim(&self, target: &mut Target, node: u32) {
        // Safety: the row of a node that the caller knows is written and no longer changes.
        unsafe {
            target.set_row(
                &self.nodes.layout,
                self.metric,
                self.nodes.code_row(node),
                self.reach,
            );
        }
    }

    /// Makes a node's code the target, as if it came as a query.
    pub fn aim_as_query(&self, target: &mut Target, node: u32) {
        self.aim(target, node);
        target.become_query();
    }

    /// What makes a value for this target a squared distance.
    pub fn offset(&self, target: &Target) -> f32 {
        target.offset(self.metric, self.reach)
    }
}

/// Chooses at most `nodes.links` of the candidates, which are sorted by their distance to a node
/// whose values have this `offset`. The choice is `scratch.selected`.
pub fn select(
    geometry: &Geometry<'_>,
    candidates: &[Candidate],
    offset: f32,
    scratch: &mut SelectScratch,
) {
    let links = geometry.nodes.links;
    let SelectScratch {
        target,
        products,
        values,
        rejected,
        selected,
    } = scratch;
    selected.clear();
    rejected.clear();
    for candidate in candidates.iter().take(CHUNK) {
        prefetch_row(
            geometry.nodes.code_row(candidate.node()),
            geometry.nodes.layout.stride,
        );
    }
    for (at, candidate) in candidates.iter().enumerate() {
        if selected.len() == links {
            return;
        }
        if let Some(later) = candidates.get(at + CHUNK) {
            prefetch_row(
                geometry.nodes.code_row(later.node()),
                geometry.nodes.layout.stride,
            );
        }
        geometry.aim(target, candidate.node());
        // Differences of offsets are exact for equal vectors, sums are not.
        let bound = candidate.value() + (offset - geometry.offset(target));
        let mut measure = Measure {
            layout: geometry.nodes.layout,
            target,
            products,
            values,
        };
        let reached = selected.chunks(CHUNK).any(|kept| {
            // Safety: candidates are nodes whose codes are written.
            let values = unsafe { measure.values(geometry.kernels, geometry.nodes.codes(), kept) };
            values.iter().any(|value| *value <= bound)
        });
        if reached {
            rejected.push(candidate.node());
        } else {
            selected.push(candidate.node());
        }
    }
    let places = links - selected.len();
    selected.extend(rejected.iter().take(places));
}
