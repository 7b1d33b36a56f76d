//! Gathers the parts of a point that an answer wants: id from memory, payload from the store,
//! vector from its file.

use super::Shard;
use super::answer::Answer;
use super::view::ShardView;
use crate::error::{EngineError, EngineResult};
use crate::resident::Resident;
use crate::store;

/// Which parts of a point are asked for, besides its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub payload: bool,
    pub vector: bool,
    /// And the time of expiry.
    pub version: bool,
}

/// Reads points of one shard in one state of its memory.
pub(super) struct PointParts<'a> {
    pub shard: &'a Shard,
    pub resident: &'a Resident,
    pub view: &'a ShardView<'a>,
    pub parts: Parts,
}

impl PointParts<'_> {
    /// Calls back with the parts of the point in a live slot.
    ///
    /// Fails with DATA_CORRUPT when a part is damaged, or belongs to another point.
    pub fn with_point<T>(
        &self,
        slot: u32,
        use_point: impl FnOnce(&Answer<'_>) -> T,
    ) -> EngineResult<T> {
        let id = self.id(slot)?;
        let mut vector = Vec::new();
        if self.parts.vector {
            self.shard.vectors.read_bytes(slot, &mut vector)?;
        }
        let point = Answer {
            id,
            vector: &vector,
            ..Answer::default()
        };
        if !self.parts.payload && !self.parts.version {
            return Ok(use_point(&point));
        }
        self.view.store()?.with_row(slot, |row| {
            if row.id != id {
                let message = format!("row {slot} is of another point");
                return Err(EngineError::corrupt(store::FILE_NAME, message));
            }
            let payload = if self.parts.payload { row.payload } else { &[] };
            Ok(use_point(&Answer {
                payload,
                version: row.version,
                expire_ms: row.expire_ms,
                ..point
            }))
        })
    }

    pub fn id(&self, slot: u32) -> EngineResult<&[u8]> {
        let missing = || EngineError::internal(format!("slot {slot} was found and has no id"));
        self.resident.ids.get(slot).ok_or_else(missing)
    }
}
