//! Filters: compiled and checked once, then evaluated on the indexes, and on payloads where a
//! field has no index. Both evaluations mean the same; `filter_agrees` in tests/ holds them to it.

mod compile;
mod evaluate;
mod on_payload;

pub use compile::compile_filter;
pub use evaluate::{FilterContext, Matches, PointReader, evaluate_filter};
