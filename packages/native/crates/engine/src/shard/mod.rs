//! One shard: its files, its memory, its apply lane, and the calls that the addon makes.
//!
//! Every call queues a job on a thread of the engine and calls `done` from there. A panic in a job
//! fails this shard, never another one.

mod answer;
mod apply;
mod checkpoint;
mod digest;
mod explain;
mod facet;
mod graph_file;
mod indexing;
mod matching;
mod moment;
mod open;
mod points;
mod publish;
mod read;
mod report;
mod room;
mod row_rule;
mod search;
mod snapshot;
mod stage;
mod view;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::time::Instant;

use prost::Message;
use vectron_graph::VectorIndex;

use crate::clock::WallClock;
use crate::disk::Reserve;
use crate::error::{EngineError, EngineResult, reason};
use crate::lane::Lane;
use crate::messages::vectron::Metric;
use crate::resident::Resident;
use crate::store::Store;
use crate::threads::{EngineThreads, lock};
use crate::vectors::VectorFile;

use apply::LaneState;
use indexing::{IndexedWaiters, UpkeepBudget};
use matching::FilterCache;
use moment::Moments;
use report::FieldReports;

/// What a call answers, on a thread of the engine.
pub type Done<T> = Box<dyn FnOnce(EngineResult<T>) + Send>;

/// How a shard is opened.
#[derive(Clone, Debug)]
pub struct ShardOptions {
    /// Folder of this shard alone; made when absent.
    pub folder: PathBuf,
    /// An encoded `engine.v1.ShardConfig`; must equal the one that the folder was made with.
    pub config: Vec<u8>,
    /// Points that may wait for the graph before apply slows down.
    pub tail_points_max: u64,
    /// Free bytes of the disk below which writes other than deletes are refused; on a small file
    /// system at most a sixteenth of it.
    pub disk_reserve_bytes: u64,
    /// Bytes applied since the last checkpoint that cause the next one.
    pub checkpoint_bytes: u64,
    /// By which reads know whose time has come. Commands say themselves when they were made.
    pub clock: WallClock,
}

impl ShardOptions {
    pub fn new(folder: impl Into<PathBuf>, config: Vec<u8>) -> Self {
        Self {
            folder: folder.into(),
            config,
            tail_points_max: 500_000,
            disk_reserve_bytes: 64 << 20,
            checkpoint_bytes: 16 << 20,
            clock: WallClock::default(),
        }
    }
}

/// What a shard is made for.
#[derive(Clone, Debug)]
struct Config {
    shard_id: u64,
    dimension: usize,
    metric: Metric,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    Ready,
    /// Refuses every call until it is opened again.
    Failed(String),
    Closed,
}

/// An open shard.
pub struct Shard {
    options: ShardOptions,
    config: Config,
    threads: Arc<EngineThreads>,
    lane: Lane,
    /// Taken out at close.
    store: Mutex<Option<Arc<Store>>>,
    vectors: VectorFile,
    index: VectorIndex,
    resident: RwLock<Resident>,
    lane_state: Mutex<LaneState>,
    indexed: IndexedWaiters,
    upkeep: UpkeepBudget,
    filters: FilterCache,
    moments: Moments,
    reserve: Reserve,
    applied_index: AtomicU64,
    durable_index: AtomicU64,
    health: Mutex<Health>,
    /// First damage that a read met, for the report.
    damage: Mutex<Option<String>>,
    field_reports: FieldReports,
    /// An idle checkpoint is queued.
    idle_checkpoint: AtomicBool,
}

impl Shard {
    /// Opens or creates a shard; answers when it can be searched in full.
    ///
    /// Fails with DATA_CORRUPT, naming the file, when a file is damaged beyond healing.
    pub fn open(options: ShardOptions, threads: &Arc<EngineThreads>) -> EngineResult<Arc<Self>> {
        open::open(options, threads)
    }

    /// Index of the last applied entry.
    pub fn applied_index(&self) -> u64 {
        self.applied_index.load(Ordering::Acquire)
    }

    /// Entries up to here survive a crash without the log.
    pub fn durable_index(&self) -> u64 {
        self.durable_index.load(Ordering::Acquire)
    }

    /// Applies committed entries (log index, encoded `engine.v1.WriteCommand` or nothing), in
    /// order; answers an encoded `engine.v1.ApplyResult`.
    pub fn apply(self: &Arc<Self>, entries: Vec<(u64, Vec<u8>)>, done: Done<Vec<u8>>) {
        self.on_lane(done, move |shard| {
            let result = apply::apply(shard, entries)?;
            Ok(result.encode_to_vec())
        });
        self.queue_due_checkpoint();
    }

    /// Takes an encoded `engine.v1.SearchRequest`; answers an encoded `engine.v1.SearchResult`.
    pub fn search(self: &Arc<Self>, request: Vec<u8>, done: Done<Vec<u8>>) {
        search::search(self, request, Instant::now(), done);
    }

    /// Takes an encoded `engine.v1.ReadRequest`; answers an encoded `engine.v1.ReadResult`.
    pub fn read(self: &Arc<Self>, request: Vec<u8>, done: Done<Vec<u8>>) {
        let shard = Arc::clone(self);
        self.threads.search(Box::new(move |_| {
            done(shard.guarded(|| read::read(&shard, request)));
        }));
    }

    /// Whether there are points whose time has come, for `ExpiredPoints` to tell. Waits for nobody:
    /// while memory is being changed, none.
    pub fn has_expired(&self) -> bool {
        let now_ms = self.options.clock.now_ms();
        let resident = self.resident.try_read();
        resident.is_ok_and(|resident| !resident.expired.is_empty() || resident.is_due(now_ms))
    }

    /// Makes all that is applied durable; answers the new durable index.
    pub fn checkpoint(self: &Arc<Self>, done: Done<u64>) {
        self.on_lane(done, |shard| {
            checkpoint::checkpoint(shard)?;
            Ok(shard.durable_index())
        });
    }

    /// Writes the shard as it is after the last applied entry into a new folder, while writes and
    /// searches go on; answers an encoded `engine.v1.SnapshotFiles`. The folder opens as a shard.
    /// Its files are not synced: who wants to keep them does that.
    ///
    /// Whatever goes wrong, with DISK_FULL among it, leaves no folder.
    pub fn snapshot(self: &Arc<Self>, folder: PathBuf, done: Done<Vec<u8>>) {
        self.aside(done, move |shard| {
            Ok(snapshot::write(shard, &folder)?.encode_to_vec())
        });
    }

    /// What must be equal on all replicas that have applied the same index: an encoded
    /// `engine.v1.PointsDigest`. Reads all points and vectors.
    pub fn digest(self: &Arc<Self>, done: Done<Vec<u8>>) {
        self.aside(done, |shard| Ok(digest::digest(shard)?.encode_to_vec()));
    }

    /// Answers when every point is in the graph.
    pub fn indexed(self: &Arc<Self>, done: Done<()>) {
        match self.check_health() {
            Ok(()) => self.indexed.wait(done, &self.index),
            Err(error) => done(Err(error)),
        }
    }

    /// An encoded `worker.v1.ShardReport`.
    pub fn stats(&self) -> Vec<u8> {
        report::report(self).encode_to_vec()
    }

    /// Checkpoints, writes the graph, and closes the files. Later calls are refused.
    pub fn close(self: &Arc<Self>, done: Done<()>) {
        self.on_lane(done, checkpoint::close);
    }

    /// Closes the files without a checkpoint, for a folder that is to go. What was applied since
    /// the last one may be lost. Later calls are refused.
    pub fn abandon(self: &Arc<Self>, done: Done<()>) {
        self.on_lane(done, checkpoint::abandon);
    }

    /// Queues a job on the apply lane.
    fn on_lane<T: 'static>(
        self: &Arc<Self>,
        done: Done<T>,
        job: impl FnOnce(&Arc<Self>) -> EngineResult<T> + Send + 'static,
    ) {
        let shard = Arc::clone(self);
        self.lane
            .queue(Box::new(move || done(shard.guarded(|| job(&shard)))));
    }

    /// Runs a job on the lane and waits for it. Never called from the lane.
    fn wait_on_lane<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&Arc<Self>) -> EngineResult<T> + Send + 'static,
    ) -> EngineResult<T> {
        let (answer, answered) = mpsc::channel();
        self.on_lane(
            Box::new(move |result| {
                // Nobody waits only when the waiting thread has panicked.
                let _ = answer.send(result);
            }),
            job,
        );
        answered
            .recv()
            .unwrap_or_else(|_| Err(EngineError::internal("the lane has ended")))
    }

    /// Queues a long read on the thread for them.
    fn aside<T: 'static>(
        self: &Arc<Self>,
        done: Done<T>,
        job: impl FnOnce(&Arc<Self>) -> EngineResult<T> + Send + 'static,
    ) {
        let shard = Arc::clone(self);
        self.threads
            .aside(Box::new(move || done(shard.guarded(|| job(&shard)))));
    }

    /// After an apply, so that its answer does not wait for the checkpoint.
    fn queue_due_checkpoint(self: &Arc<Self>) {
        let quiet: Done<()> = Box::new(|_| {});
        self.on_lane(quiet, checkpoint::checkpoint_if_due);
    }

    /// Runs a job unless the shard has failed; a panic in it fails the shard.
    fn guarded<T>(&self, job: impl FnOnce() -> EngineResult<T>) -> EngineResult<T> {
        self.check_health()?;
        let result = catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|panic| {
            self.fail(&panic_text(&*panic));
            self.check_health()
                .and(Err(EngineError::internal("the shard failed")))
        });
        if let Err(error) = &result
            && error.reason == reason::DATA_CORRUPT
        {
            lock(&self.damage).get_or_insert(error.message.clone());
        }
        result
    }

    fn check_health(&self) -> EngineResult<()> {
        let why = match &*lock(&self.health) {
            Health::Ready => return Ok(()),
            Health::Failed(why) => format!("shard {} failed: {why}", self.config.shard_id),
            Health::Closed => format!("shard {} is closed", self.config.shard_id),
        };
        Err(EngineError::new(reason::SHARD_UNAVAILABLE, why, "shard"))
    }

    fn fail(&self, why: &str) {
        let mut health = lock(&self.health);
        if *health == Health::Ready {
            *health = Health::Failed(why.to_owned());
        }
        drop(health);
        self.indexed
            .settle_all(&EngineError::new(reason::SHARD_UNAVAILABLE, why, "shard"));
    }

    fn store(&self) -> EngineResult<Arc<Store>> {
        let store = lock(&self.store).clone();
        store.ok_or_else(|| EngineError::new(reason::SHARD_UNAVAILABLE, "closed", "shard"))
    }

    /// The shard is failed after a panic under this lock, so a poisoned lock is only read by the
    /// jobs that are refused next.
    fn resident(&self) -> RwLockReadGuard<'_, Resident> {
        self.resident.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory for a read of now: points whose time has come are hidden from it.
    fn resident_now(&self) -> RwLockReadGuard<'_, Resident> {
        let now_ms = self.options.clock.now_ms();
        loop {
            let resident = self.resident();
            if !resident.is_due(now_ms) {
                return resident;
            }
            drop(resident);
            let mut resident = self.resident_mut();
            let gone = resident.expire(now_ms);
            for slot in &gone {
                self.index.remove(*slot);
            }
            self.upkeep.earn_for_changes(gone.len() as u64);
        }
    }

    fn resident_mut(&self) -> RwLockWriteGuard<'_, Resident> {
        self.resident
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::engine::ShardConfig;
    use crate::threads::EngineThreadOptions;

    #[test]
    fn a_panic_fails_its_shard_and_no_other() {
        let folders = tempfile::tempdir().unwrap();
        let threads = EngineThreads::start(EngineThreadOptions::default()).unwrap();
        let [first, second] = [1, 2].map(|shard_id| {
            let config = ShardConfig {
                shard_id,
                dimension: 4,
                ..ShardConfig::default()
            };
            let folder = folders.path().join(shard_id.to_string());
            Shard::open(ShardOptions::new(folder, config.encode_to_vec()), &threads).unwrap()
        });
        let failed = first.guarded::<()>(|| panic!("planted")).unwrap_err();
        assert_eq!(failed.reason, reason::SHARD_UNAVAILABLE);
        assert!(failed.message.contains("planted"), "{failed}");
        assert_eq!(first.guarded(|| Ok(1)).unwrap_err(), failed);
        assert_eq!(second.guarded(|| Ok(1)), Ok(1));
    }
}
