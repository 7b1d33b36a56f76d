//! Who may still hold a node's number.
//!
//! Searches and link operations begin by taking the current era and keep it to their end. What they
//! learned (node numbers, entry points, the arrays themselves) stays valid as long as they hold it.
//! To take something away: make it unreachable, then begin a new era; when the eras up to the old
//! one are gone, nobody can hold it any more.

use std::collections::VecDeque;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, RwLock, Weak};

use crate::entries::EntrySet;
use crate::nodes::Nodes;
use crate::tune::Tuning;

/// What a search needs, fixed while it runs.
#[derive(Clone)]
pub struct Era {
    pub nodes: Arc<Nodes>,
    pub entries: Arc<EntrySet>,
    pub tuning: Tuning,
}

pub struct Eras {
    current: RwLock<Arc<Era>>,
    retired: Mutex<Retired>,
}

#[derive(Default)]
struct Retired {
    /// Oldest first, each with its number. Not held: the last who leaves an era drops it.
    eras: VecDeque<(u64, Weak<Era>)>,
    next: u64,
}

impl Eras {
    pub fn new(first: Era) -> Self {
        Self {
            current: RwLock::new(Arc::new(first)),
            retired: Mutex::default(),
        }
    }

    #[inline]
    pub fn current(&self) -> Arc<Era> {
        self.current
            .read()
            .expect("no panic under the lock")
            .clone()
    }

    /// Begins a new era; answers the number of the one that ended.
    pub fn advance(&self, change: impl FnOnce(&mut Era)) -> u64 {
        let mut retired = self.retired.lock().expect("no panic under the lock");
        let mut current = self.current.write().expect("no panic under the lock");
        let mut next = Era::clone(&current);
        change(&mut next);
        let old = Arc::downgrade(&std::mem::replace(&mut *current, Arc::new(next)));
        let number = retired.next;
        retired.next += 1;
        retired.eras.push_back((number, old));
        number
    }

    /// True when nobody holds the era of this number or an older one.
    pub fn is_over(&self, number: u64) -> bool {
        let mut retired = self.retired.lock().expect("no panic under the lock");
        // A retired era can no longer be taken, so a count of zero does not rise again.
        while let Some((_, era)) = retired.eras.front() {
            if era.strong_count() > 0 {
                break;
            }
            retired.eras.pop_front();
        }
        // Pairs with the release by which each holder let go.
        fence(Ordering::Acquire);
        retired
            .eras
            .front()
            .is_none_or(|(oldest, _)| *oldest > number)
    }
}
