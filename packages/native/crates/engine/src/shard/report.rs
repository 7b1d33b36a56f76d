//! What a shard says about itself: counts, bytes, state and fields.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Health, Shard, graph_file};
use crate::messages::vectron::{FieldStats, FieldType, ShardStats, StorageBytes};
use crate::messages::worker::ShardReport;
use crate::resident::Resident;
use crate::store;
use crate::threads::lock;

/// Counting a field's bytes looks at each of its values. A report that took long is given again for
/// this many times as long, so that reports never take more than a twentieth of a core.
const FRESH_FACTOR: u32 = 20;

/// The last report on fields.
#[derive(Default)]
pub(super) struct FieldReports {
    last: Mutex<Option<FieldReport>>,
}

struct FieldReport {
    /// `Resident::generation` that it is of.
    generation: u64,
    made: Instant,
    cost: Duration,
    stats: Arc<[FieldStats]>,
}

impl FieldReports {
    fn get(&self, resident: &Resident) -> Arc<[FieldStats]> {
        let mut last = lock(&self.last);
        if let Some(report) = &*last
            && (report.generation == resident.generation
                || report.made.elapsed() < report.cost * FRESH_FACTOR)
        {
            return Arc::clone(&report.stats);
        }
        let made = Instant::now();
        let stats: Arc<[FieldStats]> = fields(resident).into();
        *last = Some(FieldReport {
            generation: resident.generation,
            made,
            cost: made.elapsed(),
            stats: Arc::clone(&stats),
        });
        stats
    }
}

pub(super) fn report(shard: &Shard) -> ShardReport {
    let resident = shard.resident_now();
    let fields = shard.field_reports.get(&resident);
    let graph = shard.index.stats();
    let disk = |file: &str| {
        // A file that is not there takes no room.
        fs::metadata(shard.options.folder.join(file)).map_or(0, |metadata| metadata.len())
    };
    let bytes = StorageBytes {
        graph_memory: graph.memory_bytes + resident.ids.memory_bytes(),
        payload_index_memory: fields.iter().map(|field| field.memory_bytes).sum(),
        store_disk: disk(store::FILE_NAME),
        vectors_disk: shard.vectors.disk_bytes(),
        checkpoint_disk: disk(graph_file::FILE_NAME),
    };
    let stats = ShardStats {
        shard_id: shard.config.shard_id,
        points_count: resident.live.len(),
        indexed_count: graph.linked,
        bytes: Some(bytes),
        applied_index: shard.applied_index(),
        durable_index: shard.durable_index(),
        state: state(shard),
    };
    ShardReport {
        stats: Some(stats),
        fields: fields.to_vec(),
    }
}

fn state(shard: &Shard) -> String {
    match (&*lock(&shard.health), &*lock(&shard.damage)) {
        (Health::Failed(why), _) | (Health::Ready, Some(why)) => format!("failed: {why}"),
        (Health::Closed, _) => "failed: closed".to_owned(),
        (Health::Ready, None) => "ready".to_owned(),
    }
}

/// Fields in use, and declared ones that no point has yet.
fn fields(resident: &Resident) -> Vec<FieldStats> {
    let Resident { fields, schema, .. } = resident;
    let mut stats: Vec<FieldStats> = fields
        .iter()
        .map(|(path, field)| {
            let declared = schema.get(path);
            FieldStats {
                field: path.to_owned(),
                r#type: declared
                    .copied()
                    .unwrap_or_else(|| field.main_type())
                    .into(),
                declared: declared.is_some(),
                points_count: field.present.len(),
                distinct_values: field.distinct_values(),
                memory_bytes: field.memory_bytes(),
            }
        })
        .collect();
    let unused = schema.iter().filter(|(path, _)| fields.get(path).is_none());
    stats.extend(unused.map(|(path, kind)| declared_only(path, *kind)));
    stats.sort_by(|a, b| a.field.cmp(&b.field));
    stats
}

fn declared_only(path: &str, kind: FieldType) -> FieldStats {
    FieldStats {
        field: path.to_owned(),
        r#type: kind.into(),
        declared: true,
        ..FieldStats::default()
    }
}
