//! A moment of a shard: its points after one entry, to read for longer than a lock may be held.
//!
//! Must stay true: while a moment lives, the row of each of its points stays in the vector file as
//! it is. The store's view takes care of itself; slots that are freed meanwhile are not handed out
//! again before the last moment ends.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use roaring::RoaringBitmap;

use super::Shard;
use crate::error::{EngineError, EngineResult, reason};
use crate::store::{State, StoreMoment};
use crate::threads::lock;

/// The moments of one shard that are being read.
#[derive(Debug, Default)]
pub(super) struct Moments {
    pins: Mutex<Pins>,
    unpinned: Condvar,
}

#[derive(Debug, Default)]
struct Pins {
    count: u32,
    /// The shard closes: no more moments, and those that live are to end soon.
    closing: bool,
}

impl Moments {
    /// Whether freed slots must wait.
    pub fn any(&self) -> bool {
        lock(&self.pins).count > 0
    }

    /// Settles when no moment lives, and lets none begin.
    pub fn close(&self) {
        let mut pins = lock(&self.pins);
        pins.closing = true;
        while pins.count > 0 {
            pins = self
                .unpinned
                .wait(pins)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn check_open(&self) -> EngineResult<()> {
        if lock(&self.pins).closing {
            let why = "the shard closes";
            return Err(EngineError::new(reason::SHARD_UNAVAILABLE, why, "shard"));
        }
        Ok(())
    }
}

/// One moment. Dropped when it is read.
pub(super) struct Moment {
    /// Dropped before the pin: a shard that closes waits for the pin and then closes the store.
    pub store: StoreMoment,
    pub state: State,
    /// Slots that still have a row and are no longer of a point.
    pub freed: RoaringBitmap,
    pin: Pin,
}

struct Pin(Arc<Shard>);

impl Drop for Pin {
    fn drop(&mut self) {
        lock(&self.0.moments.pins).count -= 1;
        self.0.moments.unpinned.notify_all();
    }
}

impl Moment {
    /// The points of now. Runs on the lane, so that no transaction is under way.
    pub fn take(shard: &Arc<Shard>) -> EngineResult<Self> {
        shard.moments.check_open()?;
        lock(&shard.moments.pins).count += 1;
        let pin = Pin(Arc::clone(shard));
        let store = shard.store()?.moment()?;
        let state = store.state()?;
        let freed = store.freed()?;
        let moment = Self {
            store,
            state,
            freed,
            pin,
        };
        assert_eq!(
            moment.state.applied_index,
            shard.applied_index(),
            "the lane is still"
        );
        Ok(moment)
    }

    /// Long reads ask this now and then, so that closing the shard does not wait for their end.
    pub fn check_open(&self) -> EngineResult<()> {
        self.pin.0.moments.check_open()
    }
}
