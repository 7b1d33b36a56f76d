//! A write that fails ends the process: the child of this test writes into a file size limit.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;

use bytes::Bytes;
use prost::Message as _;
use protobuf::Message as _;
use raft::eraftpb::Entry;
use vectron_consensus::{LogBatch, LogOptions, LogRecord, RaftLog};

/// Tells the child of the test which folder to write to.
const FOLDER: &str = "VECTRON_TEST_LOG_FOLDER";
const FILE_BYTES_LIMIT: u64 = 300_000;

#[test]
fn a_failed_write_stops_the_process_and_loses_nothing_acknowledged() {
    if let Ok(folder) = std::env::var(FOLDER) {
        append_for_ever(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--nocapture", "--test-threads=1"])
        .env(FOLDER, folder.path());
    // Safety: between fork and exec only two system calls are made, on plain values.
    unsafe {
        child.pre_exec(|| {
            let limit = libc::rlimit {
                rlim_cur: FILE_BYTES_LIMIT,
                rlim_max: FILE_BYTES_LIMIT,
            };
            libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            Ok(())
        });
    }
    let output = child.output().unwrap();
    assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{output:?}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("The process stops"), "{errors}");
    let acknowledged = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.starts_with("ack "))
        .count();
    assert!(acknowledged > 5, "{acknowledged} appends were acknowledged");
    let log = RaftLog::open(&options(folder.path())).unwrap();
    assert!(log.load(1).unwrap().unwrap().entries.len() >= acknowledged);
}

fn options(folder: &Path) -> LogOptions {
    LogOptions {
        folder: folder.to_owned(),
        reserve_bytes: 0,
        file_bytes: 1 << 20,
        purge_bytes: 2 << 20,
    }
}

fn append_for_ever(folder: &Path) -> ! {
    let log = RaftLog::open(&options(folder)).unwrap();
    for index in 1.. {
        let entry = Entry {
            index,
            term: 1,
            data: vec![3; 20_000].into(),
            ..Default::default()
        };
        let record = LogRecord {
            group: 1,
            replica_id: 1,
            entries: vec![Bytes::from(entry.write_to_bytes().unwrap())],
            ..Default::default()
        };
        let (sender, receiver) = channel();
        let batch = LogBatch {
            records: vec![record],
        }
        .encode_to_vec();
        log.append(
            Bytes::from(batch),
            Box::new(move |outcome| sender.send(outcome).unwrap()),
        );
        receiver.recv().unwrap().unwrap();
        println!("\nack {index}");
    }
    unreachable!("the file size limit ends the loop")
}
