//! Linking: how a node gets into the graph.
//!
//! A walk towards the node's own code finds its surroundings; `select` chooses its links; each of
//! those gets a link back. A full row puts what comes back into its spare places, and only when
//! those are full too is it chosen anew, which spreads that cost over several links.

use crate::codes::Target;
use crate::entries::EntrySet;
use crate::nodes::NO_LINK;
use crate::pool::Candidate;
use crate::select::{Geometry, SelectScratch, select};
use crate::walk::{AdmitAll, Measure, Stop, Walk, WalkScratch};
use std::sync::atomic::Ordering;

/// Memory of one index thread, reused from call to call.
#[derive(Default)]
pub struct BuildScratch {
    target: Target,
    walk: WalkScratch,
    select: SelectScratch,
    candidates: Vec<Candidate>,
    links: Vec<u32>,
    known: Vec<u32>,
    links_until_repair: u32,
}

/// Links between two steps of repair in a thread that always has something to link.
const LINKS_PER_REPAIR: u32 = 64;

impl BuildScratch {
    /// True once in so many calls.
    pub(crate) fn repair_is_next(&mut self) -> bool {
        match self.links_until_repair.checked_sub(1) {
            Some(left) => self.links_until_repair = left,
            None => self.links_until_repair = LINKS_PER_REPAIR - 1,
        }
        self.links_until_repair == LINKS_PER_REPAIR - 1
    }
}

/// Finds links for the node and links back. The node may be in the graph already: then its links
/// are chosen anew.
pub fn link(
    geometry: &Geometry<'_>,
    entries: &EntrySet,
    width: usize,
    node: u32,
    scratch: &mut BuildScratch,
) {
    let nodes = geometry.nodes;
    geometry.aim(&mut scratch.target, node);
    let offset = geometry.offset(&scratch.target);
    Walk {
        kernels: geometry.kernels,
        nodes,
        entries,
        target: &scratch.target,
        stop: Stop {
            rank: width,
            stretch: 1.0,
            offset,
            capacity: width,
            expansions_min: 0,
        },
        hidden: &[node],
    }
    .run(&AdmitAll, &[], &mut scratch.walk);
    let found = scratch.walk.found::<AdmitAll>().iter().copied();
    scratch.candidates.clear();
    scratch
        .candidates
        .extend(found.filter(|found| nodes.live.contains(found.node())));
    select(geometry, &scratch.candidates, offset, &mut scratch.select);

    scratch.links.clear();
    scratch.links.extend_from_slice(&scratch.select.selected);
    {
        let _row = nodes.lock_row(node);
        nodes.write_links(node, &scratch.links);
    }
    for at in 0..scratch.links.len() {
        link_back(geometry, scratch.links[at], node, scratch);
    }
}

/// Lets `from` link to `to`, choosing all its links anew when there is no place.
pub fn link_back(geometry: &Geometry<'_>, from: u32, to: u32, scratch: &mut BuildScratch) {
    let nodes = geometry.nodes;
    let _row = nodes.lock_row(from);
    scratch.known.clear();
    nodes.links_into(from, &mut scratch.known);
    if scratch.known.contains(&to) || nodes.push_link(from, to) {
        return;
    }
    choose_again(geometry, from, &[to], scratch);
}

/// Chooses the links of a node among those it has and `more`. Under the row's lock.
pub fn choose_again(geometry: &Geometry<'_>, node: u32, more: &[u32], scratch: &mut BuildScratch) {
    let nodes = geometry.nodes;
    let mut links = std::mem::take(&mut scratch.known);
    links.clear();
    nodes.links_into(node, &mut links);
    links.extend_from_slice(more);
    links.retain(|link| *link != node && nodes.live.contains(*link));
    links.sort_unstable();
    links.dedup();
    let offset = rank(geometry, node, &links, scratch);
    select(geometry, &scratch.candidates, offset, &mut scratch.select);
    nodes.write_links(node, &scratch.select.selected);
    scratch.known = links;
}

/// Sorts these nodes by their distance to `node` into `scratch.candidates`; answers the offset of
/// their values.
fn rank(geometry: &Geometry<'_>, node: u32, others: &[u32], scratch: &mut BuildScratch) -> f32 {
    let nodes = geometry.nodes;
    geometry.aim(&mut scratch.target, node);
    let mut measure = Measure {
        layout: nodes.layout,
        target: &scratch.target,
        products: &mut scratch.walk.products,
        values: &mut scratch.walk.values,
    };
    // Safety: links lead to nodes whose codes are written.
    let values = unsafe { measure.values(geometry.kernels, nodes.codes(), others) };
    let ranked = others.iter().zip(values);
    scratch.candidates.clear();
    scratch
        .candidates
        .extend(ranked.map(|(other, value)| Candidate::new(*value, *other)));
    scratch.candidates.sort_unstable();
    geometry.offset(&scratch.target)
}

/// True when the node's spare places hold links.
pub fn has_spares(geometry: &Geometry<'_>, node: u32) -> bool {
    let nodes = geometry.nodes;
    nodes.spares_used()
        && nodes.row(node)[nodes.links - 1].load(Ordering::Relaxed) != NO_LINK
        && nodes.spare_row(node)[0].load(Ordering::Relaxed) != 0
}
