//! Asks for room on the disk before a transaction changes pages of the store.
//!
//! redb copies each page that a transaction touches, and cannot go on when a write of it fails. So
//! the worst case is asked for: a page of each table for each point, but never more than a copy of
//! the whole file. Pages copied since the last durable commit are used again, so this does not add
//! up from one transaction to the next.

use std::fs;

use super::Shard;
use crate::error::EngineResult;
use crate::store;

/// A page of `ids`, one of `rows` and one of `freed` or `free`.
const PAGES_A_POINT_BYTES: u64 = 3 * 4096;
/// Pages that every commit writes: state, roots, allocator.
const COMMIT_BYTES: u64 = 256 << 10;

/// What a transaction wants room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// More data: must leave the reserve alone.
    Grow,
    /// Deletes and checkpoints: may use the reserve.
    Free,
}

/// The room of one transaction, claimed command by command.
#[derive(Debug, Default)]
pub(super) struct Room {
    points: u64,
    bytes: u64,
}

impl Room {
    /// Claims room for changing `points` more points, with `bytes` of new data among them.
    ///
    /// Fails with DISK_FULL, and then nothing may be written.
    pub fn claim(
        &mut self,
        shard: &Shard,
        purpose: Purpose,
        points: u64,
        bytes: u64,
    ) -> EngineResult<()> {
        self.points += points;
        self.bytes += bytes;
        let pages = (self.points * PAGES_A_POINT_BYTES).min(store_bytes(shard));
        let need = pages + self.bytes * 2 + COMMIT_BYTES;
        match purpose {
            Purpose::Grow => shard.reserve.check(need),
            Purpose::Free => shard.reserve.check_floor(need),
        }
    }
}

fn store_bytes(shard: &Shard) -> u64 {
    let file = shard.options.folder.join(store::FILE_NAME);
    // The file is open; if its length cannot be told, the points alone are counted.
    fs::metadata(file).map_or(u64::MAX, |metadata| metadata.len())
}
