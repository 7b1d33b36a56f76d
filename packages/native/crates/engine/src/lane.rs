//! A thread that runs jobs one after another, in the order they were queued: the writes of a shard,
//! or the long reads of all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};

use crate::error::EngineResult;
use crate::threads::spawn;

pub(crate) type LaneJob = Box<dyn FnOnce() + Send>;

/// The queue of a lane. The thread ends when the lane is dropped and the queue is empty.
#[derive(Debug)]
pub struct Lane {
    jobs: Sender<LaneJob>,
}

impl Lane {
    pub fn start(name: String) -> EngineResult<Self> {
        let (jobs, queue) = mpsc::channel::<LaneJob>();
        spawn(name, move || {
            for job in queue {
                // Jobs catch their own panics; this keeps the lane alive if one does not.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        })?;
        Ok(Self { jobs })
    }

    pub fn queue(&self, job: LaneJob) {
        // The receiver lives as long as the lane's thread, which outlives every sender.
        let _ = self.jobs.send(job);
    }
}
