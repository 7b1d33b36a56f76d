//! What index threads do for a shard, and who waits for them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use vectron_graph::{BuildScratch, Maintenance, VectorIndex};

use super::{Done, Health, Shard, checkpoint};
use crate::error::EngineError;
use crate::threads::{IndexWork, lock};

/// Points linked in one turn, before other shards have theirs.
const LINKS_A_TURN: usize = 64;

/// Calls that wait until every point is in the graph.
#[derive(Default)]
pub(super) struct IndexedWaiters {
    waiting: Mutex<Vec<Done<()>>>,
}

impl IndexedWaiters {
    pub fn wait(&self, done: Done<()>, index: &VectorIndex) {
        let mut waiting = lock(&self.waiting);
        if index.unlinked_len() > 0 {
            waiting.push(done);
            return;
        }
        drop(waiting);
        done(Ok(()));
    }

    fn settle_if_linked(&self, index: &VectorIndex) {
        let mut waiting = lock(&self.waiting);
        if waiting.is_empty() || index.unlinked_len() > 0 {
            return;
        }
        let all = std::mem::take(&mut *waiting);
        drop(waiting);
        all.into_iter().for_each(|done| done(Ok(())));
    }

    pub fn settle_all(&self, error: &EngineError) {
        let all = std::mem::take(&mut *lock(&self.waiting));
        all.into_iter().for_each(|done| done(Err(error.clone())));
    }
}

impl IndexWork for Shard {
    fn work(self: Arc<Self>, scratch: &mut BuildScratch) -> bool {
        if *lock(&self.health) != Health::Ready {
            return false;
        }
        let worked = self.guarded(|| Ok(self.link_or_maintain(scratch)));
        self.indexed.settle_if_linked(&self.index);
        worked.unwrap_or(false)
    }
}

impl Shard {
    /// Answers whether there may be more to do.
    fn link_or_maintain(self: &Arc<Self>, scratch: &mut BuildScratch) -> bool {
        for _ in 0..LINKS_A_TURN {
            if !self.index.link_next(scratch) {
                return match self.index.maintain(scratch) {
                    Maintenance::Worked => true,
                    Maintenance::Idle => {
                        self.queue_idle_checkpoint();
                        false
                    }
                };
            }
        }
        true
    }

    fn queue_idle_checkpoint(self: &Arc<Self>) {
        if !self.idle_checkpoint.swap(true, Ordering::AcqRel) {
            let quiet: Done<()> = Box::new(|_| {});
            self.on_lane(quiet, checkpoint::checkpoint_idle);
        }
    }
}
