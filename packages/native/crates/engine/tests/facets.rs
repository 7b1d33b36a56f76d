//! Facets: counts equal brute force, whatever the field, the filter and the row rule.

mod support;

use std::collections::BTreeMap;

use support::commands::{apply_to_model, command};
use support::generate::filter;
use support::model::{Model, scalar_text};
use support::rng::Rng;
use support::*;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::{Facet, FacetCount, ReadResult};
use vectron_engine::messages::vectron::{FieldType, Filter, Metric, Scalar, scalar};
use vectron_engine::{WallClock, reason};

const FIELDS: [&str; 8] = [
    "tag",
    "n",
    "ok",
    "o",
    "o.k",
    "list.k",
    "deep.er.still",
    "dynamic7",
];

fn facet(field: &str, filter: Option<Filter>, limit: u32) -> Read {
    Read::Facet(Facet {
        filter,
        field: field.to_owned(),
        limit,
    })
}

fn counted(counts: &[FacetCount]) -> BTreeMap<String, u64> {
    let counts = counts.iter();
    let counts = counts.map(|each| (scalar_text(each.value.as_ref().unwrap()), each.count));
    counts.collect()
}

#[test]
fn counts_equal_brute_force() {
    let mut rng = Rng::from_env("counts_equal_brute_force");
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let mut model = Model::default();
    for step in 0..300 {
        let command = command(&mut rng);
        let command = vectron_engine::messages::engine::WriteCommand {
            request_id: String::new(),
            ..command
        };
        let index = shard.shard.applied_index() + 1;
        shard.try_apply(vec![command.clone()]).unwrap();
        let _ = apply_to_model(&mut model, index, &command);
        if step % 3 != 0 {
            continue;
        }
        let rule = rng.chance(40).then(|| filter(&mut rng, 1));
        let filter = rng.chance(60).then(|| filter(&mut rng, 2));
        let field = *rng.pick(&FIELDS);
        let found = shard.read_within(rule.as_ref(), facet(field, filter.clone(), 65_536));
        if model.schema.get(field) == Some(&FieldType::Stored)
            || (field == "o.k" && model.schema.contains_key("o"))
        {
            assert_eq!(found.error.unwrap().reason, reason::INVALID_ARGUMENT);
            continue;
        }
        let both: Vec<_> = [&rule, &filter].into_iter().flatten().cloned().collect();
        let both = both.into_iter().map(|each| {
            test(
                "",
                vectron_engine::messages::vectron::condition::Test::Filter(each),
            )
        });
        let expected = model.facet(field, Some(&must(both.collect())));
        assert_eq!(
            counted(&found.facets),
            expected,
            "{field} {rule:?} {filter:?}"
        );
        assert!(!found.more);
        check_limited(
            &shard,
            rule.as_ref(),
            facet_parts(field, filter),
            &found,
            &mut rng,
        );
    }
}

fn facet_parts(field: &str, filter: Option<Filter>) -> impl Fn(u32) -> Read {
    let field = field.to_owned();
    move |limit| facet(&field, filter.clone(), limit)
}

/// With a limit there are the first of all, in their order.
fn check_limited(
    shard: &TestShard,
    rule: Option<&Filter>,
    with_limit: impl Fn(u32) -> Read,
    all: &ReadResult,
    rng: &mut Rng,
) {
    assert!(all.facets.is_sorted_by(|a, b| a.count >= b.count));
    let limit = 1 + rng.below(4);
    let some = shard.read_within(rule, with_limit(limit as u32));
    assert_eq!(some.facets, all.facets[..all.facets.len().min(limit)]);
    assert_eq!(some.more, all.facets.len() > limit);
}

#[test]
fn equal_counts_are_in_the_order_of_values() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let payload = r#"{"x":["b","a",2,-1,1.5,true,false,"a",2.0,null,{"y":1}]}"#;
    let twice = r#"{"x":["b",7]}"#;
    shard.upsert(vec![
        record("p", &axis(0, 1.0), payload),
        record("q", &axis(0, 1.0), twice),
    ]);
    let found = shard.read(facet("x", None, 100));
    let order: Vec<String> = found
        .facets
        .iter()
        .map(|each| {
            let kind = each.value.as_ref().unwrap().kind.as_ref().unwrap();
            let value = match kind {
                scalar::Kind::BoolValue(value) => format!("{value}"),
                scalar::Kind::IntegerValue(value) => format!("{value}"),
                scalar::Kind::FloatValue(value) => format!("{value}"),
                scalar::Kind::StringValue(value) => value.clone(),
            };
            format!("{value} {}", each.count)
        })
        .collect();
    assert_eq!(
        order,
        [
            "b 2", "false 1", "true 1", "-1 1", "1.5 1", "2 1", "7 1", "a 1"
        ]
    );
}

#[test]
fn fields_that_cannot_be_counted_and_fields_that_nobody_has() {
    let folder = tempfile::tempdir().unwrap();
    let declared = [
        ("at", FieldType::Datetime),
        ("raw", FieldType::Stored),
        ("tag", FieldType::Keyword),
    ];
    let options = options(folder.path(), &config(Metric::L2, &declared));
    let shard = TestShard::open_with(options, &threads());
    shard.upsert(vec![
        record("p", &axis(0, 1.0), r#"{"secret":1,"tenant":2}"#),
        record("q", &axis(0, 1.0), r#"{"n":1,"tenant":1}"#),
    ]);
    for field in ["at", "raw", "raw.deep"] {
        let error = shard.read(facet(field, None, 1)).error.unwrap();
        assert_eq!(
            (error.reason.as_str(), error.subject.as_str()),
            (reason::INVALID_ARGUMENT, "field")
        );
    }
    for limit in [0, 65_537] {
        let error = shard.read(facet("n", None, limit)).error.unwrap();
        assert_eq!(error.subject, "limit");
    }
    let rule = must(vec![test(
        "tenant",
        vectron_engine::messages::vectron::condition::Test::Match(integer(1)),
    )]);
    for (field, rule, is_unknown) in [
        ("tag", None, false),
        ("n", None, false),
        ("typo", None, true),
        ("secret", None, false),
        ("secret", Some(&rule), true),
        ("n", Some(&rule), false),
    ] {
        let found = shard.read_within(rule, facet(field, None, 9));
        assert_eq!(
            found.unknown_fields.len(),
            usize::from(is_unknown),
            "{field}"
        );
        assert!(field != "secret" || rule.is_none() || found.facets.is_empty());
    }
}

#[test]
fn expired_points_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let now = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(100));
    let options = vectron_engine::ShardOptions {
        clock: WallClock::Set(now.clone()),
        ..options(folder.path(), &config(Metric::L2, &[]))
    };
    let shard = TestShard::open_with(options, &threads());
    let expiring = vectron_engine::messages::engine::PointRecord {
        expire_ms: 200,
        ..record("p", &axis(0, 1.0), r#"{"n":1}"#)
    };
    let command = vectron_engine::messages::engine::write_command::Command::Upsert(
        vectron_engine::messages::engine::UpsertPoints {
            points: vec![expiring, record("q", &axis(0, 1.0), r#"{"n":1}"#)],
        },
    );
    let made = vectron_engine::messages::engine::WriteCommand {
        time_ms: 100,
        ..write(command)
    };
    shard.try_apply(vec![made]).unwrap();
    let count = || shard.read(facet("n", None, 1)).facets[0].count;
    assert_eq!(count(), 2);
    now.store(200, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(count(), 1);
    let one: Scalar = integer(1);
    assert_eq!(shard.read(facet("n", None, 1)).facets[0].value, Some(one));
}
