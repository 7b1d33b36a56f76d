//! Filters: compiled and checked once, then evaluated on the indexes, and on payloads where a
//! field has no index. Both evaluations mean the same; `filter_agrees` in tests/ holds them to it.

mod compile;
mod estimate;
mod evaluate;
mod on_payload;
mod on_point;

pub use compile::{Filter, compile_filter};
pub use evaluate::{FilterContext, Matches, PointReader, evaluate_filter};
pub use on_point::is_match;
