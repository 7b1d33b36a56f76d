//! What index threads do when nothing waits to be linked: one bounded step a call.
//!
//! 1. Repair (repair.rs): removed nodes are taken out of the graph.
//! 2. Fold: rows with links in spare places are chosen anew, so that searches need not look there;
//!    when no row has any, the memory of the spare places goes back to the system.
//! 3. Reach (reach.rs): nodes that no row leads to any more are linked anew.
//! 4. Renumber (renumber.rs): neighbours move near each other.
//! 5. Fit (tune.rs): walks learn how far to look.

use std::sync::atomic::Ordering;

use crate::build::{BuildScratch, choose_again, has_spares};
use crate::index::VectorIndex;
use crate::nodes::Nodes;
use crate::repair::Repair;
use crate::tune::{Fit, FitScratch};

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
    /// `links_done` when nodes were last numbered by neighbourhood.
    renumbered_at: u64,
    fit: Fit,
    fit_scratch: FitScratch,
    /// `links_done` at the last fit.
    fitted_at: u64,
}

/// How much was linked since the long jobs; goes through checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinksSince {
    pub renumbering: u64,
    pub fit: u64,
}

impl Upkeep {
    pub fn links_since(&self, links_done: u64) -> LinksSince {
        LinksSince {
            renumbering: links_done - self.renumbered_at,
            fit: links_done - self.fitted_at,
        }
    }

    /// Takes over from a checkpoint; answers `links_done`.
    pub fn adopt(&mut self, since: LinksSince) -> u64 {
        let links_done = since.renumbering.max(since.fit);
        self.renumbered_at = links_done - since.renumbering;
        self.fitted_at = links_done - since.fit;
        links_done
    }
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
        if self.unlinked_len() == 0 && self.improve(&mut upkeep, scratch) {
            return Maintenance::Worked;
        }
        Maintenance::Idle
    }

    /// One step of what makes a complete graph better; false when it is as good as it gets.
    fn improve(&self, upkeep: &mut Upkeep, scratch: &mut BuildScratch) -> bool {
        let spares_used = {
            let era = self.eras.current();
            era.nodes.spares_used()
        };
        if spares_used {
            self.fold_some(upkeep, scratch);
            upkeep.reach_due = true;
            return true;
        }
        if upkeep.reach_due {
            upkeep.reach_due = false;
            self.reach_all(scratch);
            return true;
        }
        let links_done = self.links_done.load(Ordering::Acquire);
        let since = upkeep.links_since(links_done);
        if upkeep.repair.is_resting() && self.renumber_due(since.renumbering) && self.renumber() {
            upkeep.renumbered_at = links_done;
            upkeep.fold_cursor = 0;
            // Probes are known by their old numbers.
            upkeep.fit = Fit::Resting;
            return true;
        }
        if self.fit_due(since.fit) {
            if self.fit_step(&mut upkeep.fit, &mut upkeep.fit_scratch) {
                upkeep.fitted_at = links_done;
                upkeep.fit_scratch = FitScratch::default();
            }
            return true;
        }
        false
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
        let taken = |node: u32| nodes.spare_row(node)[0].load(Ordering::Relaxed) != 0;
        if !(0..nodes.len()).any(taken) {
            nodes.clear_spares();
        }
    }
}
