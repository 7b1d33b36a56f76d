//! One condition on one payload, for fields that have no index. Defines what conditions mean.

use std::ops::{Bound, RangeBounds};

use super::compile::{RangeTest, Test, Value};
use crate::error::EngineResult;
use crate::fields::TextKind;
use crate::payload::{Scalar, Sink, float_key, parse_datetime, walk_payload};

/// What one payload says about one field and one test.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub matches: bool,
    /// The payload has the field, null or not.
    pub seen: bool,
}

/// Tests one payload. `text`: how the field's strings are read.
pub fn test_payload(
    payload: &[u8],
    path: &str,
    test: &Test,
    text: TextKind,
) -> EngineResult<Verdict> {
    let wanted: &[Value] = match test {
        Test::Any(values) | Test::Contains(values) => values,
        Test::Range(_) | Test::Exists(_) | Test::Null(_) => &[],
    };
    let mut facts = Facts {
        path,
        text,
        range: if let Test::Range(range) = test {
            Some(range)
        } else {
            None
        },
        wanted,
        found: vec![false; wanted.len()],
        in_range: false,
        present: false,
        null: false,
        array: false,
    };
    walk_payload(payload, &mut facts)?;
    let matches = match test {
        Test::Any(_) => facts.found.contains(&true),
        Test::Contains(_) => facts.array && !facts.found.contains(&false),
        Test::Range(_) => facts.in_range,
        Test::Exists(wanted) => facts.present == *wanted,
        Test::Null(wanted) => facts.null == *wanted,
    };
    Ok(Verdict {
        matches,
        seen: facts.present || facts.null,
    })
}

struct Facts<'a> {
    path: &'a str,
    text: TextKind,
    range: Option<&'a RangeTest>,
    wanted: &'a [Value],
    /// Which of `wanted` the field has.
    found: Vec<bool>,
    in_range: bool,
    present: bool,
    null: bool,
    array: bool,
}

impl Sink for Facts<'_> {
    fn scalar(&mut self, path: &str, value: Scalar<'_>) {
        if path != self.path {
            return;
        }
        self.present = true;
        for (wanted, found) in self.wanted.iter().zip(&mut self.found) {
            *found |= equals(wanted, value, self.text);
        }
        self.in_range |= self
            .range
            .is_some_and(|range| lies_in(range, value, self.text));
    }

    fn null(&mut self, path: &str) {
        self.null |= path == self.path;
    }

    fn array(&mut self, path: &str) {
        self.present |= path == self.path;
        self.array |= path == self.path;
    }

    fn object(&mut self, path: &str) {
        self.present |= path == self.path;
    }
}

fn equals(wanted: &Value, value: Scalar<'_>, text: TextKind) -> bool {
    match (wanted, value) {
        (Value::Text(wanted), Scalar::Text(value)) => text != TextKind::Datetime && wanted == value,
        (Value::Integer(wanted), Scalar::Integer(value)) => *wanted == value,
        (Value::Float(wanted), Scalar::Float(value)) => *wanted == float_key(value),
        (Value::Bool(wanted), Scalar::Bool(value)) => *wanted == value,
        (Value::Instant(wanted), Scalar::Text(value)) => parse_datetime(value) == Some(*wanted),
        _ => false,
    }
}

fn lies_in(range: &RangeTest, value: Scalar<'_>, text: TextKind) -> bool {
    let within = |range: &(Bound<i64>, Bound<i64>), key: i64| range.contains(&key);
    match (range, value) {
        (RangeTest::Numbers { integers, .. }, Scalar::Integer(value)) => within(integers, value),
        (RangeTest::Numbers { floats, .. }, Scalar::Float(value)) => {
            within(floats, float_key(value))
        }
        (RangeTest::Instants(range), Scalar::Text(value)) if text != TextKind::Keyword => {
            parse_datetime(value).is_some_and(|micros| within(range, micros))
        }
        _ => false,
    }
}
