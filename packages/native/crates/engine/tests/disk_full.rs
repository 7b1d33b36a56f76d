//! A full disk: writes are refused whole, reads, deletes and checkpoints go on, and writes resume
//! when there is room. On a small tmpfs in a mount namespace of the test's own.

mod support;

use std::path::Path;
use std::process::Command as Process;
use std::{env, fs};

use prost::Message;
use support::*;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{ApplyResult, DeletePoints, PointRecord, UpsertPoints};
use vectron_engine::messages::vectron::Metric;
use vectron_engine::{ShardOptions, reason};

const INSIDE: &str = "VECTRON_TEST_SMALL_DISK";
const BATCH: usize = 100;

#[test]
fn a_full_disk_refuses_writes_and_harms_nothing() {
    if let Ok(disk) = env::var(INSIDE) {
        return fill_and_recover(Path::new(&disk));
    }
    let disk = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=24m tmpfs \"$0\" && exec \"$@\"";
    let status = Process::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(disk.path())
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            "a_full_disk_refuses_writes_and_harms_nothing",
            "--nocapture",
        ])
        .env(INSIDE, disk.path())
        .status()
        .expect("util-linux is installed");
    assert!(
        status.success(),
        "the test failed within the small disk, or no namespace is allowed"
    );
}

fn batch(number: usize) -> Vec<PointRecord> {
    let payload = format!("{{\"text\":\"{}\"}}", "x".repeat(1000));
    let record = |n: usize| record(&format!("{number}-{n}"), &axis(n % 8, n as f32), &payload);
    (0..BATCH).map(record).collect()
}

fn fill_and_recover(disk: &Path) {
    let filler = disk.join("filler");
    fs::write(&filler, vec![1; 8 << 20]).unwrap();
    let threads = threads();
    let folder = disk.join("shard");
    let options = ShardOptions {
        // Checkpoints come often, and the reserve is the default: here a sixteenth of the disk.
        checkpoint_bytes: 1 << 20,
        disk_reserve_bytes: 64 << 20,
        ..options(&folder, &config(Metric::L2, &[]))
    };
    let shard = TestShard::open_with(options.clone(), &threads);
    let upsert = |number| {
        write(Command::Upsert(UpsertPoints {
            points: batch(number),
        }))
    };
    let mut batches = 0;
    let error = loop {
        match shard.try_apply(vec![upsert(batches)]) {
            Ok(_) => batches += 1,
            Err(error) => break error,
        }
        assert!(batches < 1000, "the disk is small");
    };
    assert_eq!(error.reason, reason::DISK_FULL);
    assert!(batches > 10);
    let applied = shard.shard.applied_index();
    for _ in 0..5 {
        assert_eq!(
            shard.try_apply(vec![upsert(batches)]).unwrap_err().reason,
            reason::DISK_FULL
        );
    }
    assert_eq!(shard.shard.applied_index(), applied);
    assert_eq!(shard.count(None), (batches * BATCH) as u64);
    assert_eq!(shard.get(&["3-7"])[0].vector, floats(&axis(7, 7.0)));
    assert_eq!(
        decode_hits(&shard.search_one(query(&axis(5, 5.0), 3)))[0].score,
        0.0
    );

    let copy = disk.join("copies/copy");
    assert_eq!(shard.snapshot(&copy).unwrap_err().reason, reason::DISK_FULL);
    assert!(!copy.exists());
    assert_eq!(shard.delete(&["3-7", "3-8"]), 2);
    assert_eq!(shard.checkpoint(), applied + 1);
    // Of one call, what needs no room is applied; the same call may be made again.
    let delete = write(Command::Delete(DeletePoints {
        ids: vec!["4-1".to_owned()],
        ..DeletePoints::default()
    }));
    let mixed = [delete, upsert(batches)];
    let first = shard.shard.applied_index() + 1;
    let apply_mixed = || {
        let entries = (first..).zip(mixed.iter().map(Message::encode_to_vec));
        let entries = entries.collect();
        wait(|done| shard.shard.apply(entries, done))
    };
    assert_eq!(apply_mixed().unwrap_err().reason, reason::DISK_FULL);
    assert_eq!(shard.shard.applied_index(), first);
    fs::remove_file(&filler).unwrap();
    let results = ApplyResult::decode(apply_mixed().unwrap().as_slice()).unwrap();
    let affected: Vec<u64> = results
        .results
        .iter()
        .map(|result| result.affected)
        .collect();
    assert_eq!(affected, [1, BATCH as u64]);
    let count = ((batches + 1) * BATCH - 3) as u64;
    assert_eq!(shard.count(None), count);
    shard.close();
    let shard = TestShard::open_with(options, &threads);
    assert_eq!(shard.count(None), count);
    assert_eq!(shard.report().stats.unwrap().state, "ready");
}
