//! What a shard's store says about itself, in one small record.

use super::FILE_NAME;
use crate::error::{EngineError, EngineResult};

/// Kept in the table `meta` under `state`, written by every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Log index of the last entry in this state.
    pub applied_index: u64,
    /// Points with an id.
    pub points: u64,
    /// Results kept for the dedupe of requests.
    pub requests: u64,
    /// Slots below were handed out at some time.
    pub slots_end: u32,
    /// Slots that may be handed out again.
    pub free: u32,
    /// Slots freed since the last durable commit.
    pub freed: u32,
}

const BYTES: usize = 36 + 4;

impl State {
    pub fn encode(&self) -> [u8; BYTES] {
        let mut out = [0; BYTES];
        out[0..8].copy_from_slice(&self.applied_index.to_le_bytes());
        out[8..16].copy_from_slice(&self.points.to_le_bytes());
        out[16..24].copy_from_slice(&self.requests.to_le_bytes());
        out[24..28].copy_from_slice(&self.slots_end.to_le_bytes());
        out[28..32].copy_from_slice(&self.free.to_le_bytes());
        out[32..36].copy_from_slice(&self.freed.to_le_bytes());
        let sum = crc32c::crc32c(&out[..36]);
        out[36..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    pub fn decode(bytes: &[u8]) -> EngineResult<Self> {
        let damaged = || EngineError::corrupt(FILE_NAME, "the state record is damaged");
        let bytes: &[u8; BYTES] = bytes.try_into().map_err(|_| damaged())?;
        if crc32c::crc32c(&bytes[..36]).to_le_bytes() != bytes[36..] {
            return Err(damaged());
        }
        let u64_at = |at: usize| {
            u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes of the record"))
        };
        let u32_at = |at: usize| {
            u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes of the record"))
        };
        Ok(Self {
            applied_index: u64_at(0),
            points: u64_at(8),
            requests: u64_at(16),
            slots_end: u32_at(24),
            free: u32_at(28),
            freed: u32_at(32),
        })
    }
}
