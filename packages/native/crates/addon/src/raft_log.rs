//! RaftLog for JavaScript. Lists the same calls in the same order as raft-log.ts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;
use prost::Message as _;
use vectron_consensus as consensus;

use crate::aside::run_aside;
use crate::completion_ring::{Answer, CompletionRing, Inbox};
use crate::failure::{Failure, Thrown, thrown, to_u64};

#[napi(object)]
pub struct RaftLogOptions {
    pub reserve_bytes: f64,
    pub file_bytes: f64,
    pub purge_bytes: f64,
}

/// Where the log is in its life.
enum Slot {
    Opening,
    Open(consensus::RaftLog),
    Closed,
}

#[napi]
pub struct RaftLog {
    slot: Arc<Mutex<Slot>>,
    inbox: Arc<Inbox>,
}

#[napi]
impl RaftLog {
    /// Begins to open the log of `folder`; no other call is allowed before `call` has finished.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        ring: &CompletionRing,
        call: u32,
        folder: String,
        options: RaftLogOptions,
    ) -> Result<Self, Thrown> {
        let options = consensus::LogOptions {
            folder: PathBuf::from(folder),
            reserve_bytes: options.reserve_bytes as u64,
            file_bytes: options.file_bytes as u64,
            purge_bytes: options.purge_bytes as u64,
        };
        let slot = Arc::new(Mutex::new(Slot::Opening));
        let (opened, inbox) = (Arc::clone(&slot), ring.inbox());
        let finishing = Arc::clone(&inbox);
        run_aside("raft-log-open", move || {
            let outcome = open(&options).map(|log| {
                *lock(&opened) = Slot::Open(log);
                Answer::Nothing
            });
            finishing.finish(call, outcome);
        })?;
        Ok(Self { slot, inbox })
    }

    #[napi(catch_unwind)]
    pub fn groups(&self) -> Result<Vec<BigInt>, Thrown> {
        self.with_log(|log| Ok(log.groups().into_iter().map(BigInt::from).collect()))
    }

    #[napi(catch_unwind)]
    pub fn load(&self, group: BigInt) -> Result<Option<Uint8Array>, Thrown> {
        let group = to_u64("group", &group)?;
        let record = self.with_log(|log| log.load(group).map_err(thrown))?;
        Ok(record.map(|record| Uint8Array::new(record.encode_to_vec())))
    }

    #[napi(catch_unwind)]
    pub fn read(
        &self,
        call: u32,
        group: BigInt,
        low: BigInt,
        bytes_max: f64,
    ) -> Result<(), Thrown> {
        let (group, low) = (to_u64("group", &group)?, to_u64("low", &low)?);
        let inbox = Arc::clone(&self.inbox);
        let done: consensus::ReadDone = Box::new(move |outcome| {
            let answer = outcome.map(|record| match record {
                Some(record) => Answer::Bytes(record.encode_to_vec()),
                None => Answer::Nothing,
            });
            inbox.finish(call, answer.map_err(Failure::from));
        });
        self.with_log(|log| {
            log.read(group, low, bytes_max as u64, done);
            Ok(())
        })
    }

    #[napi(catch_unwind)]
    pub fn append(&self, call: u32, batch: Uint8Array) -> Result<(), Thrown> {
        let batch = Bytes::copy_from_slice(&batch);
        self.with_log(|log| {
            log.append(batch, self.finish(call));
            Ok(())
        })
    }

    #[napi(catch_unwind)]
    pub fn compact(&self, call: u32, group: BigInt, index: BigInt) -> Result<(), Thrown> {
        let (group, index) = (to_u64("group", &group)?, to_u64("index", &index)?);
        self.with_log(|log| {
            log.compact(group, index, self.finish(call));
            Ok(())
        })
    }

    #[napi(catch_unwind)]
    pub fn remove(&self, call: u32, group: BigInt) -> Result<(), Thrown> {
        let group = to_u64("group", &group)?;
        self.with_log(|log| {
            log.remove(group, self.finish(call));
            Ok(())
        })
    }

    #[napi(catch_unwind)]
    pub fn disk_bytes(&self) -> Result<f64, Thrown> {
        self.with_log(|log| {
            log.disk_bytes().map(|bytes| bytes as f64).map_err(|cause| {
                thrown(Failure::internal(format!(
                    "cannot look at the Raft log: {cause}"
                )))
            })
        })
    }

    /// Closing waits for the last write, so it has a thread of its own.
    #[napi(catch_unwind)]
    pub fn close(&self, call: u32) -> Result<(), Thrown> {
        let log = match std::mem::replace(&mut *lock(&self.slot), Slot::Closed) {
            Slot::Open(log) => log,
            Slot::Opening | Slot::Closed => return Err(not_open()),
        };
        let inbox = Arc::clone(&self.inbox);
        run_aside("raft-log-close", move || {
            drop(log);
            inbox.finish(call, Ok(Answer::Nothing));
        })
    }

    fn with_log<T>(
        &self,
        act: impl FnOnce(&consensus::RaftLog) -> Result<T, Thrown>,
    ) -> Result<T, Thrown> {
        match &*lock(&self.slot) {
            Slot::Open(log) => act(log),
            Slot::Opening | Slot::Closed => Err(not_open()),
        }
    }

    fn finish(&self, call: u32) -> consensus::Done {
        let inbox = Arc::clone(&self.inbox);
        Box::new(move |outcome| {
            inbox.finish(
                call,
                outcome.map(|()| Answer::Nothing).map_err(Failure::from),
            );
        })
    }
}

fn open(options: &consensus::LogOptions) -> Result<consensus::RaftLog, Failure> {
    std::panic::catch_unwind(|| consensus::RaftLog::open(options))
        .map_err(|_| Failure {
            reason: "DATA_CORRUPT",
            message: format!(
                "opening the Raft log in {} failed",
                options.folder.display()
            ),
            subject: Some(options.folder.display().to_string()),
        })?
        .map_err(Failure::from)
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_open() -> Thrown {
    thrown(Failure::internal("the Raft log is not open"))
}
