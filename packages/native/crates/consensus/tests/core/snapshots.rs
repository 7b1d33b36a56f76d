//! Followers that lag: entries from memory, from the log, and snapshots where the log begins later.

use crate::cluster::{Cluster, GROUP, Node, learners, options, voters};
use vectron_consensus::{CoreOptions, Role, SnapshotOutcome};

/// One voter that leads and has written `commands` commands, compacted behind `kept` of them.
fn lone_leader(seed: u64, commands: u64, kept: u64) -> Cluster {
    let mut cluster = Cluster::new(seed, &[1]);
    cluster.node(1).core.campaign(GROUP).unwrap();
    for command in 0..commands {
        cluster.node(1).propose(&command.to_string());
        cluster.settle();
    }
    let applied = cluster.node(1).applied();
    if kept < commands {
        cluster.node(1).compact(applied - kept);
    }
    cluster
}

fn add_learner(cluster: &mut Cluster, replica: u64, version: u64) {
    let members = [voters(&[1]), learners(&[replica])].concat();
    cluster.node(1).propose_members(&members, version);
}

#[test]
fn a_replica_that_knows_nothing_gets_a_snapshot_and_then_entries() {
    let mut cluster = lone_leader(1, 20, 5);
    cluster.add_empty(1, 2);
    add_learner(&mut cluster, 2, 2);
    cluster.tick(4);
    assert_eq!(cluster.node(1).snapshots_sent, 1);
    let expected = cluster.node(1).commands();
    assert_eq!(cluster.node(2).commands(), expected);
    let status = cluster.node(2).status();
    assert!(status.first_index > 1, "its log begins after the snapshot");
    assert_eq!((status.learners, status.membership_version), (vec![2], 2));
    cluster.node(1).propose("after");
    cluster.settle();
    cluster.tick(2);
    assert_eq!(cluster.node(2).commands().last().unwrap(), "after");
    assert_eq!(cluster.node(1).snapshots_sent, 1);
}

#[test]
fn a_snapshot_that_was_lost_is_sent_again_once_that_is_reported() {
    let mut cluster = lone_leader(5, 20, 5);
    cluster.add_empty(5, 2);
    cluster.lose_snapshots = true;
    add_learner(&mut cluster, 2, 2);
    cluster.tick(10);
    let peers = cluster.node(1).status().peers;
    assert!(peers[0].snapshot, "the leader waits for it: {peers:?}");
    cluster.lose_snapshots = false;
    cluster.tick(10);
    assert!(cluster.node(2).commands().is_empty(), "nobody reported it");
    cluster.report_snapshots(1, SnapshotOutcome::Failed);
    cluster.tick(6);
    assert_eq!(cluster.node(2).commands().len(), 20);
    assert_eq!(cluster.node(1).snapshots_sent, 1, "the same one, twice");
}

#[test]
fn an_install_survives_a_crash_at_each_step() {
    for crash in ["before the record", "before the install", "after it"] {
        let mut cluster = lone_leader(7, 20, 5);
        cluster.add_empty(7, 2);
        cluster.settle();
        cluster.node(2).installs_late = true;
        cluster.node(2).syncs_late = crash == "before the record";
        add_learner(&mut cluster, 2, 2);
        cluster.tick(4);
        let node = cluster.node(2);
        match crash {
            "before the record" => assert!(node.installs.is_empty()),
            "before the install" => assert_eq!(node.installs.len(), 1),
            _ => node.install(),
        }
        node.installs_late = false;
        node.syncs_late = false;
        let applied = node.applied();
        node.restart(8, applied);
        cluster.report_snapshots(1, SnapshotOutcome::Failed);
        cluster.tick(8);
        let expected = cluster.node(1).commands();
        assert_eq!(cluster.node(2).commands(), expected, "crash {crash}");
        assert_eq!(cluster.node(2).status().membership_version, 2);
    }
}

#[test]
fn no_election_begins_while_a_snapshot_waits_for_the_state_machine() {
    let mut cluster = Cluster::new(9, &[1, 2, 3]);
    let leader = cluster.elect();
    let late = if leader == 3 { 1 } else { 3 };
    cluster.cut_off = vec![late];
    for command in 0..20 {
        cluster.node(leader).propose(&command.to_string());
        cluster.settle();
    }
    let applied = cluster.node(leader).applied();
    cluster.node(leader).compact(applied - 2);
    cluster.node(late).installs_late = true;
    cluster.cut_off.clear();
    cluster.tick(40);
    assert_eq!(cluster.node(late).installs.len(), 1);
    cluster.cut_off = vec![late];
    cluster.tick(60);
    assert_eq!(cluster.node(late).status().role, Role::Follower);
    cluster.cut_off.clear();
    cluster.node(late).installs_late = false;
    cluster.node(late).install();
    cluster.tick(40);
    let expected = cluster.node(leader).commands();
    assert_eq!(cluster.node(late).commands(), expected);
}

#[test]
fn a_follower_beyond_memory_is_fed_from_the_log_without_a_snapshot() {
    let small = CoreOptions {
        cached_bytes_max: 64,
        ..options(11)
    };
    let mut cluster = Cluster::new(11, &[1, 2, 3]);
    for replica in 1..=3 {
        let node = Node::with_options(small.clone(), replica, voters(&[1, 2, 3]));
        cluster.nodes.insert(replica, node);
    }
    let leader = cluster.elect();
    let late = if leader == 3 { 1 } else { 3 };
    cluster.cut_off = vec![late];
    for command in 0..40 {
        cluster.node(leader).propose(&format!("command {command}"));
        cluster.settle();
    }
    cluster.cut_off.clear();
    cluster.tick(20);
    let expected = cluster.node(leader).commands();
    assert_eq!(cluster.node(late).commands(), expected);
    assert!(cluster.node(leader).log_reads >= 10);
    assert_eq!(cluster.node(leader).snapshots_sent, 0);
}

#[test]
fn a_state_machine_that_stands_still_does_not_fill_memory() {
    let small = CoreOptions {
        uncommitted_bytes_max: 2000,
        message_bytes_max: 500,
        cached_bytes_max: 1000,
        ..options(17)
    };
    let mut cluster = Cluster::new(17, &[1, 2, 3]);
    for replica in 1..=3 {
        let node = Node::with_options(small.clone(), replica, voters(&[1, 2, 3]));
        cluster.nodes.insert(replica, node);
    }
    let leader = cluster.elect();
    let slow = if leader == 3 { 1 } else { 3 };
    cluster.node(slow).applies_late = true;
    for command in 0..200 {
        cluster.node(leader).propose(&format!("{command:0>100}"));
        cluster.settle();
        if command % 10 == 0 {
            cluster.tick(1);
        }
    }
    let (last, held) = (
        cluster.node(leader).status().last_index,
        cluster.node(slow).status().last_index,
    );
    assert!(held < 60, "{held} of {last} entries of 100 bytes are held");
    cluster.node(slow).applies_late = false;
    cluster.node(slow).apply_waiting();
    cluster.tick(200);
    let expected = cluster.node(leader).commands();
    assert_eq!(expected.len(), 200);
    assert_eq!(cluster.node(slow).commands(), expected);
    assert!(cluster.node(leader).is_leader());
}

#[test]
fn a_snapshot_of_a_joint_configuration_carries_it() {
    let mut cluster = lone_leader(13, 10, 2);
    for replica in [2, 3] {
        cluster.add_empty(13, replica);
    }
    // The new ones are needed for a majority, and both know nothing.
    cluster.node(1).propose_members(&voters(&[1, 2, 3]), 2);
    cluster.tick(10);
    let expected = cluster.node(1).commands();
    for replica in 1..=3 {
        let node = cluster.node(replica);
        assert_eq!(node.commands(), expected);
        assert_eq!(node.status().membership_version, 2);
        assert!(!node.status().is_joint);
    }
}

/// An empty append is queued, its peer goes back to an earlier index, and new entries follow before
/// the messages leave. Raft's own batching puts the entries behind the wrong index: the peer then
/// acknowledges entries that it does not have.
#[test]
fn appends_of_one_poll_are_never_glued_behind_another_index() {
    let mut cluster = Cluster::new(15, &[1, 2, 3]);
    let leader = cluster.elect();
    cluster.tick(3);
    let others: Vec<u64> = (1..=3).filter(|replica| *replica != leader).collect();
    let (quick, slow) = (others[0], others[1]);
    for command in 0..8 {
        cluster.node(leader).propose(&command.to_string());
    }
    let appends = cluster.node(leader).poll();
    cluster.node(leader).sync();
    for message in &appends {
        let node = cluster.node(message.to);
        node.step(message);
    }
    // Both have the entries; only one answers, and its answer commits them: an empty append with
    // the commit index is queued for the slow one.
    cluster.node(quick).poll();
    let answers = cluster.node(quick).sync();
    cluster.node(slow).poll();
    cluster.node(slow).sync();
    for answer in &answers {
        cluster.node(leader).step(answer);
    }
    let core = &mut cluster.node(leader).core;
    core.report_unreachable(GROUP, slow);
    cluster.node(leader).propose("last");
    cluster.settle();
    let last = cluster.node(leader).status().last_index;
    for peer in cluster.node(leader).status().peers {
        assert!(peer.match_index <= last, "{peer:?} is ahead of {last}");
    }
    cluster.tick(5);
    let expected = cluster.node(leader).commands();
    assert_eq!(expected.len(), 9);
    assert_eq!(cluster.node(slow).commands(), expected);
}
