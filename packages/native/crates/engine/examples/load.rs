//! Loads vectors into a shard and prints what each step costs:
//! `cargo run --release -p vectron-engine --example load -- words.f32 folder [points]`.
//!
//! The file: u32 count, u32 dimension, then rows of little-endian f32. Run it again on the same
//! folder to see what opening costs.

use std::error::Error;
use std::io::Read;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use std::{env, fs};

use prost::Message;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    PointRecord, Query, SearchRequest, SearchResult, ShardConfig, UpsertPoints, WriteCommand,
};
use vectron_engine::messages::vectron::{
    Condition, Filter, Metric, Scalar, ShardPlan, condition, scalar,
};
use vectron_engine::messages::worker::ShardReport;
use vectron_engine::{Done, EngineResult, EngineThreadOptions, EngineThreads, Shard, ShardOptions};

const BATCH: usize = 500;
const QUERIES: usize = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, file, folder, rest @ ..] = arguments.as_slice() else {
        return Err("usage: load <file.f32> <folder> [points]".into());
    };
    let (dimension, rows) = read_rows(file)?;
    let points = rest
        .first()
        .map_or(Ok(usize::MAX), |points| points.parse())?;
    let rows = &rows[..rows.len().min(points.saturating_mul(dimension * 4))];
    let config = ShardConfig {
        shard_id: 1,
        dimension: dimension as u32,
        metric: Metric::Cosine.into(),
        ..ShardConfig::default()
    };
    fs::create_dir_all(folder)?;
    let threads = EngineThreads::start(EngineThreadOptions::default())?;
    let begun = Instant::now();
    let shard = Shard::open(ShardOptions::new(folder, config.encode_to_vec()), &threads)?;
    println!("open_ms={}", begun.elapsed().as_millis());
    let present = ShardReport::decode(shard.stats().as_slice())?
        .stats
        .unwrap_or_default();
    println!(
        "points={} indexed={}",
        present.points_count, present.indexed_count
    );
    let begun = Instant::now();
    search(&shard, batch(rows, dimension, 1, &Query::default()))?;
    println!("first_search_ms={}", begun.elapsed().as_millis());
    if present.points_count == 0 {
        load(&shard, rows, dimension)?;
    }
    let begun = Instant::now();
    wait(|done| shard.indexed(done))?;
    println!("wait_indexed_ms={}", begun.elapsed().as_millis());
    for (name, query) in kinds() {
        measure(&shard, rows, dimension, name, &query)?;
    }
    let begun = Instant::now();
    wait(|done| shard.close(done))?;
    println!("{}", resident_line()?);
    println!("close_ms={}", begun.elapsed().as_millis());
    println!("{:?}", present.bytes);
    Ok(())
}

/// Resident memory of the process: its own and that of mapped files.
fn resident_line() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let lines = status.lines().filter(|line| line.starts_with("Rss"));
    Ok(lines.collect::<Vec<_>>().join(" "))
}

fn read_rows(file: &str) -> Result<(usize, Vec<u8>), Box<dyn Error>> {
    let mut input = fs::File::open(file)?;
    let mut head = [0; 8];
    input.read_exact(&mut head)?;
    let mut rows = Vec::new();
    input.read_to_end(&mut rows)?;
    Ok((u32::from_le_bytes(head[4..].try_into()?) as usize, rows))
}

fn load(shard: &Arc<Shard>, rows: &[u8], dimension: usize) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let count = rows.len() / (dimension * 4);
    for (number, batch) in rows.chunks(BATCH * dimension * 4).enumerate() {
        let points = batch
            .chunks(dimension * 4)
            .enumerate()
            .map(|(offset, row)| {
                let point = number * BATCH + offset;
                let payload = format!(
                    r#"{{"n":{point},"hundred":"{}","parity":"{}"}}"#,
                    point % 100,
                    if point.is_multiple_of(2) {
                        "even"
                    } else {
                        "odd"
                    }
                );
                PointRecord {
                    id: format!("point-{point}"),
                    vector: row.to_vec().into(),
                    payload: payload.into_bytes().into(),
                    ..PointRecord::default()
                }
            });
        let command = Command::Upsert(UpsertPoints {
            points: points.collect(),
        });
        let command = WriteCommand {
            command: Some(command),
            ..WriteCommand::default()
        };
        let index = shard.applied_index() + 1;
        wait(|done| shard.apply(vec![(index, command.encode_to_vec())], done))?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "load_s={seconds:.1} points_per_s={:.0}",
        count as f64 / seconds
    );
    Ok(())
}

/// Searches to measure, by name.
fn kinds() -> [(&'static str, Query); 4] {
    let matching = |field: &str, value: &str| {
        let value = Scalar {
            kind: Some(scalar::Kind::StringValue(value.to_owned())),
        };
        let condition = Condition {
            field: field.to_owned(),
            test: Some(condition::Test::Match(value)),
        };
        let filter = Filter {
            must: vec![condition],
            ..Filter::default()
        };
        Query {
            filter: Some(filter),
            ..Query::default()
        }
    };
    let with_payload = Query {
        with_payload: true,
        ..Query::default()
    };
    [
        ("ids", Query::default()),
        ("payloads", with_payload),
        ("filter_1%", matching("hundred", "7")),
        ("filter_50%", matching("parity", "odd")),
    ]
}

/// Prints the time of single requests, and of one query of a batch on all search threads.
fn measure(
    shard: &Arc<Shard>,
    rows: &[u8],
    dimension: usize,
    name: &str,
    query: &Query,
) -> Result<(), Box<dyn Error>> {
    let queries = batch(rows, dimension, QUERIES, query);
    let mut micros = Vec::with_capacity(QUERIES);
    for query in &queries {
        let begun = Instant::now();
        search(shard, vec![query.clone()])?;
        micros.push(begun.elapsed().as_micros());
    }
    micros.sort_unstable();
    let begun = Instant::now();
    let plan = search(shard, queries)?;
    let batched = begun.elapsed().as_micros() / QUERIES as u128;
    let (p50, p99) = (micros[QUERIES / 2], micros[QUERIES * 99 / 100]);
    println!("{name}: p50_us={p50} p99_us={p99} batched_us={batched}");
    println!("  {plan:?}");
    Ok(())
}

fn batch(rows: &[u8], dimension: usize, count: usize, query: &Query) -> Vec<Query> {
    let vectors = rows.chunks(dimension * 4).step_by(97).cycle().take(count);
    let queries = vectors.map(|row| Query {
        vector: row.to_vec().into(),
        top_k: 10,
        explain: true,
        ..query.clone()
    });
    queries.collect()
}

/// Answers the plan of the first query.
fn search(shard: &Arc<Shard>, queries: Vec<Query>) -> Result<ShardPlan, Box<dyn Error>> {
    let request = SearchRequest {
        queries,
        budget_us: 0,
        row_rule: None,
    };
    let answer = wait(|done| shard.search(request.encode_to_vec(), done))?;
    let results = SearchResult::decode(answer.as_slice())?.results;
    if let Some(error) = results.iter().find_map(|result| result.error.clone()) {
        return Err(error.message.into());
    }
    let plan = results.into_iter().next().unwrap_or_default().plan;
    Ok(ShardPlan::decode(plan)?)
}

fn wait<T: Send + 'static>(call: impl FnOnce(Done<T>)) -> EngineResult<T> {
    let (answer, answered) = mpsc::channel();
    call(Box::new(move |result| {
        answer.send(result).expect("main waits")
    }));
    answered.recv().expect("every call is answered")
}
