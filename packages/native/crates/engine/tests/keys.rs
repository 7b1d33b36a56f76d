//! Idempotency keys: the same command again answers as it did the first time and changes nothing;
//! another command with the key is refused.

mod support;

use support::*;
use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{PointRecord, UpsertPoints, WriteCommand, WriteResult};
use vectron_engine::reason;

/// What the store keeps.
const KEYS_MAX: usize = 10_000;

fn keyed(key: &str, fingerprint: &'static [u8], points: Vec<PointRecord>) -> WriteCommand {
    WriteCommand {
        key: key.to_owned(),
        fingerprint: fingerprint.into(),
        ..write(Command::Upsert(UpsertPoints { points }))
    }
}

fn apply(shard: &TestShard, command: &WriteCommand) -> WriteResult {
    shard.try_apply(vec![command.clone()]).unwrap().remove(0)
}

fn reason_of(result: &WriteResult) -> &str {
    &result.error.as_ref().unwrap().reason
}

#[test]
fn a_key_is_answered_once_and_for_one_command_alone() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads();
    let mut shard = TestShard::open(folder.path(), &threads);
    let first = keyed("k", b"one", vec![record("a", &axis(0, 1.0), "")]);
    let result = apply(&shard, &first);
    assert_eq!((result.affected, &result.error), (1, &None));
    shard.delete(&["a"]);
    for _ in 0..2 {
        assert_eq!(apply(&shard, &first), result);
        let other = keyed("k", b"two", vec![record("b", &axis(0, 1.0), "")]);
        assert_eq!(
            reason_of(&apply(&shard, &other)),
            reason::IDEMPOTENCY_KEY_REUSED
        );
        assert_eq!(shard.count(None), 0);
        // The refusal is not kept: the key is still the first command's.
        assert_eq!(apply(&shard, &first), result);
        shard.close();
        shard = TestShard::open(folder.path(), &threads);
    }
    let another = keyed("l", b"one", vec![record("a", &axis(0, 1.0), "")]);
    assert_eq!(apply(&shard, &another).affected, 1);
}

#[test]
fn a_refusal_is_answered_again_although_it_would_go_through_now() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let expecting = PointRecord {
        if_version: Some(0),
        ..record("a", &axis(0, 1.0), "")
    };
    shard.upsert(vec![record("a", &axis(0, 1.0), "")]);
    let command = keyed("k", b"one", vec![expecting]);
    let refused = apply(&shard, &command);
    assert_eq!(reason_of(&refused), reason::VERSION_MISMATCH);
    shard.delete(&["a"]);
    assert_eq!(apply(&shard, &command), refused);
    assert_eq!(shard.count(None), 0);
}

#[test]
fn a_key_may_be_claimed_before_its_commands() {
    let folder = tempfile::tempdir().unwrap();
    let shard = TestShard::open(folder.path(), &threads());
    let claim = |fingerprint: &'static [u8]| WriteCommand {
        command: None,
        ..keyed("k", fingerprint, vec![])
    };
    assert_eq!(apply(&shard, &claim(b"one")), WriteResult::default());
    assert_eq!(apply(&shard, &claim(b"one")), WriteResult::default());
    let other = apply(&shard, &claim(b"two"));
    assert_eq!(reason_of(&other), reason::IDEMPOTENCY_KEY_REUSED);
}

#[test]
fn a_key_goes_along_with_a_snapshot_and_is_forgotten_after_many_others() {
    let folders = tempfile::tempdir().unwrap();
    let threads = threads();
    let shard = TestShard::open(&folders.path().join("live"), &threads);
    let first = keyed("first", b"one", vec![record("a", &axis(0, 1.0), "")]);
    apply(&shard, &first);
    let copy = folders.path().join("copy");
    shard.snapshot(&copy).unwrap();
    let copy = TestShard::open(&copy, &threads);
    let other = keyed("first", b"two", vec![]);
    assert_eq!(
        reason_of(&apply(&copy, &other)),
        reason::IDEMPOTENCY_KEY_REUSED
    );
    // Writes without a key do not push it out.
    let many = |key: fn(usize) -> String, count: usize| {
        let commands = (0..count).map(|n| WriteCommand {
            command: None,
            ..keyed(&key(n), b"", vec![])
        });
        copy.try_apply(commands.collect()).unwrap();
    };
    many(|_| String::new(), KEYS_MAX);
    many(|n| format!("key {n}"), KEYS_MAX - 1);
    assert_eq!(
        reason_of(&apply(&copy, &other)),
        reason::IDEMPOTENCY_KEY_REUSED
    );
    many(|_| "one more".to_owned(), 1);
    assert_eq!(apply(&copy, &other).error, None);
}
