//! A view of the store that opens when something is read from it, for one request.

use std::cell::OnceCell;

use super::Shard;
use crate::error::EngineResult;
use crate::filter::PointReader;
use crate::store::StoreView;

/// Made and used while the shard's memory is locked for reading: then the row of every live slot
/// is the one that memory knows.
pub(super) struct ShardView<'a> {
    shard: &'a Shard,
    view: OnceCell<StoreView>,
}

impl<'a> ShardView<'a> {
    pub fn new(shard: &'a Shard) -> Self {
        Self {
            shard,
            view: OnceCell::new(),
        }
    }

    pub fn store(&self) -> EngineResult<&StoreView> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let view = self.shard.store()?.view()?;
        Ok(self.view.get_or_init(|| view))
    }
}

impl PointReader for ShardView<'_> {
    fn payload(
        &self,
        slot: u32,
        use_payload: &mut dyn FnMut(&[u8]) -> EngineResult<()>,
    ) -> EngineResult<()> {
        self.store()?.with_row(slot, |row| use_payload(row.payload))
    }
}
