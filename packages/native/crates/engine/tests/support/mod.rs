//! What the engine's tests share: a shard in a temporary folder, and calls that wait.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod commands;
pub mod generate;
pub mod model;
pub mod rng;

use std::fs;
use std::path::Path;
use std::sync::{Arc, mpsc};

use prost::Message;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    ApplyResult, Count, DeletePoints, GetPoints, PointRecord, PointsDigest, Query, QueryResult,
    ReadRequest, ReadResult, Scroll, SearchRequest, SearchResult, ShardConfig, SnapshotFiles,
    UpsertPoints, WriteCommand, WriteResult,
};
use vectron_engine::messages::vectron::{
    Condition, FieldType, Filter, Metric, Point, Range, Scalar, ScoredPoint, Vector, condition,
    scalar, vector,
};
use vectron_engine::messages::worker::ShardReport;
use vectron_engine::{
    Done, EngineError, EngineResult, EngineThreadOptions, EngineThreads, Shard, ShardOptions,
};

pub const DIMENSION: usize = 8;
/// When the commands of tests are made, unless they say another time.
pub const NOW_MS: u64 = 1_000_000;

/// Calls with a callback and waits for it.
pub fn wait<T: Send + 'static>(call: impl FnOnce(Done<T>)) -> EngineResult<T> {
    let (answer, answered) = mpsc::channel();
    call(Box::new(move |result| {
        answer.send(result).expect("the test waits")
    }));
    answered.recv().expect("every call is answered")
}

pub fn threads() -> Arc<EngineThreads> {
    EngineThreads::start(EngineThreadOptions {
        search_threads: 2,
        index_threads: 1,
    })
    .unwrap()
}

pub fn config(metric: Metric, schema: &[(&str, FieldType)]) -> ShardConfig {
    let declared = schema
        .iter()
        .map(|(path, kind)| ((*path).to_owned(), *kind as i32));
    ShardConfig {
        shard_id: 7,
        dimension: DIMENSION as u32,
        metric: metric.into(),
        payload_schema: declared.collect(),
    }
}

pub fn options(folder: &Path, config: &ShardConfig) -> ShardOptions {
    ShardOptions {
        disk_reserve_bytes: 0,
        ..ShardOptions::new(folder, config.encode_to_vec())
    }
}

/// An open shard with calls that wait.
pub struct TestShard {
    pub shard: Arc<Shard>,
}

impl TestShard {
    pub fn open(folder: &Path, threads: &Arc<EngineThreads>) -> Self {
        Self::open_with(options(folder, &config(Metric::L2, &[])), threads)
    }

    pub fn open_with(options: ShardOptions, threads: &Arc<EngineThreads>) -> Self {
        Self {
            shard: Shard::open(options, threads).unwrap(),
        }
    }

    /// Applies commands as the next entries.
    pub fn try_apply(&self, commands: Vec<WriteCommand>) -> Result<Vec<WriteResult>, EngineError> {
        let first = self.shard.applied_index() + 1;
        let entries = (first..)
            .zip(commands.iter().map(Message::encode_to_vec))
            .collect();
        let bytes = wait(|done| self.shard.apply(entries, done))?;
        Ok(ApplyResult::decode(bytes.as_slice()).unwrap().results)
    }

    /// Applies one command that must not fail as a call; answers its result.
    pub fn apply(&self, command: Command) -> WriteResult {
        self.try_apply(vec![write(command)]).unwrap().remove(0)
    }

    pub fn upsert(&self, points: Vec<PointRecord>) -> u64 {
        let result = self.apply(Command::Upsert(UpsertPoints { points }));
        assert_eq!(result.error, None);
        result.affected
    }

    pub fn delete(&self, ids: &[&str]) -> u64 {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let delete = DeletePoints {
            ids,
            ..DeletePoints::default()
        };
        self.apply(Command::Delete(delete)).affected
    }

    pub fn search(&self, queries: Vec<Query>) -> Vec<QueryResult> {
        self.search_within(None, queries)
    }

    pub fn search_within(&self, rule: Option<&Filter>, queries: Vec<Query>) -> Vec<QueryResult> {
        let request = SearchRequest {
            queries,
            budget_us: 0,
            row_rule: rule.cloned(),
        }
        .encode_to_vec();
        let bytes = wait(|done| self.shard.search(request, done)).unwrap();
        SearchResult::decode(bytes.as_slice()).unwrap().results
    }

    pub fn search_one(&self, query: Query) -> QueryResult {
        self.search(vec![query]).remove(0)
    }

    pub fn read(&self, read: Read) -> ReadResult {
        self.try_read(None, read).unwrap()
    }

    pub fn read_within(&self, rule: Option<&Filter>, read: Read) -> ReadResult {
        self.try_read(rule, read).unwrap()
    }

    pub fn try_read(&self, rule: Option<&Filter>, read: Read) -> EngineResult<ReadResult> {
        let request = ReadRequest {
            read: Some(read),
            row_rule: rule.cloned(),
        }
        .encode_to_vec();
        let bytes = wait(|done| self.shard.read(request, done))?;
        Ok(ReadResult::decode(bytes.as_slice()).unwrap())
    }

    pub fn get(&self, ids: &[&str]) -> Vec<TestPoint> {
        self.get_within(None, ids)
    }

    pub fn get_within(&self, rule: Option<&Filter>, ids: &[&str]) -> Vec<TestPoint> {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let get = GetPoints {
            ids,
            with_payload: true,
            with_vector: true,
        };
        decode_points(&self.read_within(rule, Read::Get(get)))
    }

    pub fn count(&self, filter: Option<Filter>) -> u64 {
        self.count_within(None, filter)
    }

    pub fn count_within(&self, rule: Option<&Filter>, filter: Option<Filter>) -> u64 {
        self.read_within(rule, Read::Count(Count { filter })).count
    }

    pub fn scroll(&self, scroll: Scroll) -> ReadResult {
        self.read(Read::Scroll(scroll))
    }

    pub fn checkpoint(&self) -> u64 {
        wait(|done| self.shard.checkpoint(done)).unwrap()
    }

    pub fn snapshot(&self, folder: &Path) -> EngineResult<SnapshotFiles> {
        let folder = folder.to_owned();
        let bytes = wait(|done| self.shard.snapshot(folder, done))?;
        Ok(SnapshotFiles::decode(bytes.as_slice()).unwrap())
    }

    pub fn digest(&self) -> EngineResult<PointsDigest> {
        let bytes = wait(|done| self.shard.digest(done))?;
        Ok(PointsDigest::decode(bytes.as_slice()).unwrap())
    }

    pub fn indexed(&self) {
        wait(|done| self.shard.indexed(done)).unwrap();
    }

    pub fn close(self) {
        wait(|done| self.shard.close(done)).unwrap();
    }

    pub fn report(&self) -> ShardReport {
        ShardReport::decode(self.shard.stats().as_slice()).unwrap()
    }
}

/// A point or a hit as a client sees it. `vector`: little-endian f32; empty when left out.
#[derive(Clone, Debug, PartialEq)]
pub struct TestPoint {
    pub id: String,
    pub score: f32,
    pub payload: String,
    pub vector: Vec<u8>,
    pub version: u64,
    pub expire_time: String,
}

fn vector_bytes(vector: Option<Vector>) -> Vec<u8> {
    match vector.and_then(|vector| vector.data) {
        Some(vector::Data::F32(bytes)) => bytes.to_vec(),
        Some(vector::Data::Floats(_)) => panic!("the engine answers with bytes"),
        None => Vec::new(),
    }
}

pub fn decode_points(result: &ReadResult) -> Vec<TestPoint> {
    assert_eq!(result.error, None);
    let points = result.points.iter().map(|found| {
        let Point {
            id,
            vector,
            payload,
            version,
            expire_time,
        } = Point::decode(found.point.clone()).unwrap();
        assert_eq!(id, found.id);
        TestPoint {
            id,
            score: 0.0,
            payload,
            vector: vector_bytes(vector),
            version,
            expire_time: expire_time.unwrap_or_default(),
        }
    });
    points.collect()
}

pub fn decode_hits(result: &QueryResult) -> Vec<TestPoint> {
    assert_eq!(result.error, None);
    let hits = result.points.iter().map(|found| {
        let ScoredPoint {
            id,
            score,
            payload,
            vector,
            version,
            expire_time,
            ..
        } = ScoredPoint::decode(found.clone()).unwrap();
        TestPoint {
            id,
            score,
            payload,
            vector: vector_bytes(vector),
            version: version.unwrap_or(0),
            expire_time: expire_time.unwrap_or_default(),
        }
    });
    let hits: Vec<_> = hits.collect();
    let scores: Vec<u8> = hits
        .iter()
        .flat_map(|hit| hit.score.to_le_bytes())
        .collect();
    assert_eq!(result.scores, scores);
    hits
}

pub fn hit_ids(result: &QueryResult) -> Vec<String> {
    decode_hits(result).into_iter().map(|hit| hit.id).collect()
}

pub fn write(command: Command) -> WriteCommand {
    WriteCommand {
        command: Some(command),
        time_ms: NOW_MS,
        ..WriteCommand::default()
    }
}

pub fn floats(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|component| component.to_le_bytes())
        .collect()
}

/// A vector with one component set.
pub fn axis(component: usize, value: f32) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSION];
    vector[component] = value;
    vector
}

pub fn record(id: &str, vector: &[f32], payload: &str) -> PointRecord {
    PointRecord {
        id: id.to_owned(),
        vector: floats(vector).into(),
        payload: payload.as_bytes().to_vec().into(),
        ..PointRecord::default()
    }
}

pub fn query(vector: &[f32], top_k: u32) -> Query {
    Query {
        vector: floats(vector).into(),
        top_k,
        ..Query::default()
    }
}

pub fn must(conditions: Vec<Condition>) -> Filter {
    Filter {
        must: conditions,
        ..Filter::default()
    }
}

pub fn test(field: &str, test: condition::Test) -> Condition {
    Condition {
        field: field.to_owned(),
        test: Some(test),
    }
}

pub fn text(value: &str) -> Scalar {
    Scalar {
        kind: Some(scalar::Kind::StringValue(value.to_owned())),
    }
}

pub fn integer(value: i64) -> Scalar {
    Scalar {
        kind: Some(scalar::Kind::IntegerValue(value)),
    }
}

pub fn float(value: f64) -> Scalar {
    Scalar {
        kind: Some(scalar::Kind::FloatValue(value)),
    }
}

pub fn bool(value: bool) -> Scalar {
    Scalar {
        kind: Some(scalar::Kind::BoolValue(value)),
    }
}

pub fn at_least(value: Scalar) -> condition::Test {
    condition::Test::Range(Range {
        gte: Some(value),
        ..Range::default()
    })
}

/// Copies the files of a folder, over what the other folder holds.
pub fn copy_files(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
