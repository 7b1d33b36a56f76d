//! Commits a transaction and makes its changes visible to searches.

use vectron_graph::VectorSource;

use super::Shard;
use super::stage::{Change, OldPoint};
use crate::error::EngineResult;
use crate::fields::Schema;
use crate::resident::Resident;
use crate::store::StoreWrite;
use crate::vectors::{copy_floats, row_fault};

/// Points published under one hold of the lock, so that searches wait for microseconds.
const CHUNK: usize = 32;

/// Commits, then publishes in order, a few points at a time.
///
/// A payload is changed in its row, which a search may read; so such a change is committed and
/// published under one hold of the lock.
pub(super) fn publish(shard: &Shard, write: StoreWrite, changes: Vec<Change>) -> EngineResult<()> {
    let rewrites = changes
        .iter()
        .any(|change| matches!(change, Change::Payload { .. } | Change::Declare(_)));
    let mut publisher = Publisher {
        shard,
        floats: vec![0.0; shard.config.dimension],
    };
    let published = if rewrites {
        let mut resident = shard.resident_mut();
        write.commit()?;
        changes
            .into_iter()
            .try_for_each(|change| publisher.change(&mut resident, change))
    } else {
        write.commit()?;
        publisher.in_chunks(changes)
    };
    if let Err(error) = &published {
        // Memory is behind the store now; opening the shard again rebuilds it.
        shard.fail(&error.message);
    }
    published
}

struct Publisher<'a> {
    shard: &'a Shard,
    floats: Vec<f32>,
}

impl Publisher<'_> {
    fn in_chunks(&mut self, changes: Vec<Change>) -> EngineResult<()> {
        let mut changes = changes.into_iter().peekable();
        while changes.peek().is_some() {
            let mut resident = self.shard.resident_mut();
            for change in changes.by_ref().take(CHUNK) {
                self.change(&mut resident, change)?;
            }
        }
        Ok(())
    }

    fn change(&mut self, resident: &mut Resident, change: Change) -> EngineResult<()> {
        resident.generation += 1;
        match change {
            Change::Put {
                slot,
                id,
                vector,
                payload,
                expire_ms,
                old,
            } => {
                if let Some(old) = old {
                    self.remove(resident, &old)?;
                }
                copy_floats(&vector, &mut self.floats);
                self.shard.index.put(slot, &self.floats);
                resident.insert(slot, id.as_bytes(), &payload, expire_ms)
            }
            Change::Remove(old) => self.remove(resident, &old),
            Change::Payload {
                slot,
                before,
                after,
                expire_ms: (from_ms, to_ms),
            } => {
                resident.fields.remove(slot, &before)?;
                let Resident { fields, schema, .. } = resident;
                fields.insert(slot, &after, schema)?;
                if resident.change_expiry(slot, from_ms, to_ms) {
                    self.put_again(slot)?;
                }
                Ok(())
            }
            Change::Declare(added) => self.declare(resident, added),
        }
    }

    fn remove(&self, resident: &mut Resident, old: &OldPoint) -> EngineResult<()> {
        self.shard.index.remove(old.slot);
        resident.remove(old.slot, &old.payload, old.expire_ms)
    }

    /// A point that reads here took for expired, and a command that was made before gave more time.
    fn put_again(&mut self, slot: u32) -> EngineResult<()> {
        let read = self.shard.vectors.read(slot, &mut self.floats);
        read.map_err(row_fault)?;
        self.shard.index.put(slot, &self.floats);
        self.shard.threads.wake_index();
        Ok(())
    }

    /// Builds the indexes of newly declared fields from the payloads.
    fn declare(&self, resident: &mut Resident, added: Schema) -> EngineResult<()> {
        let end = resident.slots_end();
        let stored = resident.stored().into_owned();
        let Resident { fields, schema, .. } = resident;
        schema.extend(added.clone());
        fields.drop_fields(&added);
        let view = self.shard.store()?.view()?;
        view.for_each_row(0..end, |slot, row| {
            if stored.contains(slot) {
                fields.insert_only(slot, row.payload, schema, &added)?;
            }
            Ok(())
        })
    }
}
