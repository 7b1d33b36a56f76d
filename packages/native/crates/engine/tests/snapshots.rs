//! Snapshots and digests while writes go on: a snapshot opens as the shard after exactly the entry
//! that it names, with its graph, and takes the entries after that one.

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use prost::Message;
use sha2::{Digest, Sha256};
use support::commands::{apply_to_model, command};
use support::generate::{filter, payload};
use support::model::{Model, parse};
use support::rng::Rng;
use support::*;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    Query, Scroll, SnapshotFiles, UpdatePayload, UpsertPoints, WriteCommand,
};
use vectron_engine::messages::vectron::Metric;
use vectron_engine::{EngineThreads, Shard, ShardOptions, reason};

const SNAPSHOTS: usize = 8;
const POINTS: usize = 2500;
const FILES: [&str; 3] = ["store.redb", "vectors.f32", "graph.ckpt"];

#[test]
fn a_snapshot_is_the_shard_after_one_entry_while_writes_go_on() {
    let mut rng = Rng::from_env("a_snapshot_is_the_shard");
    let world = World::new();
    world.write(upsert(&mut rng, 0..POINTS));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (world, stop) = (&world, &stop);
        let mut writes = Rng::new(rng.next());
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                world.write(any_write(&mut writes));
            }
        });
        let ended = StopAtEnd(stop);
        let mut truth = Truth::default();
        for number in 0..SNAPSHOTS {
            world.check_snapshot(number, &mut truth, &mut rng);
        }
        drop(ended);
    });
    assert_eq!(world.shard.report().stats.unwrap().state, "ready");
    // Freed slots were held back; they are handed out again afterwards.
    world.shard.checkpoint();
    let before = disk_bytes(&world.folder("live").join("vectors.f32"));
    for _ in 0..20 {
        world.write(upsert(&mut rng, 0..POINTS / 2));
        world.shard.checkpoint();
    }
    let grown = disk_bytes(&world.folder("live").join("vectors.f32")) - before;
    assert!(grown <= 1 << 20, "slots are used again: {grown}");
}

/// Also when an assertion fails, so that the writer ends.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The model after some entry.
#[derive(Default)]
struct Truth {
    model: Model,
    applied: usize,
}

impl Truth {
    fn advance(&mut self, entries: &[WriteCommand]) {
        for command in entries {
            self.applied += 1;
            // What is refused changes nothing, here and there.
            let _ = apply_to_model(&mut self.model, self.applied as u64, command);
        }
    }
}

struct World {
    folders: tempfile::TempDir,
    threads: Arc<EngineThreads>,
    shard: TestShard,
    /// All entries since the beginning, from index 1.
    log: Mutex<Vec<WriteCommand>>,
}

impl World {
    fn new() -> Self {
        let folders = tempfile::tempdir().unwrap();
        let threads = threads();
        let options = ShardOptions {
            // Checkpoints come often, so that slots would be used again soon.
            checkpoint_bytes: 20_000,
            ..options(&folders.path().join("live"), &config(Metric::L2, &[]))
        };
        Self {
            shard: TestShard::open_with(options, &threads),
            folders,
            threads,
            log: Mutex::default(),
        }
    }

    fn folder(&self, name: &str) -> std::path::PathBuf {
        self.folders.path().join(name)
    }

    fn write(&self, command: WriteCommand) {
        self.log.lock().unwrap().push(command.clone());
        let results = self.shard.try_apply(vec![command]).unwrap();
        let error = results[0].error.as_ref();
        assert!(error.is_none_or(|error| error.reason == reason::OUTSIDE_ROW_RULE));
    }

    fn check_snapshot(&self, number: usize, truth: &mut Truth, rng: &mut Rng) {
        let folder = self.folder(&number.to_string());
        let snapshot = self.shard.snapshot(&folder).unwrap();
        check_files(&folder, &snapshot);
        let end = snapshot.applied_index as usize;
        let entries = self.log.lock().unwrap()[truth.applied..end].to_vec();
        assert!(number == 0 || !entries.is_empty(), "writes go on");
        truth.advance(&entries);
        let copy = open(&folder, &self.threads);
        assert_eq!(copy.shard.applied_index(), snapshot.applied_index);
        compare(&copy, &truth.model, rng);
        // The copy goes on with the entries that came meanwhile.
        let rest = self.log.lock().unwrap()[end..].to_vec();
        let rest = &rest[..rest.len().min(40)];
        for chunk in rest.chunks(7) {
            copy.try_apply(chunk.to_vec()).unwrap();
        }
        truth.advance(rest);
        compare(&copy, &truth.model, rng);
        copy.close();
        fs::remove_dir_all(&folder).unwrap();
    }
}

/// A bulk of new vectors most of the time, else anything.
fn any_write(rng: &mut Rng) -> WriteCommand {
    if rng.chance(70) {
        let first = rng.below(POINTS - 50);
        return upsert(rng, first..first + 50);
    }
    // Results of repeated requests are another test's.
    WriteCommand {
        request_id: String::new(),
        ..command(rng)
    }
}

fn upsert(rng: &mut Rng, numbers: std::ops::Range<usize>) -> WriteCommand {
    let record = |n: usize| {
        record(
            &format!("bulk-{n:05}"),
            &rng.vector(DIMENSION),
            &payload(rng),
        )
    };
    let points = numbers.map(record).collect();
    write(Command::Upsert(UpsertPoints { points }))
}

fn open(folder: &Path, threads: &Arc<EngineThreads>) -> TestShard {
    TestShard::open_with(options(folder, &config(Metric::L2, &[])), threads)
}

fn check_files(folder: &Path, snapshot: &SnapshotFiles) {
    let names: Vec<&str> = snapshot
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    assert_eq!(names, FILES);
    assert_eq!(fs::read_dir(folder).unwrap().count(), FILES.len());
    for file in &snapshot.files {
        let content = fs::read(folder.join(&file.name)).unwrap();
        assert_eq!(content.len() as u64, file.bytes, "{}", file.name);
        assert_eq!(
            Sha256::digest(&content)[..],
            file.sha256[..],
            "{}",
            file.name
        );
    }
}

fn compare(shard: &TestShard, model: &Model, rng: &mut Rng) {
    let scroll = Scroll {
        limit: 10_000,
        with_payload: true,
        with_vector: true,
        ..Scroll::default()
    };
    let points = decode_points(&shard.scroll(scroll));
    assert_eq!(points.len(), model.points.len());
    for (found, (id, point)) in points.iter().zip(&model.points) {
        assert_eq!(found.id, *id);
        assert_eq!(parse(&found.payload), parse(&point.payload));
        assert_eq!(found.vector, floats(&point.vector));
        assert_eq!(found.version, point.version);
    }
    let filter = filter(rng, 2);
    let matching = model.matching(Some(&filter)).len() as u64;
    assert_eq!(shard.count(Some(filter.clone())), matching, "{filter:?}");
    let vector = rng.vector(DIMENSION);
    let truth = model.nearest(Metric::L2, &vector, None);
    let exact = Query {
        exact: true,
        ..query(&vector, 20)
    };
    for (hit, (_, score)) in decode_hits(&shard.search_one(exact)).iter().zip(&truth) {
        assert!(
            (f64::from(hit.score) - score).abs() < 1e-4,
            "{} {score}",
            hit.score
        );
    }
    let hits = decode_hits(&shard.search_one(query(&vector, 20)));
    assert_eq!(hits.len(), truth.len().min(20));
    let found = hits
        .iter()
        .filter(|hit| f64::from(hit.score) < truth[hits.len() - 1].1 + 1e-4);
    assert!(
        found.count() >= hits.len() * 8 / 10,
        "the graph finds the nearest"
    );
}

#[test]
fn the_graph_comes_along() {
    let mut rng = Rng::from_env("the_graph_comes_along");
    let world = World::new();
    world.write(upsert(&mut rng, 0..POINTS));
    world.shard.indexed();
    let indexed = |shard: &TestShard| shard.report().stats.unwrap().indexed_count;

    let written = world.folder("written");
    world.shard.snapshot(&written).unwrap();
    assert_eq!(indexed(&open(&written, &world.threads)), POINTS as u64);

    // A graph file that lacks nothing is shared.
    let World {
        folders,
        threads,
        shard,
        ..
    } = world;
    shard.close();
    let shard = open(&folders.path().join("live"), &threads);
    assert_eq!(indexed(&shard), POINTS as u64);
    let linked = folders.path().join("linked");
    shard.snapshot(&linked).unwrap();
    let inode = |folder: &str| {
        let file = folders.path().join(folder).join("graph.ckpt");
        fs::metadata(file).unwrap().ino()
    };
    assert_eq!(inode("linked"), inode("live"));
    assert_eq!(indexed(&open(&linked, &threads)), POINTS as u64);
}

#[test]
fn digests_are_equal_after_the_same_entries_only() {
    let mut rng = Rng::from_env("digests_are_equal");
    let (one, two) = (World::new(), World::new());
    for _ in 0..150 {
        let command = any_write(&mut rng);
        one.write(command.clone());
        two.write(command);
        if rng.chance(10) {
            two.shard.checkpoint();
        }
    }
    let digest = one.shard.digest().unwrap();
    assert_eq!(digest.applied_index, 150);
    assert_eq!(digest.points_count, one.shard.count(None));
    assert_eq!(digest.digest.len(), 16);
    assert_eq!(two.shard.digest().unwrap(), digest);

    let copy = one.folder("copy");
    one.shard.snapshot(&copy).unwrap();
    assert_eq!(open(&copy, &one.threads).digest().unwrap(), digest);

    let page = one.shard.scroll(Scroll {
        limit: 1,
        ..Scroll::default()
    });
    one.write(write(Command::UpdatePayload(UpdatePayload {
        ids: vec![page.points[0].id.clone()],
        set: b"{\"new\":1}".to_vec().into(),
        ..UpdatePayload::default()
    })));
    two.write(write(Command::UpdatePayload(UpdatePayload::default())));
    let (first, second) = (one.shard.digest().unwrap(), two.shard.digest().unwrap());
    assert_eq!(first.applied_index, second.applied_index);
    assert_ne!(first.digest, second.digest);
}

#[test]
fn a_damaged_row_stays_where_it_is() {
    let mut rng = Rng::from_env("a_damaged_row");
    let world = World::new();
    world.write(upsert(&mut rng, 0..100));
    let file = world.folder("live").join("vectors.f32");
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096 + 50 * (DIMENSION * 4 + 4)] ^= 1;
    fs::write(&file, bytes).unwrap();
    let copy = world.folder("copy");
    for error in [
        world.shard.snapshot(&copy).unwrap_err(),
        world.shard.digest().unwrap_err(),
    ] {
        assert_eq!(error.reason, reason::DATA_CORRUPT);
        assert_eq!(error.subject, "vectors.f32");
    }
    assert!(!copy.exists());
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let world = World::new();
    let folder = world.folder("mine");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("file"), "kept").unwrap();
    assert_eq!(
        world.shard.snapshot(&folder).unwrap_err().reason,
        reason::INTERNAL
    );
    assert_eq!(fs::read(folder.join("file")).unwrap(), b"kept");
}

#[test]
fn a_snapshot_opens_as_its_own_shard_only() {
    let mut rng = Rng::from_env("a_snapshot_opens_as_its_own");
    let world = World::new();
    world.write(upsert(&mut rng, 0..10));
    let folder = world.folder("copy");
    world.shard.snapshot(&folder).unwrap();
    let mut other = config(Metric::L2, &[]);
    other.shard_id += 1;
    assert!(Shard::open(options(&folder, &other), &world.threads).is_err());
    let other = config(Metric::Dot, &[]);
    let opened = Shard::open(
        ShardOptions::new(&folder, other.encode_to_vec()),
        &world.threads,
    );
    assert!(opened.is_err());
}

#[test]
fn closing_the_shard_ends_a_snapshot_and_leaves_nothing_half() {
    let mut rng = Rng::from_env("closing_the_shard");
    let world = World::new();
    world.write(upsert(&mut rng, 0..POINTS));
    let World { folders, shard, .. } = world;
    let kept = Arc::clone(&shard.shard);
    let begun: Vec<_> = (0..4)
        .map(|number| {
            let folder = folders.path().join(number.to_string());
            let (answer, answered) = std::sync::mpsc::channel();
            kept.snapshot(
                folder.clone(),
                Box::new(move |result| drop(answer.send(result))),
            );
            (folder, answered)
        })
        .collect();
    // The first may be made, and the last cannot be.
    begun[0].1.recv().unwrap().unwrap();
    shard.close();
    for (folder, answered) in &begun[1..] {
        match answered.recv().unwrap() {
            Ok(bytes) => check_files(folder, &SnapshotFiles::decode(bytes.as_slice()).unwrap()),
            Err(error) => {
                assert_eq!(error.reason, reason::SHARD_UNAVAILABLE);
                assert!(!folder.exists());
            }
        }
    }
}

fn disk_bytes(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}
