//! RaftLog: one durable log for all Raft groups of a process, on raft-engine.
//!
//! Owns the folder (locked against a second process), and the threads that write, read and purge.
//! Stays true: a settled append is on stable storage; a damaged file is refused by name and never
//! cut short. Leaves to the host when to compact and what the records mean.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use prost::Message as _;
use raft_engine::{Config, Engine, ReadableSize, RecoveryMode};

use crate::error::ConsensusError;
use crate::log_files::{check_and_repair, disk_bytes};
use crate::log_reader::{Read, ReadDone, run_reader};
use crate::log_writer::{Done, EntryShape, Task, Writer, keys, read_start, run_purge};
use crate::records::{HardState, LogRecord, encode_entry};

#[derive(Debug, Clone)]
pub struct LogOptions {
    pub folder: PathBuf,
    /// An append that would leave less than this free is refused with DISK_FULL.
    pub reserve_bytes: u64,
    /// Size at which a log file is closed and the next begun.
    pub file_bytes: u64,
    /// Size of the whole log from which files are purged; at least `file_bytes`.
    pub purge_bytes: u64,
}

pub struct RaftLog {
    engine: Arc<Engine>,
    folder: PathBuf,
    tasks: Sender<Task>,
    /// Taken when the log closes: the reading thread ends with it.
    reads: Option<Sender<Read>>,
    threads: Option<Threads>,
    /// Released last: dropping the engine still writes to the files.
    _lock: File,
}

struct Threads {
    writer: JoinHandle<()>,
    purge: JoinHandle<()>,
    reader: JoinHandle<()>,
}

impl RaftLog {
    /// Checks every record, then opens.
    pub fn open(options: &LogOptions) -> Result<Self, ConsensusError> {
        let folder = options.folder.clone();
        let failed = |cause: io::Error| ConsensusError {
            reason: "INTERNAL",
            message: format!("cannot open the Raft log in {}: {cause}", folder.display()),
            subject: Some(folder.display().to_string()),
        };
        create_folder(&folder).map_err(failed)?;
        let lock = lock_folder(&folder)?;
        check_and_repair(&folder)?;
        let engine = Arc::new(Engine::open(engine_config(options)).map_err(|cause| {
            ConsensusError::corrupt(
                folder.display().to_string(),
                format!("the Raft log does not open: {cause}"),
            )
        })?);
        // raft-engine syncs its first file but not the name of it.
        sync_folder(&folder).map_err(failed)?;
        let (tasks, inbox) = channel();
        let (purge, purges) = sync_channel(1);
        let writer = Writer {
            engine: Arc::clone(&engine),
            folder: folder.clone(),
            reserve_bytes: options.reserve_bytes,
            purge_bytes: options.purge_bytes,
            purge,
        };
        let writer = std::thread::Builder::new()
            .name("raft-log".into())
            .spawn(move || writer.run(&inbox))
            .map_err(failed)?;
        let (purged, purged_folder) = (Arc::clone(&engine), folder.clone());
        let purge = std::thread::Builder::new()
            .name("raft-log-purge".into())
            .spawn(move || run_purge(&purged, &purged_folder, &purges))
            .map_err(failed)?;
        let (reads, wanted) = channel();
        let (read, read_folder) = (Arc::clone(&engine), folder.clone());
        let reader = std::thread::Builder::new()
            .name("raft-log-read".into())
            .spawn(move || run_reader(&read, &read_folder, &wanted))
            .map_err(failed)?;
        Ok(Self {
            engine,
            folder,
            tasks,
            reads: Some(reads),
            threads: Some(Threads {
                writer,
                purge,
                reader,
            }),
            _lock: lock,
        })
    }

    /// Groups that the log holds, in ascending order.
    pub fn groups(&self) -> Vec<u64> {
        let mut groups = self.engine.raft_groups();
        groups.retain(|group| self.engine.get(*group, keys::REPLICA).is_some());
        groups.sort_unstable();
        groups
    }

    /// All of one group as one record; `None` when the log does not know it.
    pub fn load(&self, group: u64) -> Result<Option<LogRecord>, ConsensusError> {
        let corrupt = |cause: &dyn std::fmt::Display| {
            ConsensusError::corrupt(
                self.folder.display().to_string(),
                format!("the Raft log does not give back group {group}: {cause}"),
            )
        };
        let Some(replica) = self.engine.get(group, keys::REPLICA) else {
            return Ok(None);
        };
        let replica = replica
            .try_into()
            .map_err(|_| corrupt(&"its replica id is no number"))?;
        let conf = self.engine.get(group, keys::CONF_STATE).unwrap_or_default();
        let conf = LogRecord::decode(conf.as_slice()).map_err(|cause| corrupt(&cause))?;
        let state = self.engine.get(group, keys::HARD_STATE).unwrap_or_default();
        let state = HardState::decode(state.as_slice()).map_err(|cause| corrupt(&cause))?;
        let start = read_start(&self.engine, group)?;
        let mut entries = Vec::new();
        if let (Some(first), Some(last)) = (
            self.engine.first_index(group),
            self.engine.last_index(group),
        ) {
            self.engine
                .fetch_entries_to::<EntryShape>(
                    group,
                    first.max(start.index + 1),
                    last + 1,
                    None,
                    &mut entries,
                )
                .map_err(|cause| corrupt(&cause))?;
        }
        Ok(Some(LogRecord {
            group,
            hard_state: Some(state),
            entries: entries.iter().map(encode_entry).collect(),
            conf_state: conf.conf_state,
            conf_index: conf.conf_index,
            conf_version: conf.conf_version,
            snapshot: Some(start),
            replica_id: u64::from_le_bytes(replica),
        }))
    }

    /// Appends one encoded `LogBatch`; `done` is called when it is on stable storage.
    pub fn append(&self, batch: Bytes, done: Done) {
        self.submit(Task::Append { batch, done });
    }

    /// Forgets entries of a group up to `index`; their files go later.
    pub fn compact(&self, group: u64, index: u64, done: Done) {
        self.submit(Task::Compact { group, index, done });
    }

    /// Forgets a group altogether.
    pub fn remove(&self, group: u64, done: Done) {
        self.submit(Task::Remove { group, done });
    }

    /// Reads entries of a group from `low` on, as one record with the position before them; `done`
    /// gets none when the log has forgotten them.
    pub fn read(&self, group: u64, low: u64, bytes_max: u64, done: ReadDone) {
        let read = Read {
            group,
            low,
            bytes_max,
            done,
        };
        let Some(reads) = &self.reads else { return };
        if let Err(refused) = reads.send(read) {
            (refused.0.done)(Err(ConsensusError::internal("the Raft log is closed")));
        }
    }

    pub fn disk_bytes(&self) -> io::Result<u64> {
        disk_bytes(&self.folder)
    }

    fn submit(&self, task: Task) {
        if let Err(refused) = self.tasks.send(task) {
            let done = match refused.0 {
                Task::Append { done, .. }
                | Task::Compact { done, .. }
                | Task::Remove { done, .. } => done,
                Task::Close => return,
            };
            done(Err(ConsensusError::internal("the Raft log is closed")));
        }
    }
}

impl Drop for RaftLog {
    /// Writes what is queued, then closes the files. Waits for both.
    fn drop(&mut self) {
        self.submit(Task::Close);
        self.reads = None;
        if let Some(threads) = self.threads.take() {
            // The writer holds the sender that the purge thread listens to. A panic of a thread
            // that writes has ended the process already.
            let _ = threads.writer.join();
            let _ = threads.purge.join();
            let _ = threads.reader.join();
        }
    }
}

fn engine_config(options: &LogOptions) -> Config {
    Config {
        dir: options.folder.display().to_string(),
        // check_and_repair() has already cut off what an interrupted write left.
        recovery_mode: RecoveryMode::AbsoluteConsistency,
        recovery_threads: 2,
        // Vectors do not compress, and the check reads records as they are.
        batch_compression_threshold: ReadableSize(0),
        target_file_size: ReadableSize(options.file_bytes),
        purge_threshold: ReadableSize(options.purge_bytes),
        // A re-used file is full of old records: a torn write would no longer read as zeros.
        enable_log_recycle: false,
        ..Default::default()
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The check truncates files, so it too must be alone.
fn lock_folder(folder: &Path) -> Result<File, ConsensusError> {
    let path = folder.join("vectron.lock");
    let refused = |cause: String| ConsensusError {
        reason: "DATA_IN_USE",
        message: format!(
            "the Raft log in {} is in use by another process: {cause}",
            folder.display()
        ),
        subject: Some(path.display().to_string()),
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|cause| refused(cause.to_string()))?;
    file.try_lock()
        .map_err(|cause| refused(cause.to_string()))?;
    Ok(file)
}
