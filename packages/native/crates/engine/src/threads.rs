//! The engine's own threads, shared by all shards of a process: for searches and reads, and, at
//! lower priorities, for linking points into graphs and for reads of whole shards. Each shard has
//! an apply lane besides (lane.rs).
//!
//! Must stay true: jobs of one shard may fail or panic without harm to others. Shards catch their
//! own panics; what slips through is caught here, and the thread goes on with fresh scratch.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::Duration;

use vectron_graph::{BuildScratch, SearchScratch};

use crate::allocator::give_large_blocks_back;
use crate::error::{EngineError, EngineResult};
use crate::lane::{Lane, LaneJob};

/// Threads of the process. 0 stands for the number of cores.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineThreadOptions {
    /// For searches and reads.
    pub search_threads: usize,
    /// For linking points into graphs.
    pub index_threads: usize,
}

pub(crate) type SearchJob = Box<dyn FnOnce(&mut SearchScratch) + Send>;

/// What index threads do for a shard.
pub(crate) trait IndexWork: Send + Sync {
    /// Links some points or repairs a little; answers whether there may be more to do.
    fn work(self: Arc<Self>, scratch: &mut BuildScratch) -> bool;
}

/// All threads. Dropping it ends them after the job in hand.
pub struct EngineThreads {
    search: Arc<SearchQueue>,
    index: Arc<IndexQueue>,
    aside: Lane,
    search_threads: usize,
}

impl EngineThreads {
    pub fn start(options: EngineThreadOptions) -> EngineResult<Arc<Self>> {
        give_large_blocks_back();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let count = |wanted: usize| if wanted == 0 { cores } else { wanted };
        let threads = Self {
            search: Arc::default(),
            index: Arc::default(),
            aside: Lane::start("vectron-aside".to_owned())?,
            search_threads: count(options.search_threads),
        };
        for number in 0..threads.search_threads {
            let queue = Arc::clone(&threads.search);
            spawn(format!("vectron-search-{number}"), move || queue.run())?;
        }
        for number in 0..count(options.index_threads) {
            let queue = Arc::clone(&threads.index);
            spawn(format!("vectron-index-{number}"), move || queue.run())?;
        }
        threads.aside.queue(Box::new(|| lower_priority(ASIDE_NICE)));
        Ok(Arc::new(threads))
    }

    pub(crate) fn search_threads(&self) -> usize {
        self.search_threads
    }

    pub(crate) fn search(&self, job: SearchJob) {
        lock(&self.search.state).jobs.push_back(job);
        self.search.wake.notify_one();
    }

    /// Runs reads of whole shards, one after another: two at once would only take the disk from
    /// each other.
    pub(crate) fn aside(&self, job: LaneJob) {
        self.aside.queue(job);
    }

    /// Index threads work for the shard as long as it lives.
    pub(crate) fn register(&self, shard: Weak<dyn IndexWork>) {
        lock(&self.index.state).shards.push(shard);
        self.index.wake.notify_all();
    }

    /// There is something to link.
    pub(crate) fn wake_index(&self) {
        let mut state = lock(&self.index.state);
        state.calls += 1;
        drop(state);
        self.index.wake.notify_all();
    }
}

impl Drop for EngineThreads {
    fn drop(&mut self) {
        lock(&self.search.state).closed = true;
        self.search.wake.notify_all();
        lock(&self.index.state).closed = true;
        self.index.wake.notify_all();
    }
}

pub(crate) fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> EngineResult<()> {
    let spawned = thread::Builder::new().name(name).spawn(run);
    spawned
        .map(drop)
        .map_err(|error| EngineError::internal(format!("no thread: {error}")))
}

/// Locks also when a holder panicked: the state here is whole between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As `lock`; nothing when somebody holds it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[derive(Default)]
struct SearchQueue {
    state: Mutex<SearchState>,
    wake: Condvar,
}

#[derive(Default)]
struct SearchState {
    jobs: VecDeque<SearchJob>,
    closed: bool,
}

impl SearchQueue {
    fn run(&self) {
        let mut scratch = SearchScratch::default();
        while let Some(job) = self.next() {
            let outcome = catch_unwind(AssertUnwindSafe(|| job(&mut scratch)));
            if outcome.is_err() {
                scratch = SearchScratch::default();
            }
        }
    }

    fn next(&self) -> Option<SearchJob> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[derive(Default)]
struct IndexQueue {
    state: Mutex<IndexState>,
    wake: Condvar,
}

#[derive(Default)]
struct IndexState {
    shards: Vec<Weak<dyn IndexWork>>,
    /// Counts calls of `wake_index`, so that none is missed between a round and the wait.
    calls: u64,
    closed: bool,
}

/// Index threads look around even when nobody calls: repair may have become due.
pub(crate) const IDLE_ROUND: Duration = Duration::from_secs(2);

impl IndexQueue {
    fn run(&self) {
        lower_priority(INDEX_NICE);
        let mut scratch = BuildScratch::default();
        loop {
            let (shards, calls) = {
                let mut state = lock(&self.state);
                if state.closed {
                    return;
                }
                state.shards.retain(|shard| shard.strong_count() > 0);
                (state.shards.clone(), state.calls)
            };
            let mut more = false;
            for shard in shards.iter().filter_map(Weak::upgrade) {
                match catch_unwind(AssertUnwindSafe(|| shard.work(&mut scratch))) {
                    Ok(again) => more |= again,
                    Err(_) => scratch = BuildScratch::default(),
                }
            }
            if !more {
                self.wait(calls);
            }
        }
    }

    fn wait(&self, calls: u64) {
        let state = lock(&self.state);
        if state.calls == calls && !state.closed {
            drop(self.wake.wait_timeout(state, IDLE_ROUND));
        }
    }
}

/// Searches go first where both want the same core.
const INDEX_NICE: i32 = 10;
/// A replica waits for a snapshot, so it goes before linking.
const ASIDE_NICE: i32 = 5;

/// For the calling thread.
fn lower_priority(nice: i32) {
    #[cfg(target_os = "linux")]
    // Safety: the call takes plain numbers; on Linux 0 names the calling thread. It cannot fail
    // for one's own thread, and if it did the thread would run at normal priority.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, nice);
    }
}
