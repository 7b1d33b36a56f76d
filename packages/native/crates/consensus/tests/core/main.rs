//! RaftCore, several nodes in one thread.

mod chaos;
mod cluster;
mod members;
mod replication;
mod snapshots;
