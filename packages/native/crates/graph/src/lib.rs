//! The vector index of one shard.
//!
//! Owns an int8 code for every slot it was given and a graph over them; answers with exact scores,
//! read from the owner's f32 rows. It knows slots, vectors and sets of slots: ids, payloads, files
//! and threads are the engine's. DESIGN.md beside this crate tells how it works and why.

mod index;
mod options;
mod source;

pub use index::{
    BuildScratch, Hit, IndexStats, LoadError, Maintenance, Plan, PlanRequest, SearchOutcome,
    SearchParams, SearchScratch, VectorIndex,
};
pub use options::{GraphOptions, Metric};
pub use source::{SlotSet, VectorReadError, VectorSource};
