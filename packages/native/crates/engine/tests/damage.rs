//! A flipped bit, a cut or a missing file: healed, or refused with the file named; never a wrong
//! answer.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use support::generate::payload;
use support::model::parse;
use support::rng::Rng;
use support::*;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::{Query, Scroll};
use vectron_engine::messages::vectron::{Metric, condition::Test};
use vectron_engine::{EngineError, EngineThreads, Shard, reason};

const POINTS: usize = 300;
const FLIPS_A_FILE: usize = 120;
const FILES: [&str; 3] = ["store.redb", "vectors.f32", "graph.ckpt"];

/// Everything that can be asked, as text.
#[derive(Debug, PartialEq)]
struct Answers {
    points: Vec<String>,
    nearest: Vec<String>,
    count: u64,
}

#[test]
fn every_flipped_bit_is_healed_or_refused_with_the_file_named() {
    let mut rng = Rng::from_env("every_flipped_bit");
    let threads = threads();
    let folders = tempfile::tempdir().unwrap();
    let sound = folders.path().join("sound");
    let vector = rng.vector(DIMENSION);
    let truth = build(&sound, &threads, &mut rng, &vector);
    for file in FILES {
        let (mut healed, mut refused) = (0, 0);
        for _ in 0..FLIPS_A_FILE {
            let damaged = folders.path().join("damaged");
            copy_files(&sound, &damaged);
            let bit = flip(&damaged.join(file), &mut rng);
            match ask(&damaged, &threads, &vector) {
                Ok(answers) => {
                    assert_eq!(answers, truth, "bit {bit} of {file}");
                    healed += 1;
                }
                Err(error) => {
                    assert_eq!(
                        error.reason,
                        reason::DATA_CORRUPT,
                        "bit {bit} of {file}: {error}"
                    );
                    assert_eq!(error.subject, file, "bit {bit} of {file}: {error}");
                    refused += 1;
                }
            }
        }
        println!("{file}: {healed} healed or without effect, {refused} refused");
        assert!(
            file != "graph.ckpt" || refused == 0,
            "the graph is always rebuilt"
        );
    }
}

#[test]
fn a_file_that_is_cut_or_gone_is_rebuilt_or_named() {
    let mut rng = Rng::from_env("a_file_that_is_cut");
    let threads = threads();
    let folders = tempfile::tempdir().unwrap();
    let sound = folders.path().join("sound");
    let vector = rng.vector(DIMENSION);
    let truth = build(&sound, &threads, &mut rng, &vector);
    for file in FILES {
        for keep in [None, Some(0), Some(10), Some(4096), Some(5000)] {
            let damaged = folders.path().join("damaged");
            copy_files(&sound, &damaged);
            match keep {
                None => fs::remove_file(damaged.join(file)).unwrap(),
                Some(len) => {
                    let file = fs::OpenOptions::new().write(true).open(damaged.join(file));
                    file.unwrap().set_len(len).unwrap();
                }
            }
            match ask(&damaged, &threads, &vector) {
                Ok(answers) => {
                    assert_eq!(file, "graph.ckpt", "only the graph can be made again");
                    assert_eq!(answers, truth);
                }
                Err(error) => {
                    assert_eq!(
                        error.reason,
                        reason::DATA_CORRUPT,
                        "{file} {keep:?}: {error}"
                    );
                    assert_eq!(error.subject, file, "{file} {keep:?}: {error}");
                }
            }
        }
    }
}

#[test]
fn what_a_crash_during_creation_leaves_is_no_obstacle() {
    let threads = threads();
    let folders = tempfile::tempdir().unwrap();
    let whole = folders.path().join("whole");
    TestShard::open(&whole, &threads).close();
    let half = folders.path().join("half");
    fs::create_dir_all(&half).unwrap();
    fs::copy(whole.join("vectors.f32"), half.join("vectors.f32")).unwrap();
    for temporary in ["store.tmp", "vectors.tmp", "graph.tmp"] {
        fs::write(half.join(temporary), "half a file").unwrap();
    }
    let shard = TestShard::open(&half, &threads);
    shard.upsert(vec![record("a", &axis(0, 1.0), "")]);
    shard.close();
    assert_eq!(TestShard::open(&half, &threads).count(None), 1);
}

fn build(folder: &Path, threads: &Arc<EngineThreads>, rng: &mut Rng, vector: &[f32]) -> Answers {
    let options = options(folder, &config(Metric::L2, &[]));
    let shard = TestShard::open_with(options, threads);
    for batch in 0..POINTS / 20 {
        let record = |n: usize| {
            let id = format!("id-{:03}", batch * 20 + n);
            record(&id, &rng.vector(DIMENSION), &payload(rng))
        };
        shard.upsert((0..20).map(record).collect());
    }
    shard.delete(&["id-005", "id-100"]);
    shard.close();
    ask(folder, threads, vector).unwrap()
}

/// Opens the shard and asks everything; the first error is the answer.
fn ask(
    folder: &Path,
    threads: &Arc<EngineThreads>,
    vector: &[f32],
) -> Result<Answers, EngineError> {
    let options = options(folder, &config(Metric::L2, &[]));
    let shard = TestShard {
        shard: Shard::open(options, threads)?,
    };
    let scroll = Scroll {
        limit: 1000,
        with_payload: true,
        with_vector: true,
        ..Scroll::default()
    };
    let page = shard.try_read(None, Read::Scroll(scroll))?;
    let points = decode_points(&page);
    let points = points
        .into_iter()
        .map(|point| format!("{} {} {:?}", point.id, parse(&point.payload), point.vector));
    let points = points.collect();
    let query = Query {
        exact: true,
        with_payload: true,
        ..query(vector, 50)
    };
    let result = shard.search_one(query);
    if let Some(error) = &result.error {
        assert_eq!(error.reason, reason::DATA_CORRUPT);
        return Err(EngineError {
            reason: reason::DATA_CORRUPT,
            message: error.message.clone(),
            subject: error.subject.clone(),
        });
    }
    let nearest = decode_hits(&result)
        .iter()
        .map(|hit| format!("{hit:?}"))
        .collect();
    let count = shard.count(Some(must(vec![test("tag", Test::Exists(true))])));
    Ok(Answers {
        points,
        nearest,
        count,
    })
}

fn flip(file: &Path, rng: &mut Rng) -> usize {
    let mut bytes = fs::read(file).unwrap();
    // Half of the flips go to the bytes in use at the front of each file.
    let end = if rng.chance(50) {
        bytes.len().min(40_000)
    } else {
        bytes.len()
    };
    let bit = rng.below(end * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(file, bytes).unwrap();
    bit
}
