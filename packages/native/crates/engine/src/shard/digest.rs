//! A digest of all points: equal on replicas that have applied the same index, whatever their slots
//! and files look like.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Shard;
use super::moment::Moment;
use crate::error::EngineResult;
use crate::messages::engine::PointsDigest;
use crate::store::Row;

/// Points between two looks at whether the shard closes.
const CHECK_POINTS: u64 = 256;

/// Runs aside: reads the points of one moment while writes go on.
///
/// The sum, modulo 2^128, of the first 16 bytes of a SHA-256 over each point: a sum does not depend
/// on the order, and points cannot cancel each other as they could under xor.
pub(super) fn digest(shard: &Arc<Shard>) -> EngineResult<PointsDigest> {
    let moment = shard.wait_on_lane(Moment::take)?;
    let mut vector = Vec::with_capacity(shard.config.dimension * 4);
    let mut sum = 0_u128;
    let mut points = 0_u64;
    let slots = 0..moment.state.slots_end;
    moment.store.view()?.for_each_row(slots, |slot, row| {
        if moment.freed.contains(slot) {
            return Ok(());
        }
        if points.is_multiple_of(CHECK_POINTS) {
            moment.check_open()?;
        }
        vector.clear();
        shard.vectors.read_bytes(slot, &mut vector)?;
        sum = sum.wrapping_add(hash(&row, &vector));
        points += 1;
        Ok(())
    })?;
    Ok(PointsDigest {
        applied_index: moment.state.applied_index,
        points_count: points,
        digest: sum.to_le_bytes().to_vec().into(),
    })
}

/// Lengths come first, so that no two points read alike.
fn hash(row: &Row<'_>, vector: &[u8]) -> u128 {
    let mut hash = Sha256::new();
    hash.update(row.vector_version.to_le_bytes());
    hash.update(row.version.to_le_bytes());
    hash.update(row.expire_ms.to_le_bytes());
    hash.update((row.id.len() as u64).to_le_bytes());
    hash.update(row.id);
    hash.update((row.payload.len() as u64).to_le_bytes());
    hash.update(row.payload);
    hash.update(vector);
    let hash = hash.finalize();
    u128::from_le_bytes(hash[..16].try_into().expect("a SHA-256 has 32 bytes"))
}
