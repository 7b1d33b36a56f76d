//! What a shard says about itself: counts, bytes, state and fields.

use std::fs;

use super::{Health, Shard, graph_file};
use crate::messages::vectron::{FieldStats, FieldType, ShardStats, StorageBytes};
use crate::messages::worker::ShardReport;
use crate::resident::Resident;
use crate::store;
use crate::threads::lock;

pub(super) fn report(shard: &Shard) -> ShardReport {
    let resident = shard.resident();
    let graph = shard.index.stats();
    let disk = |file: &str| {
        // A file that is not there takes no room.
        fs::metadata(shard.options.folder.join(file)).map_or(0, |metadata| metadata.len())
    };
    let bytes = StorageBytes {
        graph_memory: graph.memory_bytes + resident.ids.memory_bytes(),
        payload_index_memory: resident.fields.memory_bytes(),
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
        fields: fields(&resident),
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
