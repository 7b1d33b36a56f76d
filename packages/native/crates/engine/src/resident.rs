//! What a shard keeps in memory besides codes and graph: ids, live slots, payload indexes, schema.
//!
//! Searches hold it for reading from the first look at it to the last byte of the answer; the
//! apply lane holds it for writing while it publishes a few points. So a search sees each point
//! either before or after a change, and no slot that it found is reused under it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use crate::error::EngineResult;
use crate::fields::{FieldSet, Schema};
use crate::filter::{FilterContext, PointReader};
use crate::ids::IdArena;
use crate::messages::vectron::FieldType;

#[derive(Debug, Default)]
pub struct Resident {
    pub ids: IdArena,
    /// Slots of all points that there are.
    pub live: RoaringBitmap,
    /// Slots of points whose time has come. No read sees them; the store, `ids` and `fields` have
    /// them until a command frees them.
    pub expired: RoaringBitmap,
    /// When the others expire that do: Unix milliseconds and slot.
    pub(crate) expiring: BTreeSet<(u64, u32)>,
    pub fields: FieldSet,
    /// Declared types.
    pub schema: Schema,
    /// Grows with each change.
    pub generation: u64,
}

impl Resident {
    /// `expire_ms`: 0 for never.
    pub fn insert(
        &mut self,
        slot: u32,
        id: &[u8],
        payload: &[u8],
        expire_ms: u64,
    ) -> EngineResult<()> {
        self.ids.insert(slot, id);
        self.live.insert(slot);
        self.expire_at(slot, expire_ms);
        self.fields.insert(slot, payload, &self.schema)
    }

    /// `payload` and `expire_ms`: as they were inserted.
    pub fn remove(&mut self, slot: u32, payload: &[u8], expire_ms: u64) -> EngineResult<()> {
        self.ids.remove(slot);
        self.live.remove(slot);
        self.expired.remove(slot);
        self.expiring.remove(&(expire_ms, slot));
        self.fields.remove(slot, payload)
    }

    /// Changes when a point expires. Answers whether its time had come: then it is back.
    pub fn change_expiry(&mut self, slot: u32, from_ms: u64, to_ms: u64) -> bool {
        self.expiring.remove(&(from_ms, slot));
        self.expire_at(slot, to_ms);
        let is_back = self.expired.remove(slot);
        if is_back {
            self.live.insert(slot);
        }
        is_back
    }

    fn expire_at(&mut self, slot: u32, expire_ms: u64) {
        if expire_ms != 0 {
            self.expiring.insert((expire_ms, slot));
        }
    }

    /// Whether some point's time has come since `expire`.
    pub fn is_due(&self, now_ms: u64) -> bool {
        let first = self.expiring.first();
        first.is_some_and(|(expire_ms, _)| *expire_ms <= now_ms)
    }

    /// When the next point expires; 0 when none does.
    pub fn next_expiry_ms(&self) -> u64 {
        self.expiring.first().map_or(0, |(expire_ms, _)| *expire_ms)
    }

    /// Hides the points whose time has come; answers their slots.
    pub fn expire(&mut self, now_ms: u64) -> Vec<u32> {
        let mut gone = Vec::new();
        while self.is_due(now_ms) {
            if let Some((_, slot)) = self.expiring.pop_first() {
                self.live.remove(slot);
                self.expired.insert(slot);
                gone.push(slot);
            }
        }
        self.generation += gone.len() as u64;
        gone
    }

    /// Slots of all points that the store has, for commands: whose time has come is another
    /// question there than for reads.
    pub fn stored(&self) -> Cow<'_, RoaringBitmap> {
        if self.expired.is_empty() {
            Cow::Borrowed(&self.live)
        } else {
            Cow::Owned(&self.live | &self.expired)
        }
    }

    /// Above every slot in use.
    pub fn slots_end(&self) -> u32 {
        let last = self.live.max().max(self.expired.max());
        last.map_or(0, |slot| slot + 1)
    }

    /// For a filter on all points that there are.
    pub fn filter_context<'a>(&'a self, reader: &'a dyn PointReader) -> FilterContext<'a> {
        FilterContext {
            fields: &self.fields,
            schema: &self.schema,
            ids: &self.ids,
            slots_end: self.slots_end(),
            points: self.live.len() + self.expired.len(),
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
