//! Nodes that no walk can meet.
//!
//! Rows choose their links among many, so it happens that every row drops the link to some node;
//! removals do the rest. Such a node is live, linked, and never found. A pass from the entries
//! along all links tells who they are; each is linked anew, and then its nearest neighbour gives it
//! a place for certain: that of its last link, which the row was only filled with.

use crate::build::{BuildScratch, link};
use crate::entries::EntrySet;
use crate::index::VectorIndex;
use crate::nodes::Nodes;
use crate::select::Geometry;

impl VectorIndex {
    /// Links the nodes anew that cannot be reached. Those that this cuts off in turn, few of few,
    /// are found by the next pass.
    pub(crate) fn reach_all(&self, scratch: &mut BuildScratch) {
        let era = self.eras.current();
        let lost = unreached(&era.nodes, &era.entries);
        let geometry = self.geometry(&era.nodes);
        for node in &lost {
            let _gate = self.gate.read().expect("no panic behind the gate");
            if !era.nodes.live.contains(*node) {
                continue;
            }
            link(
                &geometry,
                &era.entries,
                self.options.build_width,
                *node,
                scratch,
            );
            let nearest = era.nodes.row_links(*node).next();
            if let Some(nearest) = nearest {
                lead_to(&geometry, nearest, *node);
            }
        }
    }
}

/// The live nodes of the graph that no path from the entries leads to.
fn unreached(nodes: &Nodes, entries: &EntrySet) -> Vec<u32> {
    let len = nodes.len();
    let mut met = vec![false; len as usize];
    let mut front: Vec<u32> = entries.nodes().to_vec();
    front.iter().for_each(|node| met[*node as usize] = true);
    let mut links = Vec::new();
    while let Some(node) = front.pop() {
        links.clear();
        nodes.links_into(node, &mut links);
        for link in &links {
            // Nodes that came after the pass began are not its concern.
            if met.get(*link as usize) == Some(&false) {
                met[*link as usize] = true;
                front.push(*link);
            }
        }
    }
    let lost = (0..len).filter(|node| !met[*node as usize]);
    lost.filter(|node| nodes.live.contains(*node) && nodes.linked.contains(*node))
        .collect()
}

/// Makes sure that a row has a link, in the place of its last one when it is full.
fn lead_to(geometry: &Geometry<'_>, from: u32, to: u32) {
    let nodes = geometry.nodes;
    let _row = nodes.lock_row(from);
    let mut links: Vec<u32> = nodes.row_links(from).collect();
    if links.contains(&to) {
        return;
    }
    links.truncate(nodes.links - 1);
    links.push(to);
    nodes.write_row(from, &links);
}
