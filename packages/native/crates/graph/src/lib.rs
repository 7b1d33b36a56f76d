//! The vector index of one shard.
//!
//! Owns an int8 code for every slot it was given and a graph over them; answers with exact scores,
//! read from the owner's f32 rows. It knows slots, vectors and sets of slots: ids, payloads, files
//! and threads are the engine's. DESIGN.md beside this crate tells how it works and why.

#[cfg(target_endian = "big")]
compile_error!("codes and checkpoints are little-endian, and so must the machine be");

mod answer;
mod arena;
mod best_score;
mod build;
mod checkpoint;
mod codes;
mod entries;
mod era;
mod index;
mod kernels;
mod nodes;
mod options;
mod outcome;
mod plan;
mod pool;
mod query;
mod random;
mod reach;
mod renumber;
mod repair;
mod rotation;
mod scan;
mod search;
mod select;
mod source;
#[cfg(test)]
mod testing;
mod trace;
mod tune;
mod upkeep;
mod visited;
mod walk;

pub use answer::{SearchParams, SearchScratch};
pub use best_score::{BestScoreParams, Examples};
pub use build::BuildScratch;
pub use checkpoint::LoadError;
pub use index::{IndexStats, VectorIndex};
pub use options::{GraphOptions, Metric};
pub use outcome::{Hit, SearchOutcome};
pub use plan::{Estimate, Plan, PlanRequest, Way};
pub use source::{SlotSet, VectorReadError, VectorSource};
pub use trace::{Fate, Trace};
pub use upkeep::Maintenance;
