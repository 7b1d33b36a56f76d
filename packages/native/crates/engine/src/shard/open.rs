//! Opens a shard from what a crash left, or creates it.
//!
//! The store is verified page by page and read once: ids, live slots and payload indexes come from
//! it. The graph's checkpoint saves encoding and linking; without a sound one, all vectors are put
//! again and wait for the graph, while searches scan them. What the store lacks, the host replays.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock, Weak};
use std::thread;

use prost::Message;
use roaring::RoaringBitmap;
use vectron_graph::{GraphOptions, Metric as GraphMetric, VectorIndex, VectorSource};

use super::apply::LaneState;
use super::checkpoint::GraphAge;
use super::indexing::{IndexedWaiters, UpkeepBudget};
use super::matching::FilterCache;
use super::moment::Moments;
use super::report::FieldReports;
use super::stage::{SCHEMA_KEY, encode_schema};
use super::{Config, Health, Shard, ShardOptions, graph_file, panic_text};
use crate::disk::{Reserve, sync_folder};
use crate::error::{EngineError, EngineResult, reason};
use crate::fields::Schema;
use crate::lane::Lane;
use crate::messages::engine::{SetSchema, ShardConfig};
use crate::messages::vectron::Metric;
use crate::resident::{Resident, decode_schema};
use crate::store::{self, State, Store};
use crate::threads::{EngineThreads, IndexWork, lock};
use crate::vectors::{self, VectorFile, row_fault};

const CONFIG_KEY: &str = "config";
/// Dimensions that a shard may have.
const DIMENSION_MAX: usize = 8192;

pub(super) fn open(
    options: ShardOptions,
    threads: &Arc<EngineThreads>,
) -> EngineResult<Arc<Shard>> {
    let config = parse_config(&options.config)?;
    make_folder(&options.folder).map_err(|error| EngineError::from_io("folder", &error))?;
    let reserve = Reserve::new(&options.folder, options.disk_reserve_bytes)?;
    let vectors = VectorFile::open(&options.folder, config.shard_id, config.dimension)?;
    // The graph's file is read while the store is verified: neither needs the other.
    let (opened, loaded) = thread::scope(|scope| {
        let loading = scope.spawn(|| load_graph(&options, &config));
        let opened = naming(store::FILE_NAME, || open_store(&options, &config, &vectors));
        (opened, loading.join().ok().flatten())
    });
    let (store, state, resident, versions) = opened?;
    let (index, changed) = recover_index(&config, loaded, &versions, &vectors)?;
    let graph_age = GraphAge {
        changed,
        linked_then: index.stats().linked,
    };
    let shard = Arc::new(Shard {
        lane: Lane::start(format!("vectron-apply-{}", config.shard_id))?,
        options,
        config,
        threads: Arc::clone(threads),
        store: Mutex::new(Some(Arc::new(store))),
        vectors,
        index,
        resident: RwLock::new(resident),
        lane_state: Mutex::new(LaneState::new(graph_age)),
        indexed: IndexedWaiters::default(),
        upkeep: UpkeepBudget::default(),
        filters: FilterCache::default(),
        moments: Moments::default(),
        reserve,
        applied_index: AtomicU64::new(state.applied_index),
        durable_index: AtomicU64::new(state.applied_index),
        health: Mutex::new(Health::Ready),
        damage: Mutex::new(None),
        field_reports: FieldReports::default(),
        idle_checkpoint: AtomicBool::new(false),
    });
    let work: Weak<Shard> = Arc::downgrade(&shard);
    let work: Weak<dyn IndexWork> = work;
    threads.register(work);
    Ok(shard)
}

/// Makes the folder and its name in the parent durable.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// The store with what is read from it: state, memory, and the version of each slot.
fn open_store(
    options: &ShardOptions,
    config: &Config,
    vectors: &VectorFile,
) -> EngineResult<(Store, State, Resident, Vec<u64>)> {
    if !Store::exists(&options.folder) {
        create_store(options, vectors)?;
    }
    let store = Store::open(&options.folder)?;
    let Recovered {
        state,
        schema,
        freed,
    } = recover(&store, vectors, config)?;
    let (resident, versions) = read_points(&store, &state, schema, &freed)?;
    Ok((store, state, resident, versions))
}

/// Runs a part of the opening; a panic in it is taken for damage of the file that it reads.
fn naming<T>(file: &str, part: impl FnOnce() -> EngineResult<T>) -> EngineResult<T> {
    catch_unwind(AssertUnwindSafe(part))
        .unwrap_or_else(|panic| Err(EngineError::corrupt(file, panic_text(&*panic))))
}

fn parse_config(bytes: &[u8]) -> EngineResult<Config> {
    let config = ShardConfig::decode(bytes).map_err(|error| {
        EngineError::new(
            reason::INVALID_PROTOBUF,
            format!("shard config: {error}"),
            "config",
        )
    })?;
    let metric = match Metric::try_from(config.metric) {
        Ok(Metric::Unspecified | Metric::Cosine) => Metric::Cosine,
        Ok(Metric::Dot) => Metric::Dot,
        Ok(Metric::L2) => Metric::L2,
        Err(_) => {
            let message = format!("metric {} is not known", config.metric);
            return Err(EngineError::new(
                reason::INVALID_PROTOBUF,
                message,
                "config",
            ));
        }
    };
    let dimension = config.dimension as usize;
    if !(1..=DIMENSION_MAX).contains(&dimension) {
        let message = format!("dimension {dimension} is not 1 to {DIMENSION_MAX}");
        return Err(EngineError::new(reason::WRONG_DIMENSION, message, "config"));
    }
    Ok(Config {
        shard_id: config.shard_id,
        dimension,
        metric,
    })
}

struct Recovered {
    state: State,
    schema: Schema,
    /// Slots whose rows wait for the next durable commit to go.
    freed: RoaringBitmap,
}

fn create_store(options: &ShardOptions, vectors: &VectorFile) -> EngineResult<()> {
    if vectors.durable_mark() > 0 {
        return Err(EngineError::corrupt(
            store::FILE_NAME,
            "the file is missing",
        ));
    }
    let schema = ShardConfig::decode(options.config.as_slice())
        .map(|config| decode_schema(&config.payload_schema))
        .unwrap_or_default();
    Store::create(&options.folder, |tables| {
        tables.set_meta(CONFIG_KEY, &options.config)?;
        tables.set_meta(SCHEMA_KEY, &encode_schema(&schema))
    })
}

/// Checks that store, vector file and config belong together.
fn recover(store: &Store, vectors: &VectorFile, config: &Config) -> EngineResult<Recovered> {
    let write = store.begin()?;
    let tables = write.tables()?;
    let state = tables.state;
    if state.applied_index < vectors.durable_mark() {
        let message = format!(
            "the store ends at log index {}, but a checkpoint was made at {}",
            state.applied_index,
            vectors.durable_mark()
        );
        return Err(EngineError::corrupt(store::FILE_NAME, message));
    }
    if !vectors.covers(state.slots_end) {
        return Err(EngineError::corrupt(
            vectors::FILE_NAME,
            "the file is cut short",
        ));
    }
    let known = parse_config(&tables.meta(CONFIG_KEY)?.unwrap_or_default())
        .map_err(|error| EngineError::corrupt(store::FILE_NAME, error.message))?;
    let same = (known.shard_id, known.dimension, known.metric)
        == (config.shard_id, config.dimension, config.metric);
    if !same {
        let message = format!("the folder belongs to {known:?}, not to {config:?}");
        return Err(EngineError::new(reason::INTERNAL, message, "config"));
    }
    let schema = tables.meta(SCHEMA_KEY)?.unwrap_or_default();
    let schema = SetSchema::decode(schema.as_slice())
        .map_err(|error| EngineError::corrupt(store::FILE_NAME, error))?;
    let freed = tables.freed()?.into_iter().collect();
    Ok(Recovered {
        state,
        schema: decode_schema(&schema.payload_schema),
        freed,
    })
}

/// Reads every row once; answers memory, and the version of each slot's vector (0: not in use).
fn read_points(
    store: &Store,
    state: &State,
    schema: Schema,
    freed: &RoaringBitmap,
) -> EngineResult<(Resident, Vec<u64>)> {
    let mut resident = Resident {
        schema,
        ..Resident::default()
    };
    let mut versions = vec![0; state.slots_end as usize];
    store
        .view()?
        .for_each_row(0..state.slots_end, |slot, row| {
            if !freed.contains(slot) {
                versions[slot as usize] = row.vector_version;
                resident.insert(slot, row.id, row.payload, row.expire_ms)?;
            }
            Ok(())
        })?;
    if resident.live.len() == state.points {
        return Ok((resident, versions));
    }
    let message = format!("{} rows for {} points", resident.live.len(), state.points);
    Err(EngineError::corrupt(store::FILE_NAME, message))
}

/// The graph's checkpoint, if there is a sound one. A panic in it counts as damage.
fn load_graph(options: &ShardOptions, config: &Config) -> Option<graph_file::Loaded> {
    graph_file::load(&options.folder, config.shard_id, graph_options(config))
}

/// The vector index of exactly these points, and how many of them its checkpoint lacked.
fn recover_index(
    config: &Config,
    loaded: Option<graph_file::Loaded>,
    versions: &[u64],
    vectors: &VectorFile,
) -> EngineResult<(VectorIndex, u64)> {
    let (index, known) = match loaded {
        Some(loaded) => (loaded.index, loaded.versions),
        None => (VectorIndex::new(graph_options(config)), Vec::new()),
    };
    let mut changed = 0;
    let mut row = vec![0.0; config.dimension];
    // A graph that was written while points came may hold slots that no version speaks of.
    let held_end = index.live_slots().len() * 64;
    for slot in 0..versions.len().max(known.len()).max(held_end) {
        let wanted = versions.get(slot).copied().unwrap_or(0);
        let found = known.get(slot).copied().unwrap_or(0);
        let slot = slot as u32;
        let held = index.contains(slot);
        if wanted == 0 && held {
            index.remove(slot);
            changed += 1;
        }
        if wanted != 0 && (wanted != found || !held) {
            vectors.read(slot, &mut row).map_err(row_fault)?;
            index.put(slot, &row);
            changed += 1;
        }
    }
    Ok((index, changed))
}

fn graph_options(config: &Config) -> GraphOptions {
    let metric = match config.metric {
        Metric::Cosine | Metric::Unspecified => GraphMetric::Cosine,
        Metric::Dot => GraphMetric::Dot,
        Metric::L2 => GraphMetric::L2,
    };
    GraphOptions::new(config.dimension, metric)
}

impl Drop for Shard {
    /// Dropping the store makes its commits durable, so their vectors must be on disk first.
    fn drop(&mut self) {
        if self.vectors.sync().is_err() {
            // Leaking the store leaves its file as after a crash, which the log repairs.
            std::mem::forget(lock(&self.store).take());
        }
    }
}
