//! Changes the top level of a payload's JSON text; the values themselves stay as they were written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{EngineError, EngineResult, reason};

/// What to change: `remove` first, then `set`.
#[derive(Clone, Copy, Debug)]
pub struct Patch<'a> {
    /// JSON text of an object; empty for none.
    pub set: &'a [u8],
    /// Top-level keys.
    pub remove: &'a [String],
    /// The new payload is `set` alone.
    pub replace: bool,
}

impl Patch<'_> {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty() && !self.replace
    }
}

/// The payload after the patch: keys keep their order, new ones follow.
pub fn patch_payload(payload: &[u8], patch: &Patch<'_>) -> EngineResult<Vec<u8>> {
    if patch.replace {
        return Ok(patch.set.to_vec());
    }
    let mut pairs = parse_pairs(payload)?.0;
    pairs.retain(|(key, _)| !patch.remove.contains(key));
    for (key, value) in parse_pairs(patch.set)?.0 {
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some(pair) => pair.1 = value,
            None => pairs.push((key, value)),
        }
    }
    Ok(write_pairs(&pairs))
}

/// The pairs of an object, in order.
#[derive(Default)]
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

fn parse_pairs(text: &[u8]) -> EngineResult<Pairs<'_>> {
    if text.is_empty() {
        return Ok(Pairs::default());
    }
    serde_json::from_slice(text).map_err(|error| {
        EngineError::new(
            reason::INVALID_PAYLOAD,
            format!("payload: {error}"),
            "payload",
        )
    })
}

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(parser: D) -> Result<Self, D::Error> {
        parser.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

fn write_pairs(pairs: &[(String, &RawValue)]) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut out, key).expect("a string is written to memory");
        out.push(b':');
        out.extend_from_slice(value.get().as_bytes());
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_removes_and_replaces() {
        let payload = br#"{"a": 1.0, "b":{"x":2}, "c":3}"#;
        let remove = ["c".to_owned(), "z".to_owned()];
        let patch = Patch {
            set: br#"{"b":null,"d":"\u00e9"}"#,
            remove: &remove,
            replace: false,
        };
        let merged = patch_payload(payload, &patch).unwrap();
        assert_eq!(merged, br#"{"a":1.0,"b":null,"d":"\u00e9"}"#);
        let patch = Patch {
            replace: true,
            ..patch
        };
        assert_eq!(patch_payload(payload, &patch).unwrap(), patch.set);
        let patch = Patch {
            set: b"",
            remove: &[],
            replace: false,
        };
        assert_eq!(patch_payload(b"", &patch).unwrap(), b"{}");
    }
}
