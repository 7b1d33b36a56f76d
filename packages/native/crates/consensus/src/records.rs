//! Records of the Raft log: `raft.v1` of proto/raft/v1/log.proto, field by field.
//!
//! Written by hand, because the four messages are small and entries must stay `Bytes`: decoding a
//! batch copies no payload. A test holds them against encoded bytes.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::{ConfState, Entry};

use crate::error::ConsensusError;

/// What one poll must make durable, all groups together.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LogBatch {
    #[prost(message, repeated, tag = "1")]
    pub records: Vec<LogRecord>,
}

/// What one group must make durable. Entries supersede all earlier ones of the group from the first
/// entry's index on.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LogRecord {
    #[prost(uint64, tag = "1")]
    pub group: u64,
    #[prost(message, optional, tag = "2")]
    pub hard_state: Option<HardState>,
    /// Each an encoded eraftpb.Entry, consecutive.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub entries: Vec<Bytes>,
    /// An encoded eraftpb.ConfState; empty when it did not change.
    #[prost(bytes = "bytes", tag = "4")]
    pub conf_state: Bytes,
    #[prost(message, optional, tag = "5")]
    pub snapshot: Option<LogPosition>,
    #[prost(uint64, tag = "6")]
    pub replica_id: u64,
    #[prost(uint64, tag = "7")]
    pub conf_index: u64,
    /// Membership version that `conf_state` has.
    #[prost(uint64, tag = "8")]
    pub conf_version: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct HardState {
    #[prost(uint64, tag = "1")]
    pub term: u64,
    #[prost(uint64, tag = "2")]
    pub vote: u64,
    #[prost(uint64, tag = "3")]
    pub commit: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct LogPosition {
    #[prost(uint64, tag = "1")]
    pub index: u64,
    #[prost(uint64, tag = "2")]
    pub term: u64,
}

/// Encodes an entry; entries that raft made itself always encode.
pub(crate) fn encode_entry(entry: &Entry) -> Bytes {
    Bytes::from(
        entry
            .write_to_bytes()
            .expect("an entry encodes into memory"),
    )
}

/// Decodes an entry without copying its payload.
pub(crate) fn decode_entry(bytes: &Bytes) -> Result<Entry, ConsensusError> {
    Entry::parse_from_carllerche_bytes(bytes).map_err(|cause| {
        ConsensusError::corrupt("raft log", format!("an entry does not decode: {cause}"))
    })
}

pub(crate) fn encode_conf_state(state: &ConfState) -> Bytes {
    Bytes::from(
        state
            .write_to_bytes()
            .expect("a conf state encodes into memory"),
    )
}

pub(crate) fn decode_conf_state(bytes: &[u8]) -> Result<ConfState, ConsensusError> {
    let mut state = ConfState::default();
    state.merge_from_bytes(bytes).map_err(|cause| {
        ConsensusError::corrupt("raft log", format!("a conf state does not decode: {cause}"))
    })?;
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    /// The hand-written tags are those of log.proto: a record's bytes are spelled out here.
    #[test]
    fn a_record_has_the_tags_of_the_proto_file() {
        let batch = LogBatch {
            records: vec![LogRecord {
                group: 3,
                hard_state: Some(HardState {
                    term: 5,
                    vote: 6,
                    commit: 7,
                }),
                entries: vec![Bytes::from_static(b"e")],
                conf_state: Bytes::from_static(b"c"),
                snapshot: Some(LogPosition { index: 8, term: 9 }),
                replica_id: 10,
                conf_index: 11,
                conf_version: 12,
            }],
        };
        let record = [
            0x08, 3, 0x12, 6, 0x08, 5, 0x10, 6, 0x18, 7, 0x1a, 1, b'e', 0x22, 1, b'c', 0x2a, 4,
            0x08, 8, 0x10, 9, 0x30, 10, 0x38, 11, 0x40, 12,
        ];
        let mut expected = vec![0x0a, record.len() as u8];
        expected.extend_from_slice(&record);
        assert_eq!(batch.encode_to_vec(), expected);
    }

    #[test]
    fn an_entry_survives_its_encoding() {
        let entry = Entry {
            index: 12,
            term: 3,
            data: Bytes::from_static(b"payload"),
            ..Default::default()
        };
        assert_eq!(decode_entry(&encode_entry(&entry)).unwrap(), entry);
    }
}
