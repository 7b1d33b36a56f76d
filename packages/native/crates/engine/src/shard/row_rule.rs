//! The row rule of a write: for its command there are only the points that match.
//!
//! Must stay true: whether a point matches follows from the store and the command alone, so that
//! every replica finds the same.

use crate::error::{EngineError, EngineResult, reason};
use crate::fields::Schema;
use crate::filter::{self, compile_filter, is_match};
use crate::messages::vectron::{self, condition::Test};

/// Compiles a rule. Fails with FORBIDDEN when it makes no sense for the shard: then nothing is
/// within it.
pub(super) fn compile_rule(
    rule: &vectron::Filter,
    schema: &Schema,
) -> EngineResult<filter::Filter> {
    compile_filter(rule, schema).map_err(|error| {
        let message = format!(
            "the key's row rule does not fit the collection: {}",
            error.message
        );
        EngineError::new(reason::FORBIDDEN, message, error.subject)
    })
}

/// What a command may touch: everything, or what matches a rule.
pub(super) enum RowRule<'r> {
    Everything,
    Only {
        rule: &'r vectron::Filter,
        compiled: filter::Filter,
    },
}

impl<'r> RowRule<'r> {
    pub fn compile(rule: Option<&'r vectron::Filter>, schema: &Schema) -> EngineResult<Self> {
        match rule {
            None => Ok(Self::Everything),
            Some(rule) => Ok(Self::Only {
                rule,
                compiled: compile_rule(rule, schema)?,
            }),
        }
    }

    pub fn admits_all(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// Whether a point with this id and payload is within the rule.
    pub fn admits(&self, id: &str, payload: &[u8], schema: &Schema) -> EngineResult<bool> {
        match self {
            Self::Everything => Ok(true),
            Self::Only { compiled, .. } => is_match(compiled, id, payload, schema),
        }
    }

    /// Refuses a command for a point. `what`: what is wrong with it.
    pub fn refusal(&self, id: &str, what: &str) -> EngineError {
        let mut fields = Vec::new();
        if let Self::Only { rule, .. } = self {
            add_fields(rule, &mut fields);
        }
        let fields = fields.join(", ");
        let message = format!("{id:?}: {what} the key's row rule on {fields}");
        EngineError::new(reason::OUTSIDE_ROW_RULE, message, id)
    }
}

/// What a rule looks at, each once, in its order.
fn add_fields(rule: &vectron::Filter, fields: &mut Vec<String>) {
    let vectron::Filter {
        must,
        should,
        must_not,
    } = rule;
    for condition in [must, should, must_not].into_iter().flatten() {
        let field = match &condition.test {
            Some(Test::Filter(nested)) => {
                add_fields(nested, fields);
                continue;
            }
            Some(Test::HasId(_)) => "the id".to_owned(),
            _ => format!("{:?}", condition.field),
        };
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
}
