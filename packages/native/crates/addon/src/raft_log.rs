//! RaftLog for JavaScript. Lists the same calls in the same order as raft-log.ts.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;
use prost::Message as _;
use vectron_consensus as consensus;

use crate::completion_ring::{Answer, CompletionRing, Inbox};
use crate::failure::{Failure, Thrown, thrown, to_u64};

#[napi(object)]
pub struct RaftLogOptions {
    pub reserve_bytes: f64,
    pub file_bytes: f64,
    pub purge_bytes: f64,
}

#[napi]
pub struct RaftLog {
    log: Arc<OnceLock<consensus::RaftLog>>,
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
        let log = Arc::new(OnceLock::new());
        let (opened, inbox) = (Arc::clone(&log), ring.inbox());
        let opening = Arc::clone(&inbox);
        std::thread::Builder::new()
            .name("raft-log-open".into())
            .spawn(move || {
                let outcome = open(&options).map(|log| {
                    let _ = opened.set(log);
                    Answer::Nothing
                });
                opening.finish(call, outcome);
            })
            .map_err(|cause| {
                thrown(Failure::internal(format!("cannot start a thread: {cause}")))
            })?;
        Ok(Self { log, inbox })
    }

    #[napi(catch_unwind)]
    pub fn groups(&self) -> Result<Vec<BigInt>, Thrown> {
        Ok(self.log()?.groups().into_iter().map(BigInt::from).collect())
    }

    #[napi(catch_unwind)]
    pub fn load(&self, group: BigInt) -> Result<Option<Uint8Array>, Thrown> {
        let record = self.log()?.load(to_u64("group", &group)?).map_err(thrown)?;
        Ok(record.map(|record| Uint8Array::new(record.encode_to_vec())))
    }

    #[napi(catch_unwind)]
    pub fn append(&self, call: u32, batch: Uint8Array) -> Result<(), Thrown> {
        self.log()?
            .append(Bytes::copy_from_slice(&batch), self.finish(call));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn compact(&self, call: u32, group: BigInt, index: BigInt) -> Result<(), Thrown> {
        self.log()?.compact(
            to_u64("group", &group)?,
            to_u64("index", &index)?,
            self.finish(call),
        );
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn remove(&self, call: u32, group: BigInt) -> Result<(), Thrown> {
        self.log()?
            .remove(to_u64("group", &group)?, self.finish(call));
        Ok(())
    }

    #[napi(catch_unwind)]
    pub fn disk_bytes(&self) -> Result<f64, Thrown> {
        self.log()?
            .disk_bytes()
            .map(|bytes| bytes as f64)
            .map_err(unreadable)
    }

    #[napi(catch_unwind)]
    pub fn close(&self, call: u32) -> Result<(), Thrown> {
        self.log()?.close(self.finish(call));
        Ok(())
    }

    fn log(&self) -> Result<&consensus::RaftLog, Thrown> {
        self.log
            .get()
            .ok_or_else(|| thrown(Failure::internal("the Raft log is not open")))
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

fn unreadable(cause: std::io::Error) -> Thrown {
    thrown(Failure::internal(format!(
        "cannot look at the Raft log: {cause}"
    )))
}
