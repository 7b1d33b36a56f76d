//! The time of day, by which points expire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells Unix milliseconds.
#[derive(Clone, Debug, Default)]
pub enum WallClock {
    /// The machine's.
    #[default]
    Machine,
    /// One that is set by hand.
    Set(Arc<AtomicU64>),
}

impl WallClock {
    pub fn now_ms(&self) -> u64 {
        match self {
            // A machine that thinks it is before 1970 expires nothing.
            Self::Machine => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |now| now.as_millis() as u64),
            Self::Set(now) => now.load(Ordering::Acquire),
        }
    }
}
