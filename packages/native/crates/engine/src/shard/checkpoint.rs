//! Makes what is applied durable: vectors first, then the store's durable commit, and less often
//! the graph.
//!
//! Must stay true: the store never durably names a vector that is not on disk; the durable index
//! moves only after both; a freed slot is handed out again only after the commit that freed it is
//! durable. (Searches that had found it were waited for when its removal was published.)

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::room::{Purpose, Room};
use super::{Health, Shard, graph_file};
use crate::error::{EngineError, EngineResult, reason};
use crate::store;
use crate::threads::lock;

/// While points keep coming, the graph is written when this share of it changed: 1 / 4.
const CHANGED_SHARE_BUSY: u64 = 4;
/// When the index threads have nothing to do: 1 / 10.
const CHANGED_SHARE_IDLE: u64 = 10;
/// Changes below which the graph is written at close only: rebuilding them takes a second or so.
const CHANGED_MIN: u64 = 10_000;

/// Runs on the lane.
pub(super) fn checkpoint(shard: &Arc<Shard>) -> EngineResult<()> {
    let mut lane = lock(&shard.lane_state);
    let applied = shard.applied_index();
    if applied == shard.durable_index() {
        return Ok(());
    }
    commit_durable(shard, applied)?;
    lane.bytes_since_checkpoint = 0;
    let due = graph_due(shard, lane.changed_since_graph, CHANGED_SHARE_BUSY);
    if due && graph_file::write(shard).is_ok() {
        lane.changed_since_graph = 0;
    }
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
    shard.durable_index.store(applied, Ordering::Release);
    shard.vectors.mark_durable(applied)
}

fn release_and_commit(shard: &Shard) -> EngineResult<()> {
    let write = shard.store()?.begin()?;
    let mut tables = write.tables()?;
    // Without room for it the freed slots wait: the commit itself needs little.
    let freed = u64::from(tables.state.freed);
    if Room::default()
        .claim(shard, Purpose::Free, freed, 0)
        .is_ok()
    {
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

/// Runs on the lane when the index threads found nothing to do.
pub(super) fn checkpoint_idle(shard: &Arc<Shard>) -> EngineResult<()> {
    shard.idle_checkpoint.store(false, Ordering::Release);
    let changed = lock(&shard.lane_state).changed_since_graph;
    if !graph_due(shard, changed, CHANGED_SHARE_IDLE) {
        return Ok(());
    }
    checkpoint(shard)?;
    let mut lane = lock(&shard.lane_state);
    if lane.changed_since_graph > 0 {
        graph_file::write(shard)?;
        lane.changed_since_graph = 0;
    }
    Ok(())
}

fn graph_due(shard: &Shard, changed: u64, share: u64) -> bool {
    changed >= CHANGED_MIN && changed * share >= shard.resident().live.len()
}

/// Runs on the lane: checkpoints, writes the graph, and closes the store.
pub(super) fn close(shard: &Arc<Shard>) -> EngineResult<()> {
    let checkpointed = checkpoint(shard);
    let changed = lock(&shard.lane_state).changed_since_graph > 0;
    if checkpointed.is_ok() && changed {
        // The graph can be rebuilt: a full disk must not keep the shard open.
        let _ = graph_file::write(shard);
    }
    *lock(&shard.health) = Health::Closed;
    let closed = EngineError::new(reason::SHARD_UNAVAILABLE, "the shard was closed", "shard");
    shard.indexed.settle_all(&closed);
    // Readers use the store under this lock only, so nobody holds it afterwards.
    let store = {
        let _alone = shard.resident_mut();
        lock(&shard.store).take()
    };
    let closed = match store.and_then(Arc::into_inner) {
        Some(store) => store.close(),
        None => Ok(()),
    };
    checkpointed.and(closed)
}
