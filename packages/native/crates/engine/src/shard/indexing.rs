//! What index threads do for a shard, and who waits for them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use vectron_graph::{BuildScratch, Maintenance, VectorIndex};

use super::{Done, Health, Shard, checkpoint};
use crate::error::EngineError;
use crate::threads::{IDLE_ROUND, IndexWork, lock};

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

/// Time that repair, renumbering and tuning may still take.
///
/// They may take as long as linking took, and always a twentieth of a core, so that a shard at rest
/// lets the machine rest.
pub(super) struct UpkeepBudget {
    micros: AtomicI64,
}

/// What a shard may spend when it is opened: its file may be from before the last upkeep.
const UPKEEP_AT_OPEN: Duration = Duration::from_secs(5);
/// Earned by each change that is applied; removals are repaired without any linking.
const UPKEEP_A_CHANGE: Duration = Duration::from_micros(100);

impl Default for UpkeepBudget {
    fn default() -> Self {
        let micros = AtomicI64::new(as_micros(UPKEEP_AT_OPEN));
        Self { micros }
    }
}

impl UpkeepBudget {
    fn earn(&self, time: Duration) {
        self.micros.fetch_add(as_micros(time), Ordering::Relaxed);
    }

    pub fn earn_for_changes(&self, changes: u64) {
        let changes = u32::try_from(changes).unwrap_or(u32::MAX);
        self.earn(UPKEEP_A_CHANGE.saturating_mul(changes));
    }

    fn spend(&self, time: Duration) {
        self.micros.fetch_sub(as_micros(time), Ordering::Relaxed);
    }

    fn is_left(&self) -> bool {
        self.micros.load(Ordering::Relaxed) > 0
    }
}

fn as_micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

impl Shard {
    /// Answers whether there is more to do at once.
    fn link_or_maintain(self: &Arc<Self>, scratch: &mut BuildScratch) -> bool {
        let begun = Instant::now();
        for link in 0..LINKS_A_TURN {
            if !self.index.link_next(scratch) {
                if link > 0 {
                    break;
                }
                return self.maintain(scratch);
            }
        }
        self.upkeep.earn(begun.elapsed());
        true
    }

    fn maintain(self: &Arc<Self>, scratch: &mut BuildScratch) -> bool {
        if self.index.unlinked_len() == 0 {
            self.queue_idle_checkpoint();
        }
        if !self.upkeep.is_left() {
            // Called again after a pause, which earns this.
            self.upkeep.earn(IDLE_ROUND / 20);
            return false;
        }
        let begun = Instant::now();
        let outcome = self.index.maintain(scratch);
        self.upkeep.spend(begun.elapsed());
        match outcome {
            Maintenance::Worked => true,
            Maintenance::Idle => false,
        }
    }

    /// The lane is woken for shards that need it alone: an idle process may hold thousands.
    fn queue_idle_checkpoint(self: &Arc<Self>) {
        if checkpoint::is_due_when_idle(self) && !self.idle_checkpoint.swap(true, Ordering::AcqRel)
        {
            let quiet: Done<()> = Box::new(|_| {});
            self.on_lane(quiet, checkpoint::checkpoint_idle);
        }
    }
}
