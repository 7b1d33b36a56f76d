//! The payload indexes of a shard: derived, in memory, one for each field.
//!
//! Owns which fields are indexed: declared ones, and others as they are first seen, up to a limit.
//! Must stay true: a field that has an index has it for every live slot; what is not indexed is
//! marked (`overflow`, `FieldIndex::long`), so that a filter knows which payloads to read.

mod field;
mod keyword;
mod ordered;
mod posting;

use std::collections::{BTreeMap, HashMap};

use roaring::RoaringBitmap;

pub use field::{FieldIndex, TextKind};
pub use keyword::KEYWORD_BYTES_MAX;
pub use ordered::KeyRange;
pub use posting::Posting;

use crate::error::EngineResult;
use crate::messages::vectron::FieldType;
use crate::payload::{Scalar, Sink, walk_payload};

/// Fields indexed without being declared; more are only stored.
pub const DYNAMIC_FIELDS_MAX: usize = 256;
/// Longest path, in bytes, that is indexed without being declared.
const PATH_BYTES_MAX: usize = 256;

/// Declared types by path.
pub type Schema = BTreeMap<String, FieldType>;

/// All payload indexes of one shard.
#[derive(Debug, Default)]
pub struct FieldSet {
    fields: HashMap<Box<str>, FieldIndex>,
    /// Slots whose payload has a field without an index: beyond the limit, or with too long a path.
    overflow: RoaringBitmap,
    /// A field was refused for the limit, and a payload with it may still be there. An index made
    /// for that field now would miss that payload.
    crowded: bool,
}

/// Whether the field or an object around it is declared STORED: then it has no index.
pub fn is_stored(schema: &Schema, path: &str) -> bool {
    let stored = |path: &str| schema.get(path) == Some(&FieldType::Stored);
    let parents = path.match_indices('.').map(|(end, _)| &path[..end]);
    schema.values().any(|kind| *kind == FieldType::Stored)
        && (stored(path) || parents.into_iter().any(stored))
}

impl FieldSet {
    pub fn get(&self, path: &str) -> Option<&FieldIndex> {
        self.fields.get(path)
    }

    pub fn overflow(&self) -> &RoaringBitmap {
        &self.overflow
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldIndex)> {
        self.fields
            .iter()
            .map(|(path, field)| (path.as_ref(), field))
    }

    /// Indexes the fields of one payload under its slot.
    pub fn insert(&mut self, slot: u32, payload: &[u8], schema: &Schema) -> EngineResult<()> {
        walk_payload(
            payload,
            &mut Insert {
                set: self,
                slot,
                schema,
                only: None,
            },
        )
    }

    /// Undoes `insert` of the same payload.
    pub fn remove(&mut self, slot: u32, payload: &[u8]) -> EngineResult<()> {
        self.overflow.remove(slot);
        self.crowded &= !self.overflow.is_empty();
        walk_payload(payload, &mut Remove { set: self, slot })
    }

    /// Drops the indexes of these paths, for `insert_only` to build them anew.
    pub fn drop_fields(&mut self, paths: &Schema) {
        self.fields.retain(|path, _| !covers(paths, path));
    }

    /// Indexes of one payload only fields at or under these paths.
    pub fn insert_only(
        &mut self,
        slot: u32,
        payload: &[u8],
        schema: &Schema,
        paths: &Schema,
    ) -> EngineResult<()> {
        walk_payload(
            payload,
            &mut Insert {
                set: self,
                slot,
                schema,
                only: Some(paths),
            },
        )
    }

    /// The field's index, made when it may be. `None`: the field has no index.
    fn index_for(&mut self, path: &str, schema: &Schema) -> Option<&mut FieldIndex> {
        if !self.fields.contains_key(path) {
            if is_stored(schema, path) {
                return None;
            }
            if !schema.contains_key(path) {
                if path.len() > PATH_BYTES_MAX {
                    return None;
                }
                self.crowded |= self.fields.len() >= DYNAMIC_FIELDS_MAX + schema.len();
                if self.crowded {
                    return None;
                }
            }
            self.fields.insert(path.into(), FieldIndex::default());
        }
        self.fields.get_mut(path)
    }
}

/// Whether the path is one of these or lies under one of them.
fn covers(paths: &Schema, path: &str) -> bool {
    let parents = path.match_indices('.').map(|(end, _)| &path[..end]);
    paths.contains_key(path) || parents.into_iter().any(|parent| paths.contains_key(parent))
}

struct Insert<'a> {
    set: &'a mut FieldSet,
    slot: u32,
    schema: &'a Schema,
    only: Option<&'a Schema>,
}

impl Insert<'_> {
    fn with(&mut self, path: &str, add: impl FnOnce(&mut FieldIndex, TextKind)) {
        if self.only.is_some_and(|paths| !covers(paths, path)) {
            return;
        }
        let text = TextKind::of(self.schema.get(path).copied());
        match self.set.index_for(path, self.schema) {
            Some(field) => add(field, text),
            None if is_stored(self.schema, path) => {}
            None => {
                self.set.overflow.insert(self.slot);
            }
        }
    }
}

impl Sink for Insert<'_> {
    fn scalar(&mut self, path: &str, value: Scalar<'_>) {
        let slot = self.slot;
        self.with(path, |field, text| field.insert(slot, value, text));
    }

    fn null(&mut self, path: &str) {
        let slot = self.slot;
        self.with(path, |field, _| {
            field.null.insert(slot);
        });
    }

    fn array(&mut self, path: &str) {
        let slot = self.slot;
        self.with(path, |field, _| {
            field.present.insert(slot);
            field.arrays.insert(slot);
        });
    }

    fn object(&mut self, path: &str) {
        let slot = self.slot;
        self.with(path, |field, _| {
            field.present.insert(slot);
        });
    }
}

struct Remove<'a> {
    set: &'a mut FieldSet,
    slot: u32,
}

impl Remove<'_> {
    fn forget(&mut self, path: &str, value: Option<Scalar<'_>>) {
        let Some(field) = self.set.fields.get_mut(path) else {
            return;
        };
        if let Some(value) = value {
            field.remove(self.slot, value);
        }
        field.forget_slot(self.slot);
        if field.is_empty() {
            self.set.fields.remove(path);
        }
    }
}

impl Sink for Remove<'_> {
    fn scalar(&mut self, path: &str, value: Scalar<'_>) {
        self.forget(path, Some(value));
    }

    fn null(&mut self, path: &str) {
        self.forget(path, None);
    }

    fn array(&mut self, path: &str) {
        self.forget(path, None);
    }

    fn object(&mut self, path: &str) {
        self.forget(path, None);
    }
}
