//! Evaluates a filter to the exact set of slots that match.
//!
//! Indexed conditions come first; a condition without an index reads the payloads of what is left.

use roaring::RoaringBitmap;

use super::compile::{Condition, Filter, RangeTest, Test, Value};
use super::estimate::{by_selectivity, estimate_share};
use super::on_payload::test_payload;
use crate::error::EngineResult;
use crate::fields::{FieldIndex, FieldSet, KEYWORD_BYTES_MAX, Schema, TextKind, is_stored};
use crate::ids::IdArena;

/// Reads what the indexes do not hold.
pub trait PointReader {
    /// Calls back with the payload of a live slot.
    fn payload(
        &self,
        slot: u32,
        use_payload: &mut dyn FnMut(&[u8]) -> EngineResult<()>,
    ) -> EngineResult<()>;
}

/// What a filter is evaluated on.
#[derive(Clone, Copy)]
pub struct FilterContext<'a> {
    pub fields: &'a FieldSet,
    pub schema: &'a Schema,
    pub ids: &'a IdArena,
    /// Above every slot in use.
    pub slots_end: u32,
    /// Points that the indexes are of.
    pub points: u64,
    /// Slots of the points that there are for whoever asks.
    pub visible: &'a RoaringBitmap,
    pub reader: &'a dyn PointReader,
}

/// Answer of a filter.
#[derive(Debug, Default)]
pub struct Matches {
    pub slots: RoaringBitmap,
    /// How many were expected, by the sizes of the indexes.
    pub estimated: u64,
    /// Fields that no visible point has and that are not declared.
    pub unknown_fields: Vec<String>,
    pub warnings: Vec<String>,
}

/// Evaluates a filter on all visible points.
pub fn evaluate_filter(filter: &Filter, context: FilterContext<'_>) -> EngineResult<Matches> {
    let mut evaluation = Evaluation {
        context,
        matches: Matches::default(),
    };
    let slots = evaluation.filter(filter, context.visible)?;
    let mut matches = evaluation.matches;
    matches.slots = slots;
    let share = estimate_share(filter, &context);
    matches.estimated = (share * context.visible.len() as f64).round() as u64;
    matches.unknown_fields.sort();
    matches.unknown_fields.dedup();
    matches.warnings.sort();
    matches.warnings.dedup();
    Ok(matches)
}

struct Evaluation<'a> {
    context: FilterContext<'a>,
    matches: Matches,
}

impl Evaluation<'_> {
    /// The candidates that match.
    fn filter(
        &mut self,
        filter: &Filter,
        candidates: &RoaringBitmap,
    ) -> EngineResult<RoaringBitmap> {
        let mut left = candidates.clone();
        let must = by_selectivity(&filter.must, &self.context);
        // Conditions on indexes are cheap and make the others cheaper.
        for reads_payloads in [false, true] {
            for condition in &must {
                if self.reads_payloads(condition) == reads_payloads {
                    left = self.condition(condition, &left)?;
                }
            }
            for condition in &filter.must_not {
                if self.reads_payloads(condition) == reads_payloads {
                    let matching = self.condition(condition, &left)?;
                    left -= matching;
                }
            }
        }
        if filter.should.is_empty() {
            return Ok(left);
        }
        let mut any = RoaringBitmap::new();
        for condition in &filter.should {
            any |= self.condition(condition, &left)?;
        }
        Ok(any)
    }

    fn reads_payloads(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Field { path, .. } => self.context.fields.get(path).is_none(),
            Condition::Ids(_) => false,
            Condition::Nested(_) => true,
        }
    }

    fn condition(
        &mut self,
        condition: &Condition,
        candidates: &RoaringBitmap,
    ) -> EngineResult<RoaringBitmap> {
        match condition {
            Condition::Nested(filter) => self.filter(filter, candidates),
            Condition::Ids(ids) => {
                let slots = ids
                    .iter()
                    .filter_map(|id| self.context.ids.slot_of(id.as_bytes()));
                Ok(slots.collect::<RoaringBitmap>() & candidates)
            }
            Condition::Field { path, test } => match self.context.fields.get(path) {
                Some(field) => self.indexed(path, field, test, candidates),
                None => self.not_indexed(path, test, candidates),
            },
        }
    }

    fn indexed(
        &mut self,
        path: &str,
        field: &FieldIndex,
        test: &Test,
        candidates: &RoaringBitmap,
    ) -> EngineResult<RoaringBitmap> {
        let context = self.context;
        let seen = |slots: &RoaringBitmap| !slots.is_disjoint(context.visible);
        if !context.schema.contains_key(path) && !seen(&field.present) && !seen(&field.null) {
            self.matches.unknown_fields.push(path.to_owned());
        }
        match test {
            Test::Exists(true) => Ok(&field.present & candidates),
            Test::Exists(false) => Ok(candidates - &field.present),
            Test::Null(true) => Ok(&field.null & candidates),
            Test::Null(false) => Ok(candidates - &field.null),
            Test::Range(range) => {
                let mut slots = RoaringBitmap::new();
                let end = self.context.slots_end;
                match range {
                    RangeTest::Numbers { integers, floats } => {
                        field.integers.add_range(*integers, end, &mut slots);
                        field.floats.add_range(*floats, end, &mut slots);
                    }
                    RangeTest::Instants(range) => field.instants.add_range(*range, end, &mut slots),
                }
                Ok(slots & candidates)
            }
            Test::Any(values) => {
                let mut slots = RoaringBitmap::new();
                for value in values {
                    self.add_equal(path, field, value, candidates, &mut slots)?;
                }
                Ok(slots & candidates)
            }
            Test::Contains(values) => {
                let mut left = &field.arrays & candidates;
                for value in values {
                    let mut slots = RoaringBitmap::new();
                    self.add_equal(path, field, value, &left, &mut slots)?;
                    left &= slots;
                }
                Ok(left)
            }
        }
    }

    /// Adds the slots where one of the field's values equals this one.
    fn add_equal(
        &mut self,
        path: &str,
        field: &FieldIndex,
        value: &Value,
        candidates: &RoaringBitmap,
        out: &mut RoaringBitmap,
    ) -> EngineResult<()> {
        let posting = match value {
            Value::Bool(value) => {
                *out |= &field.bools[usize::from(*value)];
                return Ok(());
            }
            Value::Text(text) if text.len() > KEYWORD_BYTES_MAX => {
                self.warn(format!(
                    "strings over {KEYWORD_BYTES_MAX} bytes are not indexed: \
                     the filter on \"{path}\" read payloads"
                ));
                let test = Test::Any(vec![value.clone()]);
                *out |= self
                    .read_payloads(path, &test, &(&field.long & candidates))?
                    .0;
                return Ok(());
            }
            Value::Text(text) => field.keywords.get(text),
            Value::Integer(value) => field.integers.get(*value),
            Value::Float(key) => field.floats.get(*key),
            Value::Instant(micros) => field.instants.get(*micros),
        };
        if let Some(posting) = posting {
            posting.add_to(out);
        }
        Ok(())
    }

    /// A field without an index: stored only, beyond the limit of fields, or unknown.
    fn not_indexed(
        &mut self,
        path: &str,
        test: &Test,
        candidates: &RoaringBitmap,
    ) -> EngineResult<RoaringBitmap> {
        let context = self.context;
        let stored = is_stored(context.schema, path);
        let overflow = context.fields.overflow();
        let holders = if stored {
            candidates.clone()
        } else {
            overflow & candidates
        };
        let (mut matching, mut seen) = self.read_payloads(path, test, &holders)?;
        if let Test::Exists(false) | Test::Null(false) = test {
            // Where no payload had to be read, the field is absent.
            matching |= candidates - &holders;
        }
        if stored || seen {
            self.warn(format!(
                "\"{path}\" is not indexed: the filter on it read payloads"
            ));
        } else if !context.schema.contains_key(path) {
            // No candidate has the field; before calling it unknown, ask the others.
            let others = (overflow & context.visible) - &holders;
            seen = self.read_payloads(path, &Test::Exists(true), &others)?.1;
            if !seen {
                self.matches.unknown_fields.push(path.to_owned());
            }
        }
        Ok(matching)
    }

    /// Tests the payload of each slot; answers which match, and whether any has the field.
    fn read_payloads(
        &self,
        path: &str,
        test: &Test,
        slots: &RoaringBitmap,
    ) -> EngineResult<(RoaringBitmap, bool)> {
        let text = TextKind::of(self.context.schema.get(path).copied());
        let mut matching = RoaringBitmap::new();
        let mut seen = false;
        for slot in slots {
            self.context.reader.payload(slot, &mut |payload| {
                let verdict = test_payload(payload, path, test, text)?;
                seen |= verdict.seen;
                if verdict.matches {
                    matching.insert(slot);
                }
                Ok(())
            })?;
        }
        Ok((matching, seen))
    }

    fn warn(&mut self, warning: String) {
        self.matches.warnings.push(warning);
    }
}
