//! RaftCore, several nodes in one thread.

mod cluster;
mod members;
mod replication;
mod snapshots;
