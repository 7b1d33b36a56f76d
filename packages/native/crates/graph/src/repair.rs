//! Taking removed nodes out of the graph, while everything else goes on.
//!
//! A removed node is hidden at once but still walked through: its links hold the graph together.
//! When one in twenty is dead, a round begins:
//!
//! 1. Mark: note the dead, and draw entries among the living. A new era begins; when the old one is
//!    over, every link operation sees these nodes as dead and gives none of them a new link.
//! 2. Sweep: every living row that leads to a marked node is chosen anew among its living links and
//!    the living links of its dead ones, which is where the walk would have gone through them. What
//!    it newly links to links back, or nodes whose neighbours died would be linked by nobody.
//! 3. Free: no row leads to a marked node now. A new era begins; when the old one is over, nobody
//!    can hold their numbers, and they may be allotted again.
//!
//! Invariant: a number is free only if no row leads to it and no running search has met it.

use std::sync::atomic::Ordering;

use crate::build::{BuildScratch, choose_again, link_back};
use crate::index::VectorIndex;
use crate::nodes::Nodes;
use crate::select::Geometry;

/// Rows swept in one step.
const ROWS: u32 = 2048;

/// A round begins when the dead are more than one in so many nodes.
const DEAD_SHARE: u64 = 20;

/// Where a round of repair stands.
#[derive(Default)]
pub enum Repair {
    #[default]
    Resting,
    /// Waits for the end of an era, then sweeps.
    Marked {
        doomed: Doomed,
        era: u64,
    },
    Sweeping {
        doomed: Doomed,
        cursor: u32,
    },
    /// Waits for the end of an era, then frees.
    Swept {
        doomed: Doomed,
        era: u64,
    },
}

impl Repair {
    pub fn is_resting(&self) -> bool {
        matches!(self, Repair::Resting)
    }
}

/// The nodes of one round.
pub struct Doomed {
    words: Vec<u64>,
    /// Bound of the nodes that there were: later ones lead to none of these.
    len: u32,
}

impl Doomed {
    fn mark(nodes: &Nodes) -> Self {
        let len = nodes.len();
        let mut words = vec![0; len.div_ceil(64) as usize];
        for (at, word) in words.iter_mut().enumerate() {
            let linked = nodes.linked.word(at).load(Ordering::Acquire);
            *word = linked & !nodes.live.word(at).load(Ordering::Acquire);
        }
        Self { words, len }
    }

    fn contains(&self, node: u32) -> bool {
        let word = self.words.get(node as usize / 64);
        word.is_some_and(|word| word >> (node % 64) & 1 == 1)
    }
}

impl VectorIndex {
    /// One step of repair; false when there was nothing to do, or someone must first finish.
    pub(crate) fn repair_step(&self, repair: &mut Repair, scratch: &mut BuildScratch) -> bool {
        let _gate = self.gate.read().expect("no panic behind the gate");
        let era = self.eras.current();
        let nodes = &*era.nodes;
        match std::mem::take(repair) {
            Repair::Resting => {
                if !repair_due(nodes) {
                    return false;
                }
                let doomed = Doomed::mark(nodes);
                let mut turn = self.entry_turn.lock().expect("no panic under the lock");
                let era = self.draw_entries(nodes, &mut turn);
                *repair = Repair::Marked { doomed, era };
            }
            Repair::Marked {
                doomed,
                era: wanted,
            } => {
                drop(era);
                if !self.eras.is_over(wanted) {
                    *repair = Repair::Marked {
                        doomed,
                        era: wanted,
                    };
                    return false;
                }
                *repair = Repair::Sweeping { doomed, cursor: 0 };
            }
            Repair::Sweeping { doomed, cursor } => {
                let to = doomed.len.min(cursor + ROWS);
                let geometry = self.geometry(nodes);
                for node in cursor..to {
                    repair_row(&geometry, &doomed, node, scratch);
                }
                *repair = if to < doomed.len {
                    Repair::Sweeping { doomed, cursor: to }
                } else {
                    let era = self.eras.advance(|_| ());
                    Repair::Swept { doomed, era }
                };
            }
            Repair::Swept {
                doomed,
                era: wanted,
            } => {
                drop(era);
                if !self.eras.is_over(wanted) {
                    *repair = Repair::Swept {
                        doomed,
                        era: wanted,
                    };
                    return false;
                }
                self.free_nodes(&doomed);
            }
        }
        true
    }

    fn free_nodes(&self, doomed: &Doomed) {
        let era = self.eras.current();
        let nodes = &*era.nodes;
        let mut free = self.free.lock().expect("no panic under the lock");
        for node in (0..doomed.len).filter(|node| doomed.contains(*node)) {
            nodes.linked.remove(node);
            nodes.linked_len.fetch_sub(1, Ordering::AcqRel);
            nodes.dead_len.fetch_sub(1, Ordering::AcqRel);
            free.push(node);
        }
    }
}

fn repair_due(nodes: &Nodes) -> bool {
    let dead = nodes.dead_len.load(Ordering::Acquire);
    dead > 0 && dead * DEAD_SHARE >= u64::from(nodes.len())
}

/// Chooses the links of a node anew if one of them is doomed.
fn repair_row(geometry: &Geometry<'_>, doomed: &Doomed, node: u32, scratch: &mut BuildScratch) {
    let nodes = geometry.nodes;
    if !nodes.live.contains(node) || !nodes.linked.contains(node) {
        // A dead node's own row matters only if the node lives on past this round.
        if !doomed.contains(node) && nodes.linked.contains(node) {
            drop_doomed(nodes, doomed, node);
        }
        return;
    }
    let mut before = Vec::new();
    nodes.links_into(node, &mut before);
    if !before.iter().any(|link| doomed.contains(*link)) {
        return;
    }
    let mut more = Vec::new();
    for dead in before.iter().filter(|link| doomed.contains(**link)) {
        nodes.links_into(*dead, &mut more);
    }
    {
        let _row = nodes.lock_row(node);
        choose_again(geometry, node, &more, scratch);
    }
    let gained = nodes.row_links(node).filter(|link| !before.contains(link));
    let gained: Vec<u32> = gained.collect();
    for link in gained {
        link_back(geometry, link, node, scratch);
    }
}

/// Leaves the links to doomed nodes out of a row.
fn drop_doomed(nodes: &Nodes, doomed: &Doomed, node: u32) {
    let _row = nodes.lock_row(node);
    let mut links = Vec::new();
    nodes.links_into(node, &mut links);
    links.retain(|link| !doomed.contains(*link));
    links.truncate(nodes.links);
    nodes.write_links(node, &links);
}

#[cfg(test)]
mod tests;
