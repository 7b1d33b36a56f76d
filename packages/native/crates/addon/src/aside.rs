//! Work that takes a while and happens seldom, on a thread of its own.

use crate::failure::{Failure, Thrown, thrown};

/// Begins `work`; a panic in it ends the thread and nothing else.
pub fn run_aside(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Thrown> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(|_| ())
        .map_err(|cause| thrown(Failure::internal(format!("cannot start a thread: {cause}"))))
}
