//! Giving nodes new numbers, so that neighbours lie near each other in memory.
//!
//! Nodes are numbered as they come, so a walk jumps over all of memory. Reverse Cuthill-McKee
//! (George 1971) numbers them as a breadth-first pass meets them, those with few links in first,
//! and then back to front: linked nodes get numbers that are near, and more fetches hit pages and
//! lines that are there already. The order is found while everything goes on; then writes pause
//! while the arrays are copied, about 0.2 microseconds a node. Searches go on in the old arrays,
//! which go with the last of them. Numbers that were freed are left out, so the copy also compacts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::entries::EntrySet;
use crate::index::VectorIndex;
use crate::kernels::prefetch_row;
use crate::nodes::{NO_LINK, Nodes};

/// Smaller graphs are in the cache anyway.
const NODES_MIN: u64 = 4096;

/// Rows ahead of the copy that are asked for.
const AHEAD: usize = 8;

impl VectorIndex {
    /// True when enough was linked since the last time for a new order to be worth it, or when half
    /// of the numbers stand for nothing.
    pub(crate) fn renumber_due(&self, since: u64) -> bool {
        let nodes = &self.eras.current().nodes;
        let linked = nodes.linked_len.load(Ordering::Acquire);
        let len = u64::from(nodes.len());
        (linked >= NODES_MIN && since * 3 >= linked) || (len >= NODES_MIN && len >= 2 * linked)
    }

    /// Renumbers; false when something was put or linked meanwhile. Upkeep's lock is held.
    pub(crate) fn renumber(&self) -> bool {
        let era = self.eras.current();
        let old = &*era.nodes;
        let links_done = self.links_done.load(Ordering::Acquire);
        let order = order(old);

        let _gate = self.gate.write().expect("no panic behind the gate");
        let unchanged = self.links_done.load(Ordering::Acquire) == links_done
            && old.pending_len.load(Ordering::Acquire) == 0
            && !old.spares_used();
        if !unchanged {
            return false;
        }
        let new_of = inverse(&order, old.len());
        let nodes = self.copy(old, &order, &new_of);
        let entries = era.entries.nodes().iter();
        let entries = entries.map(|entry| new_of[*entry as usize]);
        let entries = EntrySet::new(&nodes, entries.filter(|entry| *entry != NO_LINK).collect());
        self.free.lock().expect("no panic under the lock").clear();
        self.eras.advance(|era| {
            era.nodes = Arc::new(nodes);
            era.entries = Arc::new(entries);
        });
        true
    }

    fn copy(&self, old: &Nodes, order: &[u32], new_of: &[u32]) -> Nodes {
        let new = Nodes::new(&self.options);
        new.grow(order.len());
        let mut links = Vec::with_capacity(old.links);
        for (node, from) in (0..).zip(order) {
            if let Some(later) = order.get(node as usize + AHEAD) {
                prefetch_row(old.code_row(*later), old.layout.stride);
                old.prefetch_links(*later);
            }
            links.clear();
            links.extend(old.row_links(*from).map(|link| new_of[link as usize]));
            links.retain(|link| *link != NO_LINK);
            let slot = old.slot_of(*from);
            // Safety: the row is written and stays while the era is held.
            let code =
                unsafe { std::slice::from_raw_parts(old.code_row(*from), old.layout.stride) };
            new.write(node, slot, code);
            new.write_links(node, &links);
            new.linked.insert(node);
            if old.live.contains(*from) {
                new.live.insert(node);
                new.bind(slot, node);
            }
        }
        for (to, from) in [
            (&new.live_len, &old.live_len),
            (&new.linked_len, &old.linked_len),
            (&new.dead_len, &old.dead_len),
        ] {
            to.store(from.load(Ordering::Acquire), Ordering::Release);
        }
        new
    }
}

/// The linked nodes in their new order.
fn order(nodes: &Nodes) -> Vec<u32> {
    let len = nodes.len();
    let linked: Vec<u32> = nodes.linked.iter(len).collect();
    let degrees = degrees_in(nodes, &linked);
    let mut starts = linked.clone();
    starts.sort_unstable_by_key(|node| degrees[*node as usize]);

    let mut met = vec![false; len as usize];
    let mut order: Vec<u32> = Vec::with_capacity(linked.len());
    let mut next = 0;
    for start in starts {
        if met[start as usize] {
            continue;
        }
        met[start as usize] = true;
        order.push(start);
        while let Some(node) = order.get(next).copied() {
            next += 1;
            let from = order.len();
            for link in nodes.row_links(node) {
                let linked = (link < len) && nodes.linked.contains(link);
                if linked && !std::mem::replace(&mut met[link as usize], true) {
                    order.push(link);
                }
            }
            order[from..].sort_unstable_by_key(|link| degrees[*link as usize]);
        }
    }
    order.reverse();
    order
}

/// How many rows lead to each node.
fn degrees_in(nodes: &Nodes, linked: &[u32]) -> Vec<u32> {
    let mut degrees = vec![0; nodes.len() as usize];
    for node in linked {
        for link in nodes.row_links(*node) {
            if let Some(degree) = degrees.get_mut(link as usize) {
                *degree += 1;
            }
        }
    }
    degrees
}

/// The new number of each old one; `NO_LINK` for those left out.
fn inverse(order: &[u32], len: u32) -> Vec<u32> {
    let mut new_of = vec![NO_LINK; len as usize];
    for (new, old) in (0..).zip(order) {
        new_of[*old as usize] = new;
    }
    new_of
}

#[cfg(test)]
mod tests;
