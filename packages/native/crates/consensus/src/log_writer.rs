//! The writer thread of the log: takes tasks in order and makes them durable.
//!
//! Whatever is queued while one fsync runs goes into the next write, so the number of fsyncs
//! follows the disk and not the number of callers. A failed write or fsync ends the process: what
//! the kernel then has of the file is unknown, and an fsync that is retried may report success for
//! lost data (Rebello and others, "Can Applications Recover from fsync Failures?", 2020). Too
//! little space is found before the write and refuses the append alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};

use bytes::Bytes;
use prost::Message as _;
use raft::eraftpb::Entry;
use raft_engine::{Command, Engine, MessageExt};

use crate::error::ConsensusError;
use crate::log_space::free_bytes;
use crate::records::{HardState, LogBatch, LogPosition, LogRecord, decode_entry};

/// Called on the writer thread when a task is durable or refused.
pub type Done = Box<dyn FnOnce(Result<(), ConsensusError>) + Send>;

pub(crate) enum Task {
    Append { batch: Bytes, done: Done },
    Compact { group: u64, index: u64, done: Done },
    Remove { group: u64, done: Done },
    Close,
}

/// Merges stop here, so that one write stays well below a file.
const MERGED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Keys of what a group has beside its entries.
pub(crate) mod keys {
    pub const HARD_STATE: &[u8] = b"h";
    pub const CONF_STATE: &[u8] = b"c";
    pub const START: &[u8] = b"p";
    pub const REPLICA: &[u8] = b"r";
}

pub(crate) struct EntryShape;

impl MessageExt for EntryShape {
    type Entry = Entry;

    fn index(entry: &Entry) -> u64 {
        entry.index
    }
}

pub(crate) struct Writer {
    pub engine: Arc<Engine>,
    pub folder: PathBuf,
    /// Free space below which an append is refused.
    pub reserve_bytes: u64,
    /// Log bytes from which files are purged.
    pub purge_bytes: u64,
    pub purge: SyncSender<()>,
}

impl Writer {
    /// Serves tasks until the log is closed.
    pub fn run(self, tasks: &Receiver<Task>) {
        let mut merged = Merged::default();
        while let Ok(first) = tasks.recv() {
            let mut next = Some(first);
            while let Some(task) = next {
                if matches!(task, Task::Close) {
                    self.write(&mut merged);
                    return;
                }
                self.merge(task, &mut merged);
                next = if merged.bytes < MERGED_BYTES_MAX {
                    tasks.try_recv().ok()
                } else {
                    None
                };
            }
            self.write(&mut merged);
        }
    }

    fn merge(&self, task: Task, merged: &mut Merged) {
        let (outcome, done) = match task {
            Task::Append { batch, done } => (self.merge_append(&batch, merged), done),
            Task::Compact { group, index, done } => {
                if merged.has_start {
                    // What the engine holds of the group decides whether compacting is due.
                    self.write(merged);
                }
                (self.merge_compact(group, index, merged), done)
            }
            Task::Remove { group, done } => {
                merged.batch.add_command(group, Command::Clean);
                // A removed group must not come back: its replica id is never used again.
                merged.sync = true;
                (Ok(()), done)
            }
            Task::Close => unreachable!("run() ends at a close"),
        };
        match outcome {
            Ok(()) => merged.done.push(done),
            Err(cause) => done(Err(cause)),
        }
    }

    fn merge_append(&self, encoded: &Bytes, merged: &mut Merged) -> Result<(), ConsensusError> {
        self.check_space(merged.bytes + encoded.len())?;
        let batch = LogBatch::decode(encoded.clone()).map_err(|cause| {
            ConsensusError::internal(format!("a log batch does not decode: {cause}"))
        })?;
        // Decoded before anything is merged: a refused batch leaves nothing behind.
        let mut entries = Vec::with_capacity(batch.records.len());
        for record in &batch.records {
            entries.push(
                record
                    .entries
                    .iter()
                    .map(decode_entry)
                    .collect::<Result<Vec<_>, _>>()?,
            );
        }
        for (record, entries) in batch.records.into_iter().zip(entries) {
            merge_record(record, &entries, merged)?;
        }
        merged.bytes += encoded.len();
        merged.sync = true;
        Ok(())
    }

    /// Keeps the term of the last forgotten entry: raft compares it with what followers have.
    fn merge_compact(
        &self,
        group: u64,
        index: u64,
        merged: &mut Merged,
    ) -> Result<(), ConsensusError> {
        let start = read_start(&self.engine, group)?;
        if index <= start.index {
            return Ok(());
        }
        let entry = self
            .engine
            .get_entry::<EntryShape>(group, index)
            .map_err(|cause| self.unreadable(&cause))?
            .ok_or_else(|| {
                ConsensusError::internal(format!(
                    "raft group {group} has no entry {index} to compact to"
                ))
            })?;
        let position = LogPosition {
            index,
            term: entry.term,
        };
        merged
            .batch
            .add_command(group, Command::Compact { index: index + 1 });
        put(merged, group, keys::START, position.encode_to_vec())
    }

    fn check_space(&self, bytes: usize) -> Result<(), ConsensusError> {
        let free = free_bytes(&self.folder).map_err(|cause| {
            ConsensusError::internal(format!("cannot ask for free space: {cause}"))
        })?;
        if free >= self.reserve_bytes + bytes as u64 {
            return Ok(());
        }
        Err(ConsensusError::disk_full(
            self.folder.display().to_string(),
            format!(
                "{free} bytes are free, {} are kept in reserve; nothing was written",
                self.reserve_bytes
            ),
        ))
    }

    fn write(&self, merged: &mut Merged) {
        let Merged {
            mut batch,
            done,
            sync,
            ..
        } = std::mem::take(merged);
        if !batch.is_empty() {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.engine.write(&mut batch, sync)));
            match outcome {
                Ok(Ok(_)) => {}
                Ok(Err(cause)) => stop_process(&self.folder, &cause.to_string()),
                Err(_) => stop_process(&self.folder, "the write or its fsync failed"),
            }
        }
        for done in done {
            done(Ok(()));
        }
        if self.engine.get_used_size() as u64 > self.purge_bytes {
            match self.purge.try_send(()) {
                // A purge is already wanted, or the log closes.
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
    }

    fn unreadable(&self, cause: &raft_engine::Error) -> ConsensusError {
        ConsensusError::corrupt(self.folder.display().to_string(), cause.to_string())
    }
}

/// What the next write holds.
#[derive(Default)]
struct Merged {
    batch: raft_engine::LogBatch,
    done: Vec<Done>,
    bytes: usize,
    sync: bool,
    /// A group's log begins anew with it.
    has_start: bool,
}

fn merge_record(
    record: LogRecord,
    entries: &[Entry],
    merged: &mut Merged,
) -> Result<(), ConsensusError> {
    let group = record.group;
    if let Some(start) = record.snapshot {
        // A snapshot replaces all entries, also those after it: they belong to another history.
        let everything = Command::Compact { index: u64::MAX };
        merged.batch.add_command(group, everything);
        merged.has_start = true;
        put(merged, group, keys::START, start.encode_to_vec())?;
    }
    merged
        .batch
        .add_entries::<EntryShape>(group, entries)
        .map_err(|cause| ConsensusError::internal(format!("raft group {group}: {cause}")))?;
    if let Some(state) = record.hard_state {
        put(
            merged,
            group,
            keys::HARD_STATE,
            HardState::encode_to_vec(&state),
        )?;
    }
    if record.conf_index > 0 {
        let conf = LogRecord {
            conf_state: record.conf_state,
            conf_index: record.conf_index,
            conf_version: record.conf_version,
            ..Default::default()
        };
        put(merged, group, keys::CONF_STATE, conf.encode_to_vec())?;
    }
    if record.replica_id > 0 {
        put(
            merged,
            group,
            keys::REPLICA,
            record.replica_id.to_le_bytes().to_vec(),
        )?;
    }
    Ok(())
}

fn put(merged: &mut Merged, group: u64, key: &[u8], value: Vec<u8>) -> Result<(), ConsensusError> {
    merged
        .batch
        .put(group, key.to_vec(), value)
        .map_err(|cause| ConsensusError::internal(format!("raft group {group}: {cause}")))
}

/// Position before the group's first entry.
pub(crate) fn read_start(engine: &Engine, group: u64) -> Result<LogPosition, ConsensusError> {
    match engine.get(group, keys::START) {
        Some(bytes) => LogPosition::decode(bytes.as_slice()).map_err(|cause| {
            ConsensusError::corrupt(format!("raft group {group}"), cause.to_string())
        }),
        None => Ok(LogPosition::default()),
    }
}

/// Deletes files that no group needs, beside the writer: moving a few old entries may take a while.
pub(crate) fn run_purge(engine: &Engine, folder: &std::path::Path, wanted: &Receiver<()>) {
    while wanted.recv().is_ok() {
        match catch_unwind(AssertUnwindSafe(|| engine.purge_expired_files())) {
            // What could not be purged, for instance for lack of space, is tried again later.
            Ok(Ok(_) | Err(_)) => {}
            Err(_) => stop_process(folder, "moving old entries failed"),
        }
    }
}

fn stop_process(folder: &std::path::Path, cause: &str) -> ! {
    eprintln!(
        "vectron: the Raft log in {} failed ({cause}). The process stops: after a failed \
         write or fsync nothing may be acknowledged. Check the disk, then start again.",
        folder.display()
    );
    std::process::abort();
}
