//! The index of one payload field: every kind of value that points have in it.

use roaring::RoaringBitmap;

use super::keyword::{KEYWORD_BYTES_MAX, KeywordIndex};
use super::ordered::OrderedIndex;
use super::posting::bitmap_bytes;
use crate::messages::vectron::FieldType;
use crate::payload::{Scalar, float_key, parse_datetime};

/// Index of one field. A slot may be under several values (arrays) and several kinds.
#[derive(Debug, Default)]
pub struct FieldIndex {
    /// Slots where the field is there and not null.
    pub present: RoaringBitmap,
    /// Slots where the field itself is null.
    pub null: RoaringBitmap,
    /// Slots where the field is an array.
    pub arrays: RoaringBitmap,
    /// Slots with a string too long to index: their payload must be read.
    pub long: RoaringBitmap,
    pub keywords: KeywordIndex,
    pub integers: OrderedIndex,
    /// By `float_key`.
    pub floats: OrderedIndex,
    /// Microseconds.
    pub instants: OrderedIndex,
    pub bools: [RoaringBitmap; 2],
}

/// Which indexes the strings of a field go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    Keyword,
    Datetime,
    /// Not declared: as keyword, and as datetime where it reads as one.
    Either,
}

impl TextKind {
    pub fn of(declared: Option<FieldType>) -> Self {
        match declared {
            None | Some(FieldType::Unspecified | FieldType::Stored) => TextKind::Either,
            Some(FieldType::Datetime) => TextKind::Datetime,
            Some(FieldType::Keyword | FieldType::Integer | FieldType::Float | FieldType::Bool) => {
                TextKind::Keyword
            }
        }
    }
}

impl FieldIndex {
    pub fn insert(&mut self, slot: u32, value: Scalar<'_>, text: TextKind) {
        self.present.insert(slot);
        match value {
            Scalar::Bool(value) => {
                self.bools[usize::from(value)].insert(slot);
            }
            Scalar::Integer(value) => self.integers.insert(value, slot),
            Scalar::Float(value) => self.floats.insert(float_key(value), slot),
            Scalar::Text(value) => self.insert_text(slot, value, text),
        }
    }

    fn insert_text(&mut self, slot: u32, value: &str, kind: TextKind) {
        if value.len() > KEYWORD_BYTES_MAX {
            self.long.insert(slot);
            return;
        }
        if kind != TextKind::Datetime {
            self.keywords.insert(value, slot);
        }
        if kind != TextKind::Keyword
            && let Some(micros) = parse_datetime(value)
        {
            self.instants.insert(micros, slot);
        }
    }

    /// Undoes `insert` of one value; call `forget_slot` once after all of them.
    pub fn remove(&mut self, slot: u32, value: Scalar<'_>) {
        match value {
            Scalar::Bool(value) => {
                self.bools[usize::from(value)].remove(slot);
            }
            Scalar::Integer(value) => self.integers.remove(value, slot),
            Scalar::Float(value) => self.floats.remove(float_key(value), slot),
            Scalar::Text(value) => {
                self.keywords.remove(value, slot);
                if let Some(micros) = parse_datetime(value) {
                    self.instants.remove(micros, slot);
                }
            }
        }
    }

    pub fn forget_slot(&mut self, slot: u32) {
        self.present.remove(slot);
        self.null.remove(slot);
        self.arrays.remove(slot);
        self.long.remove(slot);
    }

    /// No point has the field any more.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty() && self.null.is_empty()
    }

    /// The kind that most of the field's values have, for statistics.
    pub fn main_type(&self) -> FieldType {
        let counts = [
            (self.keywords.len(), FieldType::Keyword),
            (self.integers.len(), FieldType::Integer),
            (self.floats.len(), FieldType::Float),
            (self.distinct_bools(), FieldType::Bool),
            (self.instants.len(), FieldType::Datetime),
        ];
        let most = counts.into_iter().max_by_key(|(count, _)| *count);
        most.filter(|(count, _)| *count > 0)
            .map_or(FieldType::Unspecified, |(_, kind)| kind)
    }

    fn distinct_bools(&self) -> usize {
        self.bools.iter().filter(|slots| !slots.is_empty()).count()
    }

    pub fn distinct_values(&self) -> u64 {
        let numbers = self.integers.len() + self.floats.len();
        let texts = self.keywords.len().max(self.instants.len());
        (numbers + texts + self.distinct_bools()) as u64
    }

    pub fn memory_bytes(&self) -> u64 {
        let [no, yes] = &self.bools;
        let bitmaps = [&self.present, &self.null, &self.arrays, &self.long, no, yes];
        size_of::<Self>() as u64
            + bitmaps.into_iter().map(bitmap_bytes).sum::<u64>()
            + self.keywords.memory_bytes()
            + self.integers.memory_bytes()
            + self.floats.memory_bytes()
            + self.instants.memory_bytes()
    }
}
