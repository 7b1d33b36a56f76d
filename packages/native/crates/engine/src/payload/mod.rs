//! Payloads: JSON objects kept as text, looked into only where a field matters.

mod check;
mod datetime;
mod merge;
mod scalar;
mod walk;

pub use check::{check_declared, kind_name};
pub use datetime::{format_millis, parse_datetime};
pub use merge::{Patch, patch_payload};
pub use scalar::{Scalar, float_key, float_of_key};
pub use walk::{Sink, walk_payload};
