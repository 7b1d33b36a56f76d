//! One point as the store holds it. docs/formats/store.md.

use super::FILE_NAME;
use crate::error::{EngineError, EngineResult};

/// A stored point, without its vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Log index of the command that wrote the vector.
    pub vector_version: u64,
    /// Log index of the last command that changed the point, its vector or its payload.
    pub version: u64,
    /// Unix milliseconds from which there is no such point; 0 for never.
    pub expire_ms: u64,
    pub id: &'a [u8],
    /// JSON text of an object; empty for none.
    pub payload: &'a [u8],
}

const HEAD_BYTES: usize = 4 + 8 + 2;

// Bits of the id's length, which is at most 512.
/// The version follows, because it is not the vector's.
const HAS_VERSION: u16 = 1 << 15;
/// The time of expiry follows.
const HAS_EXPIRY: u16 = 1 << 14;

/// Encodes a row after clearing `out`.
pub fn encode_row(slot: u32, row: &Row<'_>, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&row.vector_version.to_le_bytes());
    let mut id_len = u16::try_from(row.id.len()).expect("ids are short");
    if row.version != row.vector_version {
        id_len |= HAS_VERSION;
    }
    if row.expire_ms != 0 {
        id_len |= HAS_EXPIRY;
    }
    out.extend_from_slice(&id_len.to_le_bytes());
    if id_len & HAS_VERSION != 0 {
        out.extend_from_slice(&row.version.to_le_bytes());
    }
    if id_len & HAS_EXPIRY != 0 {
        out.extend_from_slice(&row.expire_ms.to_le_bytes());
    }
    out.extend_from_slice(row.id);
    out.extend_from_slice(row.payload);
    let sum = checksum(slot, &out[4..]);
    out[..4].copy_from_slice(&sum.to_le_bytes());
}

/// Decodes a row and verifies its checksum.
pub fn decode_row(slot: u32, bytes: &[u8]) -> EngineResult<Row<'_>> {
    let damaged = || EngineError::corrupt(FILE_NAME, format_args!("row {slot} is damaged"));
    if bytes.len() < HEAD_BYTES {
        return Err(damaged());
    }
    let (sum, mut rest) = bytes.split_at(4);
    if checksum(slot, rest).to_le_bytes() != sum {
        return Err(damaged());
    }
    let vector_version = u64::from_le_bytes(take(&mut rest).ok_or_else(damaged)?);
    let id_len = u16::from_le_bytes(take(&mut rest).ok_or_else(damaged)?);
    let version = match id_len & HAS_VERSION {
        0 => vector_version,
        _ => u64::from_le_bytes(take(&mut rest).ok_or_else(damaged)?),
    };
    let expire_ms = match id_len & HAS_EXPIRY {
        0 => 0,
        _ => u64::from_le_bytes(take(&mut rest).ok_or_else(damaged)?),
    };
    let id_len = usize::from(id_len & !(HAS_VERSION | HAS_EXPIRY));
    if rest.len() < id_len {
        return Err(damaged());
    }
    let (id, payload) = rest.split_at(id_len);
    Ok(Row {
        vector_version,
        version,
        expire_ms,
        id,
        payload,
    })
}

/// Takes the first bytes, if there are so many.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk()?;
    *rest = others;
    Some(*first)
}

/// The slot is part of the sum, so that a row under a wrong key is found.
fn checksum(slot: u32, rest: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&slot.to_le_bytes()), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_other_slot_is_found() {
        let mut bytes = Vec::new();
        for (version, expire_ms) in [(7, 0), (9, 0), (7, 1 << 41), (9, 3)] {
            let row = Row {
                version,
                expire_ms,
                ..row()
            };
            encode_row(3, &row, &mut bytes);
            assert_eq!(decode_row(3, &bytes), Ok(row));
            assert!(decode_row(4, &bytes).is_err());
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(decode_row(3, &bytes).is_err(), "bit {bit}");
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn a_row_that_was_never_updated_is_as_releases_without_versions_wrote_it() {
        let mut bytes = Vec::new();
        encode_row(3, &row(), &mut bytes);
        assert_eq!(bytes[4..], *b"\x07\0\0\0\0\0\0\0\x01\0a{\"x\":1}");
    }

    fn row() -> Row<'static> {
        Row {
            vector_version: 7,
            version: 7,
            expire_ms: 0,
            id: b"a",
            payload: b"{\"x\":1}",
        }
    }
}
