//! Versions of points, and commands that are refused when a point has another one.

mod support;

use support::*;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    DeletePoints, PointRecord, Scroll, UpdatePayload, UpsertPoints, WriteCommand, WriteResult,
};
use vectron_engine::messages::vectron::Filter;
use vectron_engine::messages::vectron::condition::Test;
use vectron_engine::reason;

fn expecting(if_version: u64, record: PointRecord) -> PointRecord {
    PointRecord {
        if_version: Some(if_version),
        ..record
    }
}

fn point(id: &str) -> PointRecord {
    record(id, &axis(0, 1.0), r#"{"tenant":"t1"}"#)
}

fn upsert(points: Vec<PointRecord>) -> Command {
    Command::Upsert(UpsertPoints { points })
}

fn update(id: &str, if_version: Option<u64>) -> Command {
    Command::UpdatePayload(UpdatePayload {
        ids: vec![id.to_owned()],
        set: br#"{"n":1}"#.as_slice().into(),
        if_version,
        ..UpdatePayload::default()
    })
}

fn delete(id: &str, if_version: Option<u64>) -> Command {
    Command::Delete(DeletePoints {
        ids: vec![id.to_owned()],
        if_version,
        ..DeletePoints::default()
    })
}

fn versions(shard: &TestShard) -> Vec<(String, u64)> {
    let points = shard.get(&["a", "b", "c"]).into_iter();
    points.map(|point| (point.id, point.version)).collect()
}

/// What the refusal says of id, wanted and actual version.
fn mismatch(result: &WriteResult) -> String {
    let error = result.error.clone().unwrap();
    assert_eq!(error.reason, reason::VERSION_MISMATCH);
    assert_eq!(result.affected, 0);
    assert!(error.message.contains(&format!("{:?}", error.subject)));
    error.message
}

#[test]
fn each_change_gives_a_point_its_log_index_as_version() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads();
    let shard = TestShard::open(folder.path(), &threads);
    shard.upsert(vec![point("a"), point("b")]);
    shard.apply(update("a", None));
    shard.upsert(vec![point("c")]);
    let expected = [("a", 2), ("b", 1), ("c", 3)].map(|(id, version)| (id.to_owned(), version));
    assert_eq!(versions(&shard), expected);
    shard.indexed();
    shard.close();
    let shard = TestShard::open(folder.path(), &threads);
    assert_eq!(versions(&shard), expected);
    let page = decode_points(&shard.scroll(Scroll {
        limit: 9,
        ..Scroll::default()
    }));
    assert_eq!(
        page.iter().map(|point| point.version).collect::<Vec<_>>(),
        [2, 1, 3]
    );
    // The vector of "a" is that of its upsert: the graph's file is not asked to link it again.
    assert_eq!(shard.report().stats.unwrap().indexed_count, 3);
}

#[test]
fn a_write_goes_through_for_the_version_that_the_point_has() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let done = |command, affected| {
        let result = shard.apply(command);
        assert_eq!((result.affected, result.error), (affected, None));
    };
    done(upsert(vec![expecting(0, point("a"))]), 1);
    done(upsert(vec![expecting(1, point("a"))]), 1);
    done(update("a", Some(2)), 1);
    let refused = [
        (
            upsert(vec![expecting(0, point("a"))]),
            "there must be no such point, but it has version 3",
        ),
        (
            upsert(vec![expecting(2, point("a"))]),
            "must have version 2, but it has version 3",
        ),
        (
            upsert(vec![expecting(4, point("b"))]),
            "must have version 4, but there is none",
        ),
        (
            update("a", Some(1)),
            "must have version 1, but it has version 3",
        ),
        (
            update("b", Some(1)),
            "must have version 1, but there is none",
        ),
        (
            delete("a", Some(2)),
            "must have version 2, but it has version 3",
        ),
        (
            delete("b", Some(2)),
            "must have version 2, but there is none",
        ),
    ];
    for (command, says) in refused {
        let message = mismatch(&shard.apply(command));
        assert!(message.contains(says), "{message}");
        assert_eq!(versions(&shard), [("a".to_owned(), 3)]);
    }
    done(delete("a", Some(3)), 1);
    done(upsert(vec![expecting(0, point("a"))]), 1);
}

#[test]
fn an_upsert_is_applied_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(vec![point("a")]);
    let batches = [
        vec![point("b"), expecting(0, point("a")), point("c")],
        vec![expecting(0, point("b")), expecting(7, point("c"))],
        vec![point("b"), record("c", &[1.0; 7], "")],
        vec![point("b"), record("c", &axis(0, 1.0), "[]")],
    ];
    for batch in batches {
        let result = shard.apply(upsert(batch.clone()));
        assert!(result.error.is_some(), "{batch:?}");
        assert_eq!(versions(&shard), [("a".to_owned(), 1)], "{batch:?}");
        assert_eq!(shard.count(None), 1);
    }
    // What is expected is what was there before the command, also of an id that comes twice.
    let twice = vec![expecting(0, point("b")), expecting(0, point("b"))];
    assert_eq!(shard.apply(upsert(twice)).affected, 2);
}

#[test]
fn commands_of_one_transaction_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let commands = vec![
        upsert(vec![expecting(0, point("a"))]),
        upsert(vec![expecting(0, point("a"))]),
        update("a", Some(1)),
        update("a", Some(1)),
        delete("a", Some(3)),
        upsert(vec![expecting(0, point("a"))]),
    ];
    let results = shard
        .try_apply(commands.into_iter().map(write).collect())
        .unwrap();
    let affected: Vec<_> = results.iter().map(|result| result.affected).collect();
    assert_eq!(affected, [1, 0, 1, 0, 1, 1]);
}

#[test]
fn versions_of_hidden_points_are_those_of_absent_ones() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(vec![record("x", &axis(0, 1.0), r#"{"tenant":"t2"}"#)]);
    let rule: Filter = must(vec![test("tenant", Test::Match(text("t1")))]);
    let within = |command| {
        let command = WriteCommand {
            row_rule: Some(rule.clone()),
            ..write(command)
        };
        shard.try_apply(vec![command]).unwrap().remove(0)
    };
    for version in [1, 2] {
        let of = |id: &str| {
            [
                upsert(vec![expecting(version, point(id))]),
                update(id, Some(version)),
                delete(id, Some(version)),
            ]
            .map(|command| mismatch(&within(command)).replace(id, "?"))
        };
        assert_eq!(of("x"), of("z"));
    }
    assert_eq!(within(update("x", Some(0))).affected, 0);
    assert_eq!(within(delete("x", Some(0))).affected, 0);
    let taken = within(upsert(vec![expecting(0, point("x"))]))
        .error
        .unwrap();
    assert_eq!(taken.reason, reason::OUTSIDE_ROW_RULE);
    assert_eq!(shard.get(&["x"])[0].version, 1);
}

#[test]
fn a_command_to_all_shards_passes_over_points_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(vec![point("a")]);
    let delete = |id: &str, version| {
        shard.apply(Command::Delete(DeletePoints {
            ids: vec![id.to_owned()],
            if_version: Some(version),
            skip_absent: true,
            ..DeletePoints::default()
        }))
    };
    let absent = delete("b", 1);
    assert_eq!((absent.affected, absent.error), (0, None));
    mismatch(&delete("a", 2));
    assert_eq!(delete("a", 1).affected, 1);
}

#[test]
fn an_update_of_a_release_without_versions_leaves_them_alone() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    shard.upsert(vec![point("a")]);
    let old = WriteCommand {
        time_ms: 0,
        ..write(update("a", None))
    };
    assert_eq!(shard.try_apply(vec![old]).unwrap()[0].affected, 1);
    assert_eq!(versions(&shard), [("a".to_owned(), 1)]);
}
