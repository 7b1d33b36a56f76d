//! Points that expire: hidden from every read by the reader's clock, and the same on all replicas
//! for every command, because a command says when it was made.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use support::commands::{command, expiring};
use support::generate::filter;
use support::rng::Rng;
use support::*;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    DeletePoints, ExpiredPoints, PointRecord, Query, Scroll, UpdatePayload, UpsertPoints,
    WriteCommand,
};
use vectron_engine::messages::vectron::Metric;
use vectron_engine::messages::vectron::condition::Test;
use vectron_engine::{EngineThreads, ShardOptions, WallClock};

/// A shard with a clock of its own.
struct Clocked {
    shard: TestShard,
    now: Arc<AtomicU64>,
}

impl Clocked {
    fn open(folder: &Path, threads: &Arc<EngineThreads>, now_ms: u64) -> Self {
        let now = Arc::new(AtomicU64::new(now_ms));
        let options = ShardOptions {
            clock: WallClock::Set(Arc::clone(&now)),
            ..options(folder, &config(Metric::L2, &[]))
        };
        Self {
            shard: TestShard::open_with(options, threads),
            now,
        }
    }

    fn at(&self, now_ms: u64) -> &TestShard {
        self.now.store(now_ms, Ordering::Relaxed);
        &self.shard
    }
}

fn until(expire_ms: u64, record: PointRecord) -> PointRecord {
    PointRecord {
        expire_ms,
        ..record
    }
}

/// Made at this time; answers how many points it affects.
fn apply(shard: &TestShard, time_ms: u64, command: Command) -> u64 {
    let command = WriteCommand {
        time_ms,
        ..write(command)
    };
    let result = shard.try_apply(vec![command]).unwrap().remove(0);
    assert_eq!(result.error, None);
    result.affected
}

fn set_expiry(id: &str, expire_ms: u64) -> Command {
    Command::UpdatePayload(UpdatePayload {
        ids: vec![id.to_owned()],
        expire_ms: Some(expire_ms),
        ..UpdatePayload::default()
    })
}

fn expired(shard: &TestShard, limit: u32) -> Vec<String> {
    let read = shard.read(Read::Expired(ExpiredPoints { limit }));
    read.points.into_iter().map(|point| point.id).collect()
}

fn free(ids: &[String], expired_by_ms: u64) -> Command {
    Command::Delete(DeletePoints {
        ids: ids.to_vec(),
        expired_by_ms,
        ..DeletePoints::default()
    })
}

/// What every kind of read finds.
fn found(shard: &TestShard) -> Vec<Vec<String>> {
    let by_id = shard.get(&["a", "b", "c"]).into_iter();
    let scroll = |filter| Scroll {
        filter,
        limit: 9,
        ..Scroll::default()
    };
    let all = || Some(must(vec![test("n", Test::Exists(true))]));
    let pages = [None, all()].map(|filter| decode_points(&shard.scroll(scroll(filter))));
    let queries = [(true, None), (false, None), (true, all()), (false, all())];
    let queries = queries.map(|(exact, filter)| Query {
        exact,
        filter,
        ..query(&axis(0, 1.0), 9)
    });
    let mut found = vec![by_id.map(|point| point.id).collect()];
    found.extend(pages.map(|page| page.into_iter().map(|point| point.id).collect()));
    for result in shard.search(queries.to_vec()) {
        let mut ids = hit_ids(&result);
        ids.sort();
        found.push(ids);
    }
    let counted = found[0].len() as u64;
    assert_eq!([shard.count(None), shard.count(all())], [counted; 2]);
    assert_eq!(shard.report().stats.unwrap().points_count, counted);
    found
}

#[test]
fn a_point_is_hidden_from_every_read_when_its_time_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads();
    let clocked = Clocked::open(folder.path(), &threads, 100);
    let point = |id: &str| record(id, &axis(0, 1.0), r#"{"n":1}"#);
    let points = vec![point("a"), until(200, point("b")), until(300, point("c"))];
    apply(
        &clocked.shard,
        100,
        Command::Upsert(UpsertPoints { points }),
    );
    clocked.shard.indexed();
    let told = clocked.shard.get(&["a", "b"]);
    let told: Vec<&str> = told
        .iter()
        .map(|point| point.expire_time.as_str())
        .collect();
    assert_eq!(told, ["", "1970-01-01T00:00:00.200Z"]);
    let all = |ids: &[&str]| vec![ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(); 7];
    assert_eq!(found(clocked.at(199)), all(&["a", "b", "c"]));
    assert!(!clocked.shard.shard.has_expired());
    clocked.now.store(200, Ordering::Relaxed);
    assert!(clocked.shard.shard.has_expired());
    assert_eq!(found(clocked.at(200)), all(&["a", "c"]));
    let by_id = Query {
        id: "b".to_owned(),
        top_k: 1,
        ..Query::default()
    };
    assert!(clocked.shard.search_one(by_id).error.is_some());
    clocked.shard.close();
    let clocked = Clocked::open(folder.path(), &threads, 250);
    assert_eq!(found(clocked.at(250)), all(&["a", "c"]));
    assert_eq!(found(clocked.at(9999)), all(&["a"]));
}

#[test]
fn an_expired_point_is_absent_for_commands_made_later_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let clocked = Clocked::open(folder.path(), &threads(), 100);
    let expecting = |version, expire_ms| {
        let record = until(expire_ms, record("a", &axis(0, 1.0), r#"{"n":1}"#));
        let points = vec![PointRecord {
            if_version: Some(version),
            ..record
        }];
        Command::Upsert(UpsertPoints { points })
    };
    let by_filter = || {
        Command::UpdatePayload(UpdatePayload {
            filter: Some(must(vec![test("n", Test::Exists(true))])),
            set: br#"{"n":2}"#.as_slice().into(),
            ..UpdatePayload::default()
        })
    };
    let shard = clocked.at(100);
    apply(shard, 100, expecting(0, 200));
    // The reader's clock decides nothing for commands.
    let shard = clocked.at(1000);
    assert_eq!(shard.count(None), 0);
    assert_eq!(apply(shard, 199, by_filter()), 1);
    assert_eq!(apply(shard, 200, by_filter()), 0);
    assert_eq!(apply(shard, 200, set_expiry("a", 0)), 0);
    assert_eq!(shard.count(None), 0);
    // A command made before it expired gives it more time: it is back.
    assert_eq!(apply(shard, 150, set_expiry("a", 0)), 1);
    assert_eq!(shard.get(&["a"])[0].payload, r#"{"n":2}"#);
    shard.indexed();
    assert_eq!(hit_ids(&shard.search_one(query(&axis(0, 1.0), 1))), ["a"]);
    assert_eq!(apply(shard, 150, set_expiry("a", 200)), 1);
    assert_eq!(shard.count(None), 0);
    assert_eq!(apply(shard, 200, expecting(0, 0)), 1);
    assert_eq!(shard.count(None), 1);
}

#[test]
fn expired_points_are_freed_by_a_command_that_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let clocked = Clocked::open(folder.path(), &threads(), 100);
    let points = (0..10).map(|n| until(200 + n, record(&format!("p{n}"), &axis(0, 1.0), "")));
    let points = points.collect();
    apply(
        &clocked.shard,
        100,
        Command::Upsert(UpsertPoints { points }),
    );
    assert!(expired(clocked.at(150), 5).is_empty());
    let shard = clocked.at(205);
    assert_eq!(expired(shard, 4).len(), 4);
    let due = expired(shard, 100);
    assert_eq!(due.len(), 6);
    // Whoever names a point too early frees nothing.
    let all: Vec<String> = (0..10).map(|n| format!("p{n}")).collect();
    assert_eq!(apply(shard, 205, free(&all, 202)), 3);
    assert_eq!(apply(shard, 205, free(&all, 205)), 3);
    assert_eq!(apply(shard, 205, free(&all, 205)), 0);
    assert!(!shard.shard.has_expired());
    assert_eq!(shard.count(None), 4);
    assert_eq!(shard.digest().unwrap().points_count, 4);
}

#[test]
fn replicas_whose_clocks_differ_hold_the_same() {
    let mut rng = Rng::from_env("replicas_whose_clocks_differ");
    let folders = tempfile::tempdir().unwrap();
    let threads = threads();
    let open = |name: &str, now_ms| Clocked::open(&folders.path().join(name), &threads, now_ms);
    let mut replicas = ["one", "two", "three"].map(|name| open(name, NOW_MS));
    for step in 0..400 {
        let now = NOW_MS + step;
        let command = command(&mut rng);
        let command = expiring(&mut rng, now, command);
        let mut results = Vec::new();
        for (number, replica) in replicas.iter().enumerate() {
            // One is ahead, one is behind; and each reads when it likes.
            let shard = replica.at(now + [0, 25, 0][number] - [0, 0, 25][number]);
            if rng.chance(50) {
                shard.count(Some(filter(&mut rng, 1)));
            }
            results.push(shard.try_apply(vec![command.clone()]).unwrap());
            if rng.chance(5) {
                shard.checkpoint();
            }
        }
        assert_eq!(results[0], results[1], "{command:?}");
        assert_eq!(results[0], results[2], "{command:?}");
        if rng.chance(2) {
            let [one, two, three] = replicas;
            one.shard.close();
            replicas = [open("one", now), two, three];
        }
    }
    let digests = replicas.each_ref().map(|each| each.shard.digest().unwrap());
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[0], digests[2]);
    let copy = folders.path().join("copy");
    replicas[1].shard.snapshot(&copy).unwrap();
    let copy = open("copy", NOW_MS + 400);
    assert_eq!(copy.shard.digest().unwrap(), digests[0]);
    let pages = [&copy, &replicas[0], &replicas[1], &replicas[2]].map(|replica| {
        decode_points(&replica.at(NOW_MS + 425).scroll(Scroll {
            limit: 1000,
            with_payload: true,
            with_vector: true,
            ..Scroll::default()
        }))
    });
    assert!(!pages[0].is_empty());
    for page in &pages[1..] {
        assert_eq!(*page, pages[0]);
    }
}
