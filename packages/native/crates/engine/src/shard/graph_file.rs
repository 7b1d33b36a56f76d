//! The graph's checkpoint: which vector version each slot had, then what the graph writes itself.
//! docs/formats/graph.md describes the second part, docs/formats/store.md the first.
//!
//! A slot whose version differs from the store's, or is missing there, is put or removed at open;
//! so the file may be older than the store, and is never believed about what a slot holds.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;

use vectron_graph::{GraphOptions, LoadError, VectorIndex};

use super::Shard;
use crate::disk::replace_file;
use crate::error::{EngineError, EngineResult};
use crate::store::StoreView;

pub const FILE_NAME: &str = "graph.ckpt";
const MAGIC: &[u8; 8] = b"VECTGRPH";
const VERSION: u32 = 1;
/// Magic, version, slots, shard id, versions' checksum, header's checksum.
const HEADER_BYTES: usize = 8 + 4 + 4 + 8 + 4 + 4;

/// A loaded checkpoint.
pub(super) struct Loaded {
    pub index: VectorIndex,
    /// Log index of each slot's vector; 0 for a slot not in use.
    pub versions: Vec<u64>,
}

/// Writes the file. On the lane, after a durable commit, so that slots and versions stand still
/// and every version in it is durable.
pub(super) fn write(shard: &Shard) -> EngineResult<()> {
    shard.reserve.check(shard.index.memory_bytes())?;
    let versions = {
        let resident = shard.resident();
        let end = resident.live.max().map_or(0, |slot| slot + 1);
        let is_live = |slot| resident.live.contains(slot);
        versions(&shard.store()?.view()?, end, is_live)?
    };
    let applied = shard.applied_index();
    let path = shard.options.folder.join(FILE_NAME);
    let written = replace_file(&path, |out| write_to(shard, &versions, applied, out));
    written.map_err(|error| EngineError::from_io(FILE_NAME, &error))
}

/// Writes the content of the file. `versions`: of the points as they were at `applied` or before;
/// no slot of them was handed out again since.
pub(super) fn write_to(
    shard: &Shard,
    versions: &[u64],
    applied: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut sum = 0;
    for version in versions {
        sum = crc32c::crc32c_append(sum, &version.to_le_bytes());
    }
    out.write_all(&header(shard.config.shard_id, versions.len() as u32, sum))?;
    for version in versions {
        out.write_all(&version.to_le_bytes())?;
    }
    shard.index.save(applied, out)
}

/// The vector's version of each live slot below `end`; 0 for the others.
pub(super) fn versions(
    view: &StoreView,
    end: u32,
    is_live: impl Fn(u32) -> bool,
) -> EngineResult<Vec<u64>> {
    let mut versions = vec![0; end as usize];
    view.for_each_row(0..end, |slot, row| {
        if is_live(slot) {
            versions[slot as usize] = row.vector_version;
        }
        Ok(())
    })?;
    Ok(versions)
}

fn header(shard_id: u64, slots: u32, versions_sum: u32) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    out[..8].copy_from_slice(MAGIC);
    out[8..12].copy_from_slice(&VERSION.to_le_bytes());
    out[12..16].copy_from_slice(&slots.to_le_bytes());
    out[16..24].copy_from_slice(&shard_id.to_le_bytes());
    out[24..28].copy_from_slice(&versions_sum.to_le_bytes());
    let sum = crc32c::crc32c(&out[..28]);
    out[28..].copy_from_slice(&sum.to_le_bytes());
    out
}

/// Reads the file; `None` when there is none or it is not sound, and the graph is to be rebuilt.
pub(super) fn load(
    folder: &std::path::Path,
    shard_id: u64,
    options: GraphOptions,
) -> Option<Loaded> {
    let path: PathBuf = folder.join(FILE_NAME);
    let file = File::open(path).ok()?;
    let file_bytes = file.metadata().ok()?.len();
    let mut input = BufReader::with_capacity(1 << 20, file);
    let versions = read_versions(&mut input, shard_id, file_bytes).ok()?;
    let loaded: Result<(VectorIndex, u64), LoadError> = VectorIndex::load(options, &mut input);
    let (index, _applied) = loaded.ok()?;
    Some(Loaded { index, versions })
}

fn read_versions(input: &mut impl Read, shard_id: u64, file_bytes: u64) -> io::Result<Vec<u64>> {
    let unsound = || io::Error::from(io::ErrorKind::InvalidData);
    let mut found = [0; HEADER_BYTES];
    input.read_exact(&mut found)?;
    let slots = u32::from_le_bytes([found[12], found[13], found[14], found[15]]);
    let sum = u32::from_le_bytes([found[24], found[25], found[26], found[27]]);
    if found != header(shard_id, slots, sum) || u64::from(slots) * 8 > file_bytes {
        return Err(unsound());
    }
    let mut bytes = vec![0; slots as usize * 8];
    input.read_exact(&mut bytes)?;
    if crc32c::crc32c(&bytes) != sum {
        return Err(unsound());
    }
    let versions = bytes
        .chunks_exact(8)
        .map(|chunk| u64::from_le_bytes(chunk.try_into().expect("chunks have 8 bytes")));
    Ok(versions.collect())
}
