//! Walks a payload's JSON text and tells a sink about each field: no tree is built.
//!
//! A field is a dotted path of keys. Arrays add nothing to the path: each item counts as a value
//! of the array's own field, and so do items of arrays in arrays.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::scalar::Scalar;
use crate::error::{EngineError, EngineResult, reason};

/// Levels of objects and arrays that a payload may have.
const DEPTH_MAX: usize = 32;

/// Hears of each field of one payload.
pub trait Sink {
    /// The field has this scalar, alone or as an item of an array.
    fn scalar(&mut self, path: &str, value: Scalar<'_>);
    /// The field itself is null (items of arrays that are null are passed over).
    fn null(&mut self, path: &str);
    /// The field is an array; its items follow.
    fn array(&mut self, path: &str);
    /// The field is an object; its fields follow under longer paths.
    fn object(&mut self, path: &str);
}

/// Walks a payload; empty text is an empty object.
///
/// Fails with INVALID_PAYLOAD when the text is no JSON object or is too deep.
pub fn walk_payload(payload: &[u8], sink: &mut dyn Sink) -> EngineResult<()> {
    if payload.is_empty() {
        return Ok(());
    }
    let invalid = |error: serde_json::Error| {
        EngineError::new(
            reason::INVALID_PAYLOAD,
            format!("payload: {error}"),
            "payload",
        )
    };
    let mut parser = serde_json::Deserializer::from_slice(payload);
    let mut walk = Walk {
        path: String::new(),
        depth: 0,
        sink,
    };
    (&mut parser)
        .deserialize_map(Object(&mut walk))
        .map_err(invalid)?;
    parser.end().map_err(invalid)
}

struct Walk<'s> {
    path: String,
    depth: usize,
    sink: &'s mut dyn Sink,
}

impl Walk<'_> {
    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(E::custom(format_args!("more than {DEPTH_MAX} levels")));
        }
        Ok(())
    }
}

/// The fields of an object under the current path.
struct Object<'w, 's>(&'w mut Walk<'s>);

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let walk = self.0;
        walk.enter()?;
        let parent = walk.path.len();
        while let Some(key) = map.next_key_seed(Key)? {
            if parent > 0 {
                walk.path.push('.');
            }
            walk.path.push_str(&key);
            map.next_value_seed(Value { walk, item: false })?;
            walk.path.truncate(parent);
        }
        walk.depth -= 1;
        Ok(())
    }
}

/// A key, borrowed from the text unless it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// The value of the field at the current path, or an item of the array there.
struct Value<'w, 's> {
    walk: &'w mut Walk<'s>,
    item: bool,
}

impl Value<'_, '_> {
    fn scalar(self, value: Scalar<'_>) {
        self.walk.sink.scalar(&self.walk.path, value);
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Integer(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::from_unsigned(value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::from_float(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(value));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        if !self.item {
            self.walk.sink.null(&self.walk.path);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let walk = self.walk;
        walk.enter()?;
        if !self.item {
            walk.sink.array(&walk.path);
        }
        while items
            .next_element_seed(Value { walk, item: true })?
            .is_some()
        {}
        walk.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        if !self.item {
            self.walk.sink.object(&self.walk.path);
        }
        Object(self.walk).visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Vec<String>);

    impl Sink for Lines {
        fn scalar(&mut self, path: &str, value: Scalar<'_>) {
            self.0.push(format!("{path} {value:?}"));
        }
        fn null(&mut self, path: &str) {
            self.0.push(format!("{path} null"));
        }
        fn array(&mut self, path: &str) {
            self.0.push(format!("{path} []"));
        }
        fn object(&mut self, path: &str) {
            self.0.push(format!("{path} {{}}"));
        }
    }

    #[test]
    fn tells_each_field_once_by_its_path() {
        let mut lines = Lines::default();
        let payload =
            br#"{"a":{"b\n":[1,[2.5],null,{"c":null}]},"d":"x","e":18446744073709551615}"#;
        walk_payload(payload, &mut lines).unwrap();
        let expected = [
            "a {}",
            "a.b\n []",
            "a.b\n Integer(1)",
            "a.b\n Float(2.5)",
            "a.b\n.c null",
            "d Text(\"x\")",
            "e Float(1.8446744073709552e19)",
        ];
        assert_eq!(lines.0, expected);
    }

    #[test]
    fn refuses_what_is_no_object() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        for text in [
            "[]",
            "1",
            "{\"a\":}",
            "{} {}",
            "{\"a\":1e999}",
            deep.as_str(),
        ] {
            let error = walk_payload(text.as_bytes(), &mut Lines::default()).unwrap_err();
            assert_eq!(error.reason, reason::INVALID_PAYLOAD, "{text}");
        }
    }
}
