//! Encodes points of answers straight into protobuf, without building the messages.
//!
//! Field numbers are those of `vectron.v1.ScoredPoint`, `Point` and `Vector`; a test holds them to
//! the proto files.

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::payload::format_millis;

/// A point of an answer. Empty parts are left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answer<'a> {
    pub id: &'a [u8],
    pub payload: &'a [u8],
    /// Little-endian f32.
    pub vector: &'a [u8],
    pub version: u64,
    /// Unix milliseconds; 0 for never.
    pub expire_ms: u64,
}

impl Answer<'_> {
    /// An encoded `vectron.v1.ScoredPoint`.
    pub fn encode_scored(&self, score: f32) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.capacity());
        put_bytes(1, self.id, &mut out);
        if score != 0.0 {
            encode_key(2, WireType::ThirtyTwoBit, &mut out);
            out.extend_from_slice(&score.to_le_bytes());
        }
        put_bytes(3, self.payload, &mut out);
        self.put_vector(4, &mut out);
        put_uint(5, self.version, &mut out);
        self.put_expiry(6, &mut out);
        out
    }

    /// An encoded `vectron.v1.Point`.
    pub fn encode_point(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.capacity());
        put_bytes(1, self.id, &mut out);
        self.put_vector(2, &mut out);
        put_bytes(3, self.payload, &mut out);
        put_uint(4, self.version, &mut out);
        self.put_expiry(5, &mut out);
        out
    }

    fn capacity(&self) -> usize {
        self.id.len() + self.payload.len() + self.vector.len() + 32
    }

    fn put_expiry(&self, tag: u32, out: &mut Vec<u8>) {
        if self.expire_ms != 0 {
            put_bytes(tag, format_millis(self.expire_ms).as_bytes(), out);
        }
    }

    /// `Vector { f32 }`, a message within the message.
    fn put_vector(&self, tag: u32, out: &mut Vec<u8>) {
        const F32: u32 = 2;
        if self.vector.is_empty() {
            return;
        }
        let len = self.vector.len();
        let inner = key_len(F32) + encoded_len_varint(len as u64) + len;
        encode_key(tag, WireType::LengthDelimited, out);
        encode_varint(inner as u64, out);
        put_bytes(F32, self.vector, out);
    }
}

fn put_uint(tag: u32, value: u64, out: &mut Vec<u8>) {
    if value == 0 {
        return;
    }
    encode_key(tag, WireType::Varint, out);
    encode_varint(value, out);
}

fn put_bytes(tag: u32, bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
