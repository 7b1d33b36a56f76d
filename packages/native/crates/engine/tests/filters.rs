//! What filters answer beside the matches: unknown fields, warnings, mismatches; limits of the
//! payload indexes; what reports say about fields.

mod support;

use prost::Message;
use support::*;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    Count, Query, ReadResult, SearchRequest, SearchResult, SetSchema, UpsertPoints,
};
use vectron_engine::messages::vectron::condition::Test;
use vectron_engine::messages::vectron::{
    Condition, FieldType, Filter, Metric, Range, Scalar, Scalars,
};
use vectron_engine::{ShardOptions, reason};

fn count(shard: &TestShard, filter: Filter) -> ReadResult {
    shard.read(Read::Count(Count {
        filter: Some(filter),
    }))
}

#[test]
fn a_field_that_no_point_has_is_reported_and_a_declared_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(Metric::L2, &[("declared", FieldType::Integer)]);
    let shard = TestShard::open_with(options(folder.path(), &config), &threads());
    shard.upsert(vec![record("a", &axis(0, 1.0), r#"{"seen":{"deep":1}}"#)]);
    let all = ["declared", "seen", "seen.deep", "typo", "seen.typo"];
    let conditions = all.map(|field| test(field, Test::Exists(true)));
    let result = count(
        &shard,
        Filter {
            should: conditions.to_vec(),
            ..Filter::default()
        },
    );
    assert_eq!(result.count, 1);
    assert_eq!(result.unknown_fields, ["seen.typo", "typo"]);
    assert!(result.warnings.is_empty());
}

#[test]
fn a_declared_field_refuses_values_of_another_type() {
    let folder = tempfile::tempdir().unwrap();
    let schema = [
        ("tag", FieldType::Keyword),
        ("n", FieldType::Integer),
        ("x", FieldType::Float),
        ("ok", FieldType::Bool),
        ("at", FieldType::Datetime),
    ];
    let config = config(Metric::L2, &schema);
    let shard = TestShard::open_with(options(folder.path(), &config), &threads());
    let many = |values: Vec<Scalar>| Scalars { values };
    let refused = [
        test("tag", Test::Match(integer(1))),
        test("tag", at_least(text("1970-01-01T00:00:00Z"))),
        test("n", Test::Match(text("1"))),
        test("n", Test::MatchAny(many(vec![integer(1), bool(true)]))),
        test("x", Test::Contains(many(vec![text("x")]))),
        test("x", at_least(text("1970-01-01T00:00:00Z"))),
        test("ok", Test::Match(integer(1))),
        test("at", Test::Match(text("yesterday"))),
        test("at", at_least(integer(0))),
    ];
    for condition in refused {
        let field = condition.field.clone();
        let error = count(&shard, must(vec![condition.clone()])).error.unwrap();
        assert_eq!(error.reason, reason::FILTER_TYPE_MISMATCH, "{condition:?}");
        assert_eq!(error.subject, field);
        let query = Query {
            filter: Some(must(vec![condition])),
            ..query(&axis(0, 1.0), 1)
        };
        let error = shard.search_one(query).error.unwrap();
        assert_eq!(error.reason, reason::FILTER_TYPE_MISMATCH);
    }
    let accepted = [
        test("n", at_least(float(1.5))),
        test("x", Test::Match(integer(1))),
        test("at", Test::Match(text("1970-01-01T01:00:00+01:00"))),
    ];
    assert_eq!(count(&shard, must(accepted.to_vec())).error, None);
}

#[test]
fn conditions_without_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let both_ends = Range {
        gt: Some(integer(1)),
        gte: Some(integer(1)),
        ..Range::default()
    };
    let mixed = Range {
        gt: Some(integer(1)),
        lt: Some(text("1970-01-01T00:00:00Z")),
        ..Range::default()
    };
    let mut nested = must(vec![test("a", Test::Exists(true))]);
    for _ in 0..16 {
        nested = must(vec![test("", Test::Filter(nested))]);
    }
    let refused = [
        Condition::default(),
        test("a", Test::Match(Scalar::default())),
        test("", Test::Match(integer(1))),
        test("a", Test::Match(float(f64::NAN))),
        test("a", Test::Range(Range::default())),
        test("a", Test::Range(both_ends)),
        test("a", Test::Range(mixed)),
        test("a", at_least(bool(true))),
        test("", Test::Filter(nested)),
        test(
            "",
            Test::Filter(must(vec![test("a", Test::Exists(true)); 1024])),
        ),
    ];
    for condition in refused {
        let error = count(&shard, must(vec![condition.clone()])).error.unwrap();
        assert_eq!(error.reason, reason::INVALID_FILTER, "{condition:?}");
    }
}

#[test]
fn what_has_no_index_is_found_by_reading_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(Metric::L2, &[("raw", FieldType::Stored)]);
    let shard = TestShard::open_with(options(folder.path(), &config), &threads());
    let long = "x".repeat(257);
    let points = (0..400).map(|n| {
        let payload = format!(r#"{{"f{n}":{n},"raw":{{"n":{n}}},"text":"{long}"}}"#);
        record(&n.to_string(), &axis(0, n as f32), &payload)
    });
    shard.upsert(points.collect());
    for (condition, expected) in [
        (test("f3", Test::Match(integer(3))), (1, false)),
        (test("f399", Test::Match(integer(399))), (1, true)),
        (test("f399", Test::Exists(false)), (399, true)),
        (test("raw.n", at_least(integer(390))), (10, true)),
        (test("text", Test::Match(text(&long))), (400, true)),
        (test("text", Test::Match(text("short"))), (0, false)),
    ] {
        let result = count(&shard, must(vec![condition.clone()]));
        let found = (result.count, !result.warnings.is_empty());
        assert_eq!(found, expected, "{condition:?}");
        assert!(result.unknown_fields.is_empty(), "{condition:?}");
    }
    let result = count(&shard, must(vec![test("f400", Test::Exists(true))]));
    assert_eq!(result.unknown_fields, ["f400"]);
    let fields = shard.report().fields;
    assert_eq!(
        fields.len(),
        257 + 1,
        "the limit, the declared one is stored only"
    );
    assert!(!fields.iter().any(|field| field.field == "raw.n"));
}

#[test]
fn declaring_a_field_indexes_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads();
    let shard = TestShard::open(folder.path(), &threads);
    let points = (0..300).map(|n| {
        let payload = format!(r#"{{"f{n}":{n},"late":"{n}"}}"#);
        record(&n.to_string(), &axis(0, n as f32), &payload)
    });
    shard.upsert(points.collect());
    let declare = |kind: FieldType| {
        Command::SetSchema(SetSchema {
            payload_schema: [("f299".to_owned(), kind.into())].into(),
        })
    };
    assert_eq!(shard.apply(declare(FieldType::Integer)).affected, 1);
    assert_eq!(shard.apply(declare(FieldType::Integer)).affected, 0);
    let conflict = shard.apply(declare(FieldType::Bool)).error.unwrap();
    assert_eq!(conflict.reason, reason::SCHEMA_CONFLICT);
    let one = must(vec![test("f299", Test::Match(integer(299)))]);
    let check = |shard: &TestShard| {
        let result = count(shard, one.clone());
        assert_eq!((result.count, result.warnings.len()), (1, 0));
        let bad = record("bad", &axis(0, 0.0), r#"{"f299":"x"}"#);
        let upsert = Command::Upsert(UpsertPoints { points: vec![bad] });
        let error = shard.apply(upsert).error.unwrap();
        assert_eq!(error.reason, reason::PAYLOAD_TYPE_MISMATCH);
    };
    check(&shard);
    shard.close();
    check(&TestShard::open(folder.path(), &threads));
}

#[test]
fn a_report_counts_fields_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(vec![
        record("a", &axis(0, 1.0), r#"{"tag":["x","y"],"n":1}"#),
        record("b", &axis(0, 2.0), r#"{"tag":"x"}"#),
    ]);
    shard.indexed();
    let report = shard.report();
    let fields: Vec<_> = report
        .fields
        .iter()
        .map(|field| {
            (
                field.field.as_str(),
                field.points_count,
                field.distinct_values,
            )
        })
        .collect();
    assert_eq!(fields, [("n", 1, 1), ("tag", 2, 2)]);
    let stats = report.stats.unwrap();
    assert_eq!((stats.points_count, stats.indexed_count), (2, 2));
    assert_eq!((stats.applied_index, stats.durable_index), (1, 0));
    let bytes = stats.bytes.unwrap();
    assert!(bytes.store_disk > 0 && bytes.vectors_disk > 0 && bytes.payload_index_memory > 0);
}

#[test]
fn queries_that_come_too_late_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let points = (0..1000).map(|n| record(&n.to_string(), &axis(0, n as f32), ""));
    shard.upsert(points.collect());
    let exact = Query {
        exact: true,
        ..query(&axis(0, 1.0), 1000)
    };
    let request = SearchRequest {
        queries: vec![exact; 500],
        budget_us: 1,
        row_rule: None,
    };
    let request = request.encode_to_vec();
    let bytes = wait(|done| shard.shard.search(request, done)).unwrap();
    let results = SearchResult::decode(bytes.as_slice()).unwrap().results;
    assert_eq!(results.len(), 500);
    let late = results.iter().filter_map(|result| result.error.as_ref());
    assert!(late.clone().count() > 0);
    assert!(
        late.into_iter()
            .all(|error| error.reason == reason::DEADLINE_EXCEEDED)
    );
}

#[test]
fn writes_wait_for_the_graph_when_the_tail_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        tail_points_max: 50,
        ..options(folder.path(), &config(Metric::L2, &[]))
    };
    let shard = TestShard::open_with(options, &threads());
    for batch in 0..20 {
        let id = |n: usize| format!("{batch}-{n}");
        let points = (0..100).map(|n| record(&id(n), &axis(n % 8, n as f32), ""));
        shard.upsert(points.collect());
        let stats = shard.report().stats.unwrap();
        assert!(stats.points_count - stats.indexed_count <= 50 + 100);
    }
    assert_eq!(shard.count(None), 2000);
}

#[test]
fn entries_out_of_order_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let apply = |entries: Vec<(u64, Vec<u8>)>| wait(|done| shard.shard.apply(entries, done));
    assert!(apply(vec![(1, vec![]), (2, vec![])]).is_ok());
    for index in [0, 2, 4] {
        assert_eq!(
            apply(vec![(index, vec![])]).unwrap_err().reason,
            reason::INTERNAL
        );
    }
    assert!(
        apply(vec![(3, vec![0xff])]).is_ok(),
        "garbage is an entry that is refused"
    );
    assert_eq!(shard.shard.applied_index(), 3);
}
