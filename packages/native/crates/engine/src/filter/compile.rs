//! Turns a filter of the API into one with canonical values, checked against declared types.

use std::ops::Bound;

use crate::error::{EngineError, EngineResult, reason};
use crate::fields::{KeyRange, Schema};
use crate::messages::vectron::{self, FieldType, condition, scalar};
use crate::payload::{Scalar, float_key, kind_name, parse_datetime};

const DEPTH_MAX: usize = 16;
const CONDITIONS_MAX: usize = 1024;

/// A checked filter; see `vectron.v1.Filter`.
#[derive(Debug, Default)]
pub struct Filter {
    pub must: Vec<Condition>,
    pub should: Vec<Condition>,
    pub must_not: Vec<Condition>,
}

#[derive(Debug)]
pub enum Condition {
    Field { path: String, test: Test },
    Ids(Vec<String>),
    Nested(Filter),
}

/// A test of one field.
#[derive(Debug)]
pub enum Test {
    /// One of the field's values equals one of these.
    Any(Vec<Value>),
    Range(RangeTest),
    Exists(bool),
    Null(bool),
    /// The field is an array with all of these.
    Contains(Vec<Value>),
}

/// A value to compare with, as the indexes hold it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Integer(i64),
    /// `float_key` of a float that is no whole number.
    Float(i64),
    Bool(bool),
    /// Microseconds; for fields declared DATETIME.
    Instant(i64),
}

#[derive(Clone, Copy, Debug)]
pub enum RangeTest {
    /// The same bounds for whole numbers and, as keys, for the other floats.
    Numbers {
        integers: KeyRange,
        floats: KeyRange,
    },
    /// Microseconds.
    Instants(KeyRange),
}

/// Checks and compiles a filter.
///
/// Fails with FILTER_TYPE_MISMATCH when a declared field is compared with another type, and with
/// INVALID_FILTER when a condition makes no sense.
pub fn compile_filter(filter: &vectron::Filter, schema: &Schema) -> EngineResult<Filter> {
    let mut compiler = Compiler {
        schema,
        conditions: 0,
    };
    compiler.filter(filter, 1)
}

struct Compiler<'s> {
    schema: &'s Schema,
    conditions: usize,
}

impl Compiler<'_> {
    fn filter(&mut self, filter: &vectron::Filter, depth: usize) -> EngineResult<Filter> {
        if depth > DEPTH_MAX {
            return Err(invalid("filter", format!("more than {DEPTH_MAX} levels")));
        }
        let mut compile = |conditions: &[vectron::Condition]| {
            let compiled = conditions
                .iter()
                .map(|condition| self.condition(condition, depth));
            compiled.collect::<EngineResult<Vec<_>>>()
        };
        Ok(Filter {
            must: compile(&filter.must)?,
            should: compile(&filter.should)?,
            must_not: compile(&filter.must_not)?,
        })
    }

    fn condition(
        &mut self,
        condition: &vectron::Condition,
        depth: usize,
    ) -> EngineResult<Condition> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            return Err(invalid(
                "filter",
                format!("more than {CONDITIONS_MAX} conditions"),
            ));
        }
        let path = condition.field.as_str();
        let Some(test) = &condition.test else {
            return Err(invalid(path, "the condition has no test".to_owned()));
        };
        let test = match test {
            condition::Test::HasId(ids) => return Ok(Condition::Ids(ids.values.clone())),
            condition::Test::Filter(nested) => {
                return Ok(Condition::Nested(self.filter(nested, depth + 1)?));
            }
            condition::Test::Match(value) => Test::Any(vec![self.value(path, value)?]),
            condition::Test::MatchAny(values) => Test::Any(self.values(path, values)?),
            condition::Test::Contains(values) => Test::Contains(self.values(path, values)?),
            condition::Test::Range(range) => Test::Range(self.range(path, range)?),
            condition::Test::Exists(wanted) => Test::Exists(*wanted),
            condition::Test::IsNull(wanted) => Test::Null(*wanted),
        };
        if path.is_empty() {
            return Err(invalid("field", "the condition names no field".to_owned()));
        }
        Ok(Condition::Field {
            path: path.to_owned(),
            test,
        })
    }

    fn declared(&self, path: &str) -> Option<FieldType> {
        match self.schema.get(path) {
            None | Some(FieldType::Unspecified | FieldType::Stored) => None,
            Some(kind) => Some(*kind),
        }
    }

    fn values(&self, path: &str, values: &vectron::Scalars) -> EngineResult<Vec<Value>> {
        values
            .values
            .iter()
            .map(|value| self.value(path, value))
            .collect()
    }

    /// A value for equality.
    fn value(&self, path: &str, value: &vectron::Scalar) -> EngineResult<Value> {
        let scalar = parse_scalar(path, value)?;
        let declared = self.declared(path);
        match (declared, scalar) {
            (Some(FieldType::Datetime), Scalar::Text(text)) => match parse_datetime(text) {
                Some(micros) => Ok(Value::Instant(micros)),
                None => Err(mismatch(path, FieldType::Datetime, &scalar)),
            },
            (None | Some(FieldType::Keyword), Scalar::Text(text)) => {
                Ok(Value::Text(text.to_owned()))
            }
            (None | Some(FieldType::Bool), Scalar::Bool(value)) => Ok(Value::Bool(value)),
            (None | Some(FieldType::Integer | FieldType::Float), Scalar::Integer(value)) => {
                Ok(Value::Integer(value))
            }
            (None | Some(FieldType::Integer | FieldType::Float), Scalar::Float(value)) => {
                Ok(Value::Float(float_key(value)))
            }
            (Some(kind), _) => Err(mismatch(path, kind, &scalar)),
        }
    }

    fn range(&self, path: &str, range: &vectron::Range) -> EngineResult<RangeTest> {
        let low = self.bound(
            path,
            (&range.gte, Side::Included),
            (&range.gt, Side::Excluded),
        )?;
        let high = self.bound(
            path,
            (&range.lte, Side::Included),
            (&range.lt, Side::Excluded),
        )?;
        match (low, high) {
            (None, None) => Err(invalid(path, "the range has no bound".to_owned())),
            (Some(Edge::Instant(_)), Some(Edge::Number(..)))
            | (Some(Edge::Number(..)), Some(Edge::Instant(_))) => Err(invalid(
                path,
                "one bound is a number and one a date-time".to_owned(),
            )),
            (Some(Edge::Instant(_)), _) | (_, Some(Edge::Instant(_))) => Ok(RangeTest::Instants((
                instant_bound(low),
                instant_bound(high),
            ))),
            (low, high) => {
                let (low_integer, low_float) = low_bounds(low);
                let (high_integer, high_float) = high_bounds(high);
                Ok(RangeTest::Numbers {
                    integers: (low_integer, high_integer),
                    floats: (low_float, high_float),
                })
            }
        }
    }

    /// The one bound of an end of a range; both at once are refused.
    fn bound(
        &self,
        path: &str,
        first: (&Option<vectron::Scalar>, Side),
        second: (&Option<vectron::Scalar>, Side),
    ) -> EngineResult<Option<Edge>> {
        let (value, side) = match (first.0, second.0) {
            (None, None) => return Ok(None),
            (Some(value), None) => (value, first.1),
            (None, Some(value)) => (value, second.1),
            (Some(_), Some(_)) => {
                return Err(invalid(
                    path,
                    "one end of the range has two bounds".to_owned(),
                ));
            }
        };
        let scalar = parse_scalar(path, value)?;
        match (self.declared(path), scalar) {
            (None | Some(FieldType::Datetime), Scalar::Text(text)) => match parse_datetime(text) {
                Some(micros) => Ok(Some(Edge::Instant(side.of(micros)))),
                None => Err(mismatch(path, FieldType::Datetime, &scalar)),
            },
            (None | Some(FieldType::Integer | FieldType::Float), Scalar::Integer(value)) => {
                Ok(Some(Edge::Number(side, Number::Integer(value))))
            }
            (None | Some(FieldType::Integer | FieldType::Float), Scalar::Float(value)) => {
                Ok(Some(Edge::Number(side, Number::Float(value))))
            }
            (None, Scalar::Bool(_)) => Err(invalid(
                path,
                "a range compares numbers or date-times, not bools".to_owned(),
            )),
            (Some(kind), _) => Err(mismatch(path, kind, &scalar)),
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Included,
    Excluded,
}

impl Side {
    fn of<T>(self, value: T) -> Bound<T> {
        match self {
            Side::Included => Bound::Included(value),
            Side::Excluded => Bound::Excluded(value),
        }
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(f64),
}

/// One end of a range.
#[derive(Clone, Copy)]
enum Edge {
    Number(Side, Number),
    Instant(Bound<i64>),
}

fn instant_bound(edge: Option<Edge>) -> Bound<i64> {
    match edge {
        Some(Edge::Instant(bound)) => bound,
        None | Some(Edge::Number(..)) => Bound::Unbounded,
    }
}

/// Lower bounds for integers and for float keys.
///
/// Indexed floats are never whole below 2^63, so a whole bound may be rounded to f64 for them: no
/// float lies between it and its rounding.
fn low_bounds(edge: Option<Edge>) -> (Bound<i64>, Bound<i64>) {
    match edge {
        None | Some(Edge::Instant(_)) => (Bound::Unbounded, Bound::Unbounded),
        Some(Edge::Number(side, Number::Integer(value))) => {
            // Included: i64::MAX rounds to 2^63, which is above it and may be indexed as a float.
            (side.of(value), Bound::Included(float_key(value as f64)))
        }
        Some(Edge::Number(side, Number::Float(value))) => {
            let integers = if value < 0.0 && value < i64::MIN as f64 {
                Bound::Unbounded
            } else if value > i64::MAX as f64 {
                // Above every integer: an empty range.
                Bound::Excluded(i64::MAX)
            } else {
                Bound::Excluded(value.floor() as i64)
            };
            (integers, side.of(float_key(value)))
        }
    }
}

/// Upper bounds, as `low_bounds`.
fn high_bounds(edge: Option<Edge>) -> (Bound<i64>, Bound<i64>) {
    match edge {
        None | Some(Edge::Instant(_)) => (Bound::Unbounded, Bound::Unbounded),
        Some(Edge::Number(side, Number::Integer(value))) => {
            (side.of(value), Bound::Excluded(float_key(value as f64)))
        }
        Some(Edge::Number(side, Number::Float(value))) => {
            let integers = if value >= i64::MAX as f64 {
                Bound::Unbounded
            } else if value < i64::MIN as f64 {
                Bound::Excluded(i64::MIN)
            } else {
                Bound::Excluded(value.ceil() as i64)
            };
            (integers, side.of(float_key(value)))
        }
    }
}

fn parse_scalar<'a>(path: &str, value: &'a vectron::Scalar) -> EngineResult<Scalar<'a>> {
    match &value.kind {
        Some(scalar::Kind::StringValue(text)) => Ok(Scalar::Text(text)),
        Some(scalar::Kind::IntegerValue(value)) => Ok(Scalar::Integer(*value)),
        Some(scalar::Kind::BoolValue(value)) => Ok(Scalar::Bool(*value)),
        Some(scalar::Kind::FloatValue(value)) if value.is_finite() => {
            Ok(Scalar::from_float(*value))
        }
        Some(scalar::Kind::FloatValue(_)) => Err(invalid(path, "a value is not finite".to_owned())),
        None => Err(invalid(path, "a value is empty".to_owned())),
    }
}

fn invalid(path: &str, what: String) -> EngineError {
    EngineError::new(
        reason::INVALID_FILTER,
        format!("filter on {path:?}: {what}"),
        path,
    )
}

fn mismatch(path: &str, kind: FieldType, value: &Scalar<'_>) -> EngineError {
    let shown = match value {
        Scalar::Text(text) => format!("the string {text:?}"),
        Scalar::Integer(value) => format!("the integer {value}"),
        Scalar::Float(value) => format!("the float {value}"),
        Scalar::Bool(value) => format!("the bool {value}"),
    };
    let message = format!(
        "filter on {path:?}: the field is {}, not {shown}",
        kind_name(kind)
    );
    EngineError::new(reason::FILTER_TYPE_MISMATCH, message, path)
}
