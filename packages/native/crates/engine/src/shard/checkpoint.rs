//! Makes what is applied durable: vectors first, then the store's durable commit, and less often
//! the graph.
//!
//! Must stay true: the store never durably names a vector that is not on disk; the durable index
//! moves only after both; a freed slot is handed out again only after the commit that freed it is
//! durable and no moment is read that may hold it. (Searches that had found it were waited for when
//! its removal was published.)

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::moment::Moment;
use super::room::{Purpose, Room};
use super::{Health, Shard, graph_file};
use crate::error::{EngineError, EngineResult, reason};
use crate::store;
use crate::threads::{lock, try_lock};

/// While points keep coming, the graph is written when this share of it is new: 1 / 4.
const NEW_SHARE_BUSY: u64 = 4;
/// When the index threads have nothing to do: 1 / 10.
const NEW_SHARE_IDLE: u64 = 10;
/// New points below which the graph is written at close only: linking them takes a second or so.
const NEW_MIN: u64 = 10_000;

/// How much work a start would have to do again because the graph's file lacks it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GraphAge {
    /// Points put or removed since the file was written.
    pub changed: u64,
    /// Points in the graph when it was written.
    pub linked_then: u64,
}

impl GraphAge {
    /// Points that would be put or linked again.
    fn new_points(&self, shard: &Shard) -> u64 {
        let linked = shard.index.stats().linked;
        self.changed.max(linked.saturating_sub(self.linked_then))
    }

    fn is_due(&self, shard: &Shard, share: u64) -> bool {
        let new = self.new_points(shard);
        new >= NEW_MIN && new * share >= shard.resident().live.len()
    }
}

/// Makes all that is applied durable and takes that moment; with it, whether the graph's file lacks
/// nothing. Runs on the lane.
pub(super) fn checkpoint_moment(shard: &Arc<Shard>) -> EngineResult<(Moment, bool)> {
    checkpoint(shard)?;
    let moment = Moment::take(shard)?;
    let is_graph_fresh = lock(&shard.lane_state).graph_age.new_points(shard) == 0;
    Ok((moment, is_graph_fresh))
}

/// Runs on the lane.
pub(super) fn checkpoint(shard: &Arc<Shard>) -> EngineResult<()> {
    let mut lane = lock(&shard.lane_state);
    let applied = shard.applied_index();
    if applied == shard.durable_index() {
        return Ok(());
    }
    commit_durable(shard, applied)?;
    lane.bytes_since_checkpoint = 0;
    // A snapshot may be writing the graph, and the lane would wait for it.
    if lane.graph_age.is_due(shard, NEW_SHARE_BUSY) && !shard.moments.any() {
        // The graph can be built again: a full disk must not stop the checkpoint.
        let _ = write_graph(shard, &mut lane.graph_age);
    }
    Ok(())
}

/// Runs on the lane when all that is applied is durable.
fn write_graph(shard: &Shard, age: &mut GraphAge) -> EngineResult<()> {
    let linked_then = shard.index.stats().linked;
    graph_file::write(shard)?;
    *age = GraphAge {
        changed: 0,
        linked_then,
    };
    Ok(())
}

fn commit_durable(shard: &Shard, applied: u64) -> EngineResult<()> {
    shard.vectors.sync()?;
    let result = release_and_commit(shard);
    if let Err(error) = &result
        && error.subject == store::FILE_NAME
    {
        // redb refuses everything after a failed write of its own.
        shard.fail(&error.message);
    }
    result?;
    // The mark comes first: who sees the durable index may drop the log up to it.
    shard.vectors.mark_durable(applied)?;
    shard.durable_index.store(applied, Ordering::Release);
    Ok(())
}

fn release_and_commit(shard: &Shard) -> EngineResult<()> {
    let write = shard.store()?.begin()?;
    let mut tables = write.tables()?;
    // Without room for it the freed slots wait: the commit itself needs little.
    let freed = u64::from(tables.state.freed);
    let has_room = || {
        Room::default()
            .claim(shard, Purpose::Free, freed, 0)
            .is_ok()
    };
    if !shard.moments.any() && has_room() {
        tables.release_freed()?;
    }
    tables.finish()?;
    write.commit_durable()
}

/// Runs on the lane after each apply.
pub(super) fn checkpoint_if_due(shard: &Arc<Shard>) -> EngineResult<()> {
    let due = lock(&shard.lane_state).bytes_since_checkpoint >= shard.options.checkpoint_bytes;
    if due { checkpoint(shard) } else { Ok(()) }
}

/// Whether the graph's file lacks enough to be written while nothing else is to do. A lane at work
/// is not waited for: whoever asks will ask again.
pub(super) fn is_due_when_idle(shard: &Shard) -> bool {
    try_lock(&shard.lane_state)
        .is_some_and(|lane| lane.graph_age.is_due(shard, NEW_SHARE_IDLE) && !shard.moments.any())
}

/// Runs on the lane when the index threads found nothing to do.
pub(super) fn checkpoint_idle(shard: &Arc<Shard>) -> EngineResult<()> {
    shard.idle_checkpoint.store(false, Ordering::Release);
    if !is_due_when_idle(shard) {
        return Ok(());
    }
    checkpoint(shard)?;
    let mut lane = lock(&shard.lane_state);
    if lane.graph_age.is_due(shard, NEW_SHARE_IDLE) {
        write_graph(shard, &mut lane.graph_age)?;
    }
    Ok(())
}

/// Runs on the lane: checkpoints, writes the graph, and closes the store.
pub(super) fn close(shard: &Arc<Shard>) -> EngineResult<()> {
    shard.moments.close();
    let checkpointed = checkpoint(shard);
    let mut age = lock(&shard.lane_state).graph_age;
    if checkpointed.is_ok() && age.new_points(shard) > 0 {
        // The graph can be built again: a full disk must not keep the shard open.
        let _ = write_graph(shard, &mut age);
    }
    checkpointed.and(close_store(shard))
}

/// Runs on the lane: closes the store and writes nothing of our own.
pub(super) fn abandon(shard: &Arc<Shard>) -> EngineResult<()> {
    shard.moments.close();
    close_store(shard)
}

fn close_store(shard: &Shard) -> EngineResult<()> {
    *lock(&shard.health) = Health::Closed;
    let closed = EngineError::new(reason::SHARD_UNAVAILABLE, "the shard was closed", "shard");
    shard.indexed.settle_all(&closed);
    // Readers use the store under this lock only, so nobody holds it afterwards.
    let store = {
        let _alone = shard.resident_mut();
        lock(&shard.store).take()
    };
    match store.and_then(Arc::into_inner) {
        Some(store) => store.close(),
        None => Ok(()),
    }
}
