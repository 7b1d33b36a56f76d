//! A whole filter on one point, by its id and payload alone.

use super::compile::{Condition, Filter};
use super::on_payload::test_payload;
use crate::error::EngineResult;
use crate::fields::{Schema, TextKind};

/// Whether a point matches. Means the same as `evaluate_filter`.
pub fn is_match(filter: &Filter, id: &str, payload: &[u8], schema: &Schema) -> EngineResult<bool> {
    let holds = |condition: &Condition| match condition {
        Condition::Nested(filter) => is_match(filter, id, payload, schema),
        Condition::Ids(ids) => Ok(ids.iter().any(|other| other == id)),
        Condition::Field { path, test } => {
            let text = TextKind::of(schema.get(path).copied());
            Ok(test_payload(payload, path, test, text)?.matches)
        }
    };
    for condition in &filter.must {
        if !holds(condition)? {
            return Ok(false);
        }
    }
    for condition in &filter.must_not {
        if holds(condition)? {
            return Ok(false);
        }
    }
    for condition in &filter.should {
        if holds(condition)? {
            return Ok(true);
        }
    }
    Ok(filter.should.is_empty())
}
