//! A shard large enough for the graph: recall, filtered searches, churn, and a start from a graph
//! that is older than the store.

mod support;

use support::model::score;
use support::rng::Rng;
use support::*;
use vectron_engine::messages::engine::Query;
use vectron_engine::messages::vectron::{Filter, Metric, ShardPlan, condition::Test};

const POINTS: usize = 40_000;
const TOP_K: usize = 10;

#[test]
fn recall_holds_through_filters_churn_and_restarts() {
    let mut rng = Rng::from_env("recall_holds");
    let folders = tempfile::tempdir().unwrap();
    let [folder, crashed] = ["0", "1"].map(|name| folders.path().join(name));
    let threads = threads();
    let config = config(Metric::Cosine, &[]);
    let mut truth: Vec<Vec<f32>> = (0..POINTS).map(|_| rng.vector(DIMENSION)).collect();
    let shard = TestShard::open_with(options(&folder, &config), &threads);
    let write = |shard: &TestShard, truth: &[Vec<f32>], numbers: &[usize]| {
        for chunk in numbers.chunks(1000) {
            let record = |n: &usize| {
                let payload = format!("{{\"half\":{},\"tenth\":{}}}", n % 2, n % 10);
                record(&n.to_string(), &truth[*n], &payload)
            };
            shard.upsert(chunk.iter().map(record).collect());
        }
    };
    write(&shard, &truth, &(0..POINTS).collect::<Vec<_>>());
    shard.indexed();
    check(&shard, &truth, &mut rng, "walked");
    shard.close();

    let shard = TestShard::open_with(options(&folder, &config), &threads);
    assert_eq!(shard.report().stats.unwrap().indexed_count, POINTS as u64);
    let changed: Vec<usize> = (0..POINTS / 10).map(|_| rng.below(POINTS)).collect();
    changed
        .iter()
        .for_each(|n| truth[*n] = rng.vector(DIMENSION));
    write(&shard, &truth, &changed);
    check(&shard, &truth, &mut rng, "changed");
    shard.checkpoint();
    copy_files(&folder, &crashed);

    let shard = TestShard::open_with(options(&crashed, &config), &threads);
    check(&shard, &truth, &mut rng, "opened with an older graph");
    shard.indexed();
    check(&shard, &truth, &mut rng, "linked again");
}

/// Searches with and without filters; the mean recall of each kind must be what was asked for.
fn check(shard: &TestShard, truth: &[Vec<f32>], rng: &mut Rng, when: &str) {
    let equals = |field: &str, value: i64| must(vec![test(field, Test::Match(integer(value)))]);
    let kinds: [(Option<Filter>, usize, usize); 3] = [
        (None, 1, 0),
        (Some(equals("half", 1)), 2, 1),
        (Some(equals("tenth", 3)), 10, 3),
    ];
    for (filter, modulus, rest) in kinds {
        let mut found = 0;
        const QUERIES: usize = 50;
        for _ in 0..QUERIES {
            let vector = rng.vector(DIMENSION);
            let result = shard.search_one(Query {
                filter: filter.clone(),
                explain: true,
                ..query(&vector, TOP_K as u32)
            });
            let plan: ShardPlan = prost::Message::decode(result.plan.clone()).unwrap();
            let mut scores: Vec<f64> = truth
                .iter()
                .skip(rest)
                .step_by(modulus)
                .map(|row| score(Metric::Cosine, &vector, row))
                .collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            let hits = decode_hits(&result);
            assert_eq!(hits.len(), TOP_K, "{when}: {plan:?}");
            for hit in &hits {
                let number: usize = hit.id.parse().unwrap();
                assert_eq!(number % modulus, rest, "{when}: {plan:?}");
                let own = score(Metric::Cosine, &vector, &truth[number]);
                assert!(
                    (f64::from(hit.score) - own).abs() < 1e-4,
                    "{when}: {plan:?}"
                );
            }
            let worst = scores[TOP_K - 1] - 1e-6;
            let near = hits.iter().filter(|hit| f64::from(hit.score) >= worst);
            let near = near.count();
            assert!(!result.exact || near == TOP_K, "{when}: {plan:?}");
            found += near;
        }
        let recall = found as f64 / (QUERIES * TOP_K) as f64;
        println!("{when}, 1 of {modulus}: recall {recall}");
        assert!(recall >= 0.95, "{when}, 1 of {modulus}: recall {recall}");
    }
}
