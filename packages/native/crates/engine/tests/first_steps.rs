//! The shard's calls, one by one, on a handful of points.

mod support;

use support::*;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    DeletePoints, Query, Scroll, UpdatePayload, UpsertPoints, WriteCommand,
};
use vectron_engine::messages::vectron::{FieldType, Metric, ShardPlan, condition::Test};
use vectron_engine::reason;

fn three(shard: &TestShard) {
    let points = vec![
        record("a", &axis(0, 1.0), r#"{"n":1,"tag":"x"}"#),
        record("b", &axis(0, 2.0), r#"{"n":2,"tag":"y"}"#),
        record("c", &axis(0, 4.0), ""),
    ];
    assert_eq!(shard.upsert(points), 3);
}

#[test]
fn what_is_written_is_found_read_counted_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    three(&shard);
    let result = shard.search_one(Query {
        with_payload: true,
        with_vector: true,
        ..query(&axis(0, 2.2), 2)
    });
    assert!(result.exact);
    let hits = decode_hits(&result);
    assert_eq!(hits[0].id, "b");
    assert!((hits[0].score - 0.2).abs() < 1e-6);
    assert_eq!(hits[0].payload, r#"{"n":2,"tag":"y"}"#);
    assert_eq!(hits[0].vector, floats(&axis(0, 2.0)));
    assert_eq!(hits[1].id, "a");
    let points = shard.get(&["c", "no such", "a"]);
    assert_eq!(
        points
            .iter()
            .map(|point| point.id.as_str())
            .collect::<Vec<_>>(),
        ["c", "a"]
    );
    assert_eq!(points[0].payload, "");
    assert_eq!(shard.count(None), 3);
    assert_eq!(shard.delete(&["b", "no such", "b"]), 1);
    assert_eq!(shard.count(None), 2);
    assert_eq!(
        hit_ids(&shard.search_one(query(&axis(0, 2.2), 9))),
        ["a", "c"]
    );
    assert_eq!(shard.shard.applied_index(), 2);
}

#[test]
fn an_upsert_of_an_id_replaces_vector_and_payload() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    three(&shard);
    shard.upsert(vec![
        record("a", &axis(1, 7.0), r#"{"n":8}"#),
        record("a", &axis(1, 9.0), r#"{"n":9}"#),
    ]);
    assert_eq!(shard.count(None), 3);
    let hits = decode_hits(&shard.search_one(query(&axis(1, 9.0), 1)));
    assert_eq!((hits[0].id.as_str(), hits[0].score), ("a", 0.0));
    assert_eq!(
        shard.count(Some(must(vec![test("n", Test::Match(integer(9)))]))),
        1
    );
    assert_eq!(
        shard.count(Some(must(vec![test("n", at_least(integer(1)))]))),
        2
    );
}

#[test]
fn search_by_id_leaves_the_point_and_excluded_ones_out() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    three(&shard);
    let by_id = Query {
        id: "a".to_owned(),
        top_k: 1,
        ..Query::default()
    };
    assert_eq!(hit_ids(&shard.search_one(by_id.clone())), ["b"]);
    let excluding = Query {
        exclude_ids: vec!["b".to_owned()],
        ..by_id
    };
    assert_eq!(hit_ids(&shard.search_one(excluding)), ["c"]);
    let missing = Query {
        id: "z".to_owned(),
        top_k: 1,
        ..Query::default()
    };
    let error = shard.search_one(missing).error.unwrap();
    assert_eq!(error.reason, reason::POINT_NOT_FOUND);
}

#[test]
fn scroll_pages_in_the_order_of_ids() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let record = |n: usize| record(&format!("{n:03}"), &axis(0, n as f32), r#"{"even":true}"#);
    shard.upsert((0..100).rev().map(record).collect());
    for filter in [
        None,
        Some(must(vec![test("even", Test::Match(bool(true)))])),
    ] {
        let mut after = String::new();
        let mut seen = Vec::new();
        loop {
            let page = shard.scroll(Scroll {
                filter: filter.clone(),
                limit: 33,
                after_id: after.clone(),
                ..Scroll::default()
            });
            seen.extend(decode_points(&page).into_iter().map(|point| point.id));
            if !page.more {
                break;
            }
            after = seen.last().unwrap().clone();
        }
        assert_eq!(
            seen,
            (0..100).map(|n| format!("{n:03}")).collect::<Vec<_>>()
        );
    }
}

#[test]
fn payload_updates_merge_remove_and_replace() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    three(&shard);
    let update = UpdatePayload {
        filter: Some(must(vec![test("tag", Test::Match(text("x")))])),
        set: br#"{"m":[1,2]}"#.as_slice().into(),
        remove: vec!["tag".to_owned()],
        ..UpdatePayload::default()
    };
    assert_eq!(shard.apply(Command::UpdatePayload(update)).affected, 1);
    assert_eq!(shard.get(&["a"])[0].payload, r#"{"n":1,"m":[1,2]}"#);
    assert_eq!(
        shard.count(Some(must(vec![test("m", Test::Match(integer(2)))]))),
        1
    );
    assert_eq!(
        shard.count(Some(must(vec![test("tag", Test::Match(text("x")))]))),
        0
    );
    let replace = UpdatePayload {
        ids: vec!["a".to_owned(), "z".to_owned(), "a".to_owned()],
        set: br#"{"k":1}"#.as_slice().into(),
        replace: true,
        ..UpdatePayload::default()
    };
    assert_eq!(shard.apply(Command::UpdatePayload(replace)).affected, 1);
    assert_eq!(shard.get(&["a"])[0].payload, r#"{"k":1}"#);
    let delete = DeletePoints {
        filter: Some(must(vec![test("k", Test::Exists(true))])),
        ..DeletePoints::default()
    };
    assert_eq!(shard.apply(Command::Delete(delete)).affected, 1);
    assert_eq!(shard.count(None), 2);
}

#[test]
fn a_delete_bounded_by_a_log_index_leaves_later_upserts_alone() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(vec![record("d", &axis(3, 1.0), "")]);
    shard.upsert(vec![
        record("a", &axis(0, 1.0), ""),
        record("b", &axis(1, 1.0), ""),
    ]);
    let seen = shard.shard.applied_index();
    shard.upsert(vec![record("b", &axis(2, 1.0), "")]);
    let delete = |written_until| DeletePoints {
        ids: ["a", "b", "c"].map(str::to_owned).to_vec(),
        written_until,
        ..DeletePoints::default()
    };
    let affected = |delete| shard.apply(Command::Delete(delete)).affected;
    assert_eq!(affected(delete(seen - 1)), 0);
    assert_eq!(affected(delete(seen)), 1);
    assert!(shard.get(&["a"]).is_empty());
    assert_eq!(shard.get(&["b"]).len(), 1);
    assert_eq!(affected(delete(0)), 1);
}

#[test]
fn a_refused_command_changes_nothing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(
        Metric::Cosine,
        &[("n", FieldType::Integer), ("at", FieldType::Datetime)],
    );
    let shard = TestShard::open_with(options(folder.path(), &config), &threads());
    let good = record("good", &axis(0, 1.0), "");
    let cases = [
        (record("", &axis(0, 1.0), ""), reason::INVALID_ID),
        (
            record(&"x".repeat(513), &axis(0, 1.0), ""),
            reason::INVALID_ID,
        ),
        (record("x", &[1.0; 7], ""), reason::WRONG_DIMENSION),
        (record("x", &axis(0, f32::NAN), ""), reason::NOT_FINITE),
        (
            record("x", &axis(0, f32::NEG_INFINITY), ""),
            reason::NOT_FINITE,
        ),
        (record("x", &axis(0, 1.0), "[1]"), reason::INVALID_PAYLOAD),
        (
            record("x", &axis(0, 1.0), r#"{"n":1.5}"#),
            reason::PAYLOAD_TYPE_MISMATCH,
        ),
        (
            record("x", &axis(0, 1.0), r#"{"at":"yesterday"}"#),
            reason::PAYLOAD_TYPE_MISMATCH,
        ),
    ];
    for (bad, reason) in cases {
        let upsert = Command::Upsert(UpsertPoints {
            points: vec![good.clone(), bad],
        });
        assert_eq!(shard.apply(upsert).error.unwrap().reason, reason);
    }
    assert_eq!(shard.count(None), 0);
    assert_eq!(shard.shard.applied_index(), 8);
}

#[test]
fn a_request_id_is_applied_once() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads();
    let shard = TestShard::open(folder.path(), &threads);
    let command = |id: &str| WriteCommand {
        request_id: "r1".to_owned(),
        ..write(Command::Upsert(UpsertPoints {
            points: vec![record(id, &axis(0, 1.0), "")],
        }))
    };
    let results = shard.try_apply(vec![command("a"), command("b")]).unwrap();
    assert_eq!(results[0], results[1]);
    assert_eq!(shard.count(None), 1);
    shard.close();
    let shard = TestShard::open(folder.path(), &threads);
    assert_eq!(shard.try_apply(vec![command("c")]).unwrap(), results[..1]);
    assert_eq!(shard.count(None), 1);
}

#[test]
fn explains_its_plan() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    three(&shard);
    let filter = Some(must(vec![test("n", at_least(integer(9)))]));
    let result = shard.search_one(Query {
        filter,
        explain: true,
        ..query(&axis(0, 1.0), 5)
    });
    let plan: ShardPlan = prost::Message::decode(result.plan).unwrap();
    assert_eq!((plan.strategy.as_str(), plan.matches), ("scan", Some(0)));
    assert_eq!(plan.reason, "no point matches the filter");
    assert!(result.exact && result.points.is_empty());
}

#[test]
fn a_batch_answers_in_order_and_a_bad_query_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(
        (0..50)
            .map(|n| record(&n.to_string(), &axis(0, n as f32), ""))
            .collect(),
    );
    let mut queries: Vec<Query> = (0..50).map(|n| query(&axis(0, n as f32), 1)).collect();
    queries[20].top_k = 0;
    for (n, result) in shard.search(queries).iter().enumerate() {
        match n {
            20 => assert_eq!(
                result.error.as_ref().unwrap().reason,
                reason::TOP_K_OUT_OF_RANGE
            ),
            _ => assert_eq!(hit_ids(result), [n.to_string()]),
        }
    }
}
