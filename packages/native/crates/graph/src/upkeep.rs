//! What index threads do when nothing waits to be linked: one bounded step a call.
//!
//! 1. Repair (repair.rs): removed nodes are taken out of the graph.
//! 2. Fold: rows with links in spare places are chosen anew, so that searches need not look there.
//! 3. Give back: when no row has any, the memory of the spare places goes back to the system.
//! 4. Reach (reach.rs): nodes that no row leads to any more are linked anew.
//! 5. Renumber (renumber.rs): neighbours move near each other.

use std::sync::atomic::Ordering;

use crate::build::{BuildScratch, choose_again, has_spares};
use crate::index::VectorIndex;
use crate::nodes::Nodes;
use crate::repair::Repair;

/// Rows looked at in one step.
const ROWS: u32 = 4096;

/// What one call of `VectorIndex::maintain` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Did one bounded step; call again.
    Worked,
    /// Nothing to do until something is put, linked or removed.
    Idle,
}

/// Where upkeep stands.
#[derive(Default)]
pub struct Upkeep {
    repair: Repair,
    /// Next row to be folded.
    fold_cursor: u32,
    /// Rows changed since the nodes were last checked for being reachable.
    reach_due: bool,
}

impl VectorIndex {
    /// One bounded step of upkeep. Any thread, while nothing waits to be linked; one works at a
    /// time, the others are told `Idle`.
    pub fn maintain(&self, scratch: &mut BuildScratch) -> Maintenance {
        let Ok(mut upkeep) = self.upkeep.try_lock() else {
            return Maintenance::Idle;
        };
        if self.repair_step(&mut upkeep.repair, scratch) {
            return Maintenance::Worked;
        }
        if self.unlinked_len() > 0 {
            return Maintenance::Idle;
        }
        let spares_used = {
            let era = self.eras.current();
            era.nodes.spares_used()
        };
        if spares_used {
            self.fold_some(&mut upkeep, scratch);
            upkeep.reach_due = true;
            return Maintenance::Worked;
        }
        if upkeep.reach_due {
            upkeep.reach_due = false;
            self.reach_all(scratch);
            return Maintenance::Worked;
        }
        if self.renumber_due() && upkeep.repair.is_resting() && self.renumber() {
            upkeep.fold_cursor = 0;
            return Maintenance::Worked;
        }
        Maintenance::Idle
    }

    /// One step of repair, unless someone is at it.
    pub(crate) fn repair_now_and_then(&self, scratch: &mut BuildScratch) {
        if let Ok(mut upkeep) = self.upkeep.try_lock() {
            self.repair_step(&mut upkeep.repair, scratch);
        }
    }

    fn fold_some(&self, upkeep: &mut Upkeep, scratch: &mut BuildScratch) {
        let era = self.eras.current();
        let nodes = &*era.nodes;
        if upkeep.fold_cursor >= nodes.len() {
            upkeep.fold_cursor = 0;
            self.give_spares_back(nodes);
            return;
        }
        let _gate = self.gate.read().expect("no panic behind the gate");
        let to = nodes.len().min(upkeep.fold_cursor + ROWS);
        let geometry = self.geometry(nodes);
        for node in upkeep.fold_cursor..to {
            if has_spares(&geometry, node) {
                let _row = nodes.lock_row(node);
                choose_again(&geometry, node, &[], scratch);
            }
        }
        upkeep.fold_cursor = to;
    }

    fn give_spares_back(&self, nodes: &Nodes) {
        let _gate = self.gate.write().expect("no panic behind the gate");
        let left =
            (0..nodes.len()).any(|node| nodes.spare_row(node)[0].load(Ordering::Relaxed) != 0);
        if !left {
            nodes.clear_spares();
        }
    }
}
