//! Writes a shard into a folder of its own, as it is after one entry, while writes and searches go
//! on.
//!
//! The three files are consistent in three ways. The **store** is written anew from a view of one
//! commit. The **vector file** is copied as it is: rows of that commit's points stand still,
//! because no slot freed since then is handed out before the copy is made; other rows may be torn,
//! and are written again before anything names them. The **graph** is a hard link when its file
//! lacks nothing, because that file is replaced and never changed. Otherwise it is written now,
//! with the versions of that commit, by which the opening shard believes it: what came later is put
//! out, what went later is put in again.
//!
//! Must stay true: the lane is held for a checkpoint only; a damaged row fails the call and is not
//! handed on; whatever fails leaves no folder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::checkpoint::checkpoint_moment;
use super::moment::Moment;
use super::{Shard, graph_file};
use crate::error::{EngineError, EngineResult};
use crate::messages::engine::{SnapshotFile, SnapshotFiles};
use crate::store;
use crate::vectors::{self, CopiedRows};

/// Bytes that are read for a hash at once.
const HASH_BLOCK_BYTES: usize = 1 << 20;

/// Runs aside. The folder must not exist.
pub(super) fn write(shard: &Arc<Shard>, folder: &Path) -> EngineResult<SnapshotFiles> {
    let mut copy = HalfCopy::create(folder)?;
    shard.reserve.check(estimated_bytes(shard))?;
    let graph = folder.join(graph_file::FILE_NAME);
    let (moment, has_graph) = shard.wait_on_lane(move |shard| {
        let (moment, is_graph_fresh) = checkpoint_moment(shard)?;
        let file = shard.options.folder.join(graph_file::FILE_NAME);
        Ok((moment, is_graph_fresh && fs::hard_link(file, graph).is_ok()))
    })?;
    let go_on = || moment.check_open();
    let slots_end = moment.state.slots_end;
    let is_point = |slot| !moment.freed.contains(slot);
    let versions = graph_file::versions(&moment.store.view()?, slots_end, is_point)?;
    let vectors = copy_vectors(shard, folder, &versions, &moment)?;
    moment.store.copy_to(folder, &go_on)?;
    let graph = match has_graph {
        true => hash_file(folder, graph_file::FILE_NAME, &go_on)?,
        false => write_graph(shard, folder, &versions, &moment)?,
    };
    let store = hash_file(folder, store::FILE_NAME, &go_on)?;
    copy.is_whole = true;
    Ok(SnapshotFiles {
        applied_index: moment.state.applied_index,
        files: vec![store, vectors, graph],
    })
}

/// A folder that goes again unless it becomes whole.
struct HalfCopy {
    folder: PathBuf,
    is_whole: bool,
}

impl HalfCopy {
    fn create(folder: &Path) -> EngineResult<Self> {
        let parent = folder.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .and_then(|()| fs::create_dir(folder))
            .map_err(|error| EngineError::from_io("snapshot", &error))?;
        Ok(Self {
            folder: folder.to_owned(),
            is_whole: false,
        })
    }
}

impl Drop for HalfCopy {
    fn drop(&mut self) {
        if !self.is_whole {
            // What cannot be removed now is removed with the folder of all snapshots.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Roughly what the copy takes. The graph may be shared; then there is more room than asked for.
fn estimated_bytes(shard: &Shard) -> u64 {
    let store = fs::metadata(shard.options.folder.join(store::FILE_NAME));
    // The file is open; if its length cannot be told, the rest alone is counted.
    let store = store.map_or(0, |metadata| metadata.len());
    store + shard.vectors.disk_bytes() + shard.index.memory_bytes()
}

fn copy_vectors(
    shard: &Shard,
    folder: &Path,
    versions: &[u64],
    moment: &Moment,
) -> EngineResult<SnapshotFile> {
    let points = (0..).zip(versions).filter(|(_, version)| **version != 0);
    let copied = CopiedRows {
        points: points.map(|(slot, _)| slot).collect(),
        slots_end: moment.state.slots_end,
        mark: moment.state.applied_index,
    };
    let mut hash = Sha256::new();
    let bytes = shard.vectors.copy_to(folder, &copied, &mut |block| {
        hash.update(block);
        moment.check_open()
    })?;
    Ok(described(vectors::FILE_NAME, bytes, hash))
}

/// Points that come meanwhile may be in it: they have no version, and go when it is loaded.
fn write_graph(
    shard: &Shard,
    folder: &Path,
    versions: &[u64],
    moment: &Moment,
) -> EngineResult<SnapshotFile> {
    let write = || {
        let file = HashedFile {
            file: File::create_new(folder.join(graph_file::FILE_NAME))?,
            hash: Sha256::new(),
            bytes: 0,
            moment,
        };
        let mut out = BufWriter::with_capacity(1 << 20, file);
        graph_file::write_to(shard, versions, moment.state.applied_index, &mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)
    };
    match write() {
        Ok(HashedFile { bytes, hash, .. }) => Ok(described(graph_file::FILE_NAME, bytes, hash)),
        Err(error) => {
            moment.check_open()?;
            Err(EngineError::from_io(graph_file::FILE_NAME, &error))
        }
    }
}

/// A file that is hashed while it is written, and whose writing ends when the shard closes.
struct HashedFile<'a> {
    file: File,
    hash: Sha256,
    bytes: u64,
    moment: &'a Moment,
}

impl Write for HashedFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.moment.check_open().map_err(io::Error::other)?;
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn hash_file(
    folder: &Path,
    name: &str,
    go_on: &dyn Fn() -> EngineResult<()>,
) -> EngineResult<SnapshotFile> {
    let fault = |error: io::Error| EngineError::from_io(name, &error);
    let mut file = File::open(folder.join(name)).map_err(fault)?;
    let mut block = vec![0; HASH_BLOCK_BYTES];
    let mut hash = Sha256::new();
    let mut bytes = 0;
    loop {
        go_on()?;
        let read = file.read(&mut block).map_err(fault)?;
        if read == 0 {
            return Ok(described(name, bytes, hash));
        }
        hash.update(&block[..read]);
        bytes += read as u64;
    }
}

fn described(name: &str, bytes: u64, hash: Sha256) -> SnapshotFile {
    SnapshotFile {
        name: name.to_owned(),
        bytes,
        sha256: hash.finalize().to_vec().into(),
    }
}
