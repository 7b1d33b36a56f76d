//! Searches while points are replaced and slots reused: each answer holds every point once, with
//! vector, payload and score of one and the same write.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use prost::Message;
use support::*;
use vectron_engine::messages::engine::{Query, SearchRequest, SearchResult};
use vectron_engine::messages::vectron::{Metric, condition::Test};
use vectron_engine::{Shard, ShardOptions};

const POINTS: usize = 120;
const ROUNDS: u32 = 150;

/// All points, as of one round: the round is in the vector and in the payload.
fn round(number: u32) -> Vec<vectron_engine::messages::engine::PointRecord> {
    let record = |n: usize| {
        let mut vector = axis(0, number as f32);
        vector[1] = n as f32;
        record(
            &format!("id-{n}"),
            &vector,
            &format!("{{\"round\":{number}}}"),
        )
    };
    (0..POINTS).map(record).collect()
}

#[test]
fn every_answer_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        checkpoint_bytes: 40_000,
        ..options(folder.path(), &config(Metric::L2, &[]))
    };
    let shard = TestShard::open_with(options, &threads());
    shard.upsert(round(0));
    let stop = Arc::new(AtomicBool::new(false));
    let searchers: Vec<_> = [false, true]
        .map(|filtered| {
            let (shard, stop) = (Arc::clone(&shard.shard), Arc::clone(&stop));
            thread::spawn(move || {
                let mut answers = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    check_answer(&shard, filtered);
                    answers += 1;
                }
                answers
            })
        })
        .into();
    for number in 1..=ROUNDS {
        shard.upsert(round(number));
    }
    stop.store(true, Ordering::Relaxed);
    for searcher in searchers {
        assert!(searcher.join().unwrap() > 0);
    }
    shard.indexed();
    assert_eq!(shard.report().stats.unwrap().state, "ready");
    check_answer(&shard.shard, true);
}

fn check_answer(shard: &Arc<Shard>, filtered: bool) {
    let vector = axis(0, 0.0);
    let filter = filtered.then(|| must(vec![test("round", at_least(integer(0)))]));
    let query = Query {
        filter,
        with_payload: true,
        with_vector: true,
        ..query(&vector, POINTS as u32 + 10)
    };
    let request = SearchRequest {
        queries: vec![query],
        budget_us: 0,
        row_rule: None,
    }
    .encode_to_vec();
    let bytes = wait(|done| shard.search(request, done)).unwrap();
    let result = SearchResult::decode(bytes.as_slice())
        .unwrap()
        .results
        .remove(0);
    let hits = decode_hits(&result);
    let mut ids: Vec<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((hits.len(), ids.len()), (POINTS, POINTS));
    for hit in &hits {
        let vector = &hit.vector;
        let component = |n: usize| f32::from_le_bytes(vector[n * 4..n * 4 + 4].try_into().unwrap());
        assert_eq!(hit.id, format!("id-{}", component(1)));
        assert_eq!(hit.payload, format!("{{\"round\":{}}}", component(0)));
        let length = component(0).hypot(component(1));
        assert!(
            (hit.score - length).abs() <= length * 1e-5,
            "{} {length}",
            hit.score
        );
    }
}

#[test]
fn a_closed_shard_refuses_and_its_folder_opens_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads();
    let shard = TestShard::open(folder.path(), &threads);
    shard.upsert(round(1));
    let kept = Arc::clone(&shard.shard);
    shard.close();
    let request = SearchRequest {
        queries: vec![query(&axis(0, 1.0), 1)],
        budget_us: 0,
        row_rule: None,
    };
    let refused = wait(|done| kept.search(request.encode_to_vec(), done)).unwrap_err();
    assert_eq!(refused.reason, vectron_engine::reason::SHARD_UNAVAILABLE);
    let again = TestShard::open(folder.path(), &threads);
    let filter = must(vec![test("round", Test::Match(integer(1)))]);
    assert_eq!(again.count(Some(filter)), POINTS as u64);
}
