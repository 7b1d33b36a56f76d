//! Loads vectors into a shard and prints what each step costs:
//! `cargo run --release -p vectron-engine --example load -- words.f32 folder [points]`.
//!
//! The file: u32 count, u32 dimension, then rows of little-endian f32. Kills nothing: run it again
//! on the same folder to see what opening costs.

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
    search(&shard, rows, dimension, 1, None)?;
    println!("first_search_ms={}", begun.elapsed().as_millis());
    if present.points_count == 0 {
        load(&shard, rows, dimension)?;
    }
    let begun = Instant::now();
    wait(|done| shard.indexed(done))?;
    println!("wait_indexed_ms={}", begun.elapsed().as_millis());
    for (name, filter) in [
        ("all", None),
        ("filter_1%", Some("7")),
        ("filter_50%", Some("odd")),
    ] {
        let begun = Instant::now();
        search(&shard, rows, dimension, QUERIES, filter)?;
        let micros = begun.elapsed().as_micros() / QUERIES as u128;
        println!("{name}: {micros} us a query on all threads");
    }
    let begun = Instant::now();
    wait(|done| shard.close(done))?;
    println!("close_ms={}", begun.elapsed().as_millis());
    println!("{:?}", present.bytes);
    Ok(())
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
                }
            });
        let command = Command::Upsert(UpsertPoints {
            points: points.collect(),
        });
        let command = WriteCommand {
            request_id: String::new(),
            command: Some(command),
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

fn search(
    shard: &Arc<Shard>,
    rows: &[u8],
    dimension: usize,
    count: usize,
    filter: Option<&str>,
) -> Result<(), Box<dyn Error>> {
    let field = if filter == Some("odd") {
        "parity"
    } else {
        "hundred"
    };
    let filter = filter.map(|value| {
        let value = Scalar {
            kind: Some(scalar::Kind::StringValue(value.to_owned())),
        };
        let test = Some(condition::Test::Match(value));
        let must = vec![Condition {
            field: field.to_owned(),
            test,
        }];
        Filter {
            must,
            ..Filter::default()
        }
    });
    let queries = rows
        .chunks(dimension * 4)
        .step_by(97)
        .cycle()
        .take(count)
        .map(|row| Query {
            vector: row.to_vec().into(),
            top_k: 10,
            filter: filter.clone(),
            explain: true,
            ..Query::default()
        });
    let request = SearchRequest {
        queries: queries.collect(),
        budget_us: 0,
    };
    let answer = wait(|done| shard.search(request.encode_to_vec(), done))?;
    let answer = SearchResult::decode(answer.as_slice())?;
    if let Some(result) = answer.results.first() {
        println!("{:?}", ShardPlan::decode(result.plan.clone())?);
    }
    match answer
        .results
        .iter()
        .find_map(|result| result.error.clone())
    {
        Some(error) => Err(error.message.into()),
        None => Ok(()),
    }
}

fn wait<T: Send + 'static>(call: impl FnOnce(Done<T>)) -> EngineResult<T> {
    let (answer, answered) = mpsc::channel();
    call(Box::new(move |result| {
        answer.send(result).expect("main waits")
    }));
    answered.recv().expect("every call is answered")
}
