//! ShardEngine for JavaScript. Lists the same calls in the same order as shard-engine.ts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;
use vectron_engine as engine;

use crate::aside::run_aside;
use crate::completion_ring::{Answer, CompletionRing, Inbox};
use crate::failure::{Failure, Thrown, thrown, to_u64};

#[napi(object)]
pub struct EngineOptions {
    pub search_threads: Option<u32>,
    pub index_threads: Option<u32>,
}

#[napi(object)]
pub struct ShardEngineOptions {
    pub folder: String,
    pub config: Uint8Array,
    pub tail_points_max: f64,
}

#[napi(object)]
pub struct ApplyEntry {
    pub index: BigInt,
    pub command: Uint8Array,
}

/// The threads of all shards of the process, of whichever JavaScript thread opened them.
static THREADS: Mutex<Option<Arc<engine::EngineThreads>>> = Mutex::new(None);

/// Starts the threads; must come before the first open.
#[napi(catch_unwind)]
pub fn configure_engine(options: EngineOptions) -> Result<(), Thrown> {
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    if threads.is_some() {
        return Err(thrown(Failure::internal(
            "the engine was configured, or a shard opened, before",
        )));
    }
    let options = engine::EngineThreadOptions {
        search_threads: options.search_threads.unwrap_or(0) as usize,
        index_threads: options.index_threads.unwrap_or(0) as usize,
    };
    *threads = Some(engine::EngineThreads::start(options).map_err(thrown)?);
    Ok(())
}

/// Where the shard is in its life. A closed one gives its memory back at once, not when JavaScript
/// collects the object.
enum Slot {
    Opening,
    Open(Arc<engine::Shard>),
    Closed,
}

#[napi]
pub struct ShardEngine {
    slot: Arc<Mutex<Slot>>,
    inbox: Arc<Inbox>,
}

#[napi]
impl ShardEngine {
    /// Begins to open a shard; no other call is allowed before `call` has finished.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        ring: &CompletionRing,
        call: u32,
        options: ShardEngineOptions,
    ) -> Result<Self, Thrown> {
        let threads = shared_threads()?;
        let shard_options = engine::ShardOptions {
            tail_points_max: options.tail_points_max as u64,
            ..engine::ShardOptions::new(options.folder, options.config.to_vec())
        };
        let slot = Arc::new(Mutex::new(Slot::Opening));
        let (opened, inbox) = (Arc::clone(&slot), ring.inbox());
        let finishing = Arc::clone(&inbox);
        run_aside("vectron-open", move || {
            let outcome = engine::Shard::open(shard_options, &threads).map(|shard| {
                *lock(&opened) = Slot::Open(shard);
                Answer::Nothing
            });
            finishing.finish(call, outcome.map_err(Failure::from));
        })?;
        Ok(Self { slot, inbox })
    }

    #[napi(catch_unwind)]
    pub fn applied_index(&self) -> Result<BigInt, Thrown> {
        Ok(self.shard()?.applied_index().into())
    }

    #[napi(catch_unwind)]
    pub fn durable_index(&self) -> Result<BigInt, Thrown> {
        Ok(self.shard()?.durable_index().into())
    }

    #[napi(catch_unwind)]
    pub fn apply(&self, call: u32, entries: Vec<ApplyEntry>) -> Result<(), Thrown> {
        let mut batch = Vec::with_capacity(entries.len());
        for entry in entries {
            batch.push((to_u64("index", &entry.index)?, entry.command.to_vec()));
        }
        self.shard()?.apply(batch, self.finish(call, Answer::Bytes));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn search(&self, call: u32, request: Uint8Array) -> Result<(), Thrown> {
        self.shard()?
            .search(request.to_vec(), self.finish(call, Answer::Bytes));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn read(&self, call: u32, request: Uint8Array) -> Result<(), Thrown> {
        self.shard()?
            .read(request.to_vec(), self.finish(call, Answer::Bytes));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn checkpoint(&self, call: u32) -> Result<(), Thrown> {
        self.shard()?.checkpoint(self.finish(call, Answer::Number));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn snapshot(&self, call: u32, folder: String) -> Result<(), Thrown> {
        self.shard()?
            .snapshot(folder.into(), self.finish(call, Answer::Bytes));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn digest(&self, call: u32) -> Result<(), Thrown> {
        self.shard()?.digest(self.finish(call, Answer::Bytes));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<Uint8Array, Thrown> {
        Ok(Uint8Array::new(self.shard()?.stats()))
    }

    #[napi(catch_unwind)]
    pub fn has_expired(&self) -> Result<bool, Thrown> {
        Ok(self.shard()?.has_expired())
    }

    #[napi(catch_unwind)]
    pub fn indexed(&self, call: u32) -> Result<(), Thrown> {
        self.shard()?
            .indexed(self.finish(call, |()| Answer::Nothing));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn close(&self, call: u32) -> Result<(), Thrown> {
        self.shard()?.close(self.finish_closed(call));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn abandon(&self, call: u32) -> Result<(), Thrown> {
        self.shard()?.abandon(self.finish_closed(call));
        Ok(())
    }

    fn shard(&self) -> Result<Arc<engine::Shard>, Thrown> {
        match &*lock(&self.slot) {
            Slot::Open(shard) => Ok(Arc::clone(shard)),
            Slot::Opening => Err(thrown(Failure::internal("the shard is not open"))),
            Slot::Closed => Err(thrown(Failure {
                reason: engine::reason::SHARD_UNAVAILABLE,
                message: "the shard is closed".to_owned(),
                subject: Some("shard".to_owned()),
            })),
        }
    }

    fn finish_closed(&self, call: u32) -> engine::Done<()> {
        let (slot, finish) = (
            Arc::clone(&self.slot),
            self.finish(call, |()| Answer::Nothing),
        );
        Box::new(move |outcome| {
            let closed = std::mem::replace(&mut *lock(&slot), Slot::Closed);
            finish(outcome);
            drop(closed);
        })
    }

    fn finish<T: 'static>(&self, call: u32, answer: fn(T) -> Answer) -> engine::Done<T> {
        let inbox = Arc::clone(&self.inbox);
        Box::new(move |outcome| inbox.finish(call, outcome.map(answer).map_err(Failure::from)))
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shared_threads() -> Result<Arc<engine::EngineThreads>, Thrown> {
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(threads) = &*threads {
        return Ok(Arc::clone(threads));
    }
    let started =
        engine::EngineThreads::start(engine::EngineThreadOptions::default()).map_err(thrown)?;
    *threads = Some(Arc::clone(&started));
    Ok(started)
}
