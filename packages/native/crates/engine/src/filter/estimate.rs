//! Estimates how many points match, by the sizes of the payload indexes, without looking at points.
//!
//! Conditions are taken as independent of each other, values as evenly spread where a range has too
//! many to be counted, and half of what would have to be read as matching. That is often wrong by a
//! factor and cheap: it decides the order of conditions, and stands beside the count in what a
//! search explains.

use super::compile::{Condition, Filter, RangeTest, Test, Value};
use super::evaluate::FilterContext;
use crate::fields::{FieldIndex, KEYWORD_BYTES_MAX, Posting, is_stored};

/// Share of what must be read to be known.
const UNKNOWN: f64 = 0.5;

/// Share of the points that match a filter, 0 to 1.
pub fn estimate_share(filter: &Filter, context: &FilterContext<'_>) -> f64 {
    let of = |condition: &Condition| condition_share(condition, context);
    let must: f64 = filter.must.iter().map(of).product();
    let must_not: f64 = filter.must_not.iter().map(|each| 1.0 - of(each)).product();
    if filter.should.is_empty() {
        return must * must_not;
    }
    let none: f64 = filter.should.iter().map(|each| 1.0 - of(each)).product();
    must * must_not * (1.0 - none)
}

/// The conditions, those first that leave the fewest to the others.
pub fn by_selectivity<'f>(
    conditions: &'f [Condition],
    context: &FilterContext<'_>,
) -> Vec<&'f Condition> {
    let mut ordered: Vec<&Condition> = conditions.iter().collect();
    if ordered.len() > 1 {
        ordered.sort_by_cached_key(|condition| {
            (condition_share(condition, context) * context.points as f64) as u64
        });
    }
    ordered
}

fn condition_share(condition: &Condition, context: &FilterContext<'_>) -> f64 {
    let part = |count: u64| (count as f64 / context.points.max(1) as f64).min(1.0);
    match condition {
        Condition::Nested(filter) => estimate_share(filter, context),
        Condition::Ids(ids) => part(ids.len() as u64),
        Condition::Field { path, test } => match context.fields.get(path) {
            Some(field) => match test {
                Test::Exists(wanted) => part_or_rest(part(field.present.len()), *wanted),
                Test::Null(wanted) => part_or_rest(part(field.null.len()), *wanted),
                Test::Any(values) => part(values.iter().map(|value| count(field, value)).sum()),
                Test::Contains(values) => {
                    let fewest = values.iter().map(|value| count(field, value)).min();
                    part(fewest.unwrap_or(u64::MAX).min(field.arrays.len()))
                }
                Test::Range(RangeTest::Numbers { integers, floats }) => part(
                    field.integers.estimate_range(*integers) + field.floats.estimate_range(*floats),
                ),
                Test::Range(RangeTest::Instants(range)) => {
                    part(field.instants.estimate_range(*range))
                }
            },
            None => {
                let holders = if is_stored(context.schema, path) {
                    1.0
                } else {
                    part(context.fields.overflow().len())
                };
                let wanted = !matches!(test, Test::Exists(false) | Test::Null(false));
                part_or_rest(holders * UNKNOWN, wanted)
            }
        },
    }
}

fn part_or_rest(share: f64, wanted: bool) -> f64 {
    if wanted { share } else { 1.0 - share }
}

/// Points that have a value.
fn count(field: &FieldIndex, value: &Value) -> u64 {
    let posting = match value {
        Value::Bool(value) => return field.bools[usize::from(*value)].len(),
        Value::Text(text) if text.len() > KEYWORD_BYTES_MAX => {
            return (field.long.len() as f64 * UNKNOWN) as u64;
        }
        Value::Text(text) => field.keywords.get(text),
        Value::Integer(value) => field.integers.get(*value),
        Value::Float(key) => field.floats.get(*key),
        Value::Instant(micros) => field.instants.get(*micros),
    };
    posting.map_or(0, Posting::len)
}
