//! Checks a payload against the declared types of its fields.

use std::collections::BTreeMap;

use super::datetime::parse_datetime;
use super::scalar::Scalar;
use super::walk::{Sink, walk_payload};
use crate::error::{EngineError, EngineResult, reason};
use crate::messages::vectron::FieldType;

/// Fails with PAYLOAD_TYPE_MISMATCH when a declared field holds a value of another type.
///
/// Null is a value of every type, and an array stands for its items. Also checks that the payload
/// is a JSON object.
pub fn check_declared(payload: &[u8], schema: &BTreeMap<String, FieldType>) -> EngineResult<()> {
    let mut check = Check {
        schema,
        mismatch: None,
    };
    walk_payload(payload, &mut check)?;
    match check.mismatch {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// The type's name in messages.
pub fn kind_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Unspecified => "unspecified",
        FieldType::Keyword => "keyword",
        FieldType::Integer => "integer",
        FieldType::Float => "float",
        FieldType::Bool => "bool",
        FieldType::Datetime => "datetime",
        FieldType::Stored => "stored",
    }
}

struct Check<'s> {
    schema: &'s BTreeMap<String, FieldType>,
    mismatch: Option<EngineError>,
}

impl Check<'_> {
    fn refuse(&mut self, path: &str, kind: FieldType, found: &str) {
        let message = format!(
            "payload field {path:?} is declared {} and holds {found}",
            kind_name(kind)
        );
        self.mismatch.get_or_insert(EngineError::new(
            reason::PAYLOAD_TYPE_MISMATCH,
            message,
            path,
        ));
    }
}

impl Sink for Check<'_> {
    fn scalar(&mut self, path: &str, value: Scalar<'_>) {
        let Some(&kind) = self.schema.get(path) else {
            return;
        };
        let fits = match (kind, value) {
            (FieldType::Stored | FieldType::Unspecified, _) => true,
            (FieldType::Datetime, Scalar::Text(text)) => parse_datetime(text).is_some(),
            (FieldType::Keyword, Scalar::Text(_))
            | (FieldType::Bool, Scalar::Bool(_))
            | (FieldType::Integer, Scalar::Integer(_))
            | (FieldType::Float, Scalar::Integer(_) | Scalar::Float(_)) => true,
            _ => false,
        };
        if !fits {
            let found = match value {
                Scalar::Text(_) if kind == FieldType::Datetime => "a string that is no RFC 3339",
                Scalar::Text(_) => "a string",
                Scalar::Integer(_) => "an integer",
                Scalar::Float(_) => "a float",
                Scalar::Bool(_) => "a bool",
            };
            self.refuse(path, kind, found);
        }
    }

    fn null(&mut self, _path: &str) {}

    fn array(&mut self, _path: &str) {}

    fn object(&mut self, path: &str) {
        match self.schema.get(path) {
            None | Some(FieldType::Stored | FieldType::Unspecified) => {}
            Some(&kind) => self.refuse(path, kind, "an object"),
        }
    }
}
