//! What a shard keeps in memory besides codes and graph: ids, live slots, payload indexes, schema.
//!
//! Searches hold it for reading from the first look at it to the last byte of the answer; the
//! apply lane holds it for writing while it publishes a few points. So a search sees each point
//! either before or after a change, and no slot that it found is reused under it.

use roaring::RoaringBitmap;

use crate::error::EngineResult;
use crate::fields::{FieldSet, Schema};
use crate::filter::{FilterContext, PointReader};
use crate::ids::IdArena;
use crate::messages::vectron::FieldType;

#[derive(Debug, Default)]
pub struct Resident {
    pub ids: IdArena,
    /// Slots of all points.
    pub live: RoaringBitmap,
    pub fields: FieldSet,
    /// Declared types.
    pub schema: Schema,
    /// Grows with each change.
    pub generation: u64,
}

impl Resident {
    pub fn insert(&mut self, slot: u32, id: &[u8], payload: &[u8]) -> EngineResult<()> {
        self.ids.insert(slot, id);
        self.live.insert(slot);
        self.fields.insert(slot, payload, &self.schema)
    }

    /// `payload`: as it was inserted.
    pub fn remove(&mut self, slot: u32, payload: &[u8]) -> EngineResult<()> {
        self.ids.remove(slot);
        self.live.remove(slot);
        self.fields.remove(slot, payload)
    }

    /// For a filter on all points.
    pub fn filter_context<'a>(&'a self, reader: &'a dyn PointReader) -> FilterContext<'a> {
        FilterContext {
            fields: &self.fields,
            schema: &self.schema,
            ids: &self.ids,
            live: &self.live,
            visible: &self.live,
            reader,
        }
    }
}

/// Decodes declared types; unknown ones count as not declared.
pub fn decode_schema(schema: &std::collections::BTreeMap<String, i32>) -> Schema {
    let known = schema.iter().filter_map(|(path, kind)| {
        let kind = FieldType::try_from(*kind).ok()?;
        (kind != FieldType::Unspecified).then(|| (path.clone(), kind))
    });
    known.collect()
}
