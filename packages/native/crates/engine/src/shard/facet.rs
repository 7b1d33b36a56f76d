//! Counts, for each value of a payload field, the points that have it.
//!
//! The index of the field has the points of each value; they are counted where they are among those
//! asked for. What it lacks is read from payloads: texts too long for it, and fields beyond the
//! limit of fields. A point counts once for each value, however often an array repeats it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use roaring::RoaringBitmap;

use super::view::ShardView;
use crate::error::{EngineError, EngineResult, reason};
use crate::fields::{FieldIndex, KEYWORD_BYTES_MAX, is_stored};
use crate::filter::PointReader;
use crate::messages::engine::FacetCount;
use crate::messages::vectron::{self, FieldType, scalar};
use crate::payload::{Scalar, Sink, float_key, float_of_key, walk_payload};
use crate::resident::Resident;

/// What was counted.
pub(super) struct Facets {
    /// By falling count, then by value: bools, numbers, texts.
    pub counts: Vec<FacetCount>,
    /// There are more values.
    pub more: bool,
    /// No point that there is has the field, and nobody has declared it.
    pub is_unknown: bool,
}

/// A value of a field, as it is compared. Floats come as keys of their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Value<'a> {
    Bool(bool),
    Integer(i64),
    Float(i64),
    Text(Cow<'a, str>),
}

/// `slots`: the points that count, of those that there are. `limit`: values to tell.
pub(super) fn count_values(
    resident: &Resident,
    view: &ShardView<'_>,
    slots: &RoaringBitmap,
    visible: &RoaringBitmap,
    path: &str,
    limit: usize,
) -> EngineResult<Facets> {
    let declared = resident.schema.get(path);
    let refuse = |what: &str| {
        let message = format!("the values of {path:?} cannot be counted: it is declared as {what}");
        Err(EngineError::new(reason::INVALID_ARGUMENT, message, "field"))
    };
    if is_stored(&resident.schema, path) {
        return refuse("stored only");
    }
    if declared == Some(&FieldType::Datetime) {
        return refuse("a datetime");
    }
    let mut counts: Vec<(Value<'_>, u64)> = Vec::new();
    let is_there = match resident.fields.get(path) {
        Some(field) => {
            count_indexed(field, slots, &mut counts);
            let long = &field.long & slots;
            counts.extend(count_read(
                view,
                &long,
                path,
                |value| matches!(value, Scalar::Text(text) if text.len() > KEYWORD_BYTES_MAX),
            )?);
            !field.present.is_disjoint(visible) || !field.null.is_disjoint(visible)
        }
        None => {
            let holders = resident.fields.overflow() & visible;
            counts.extend(count_read(view, &(&holders & slots), path, |_| true)?);
            has_field(view, &holders, path)?
        }
    };
    let order = |a: &(Value<'_>, u64), b: &(Value<'_>, u64)| b.1.cmp(&a.1).then(a.0.cmp(&b.0));
    let more = counts.len() > limit;
    if more {
        counts.select_nth_unstable_by(limit, order);
        counts.truncate(limit);
    }
    counts.sort_unstable_by(order);
    Ok(Facets {
        counts: counts.into_iter().map(to_message).collect(),
        more,
        is_unknown: !is_there && declared.is_none(),
    })
}

fn count_indexed<'f>(
    field: &'f FieldIndex,
    slots: &RoaringBitmap,
    counts: &mut Vec<(Value<'f>, u64)>,
) {
    let bools = [false, true].map(|value| {
        let posting = &field.bools[usize::from(value)];
        (Value::Bool(value), posting.intersection_len(slots))
    });
    let integers = field.integers.iter();
    let integers = integers.map(|(key, posting)| (Value::Integer(key), posting));
    let floats = field.floats.iter();
    let floats = floats.map(|(key, posting)| (Value::Float(key), posting));
    let texts = field.keywords.iter();
    let texts = texts.map(|(text, posting)| (Value::Text(Cow::Borrowed(text)), posting));
    let postings = integers.chain(floats).chain(texts);
    let counted = postings.map(|(value, posting)| (value, posting.len_within(slots)));
    counts.extend(
        bools
            .into_iter()
            .chain(counted)
            .filter(|(_, count)| *count > 0),
    );
}

/// Counts the values that payloads have in a field, of those that are wanted.
fn count_read(
    view: &ShardView<'_>,
    slots: &RoaringBitmap,
    path: &str,
    wants: fn(&Scalar<'_>) -> bool,
) -> EngineResult<HashMap<Value<'static>, u64>> {
    let mut counts = HashMap::new();
    for slot in slots {
        let mut values = Values {
            path,
            wants,
            found: HashSet::new(),
        };
        view.payload(slot, &mut |payload| walk_payload(payload, &mut values))?;
        for value in values.found {
            *counts.entry(value).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

/// The distinct values of one payload in one field.
struct Values<'a> {
    path: &'a str,
    wants: fn(&Scalar<'_>) -> bool,
    found: HashSet<Value<'static>>,
}

impl Sink for Values<'_> {
    fn scalar(&mut self, path: &str, value: Scalar<'_>) {
        if path == self.path && (self.wants)(&value) {
            self.found.insert(Value::of(value));
        }
    }

    fn null(&mut self, _: &str) {}

    fn array(&mut self, _: &str) {}

    fn object(&mut self, _: &str) {}
}

/// Whether a payload of these slots has the field, null or not.
fn has_field(view: &ShardView<'_>, slots: &RoaringBitmap, path: &str) -> EngineResult<bool> {
    let mut seen = Seen {
        path,
        is_seen: false,
    };
    for slot in slots {
        view.payload(slot, &mut |payload| walk_payload(payload, &mut seen))?;
        if seen.is_seen {
            return Ok(true);
        }
    }
    Ok(false)
}

struct Seen<'a> {
    path: &'a str,
    is_seen: bool,
}

impl Sink for Seen<'_> {
    fn scalar(&mut self, path: &str, _: Scalar<'_>) {
        self.is_seen |= path == self.path;
    }

    fn null(&mut self, path: &str) {
        self.is_seen |= path == self.path;
    }

    fn array(&mut self, path: &str) {
        self.is_seen |= path == self.path;
    }

    fn object(&mut self, path: &str) {
        self.is_seen |= path == self.path;
    }
}

impl Value<'_> {
    fn of(value: Scalar<'_>) -> Value<'static> {
        match value {
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Integer(value) => Value::Integer(value),
            Scalar::Float(value) => Value::Float(float_key(value)),
            Scalar::Text(text) => Value::Text(Cow::Owned(text.to_owned())),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Bool(_) => 0,
            Value::Integer(_) | Value::Float(_) => 1,
            Value::Text(_) => 2,
        }
    }
}

impl Ord for Value<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Integer(a), Value::Integer(b)) | (Value::Float(a), Value::Float(b)) => a.cmp(b),
            // A float that is no integer lies well between two, or beyond them all.
            (Value::Integer(a), Value::Float(b)) => (*a as f64).total_cmp(&float_of_key(*b)),
            (Value::Float(a), Value::Integer(b)) => float_of_key(*a).total_cmp(&(*b as f64)),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn to_message((value, count): (Value<'_>, u64)) -> FacetCount {
    let kind = match value {
        Value::Bool(value) => scalar::Kind::BoolValue(value),
        Value::Integer(value) => scalar::Kind::IntegerValue(value),
        Value::Float(key) => scalar::Kind::FloatValue(float_of_key(key)),
        Value::Text(text) => scalar::Kind::StringValue(text.into_owned()),
    };
    FacetCount {
        value: Some(vectron::Scalar { kind: Some(kind) }),
        count,
    }
}
