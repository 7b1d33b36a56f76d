//! Requests with a row rule: for them there are only the points that match it.

mod support;

use support::*;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    Count, DeletePoints, Query, SetSchema, UpdatePayload, UpsertPoints, WriteCommand, WriteResult,
};
use vectron_engine::messages::vectron::condition::Test;
use vectron_engine::messages::vectron::{FieldType, Filter, Ids};
use vectron_engine::reason;

/// `a` and `b` are within the rule, `x` and `y` are not.
fn two_tenants(shard: &TestShard) -> Filter {
    shard.upsert(vec![
        record("a", &axis(0, 1.0), r#"{"tenant":"t1","n":1}"#),
        record("b", &axis(0, 2.0), r#"{"tenant":"t1","n":2}"#),
        record("x", &axis(0, 3.0), r#"{"tenant":"t2","n":1,"secret":1}"#),
        record("y", &axis(0, 4.0), ""),
    ]);
    must(vec![test("tenant", Test::Match(text("t1")))])
}

fn apply_within(shard: &TestShard, rule: &Filter, command: Command) -> WriteResult {
    let row_rule = Some(rule.clone());
    let command = WriteCommand {
        row_rule,
        ..write(command)
    };
    shard.try_apply(vec![command]).unwrap().remove(0)
}

fn upsert_within(shard: &TestShard, rule: &Filter, points: &[(&str, &str)]) -> WriteResult {
    let points = points.iter();
    let points = points.map(|(id, payload)| record(id, &axis(1, 9.0), payload));
    let points = points.collect();
    apply_within(shard, rule, Command::Upsert(UpsertPoints { points }))
}

fn strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// Every point as text.
fn everything(shard: &TestShard) -> Vec<String> {
    let points = shard.get(&["a", "b", "c", "x", "y", "z"]);
    let points = points.iter();
    points
        .map(|point| format!("{} {} {:?}", point.id, point.payload, point.vector))
        .collect()
}

#[test]
fn reads_find_what_is_within_the_rule_and_say_nothing_of_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = &two_tenants(&shard);
    let found = shard.get_within(Some(rule), &["x", "b", "no such", "a", "y"]);
    let found: Vec<_> = found.iter().map(|point| point.id.as_str()).collect();
    assert_eq!(found, ["b", "a"]);
    assert_eq!(shard.count_within(Some(rule), None), 2);
    let one = must(vec![test("n", Test::Match(integer(1)))]);
    assert_eq!(shard.count(Some(one.clone())), 2);
    assert_eq!(shard.count_within(Some(rule), Some(one)), 1);
    let result = shard.search_within(Some(rule), vec![query(&axis(0, 4.0), 9)]);
    assert_eq!(hit_ids(&result[0]), ["b", "a"]);
    assert_eq!(result[0].matches, Some(2));
    assert_eq!(shard.count_within(Some(&Filter::default()), None), 4);
}

#[test]
fn a_search_by_the_id_of_a_hidden_point_is_answered_as_for_one_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = &two_tenants(&shard);
    let by_id = |id: &str| Query {
        id: id.to_owned(),
        vector: Vec::new().into(),
        ..query(&axis(0, 0.0), 9)
    };
    let results = shard.search_within(Some(rule), ["a", "x", "z"].map(by_id).to_vec());
    assert_eq!(hit_ids(&results[0]), ["b"]);
    let [hidden, absent] = [1, 2].map(|at| results[at].error.clone().unwrap());
    assert_eq!(hidden.reason, reason::POINT_NOT_FOUND);
    assert_eq!(hidden.message.replace('x', "z"), absent.message);
}

#[test]
fn fields_of_hidden_points_are_as_unknown_as_misspelt_ones() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = &two_tenants(&shard);
    for (field, known, within) in [
        ("n", true, true),
        ("secret", true, false),
        ("typo", false, false),
    ] {
        let filter = must(vec![test(field, Test::Exists(true))]);
        let count = || {
            Read::Count(Count {
                filter: Some(filter.clone()),
            })
        };
        let all = shard.read(count());
        let some = shard.read_within(Some(rule), count());
        assert_eq!(all.unknown_fields.is_empty(), known, "{field}");
        assert_eq!(some.unknown_fields.is_empty(), within, "{field}");
    }
    let no_such = must(vec![test("nowhere", Test::Match(text("t1")))]);
    let nothing = shard.read_within(Some(&no_such), Read::Count(Count::default()));
    assert_eq!((nothing.count, nothing.unknown_fields.len()), (0, 0));
}

#[test]
fn deletes_and_updates_leave_hidden_points_alone() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = &two_tenants(&shard);
    let before = everything(&shard);
    let delete = |ids: &[&str], filter: Option<Filter>| {
        let delete = DeletePoints {
            ids: strings(ids),
            filter,
            ..DeletePoints::default()
        };
        apply_within(&shard, rule, Command::Delete(delete)).affected
    };
    let update = |ids: &[&str], filter: Option<Filter>| {
        let update = UpdatePayload {
            ids: strings(ids),
            filter,
            set: r#"{"n":7}"#.into(),
            ..UpdatePayload::default()
        };
        apply_within(&shard, rule, Command::UpdatePayload(update)).affected
    };
    assert_eq!(delete(&["x", "y", "no such"], None), 0);
    assert_eq!(update(&["x", "y", "no such"], None), 0);
    let hidden = must(vec![test("tenant", Test::Match(text("t2")))]);
    assert_eq!(delete(&[], Some(hidden.clone())), 0);
    assert_eq!(update(&[], Some(hidden)), 0);
    assert_eq!(everything(&shard), before);
    let one = || Some(must(vec![test("n", Test::Match(integer(1)))]));
    assert_eq!(update(&[], one()), 1);
    assert_eq!(update(&["b", "x"], None), 1);
    let seven = must(vec![test("n", Test::Match(integer(7)))]);
    assert_eq!(shard.count(Some(seven)), 2);
    assert_eq!(delete(&["a", "x"], None), 1);
    assert_eq!(delete(&[], Some(Filter::default())), 1);
    assert_eq!(everything(&shard), before[2..]);
}

#[test]
fn an_upsert_is_refused_whole_for_one_point_outside_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = &two_tenants(&shard);
    let before = everything(&shard);
    let inside = r#"{"tenant":"t1","n":3}"#;
    for (points, id) in [
        ([("c", inside), ("a", r#"{"tenant":"t2"}"#)], "a"),
        ([("c", inside), ("z", "")], "z"),
        ([("c", inside), ("x", inside)], "x"),
        ([("y", inside), ("c", inside)], "y"),
    ] {
        let result = upsert_within(&shard, rule, &points);
        let error = result.error.unwrap();
        assert_eq!(error.reason, reason::OUTSIDE_ROW_RULE, "{points:?}");
        assert_eq!(error.subject, id);
        assert!(
            error.message.contains(&format!("{id:?}")),
            "{}",
            error.message
        );
        assert!(error.message.contains("\"tenant\""), "{}", error.message);
        assert!(!error.message.contains("t2"), "{}", error.message);
        assert_eq!(everything(&shard), before, "{points:?}");
    }
    let result = upsert_within(&shard, rule, &[("c", inside), ("a", inside)]);
    assert_eq!((result.affected, result.error), (2, None));
    assert_eq!(shard.count_within(Some(rule), None), 3);
}

#[test]
fn an_update_may_not_take_a_point_out_of_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = &two_tenants(&shard);
    let before = everything(&shard);
    let update = |set: &'static str, remove: &[&str], replace: bool| {
        let update = UpdatePayload {
            ids: strings(&["a", "x"]),
            set: set.into(),
            remove: strings(remove),
            replace,
            ..UpdatePayload::default()
        };
        apply_within(&shard, rule, Command::UpdatePayload(update))
    };
    for result in [
        update(r#"{"tenant":"t2"}"#, &[], false),
        update("", &["tenant"], false),
        update(r#"{"n":1}"#, &[], true),
    ] {
        let error = result.error.unwrap();
        assert_eq!(error.reason, reason::OUTSIDE_ROW_RULE);
        assert_eq!(error.subject, "a");
        assert_eq!(everything(&shard), before);
    }
    assert_eq!(update(r#"{"tenant":["t1","t2"]}"#, &[], true).affected, 1);
}

#[test]
fn commands_of_one_transaction_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let rule = two_tenants(&shard);
    let within = |command| WriteCommand {
        row_rule: Some(rule.clone()),
        ..write(command)
    };
    let upsert = |id: &str, payload: &str| {
        let points = vec![record(id, &axis(0, 1.0), payload)];
        Command::Upsert(UpsertPoints { points })
    };
    let delete = |id: &str| {
        Command::Delete(DeletePoints {
            ids: strings(&[id]),
            ..DeletePoints::default()
        })
    };
    let results = shard
        .try_apply(vec![
            write(upsert("a", r#"{"tenant":"t2"}"#)),
            within(delete("a")),
            within(upsert("a", r#"{"tenant":"t1"}"#)),
            write(upsert("x", r#"{"tenant":"t1"}"#)),
            within(delete("x")),
        ])
        .unwrap();
    let affected: Vec<_> = results.iter().map(|result| result.affected).collect();
    assert_eq!(affected, [1, 0, 0, 1, 1]);
    assert_eq!(
        results[2].error.as_ref().unwrap().reason,
        reason::OUTSIDE_ROW_RULE
    );
}

#[test]
fn a_rule_may_name_ids() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    two_tenants(&shard);
    let values = strings(&["a", "c"]);
    let rule = &must(vec![test("", Test::HasId(Ids { values }))]);
    assert_eq!(shard.count_within(Some(rule), None), 1);
    assert_eq!(
        upsert_within(&shard, rule, &[("a", ""), ("c", "")]).affected,
        2
    );
    let error = upsert_within(&shard, rule, &[("z", "")]).error.unwrap();
    assert!(error.message.contains("the id"), "{}", error.message);
}

#[test]
fn a_rule_that_does_not_fit_the_declared_types_lets_nothing_through() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let fits = two_tenants(&shard);
    let payload_schema = [("tenant".to_owned(), FieldType::Keyword.into())].into();
    shard.apply(Command::SetSchema(SetSchema { payload_schema }));
    let rule = &must(vec![test("tenant", Test::Match(integer(1)))]);
    let read = shard.read_within(Some(rule), Read::Count(Count::default()));
    let search = shard.search_within(Some(rule), vec![query(&axis(0, 1.0), 1)]);
    let errors = [
        read.error,
        search[0].error.clone(),
        upsert_within(&shard, rule, &[("c", r#"{"tenant":"1"}"#)]).error,
    ];
    for error in errors {
        assert_eq!(error.unwrap().reason, reason::FORBIDDEN);
    }
    assert_eq!(shard.count_within(Some(&fits), None), 2);
}
