//! Applies committed entries: stage in a transaction, commit, publish to memory.
//!
//! Must stay true: an entry is applied once and whole; what fails leaves the shard as it was
//! before the entries of its transaction, and the same call may be made again later.

use std::thread;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use std::sync::atomic::Ordering;

use super::checkpoint::GraphAge;
use super::publish::publish;
use super::stage::{Change, Stage, reads_memory, refused};
use super::{Health, Shard};
use crate::error::{EngineError, EngineResult, reason};
use crate::messages::engine::write_command::Command;
use crate::messages::engine::{ApplyResult, WriteCommand, WriteResult};
use crate::store;
use crate::threads::lock;

/// What the lane keeps between jobs.
#[derive(Debug, Default)]
pub(super) struct LaneState {
    /// Roughly the bytes applied since the last checkpoint.
    pub bytes_since_checkpoint: u64,
    /// What the graph's file lacks.
    pub graph_age: GraphAge,
    /// Results of entries that were applied by a call that failed later on.
    results_of_failed_call: Vec<(u64, WriteResult)>,
}

impl LaneState {
    pub fn new(graph_age: GraphAge) -> Self {
        Self {
            graph_age,
            ..Self::default()
        }
    }
}

struct Entry {
    index: u64,
    command: Result<WriteCommand, EngineError>,
}

/// Pause between looks at the unlinked tail.
const BACK_PRESSURE_PAUSE: Duration = Duration::from_millis(1);

/// Runs on the lane.
pub(super) fn apply(shard: &Shard, entries: Vec<(u64, Vec<u8>)>) -> EngineResult<ApplyResult> {
    let mut lane = lock(&shard.lane_state);
    let earlier = std::mem::take(&mut lane.results_of_failed_call);
    let mut results = Vec::with_capacity(entries.len());
    let mut rest = Vec::with_capacity(entries.len());
    let mut expected = shard.applied_index() + 1;
    for (index, command) in entries {
        if let Some((_, result)) = earlier.iter().find(|(known, _)| *known == index) {
            results.push((index, result.clone()));
        } else if index == expected {
            rest.push(parse_entry(index, command));
            expected += 1;
        } else {
            let message = format!("entry {index} was given to apply; {expected} is next");
            return Err(EngineError::internal(message));
        }
    }
    wait_for_graph(shard, &rest);
    let mut rest = rest.as_slice();
    let mut entries_max = usize::MAX;
    while !rest.is_empty() {
        let (group, others) = rest.split_at(group_len(rest).min(entries_max));
        match apply_group(shard, &mut lane, group) {
            Ok(group) => results.extend(group),
            Err(error) if error.reason == reason::DISK_FULL && group.len() > 1 => {
                // Alone, a delete before the write that wants room goes through.
                entries_max = 1;
                continue;
            }
            Err(error) => {
                lane.results_of_failed_call = results;
                return Err(error);
            }
        }
        rest = others;
    }
    Ok(ApplyResult {
        results: results.into_iter().map(|(_, result)| result).collect(),
    })
}

fn parse_entry(index: u64, command: Vec<u8>) -> Entry {
    // Decoding from `Bytes` shares vectors and payloads instead of copying them.
    let command = WriteCommand::decode(Bytes::from(command))
        .map_err(|error| EngineError::new(reason::INVALID_PROTOBUF, error.to_string(), "command"));
    Entry { index, command }
}

impl Entry {
    fn command(&self) -> Option<&Command> {
        self.command.as_ref().ok()?.command.as_ref()
    }
}

/// Entries of the next transaction: up to a command that looks at memory, which begins a new one.
fn group_len(entries: &[Entry]) -> usize {
    let looks = |entry: &Entry| entry.command().is_some_and(reads_memory);
    let next = entries.iter().skip(1).position(looks);
    next.map_or(entries.len(), |position| position + 1)
}

/// Back-pressure: points arrive no faster than the graph takes them, once enough are waiting.
fn wait_for_graph(shard: &Shard, entries: &[Entry]) {
    let upserts = |entry: &Entry| matches!(entry.command(), Some(Command::Upsert(_)));
    if !entries.iter().any(upserts) {
        return;
    }
    while shard.index.unlinked_len() > shard.options.tail_points_max
        && *lock(&shard.health) == Health::Ready
    {
        shard.threads.wake_index();
        thread::sleep(BACK_PRESSURE_PAUSE);
    }
}

fn apply_group(
    shard: &Shard,
    lane: &mut LaneState,
    group: &[Entry],
) -> EngineResult<Vec<(u64, WriteResult)>> {
    let outcome = commit_group(shard, group);
    match outcome {
        Ok((results, changes, bytes)) => {
            lane.bytes_since_checkpoint += bytes;
            lane.graph_age.changed += changes;
            Ok(results)
        }
        Err(error) => {
            // redb refuses everything after a failed write of its own.
            if error.subject == store::FILE_NAME {
                shard.fail(&error.message);
            }
            Err(error)
        }
    }
}

/// Results of the entries, number of changes to the graph, bytes.
type Committed = (Vec<(u64, WriteResult)>, u64, u64);

fn commit_group(shard: &Shard, group: &[Entry]) -> EngineResult<Committed> {
    let schema = shard.resident().schema.clone();
    let write = shard.store()?.begin()?;
    let mut stage = Stage::new(shard, write.tables()?, &schema);
    let mut results = Vec::with_capacity(group.len());
    let mut applied = shard.applied_index();
    for entry in group {
        let result = match &entry.command {
            Ok(command) => stage.command(entry.index, command)?,
            Err(error) => refused(error),
        };
        results.push((entry.index, result));
        applied = entry.index;
    }
    let (changes, bytes) = stage.finish(applied)?;
    let graph_changes = changes
        .iter()
        .filter(|change| matches!(change, Change::Put { .. } | Change::Remove(_)))
        .count();
    publish(shard, write, changes)?;
    shard.applied_index.store(applied, Ordering::Release);
    if graph_changes > 0 {
        shard.upkeep.earn_for_changes(graph_changes as u64);
        shard.threads.wake_index();
    }
    Ok((results, graph_changes as u64, bytes))
}
