//! RaftLog on real files: what settles survives, what is damaged is refused by name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use bytes::Bytes;
use prost::Message as _;
use protobuf::Message as _;
use raft::eraftpb::Entry;
use vectron_consensus::{
    ConsensusError, Done, HardState, LogBatch, LogOptions, LogPosition, LogRecord, RaftLog,
};

const GROUP: u64 = 3;
const MIB: u64 = 1 << 20;

fn options(folder: &Path) -> LogOptions {
    LogOptions {
        folder: folder.to_owned(),
        reserve_bytes: 0,
        file_bytes: MIB,
        purge_bytes: 2 * MIB,
    }
}

fn open(folder: &Path) -> RaftLog {
    RaftLog::open(&options(folder)).unwrap()
}

fn record(first: u64, payloads: &[&[u8]]) -> LogRecord {
    let entries = payloads.iter().enumerate().map(|(position, payload)| {
        let entry = Entry {
            index: first + position as u64,
            term: 2,
            data: Bytes::copy_from_slice(payload),
            ..Default::default()
        };
        Bytes::from(entry.write_to_bytes().unwrap())
    });
    LogRecord {
        group: GROUP,
        hard_state: Some(HardState {
            term: 2,
            vote: 1,
            commit: first - 1,
        }),
        entries: entries.collect(),
        replica_id: 9,
        ..Default::default()
    }
}

fn encode(record: LogRecord) -> Bytes {
    Bytes::from(
        LogBatch {
            records: vec![record],
        }
        .encode_to_vec(),
    )
}

fn waiting() -> (Done, Receiver<Result<(), ConsensusError>>) {
    let (sender, receiver) = channel();
    (
        Box::new(move |outcome| sender.send(outcome).unwrap()),
        receiver,
    )
}

fn append(log: &RaftLog, record: LogRecord) {
    let (done, outcome) = waiting();
    log.append(encode(record), done);
    outcome.recv().unwrap().unwrap();
}

fn payloads(log: &RaftLog) -> Vec<Vec<u8>> {
    let record = log.load(GROUP).unwrap().unwrap_or_default();
    let decode = |bytes: &Bytes| {
        let mut entry = Entry::default();
        entry.merge_from_bytes(bytes).unwrap();
        entry.data.to_vec()
    };
    record.entries.iter().map(decode).collect()
}

fn last_file(folder: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "raftlog")
        })
        .collect();
    files.sort();
    files.pop().unwrap()
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(&log, record(1, &[b"a", b"b", b"c"]));
    append(&log, record(2, &[b"B"]));
    drop(log);
    let log = open(folder.path());
    assert_eq!(log.groups(), [GROUP]);
    assert_eq!(payloads(&log), [b"a", b"B"]);
    let loaded = log.load(GROUP).unwrap().unwrap();
    assert_eq!(
        loaded.hard_state,
        Some(HardState {
            term: 2,
            vote: 1,
            commit: 1
        })
    );
    assert_eq!(loaded.replica_id, 9);
    assert_eq!(log.load(GROUP + 1).unwrap(), None);
}

#[test]
fn compaction_forgets_entries_and_keeps_the_position() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(&log, record(1, &[b"a", b"b", b"c"]));
    let (done, outcome) = waiting();
    log.compact(GROUP, 2, done);
    outcome.recv().unwrap().unwrap();
    drop(log);
    let log = open(folder.path());
    assert_eq!(payloads(&log), [b"c"]);
    assert_eq!(
        log.load(GROUP).unwrap().unwrap().snapshot,
        Some(LogPosition { index: 2, term: 2 })
    );
    append(&log, record(4, &[b"d"]));
    assert_eq!(payloads(&log), [b"c", b"d"]);
}

#[test]
fn space_of_compacted_entries_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    let payload = vec![7; 64 << 10];
    for index in 1..=160 {
        append(&log, record(index, &[&payload]));
        if index % 8 == 0 {
            let (done, outcome) = waiting();
            log.compact(GROUP, index, done);
            outcome.recv().unwrap().unwrap();
        }
    }
    drop(log);
    // 10 MiB were written; what is left is within the purge limit and one file in the making.
    let log = open(folder.path());
    assert!(
        log.disk_bytes().unwrap() <= 4 * MIB,
        "{} bytes",
        log.disk_bytes().unwrap()
    );
    assert_eq!(payloads(&log).len(), 0);
}

/// A snapshot at `index`, as RaftCore writes it, with entries after it.
fn snapshot(index: u64, payloads: &[&[u8]]) -> LogRecord {
    LogRecord {
        snapshot: Some(LogPosition { index, term: 5 }),
        conf_state: Bytes::from_static(b"members"),
        conf_index: index,
        conf_version: 4,
        ..record(index + 1, payloads)
    }
}

#[test]
fn a_snapshot_replaces_what_was_before_and_after_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(&log, record(1, &[b"a", b"b", b"c", b"d", b"e", b"f"]));
    append(&log, snapshot(4, &[]));
    assert_eq!(payloads(&log).len(), 0, "e and f belong to another history");
    append(&log, record(5, &[b"E"]));
    append(&log, snapshot(9, &[b"J"]));
    drop(log);
    let log = open(folder.path());
    assert_eq!(payloads(&log), [b"J"]);
    let loaded = log.load(GROUP).unwrap().unwrap();
    assert_eq!(loaded.snapshot, Some(LogPosition { index: 9, term: 5 }));
    assert_eq!((loaded.conf_index, loaded.conf_version), (9, 4));
    append(&log, record(11, &[b"k"]));
    assert_eq!(payloads(&log), [b"J", b"k"]);
}

#[test]
fn a_compaction_queued_behind_a_snapshot_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(&log, record(1, &[b"a", b"b", b"c"]));
    let (done, appended) = waiting();
    log.append(encode(snapshot(9, &[b"J"])), done);
    let (done, compacted) = waiting();
    log.compact(GROUP, 2, done);
    appended.recv().unwrap().unwrap();
    compacted.recv().unwrap().unwrap();
    drop(log);
    let log = open(folder.path());
    assert_eq!(payloads(&log), [b"J"]);
    let start = log.load(GROUP).unwrap().unwrap().snapshot;
    assert_eq!(start, Some(LogPosition { index: 9, term: 5 }));
}

#[test]
fn snapshots_survive_purges_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let payload = vec![7; 64 << 10];
    let mut log = open(folder.path());
    for round in 1..=40u64 {
        append(&log, snapshot(round * 10, &[&payload, &payload, &payload]));
        append(&log, record(round * 10 + 4, &[&payload]));
        if round % 10 == 0 {
            drop(log);
            log = open(folder.path());
        }
        assert_eq!(payloads(&log).len(), 4, "round {round}");
        let start = log.load(GROUP).unwrap().unwrap().snapshot.unwrap();
        assert_eq!(start.index, round * 10);
    }
    assert!(log.disk_bytes().unwrap() <= 4 * MIB);
}

fn read(log: &RaftLog, low: u64, bytes_max: u64) -> Option<(u64, u64, usize)> {
    let (sender, receiver) = channel();
    let done = Box::new(move |outcome| sender.send(outcome).unwrap());
    log.read(GROUP, low, bytes_max, done);
    let record: Option<LogRecord> = receiver.recv().unwrap().unwrap();
    let record = record?;
    let before = record.snapshot.unwrap();
    Some((before.index, before.term, record.entries.len()))
}

#[test]
fn entries_are_read_with_the_position_before_them_until_they_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(
        &log,
        snapshot(4, &[&[1; 1000], &[1; 1000], &[1; 1000], &[1; 1000]]),
    );
    assert_eq!(read(&log, 5, u64::MAX), Some((4, 5, 4)));
    assert_eq!(read(&log, 6, u64::MAX), Some((5, 2, 3)));
    assert_eq!(read(&log, 6, 1), Some((5, 2, 1)));
    assert_eq!(read(&log, 4, u64::MAX), None);
    assert_eq!(read(&log, 9, u64::MAX), None);
    let (done, outcome) = waiting();
    log.compact(GROUP, 6, done);
    outcome.recv().unwrap().unwrap();
    assert_eq!(read(&log, 6, u64::MAX), None);
    assert_eq!(read(&log, 7, u64::MAX), Some((6, 2, 2)));
}

#[test]
fn a_removed_group_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(&log, record(1, &[b"a"]));
    let (done, outcome) = waiting();
    log.remove(GROUP, done);
    outcome.recv().unwrap().unwrap();
    drop(log);
    assert!(open(folder.path()).groups().is_empty());
}

#[test]
fn a_torn_tail_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    append(&log, record(1, &[b"kept"]));
    let kept_bytes = {
        drop(log);
        fs::metadata(last_file(folder.path())).unwrap().len()
    };
    let log = open(folder.path());
    append(&log, record(2, &[&[9; 3000]]));
    drop(log);
    let file = last_file(folder.path());
    let whole = fs::read(&file).unwrap();
    // Sectors of the last write that never reached the disk.
    let mut torn = whole.clone();
    let from = (kept_bytes as usize + 1000).next_multiple_of(512);
    torn[from..from + 512].fill(0);
    torn.resize(whole.len() + 100_000, 0);
    fs::write(&file, &torn).unwrap();
    let log = open(folder.path());
    assert_eq!(payloads(&log), [b"kept"]);
    append(&log, record(2, &[b"again"]));
    drop(log);
    assert_eq!(
        payloads(&open(folder.path())),
        [b"kept".to_vec(), b"again".to_vec()]
    );
}

#[test]
fn a_flipped_byte_anywhere_is_refused_with_the_file_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    for index in 1..=40 {
        append(&log, record(index, &[&[index as u8; 200]]));
    }
    drop(log);
    let file = last_file(folder.path());
    let sound = fs::read(&file).unwrap();
    for position in (0..sound.len()).step_by(97) {
        let mut damaged = sound.clone();
        damaged[position] ^= 0x10;
        fs::write(&file, &damaged).unwrap();
        let refused = match RaftLog::open(&options(folder.path())) {
            Err(refused) => refused,
            Ok(_) => panic!("opened with byte {position} flipped"),
        };
        assert_eq!(refused.reason, "DATA_CORRUPT");
        assert_eq!(refused.subject.as_deref(), Some(file.to_str().unwrap()));
        assert_eq!(
            fs::read(&file).unwrap(),
            damaged,
            "a refused file is left as it is"
        );
    }
    fs::write(&file, &sound).unwrap();
    assert_eq!(payloads(&open(folder.path())).len(), 40);
}

#[test]
fn a_missing_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path());
    for index in 1..=60 {
        append(&log, record(index, &[&[1; 64 << 10]]));
    }
    drop(log);
    fs::remove_file(folder.path().join("0000000000000002.raftlog")).unwrap();
    let refused = RaftLog::open(&options(folder.path())).err().unwrap();
    assert_eq!(refused.reason, "DATA_CORRUPT");
}

#[test]
fn an_append_without_room_is_refused_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = RaftLog::open(&LogOptions {
        reserve_bytes: u64::MAX >> 1,
        ..options(folder.path())
    })
    .unwrap();
    let (done, outcome) = waiting();
    log.append(encode(record(1, &[b"a"])), done);
    assert_eq!(outcome.recv().unwrap().unwrap_err().reason, "DISK_FULL");
    drop(log);
    let log = open(folder.path());
    assert!(log.groups().is_empty());
    append(&log, record(1, &[b"a"]));
    assert_eq!(payloads(&log), [b"a"]);
}

#[test]
fn a_second_opener_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _log = open(folder.path());
    assert_eq!(
        RaftLog::open(&options(folder.path())).err().unwrap().reason,
        "DATA_IN_USE"
    );
}
