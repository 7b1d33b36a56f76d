//! The reading thread of the log: old entries for followers that lag, beside the writer, whose
//! fsyncs must not wait for a read.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use raft_engine::Engine;

use crate::error::ConsensusError;
use crate::log_writer::{EntryShape, read_start};
use crate::records::{LogPosition, LogRecord, encode_entry};

/// Called on the reading thread.
pub type ReadDone = Box<dyn FnOnce(Result<Option<LogRecord>, ConsensusError>) + Send>;

pub(crate) struct Read {
    pub group: u64,
    /// First entry to read.
    pub low: u64,
    /// Bytes to read, though at least one entry.
    pub bytes_max: u64,
    pub done: ReadDone,
}

/// Serves reads until the log is closed.
pub(crate) fn run_reader(engine: &Arc<Engine>, folder: &Path, reads: &Receiver<Read>) {
    while let Ok(read) = reads.recv() {
        let outcome = read_entries(engine, &read)
            .map_err(|message| ConsensusError::corrupt(folder.display().to_string(), message));
        (read.done)(outcome);
    }
}

/// None when the log has forgotten the first entry, or never had it.
fn read_entries(engine: &Engine, read: &Read) -> Result<Option<LogRecord>, String> {
    let Read { group, low, .. } = *read;
    let Some(before) = position_before(engine, group, low)? else {
        return Ok(None);
    };
    let last = engine.last_index(group).unwrap_or(0);
    let mut entries = Vec::new();
    let fetched = engine.fetch_entries_to::<EntryShape>(
        group,
        low,
        last + 1,
        Some(read.bytes_max as usize),
        &mut entries,
    );
    match fetched {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(LogRecord {
            group,
            entries: entries.iter().map(encode_entry).collect(),
            snapshot: Some(before),
            ..Default::default()
        })),
        // Forgotten while it was read.
        Err(raft_engine::Error::EntryCompacted | raft_engine::Error::EntryNotFound) => Ok(None),
        Err(cause) => Err(cause.to_string()),
    }
}

fn position_before(engine: &Engine, group: u64, low: u64) -> Result<Option<LogPosition>, String> {
    let start = read_start(engine, group).map_err(|cause| cause.message)?;
    let last = engine.last_index(group).unwrap_or(0);
    if low <= start.index || low > last {
        return Ok(None);
    }
    let index = low - 1;
    if index == start.index {
        return Ok(Some(start));
    }
    let entry = engine.get_entry::<EntryShape>(group, index);
    let entry = entry.map_err(|cause| cause.to_string())?;
    Ok(entry.map(|entry| LogPosition {
        index,
        term: entry.term,
    }))
}
