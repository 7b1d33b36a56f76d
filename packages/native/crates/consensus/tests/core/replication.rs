//! RaftCore with one and with three replicas: elections, replication, order of persistence,
//! recovery, reproducibility.

use crate::cluster::{Cluster, GROUP, Node, options, voters};
use vectron_consensus::{CreateGroup, RaftCore, Role};

#[test]
fn a_single_voter_leads_at_once_and_commits_after_its_own_fsync() {
    let mut node = Node::new(1, 1, &[1]);
    node.core.campaign(GROUP).unwrap();
    assert!(node.is_leader());
    node.propose("a");
    node.poll();
    assert!(
        node.committed.is_empty(),
        "nothing is committed before the fsync"
    );
    node.sync();
    node.poll();
    assert_eq!(node.commands(), ["a"]);
}

#[test]
fn three_replicas_elect_one_leader_and_replicate() {
    let mut cluster = Cluster::new(7, &[1, 2, 3]);
    let leader = cluster.elect();
    for command in ["a", "b", "c"] {
        cluster.node(leader).propose(command);
    }
    cluster.settle();
    cluster.tick(2);
    for node in cluster.nodes.values() {
        assert_eq!(node.commands(), ["a", "b", "c"], "replica {}", node.replica);
    }
}

#[test]
fn a_follower_answers_only_after_its_fsync() {
    let mut cluster = Cluster::new(3, &[1, 2, 3]);
    let leader = cluster.elect();
    cluster.settle();
    let follower = if leader == 1 { 2 } else { 1 };
    cluster.node(leader).propose("a");
    let sent = cluster.node(leader).poll();
    let append = sent.iter().find(|message| message.to == follower).unwrap();
    cluster.node(follower).step(append);
    assert!(
        cluster.node(follower).poll().is_empty(),
        "a promise of durability left before the fsync"
    );
    assert_eq!(cluster.node(follower).sync().len(), 1);
}

#[test]
fn a_majority_goes_on_without_its_old_leader_and_the_rest_catches_up() {
    let mut cluster = Cluster::new(11, &[1, 2, 3]);
    let first = cluster.elect();
    cluster.node(first).propose("before");
    cluster.settle();
    cluster.cut_off = vec![first];
    let (lost, term) = cluster.node(first).propose("lost");
    let second = cluster.elect();
    assert_ne!(first, second);
    cluster.node(second).propose("after");
    cluster.settle();
    // Check-quorum: a leader that hears nobody steps down.
    cluster.tick(40);
    assert_ne!(cluster.node(first).status().role, Role::Leader);
    cluster.cut_off.clear();
    cluster.tick(60);
    for node in cluster.nodes.values() {
        assert_eq!(
            node.commands(),
            ["before", "after"],
            "replica {}",
            node.replica
        );
        let there = node
            .committed
            .iter()
            .find(|entry| entry.index == lost)
            .unwrap();
        assert_ne!(there.term, term, "the lost entry's place has another term");
    }
}

#[test]
fn a_restart_knows_what_was_fsynced_and_nothing_else() {
    let mut node = Node::new(1, 1, &[1]);
    node.core.campaign(GROUP).unwrap();
    node.propose("kept");
    node.poll();
    node.sync();
    node.poll();
    node.propose("lost");
    node.poll();
    let term = node.status().term;
    node.restart(2, 1);
    node.core.campaign(GROUP).unwrap();
    node.poll();
    node.sync();
    node.poll();
    assert_eq!(node.commands(), ["kept"]);
    assert!(node.status().term > term);
}

#[test]
fn a_vote_survives_a_restart() {
    let mut cluster = Cluster::new(5, &[1, 2, 3]);
    let leader = cluster.elect();
    let voter = if leader == 1 { 2 } else { 1 };
    let before = cluster.node(voter).status().term;
    cluster.node(voter).restart(9, 1);
    assert_eq!(cluster.node(voter).status().term, before);
}

#[test]
fn contradictions_between_log_and_state_machine_are_refused() {
    let refuse = |applied: u64| {
        let mut core = RaftCore::new(options(1));
        let create = CreateGroup {
            group: GROUP,
            replica: 1,
            bootstrap: voters(&[1]),
            recovered: None,
            applied,
        };
        core.create_group(&create).unwrap_err()
    };
    let error = refuse(40);
    assert_eq!(error.reason, "DATA_CORRUPT");
    assert!(
        error.message.contains("index 40 was applied"),
        "{}",
        error.message
    );
}

#[test]
fn reads_are_refused_until_the_leader_has_committed_in_its_term() {
    let mut node = Node::new(1, 1, &[1]);
    assert!(!node.core.read_index(GROUP, b"early".to_vec()).unwrap());
    node.core.campaign(GROUP).unwrap();
    assert!(
        !node
            .core
            .read_index(GROUP, b"uncommitted".to_vec())
            .unwrap()
    );
    node.poll();
    node.sync();
    node.poll();
    assert!(node.core.read_index(GROUP, b"now".to_vec()).unwrap());
    node.poll();
    assert_eq!(node.reads, [(b"now".to_vec(), 2)]);
}

#[test]
fn compaction_keeps_memory_to_what_is_not_applied() {
    let mut node = Node::new(1, 1, &[1]);
    node.core.campaign(GROUP).unwrap();
    for round in 0..50 {
        node.propose(&format!("{round}"));
        node.poll();
        node.sync();
        node.poll();
        let applied = node.committed.last().unwrap().index;
        node.compact(applied);
        assert_eq!(node.status().first_index, applied + 1);
    }
    assert_eq!(node.commands().len(), 50);
}

#[test]
fn a_destroyed_group_ignores_the_end_of_its_writes() {
    let mut node = Node::new(1, 1, &[1]);
    node.core.campaign(GROUP).unwrap();
    node.poll();
    node.core.destroy_group(GROUP);
    assert!(node.sync().is_empty());
    assert!(node.core.status(GROUP).is_none());
    assert!(node.core.propose(GROUP, b"late".to_vec()).is_err());
}

#[test]
fn what_the_network_garbles_or_misdelivers_is_dropped() {
    let mut node = Node::new(1, 1, &[1]);
    assert!(node.core.step(GROUP, b"\xff\xff\xff").is_none());
    assert!(node.core.step(GROUP + 1, b"").is_none());
    node.core.report_unreachable(GROUP + 1, 2);
    assert!(node.core.status(GROUP).is_some());
}

#[test]
fn a_leader_that_is_gone_is_followed_by_another_before_the_timeout() {
    for seed in 0..20 {
        let mut cluster = Cluster::new(seed, &[1, 2, 3]);
        let gone = cluster.elect();
        cluster.cut_off = vec![gone];
        for node in cluster.nodes.values_mut() {
            node.core.report_gone(GROUP, gone);
        }
        // The timeout is 15 ticks at least; two replicas may stand at once, and again after it.
        cluster.tick(5);
        let leads = |node: &Node| node.replica != gone && node.is_leader();
        assert_eq!(cluster.nodes.values().filter(|node| leads(node)).count(), 1);
    }
}

#[test]
fn a_leader_that_a_majority_hears_stays_whatever_one_replica_was_told() {
    let mut cluster = Cluster::new(5, &[1, 2, 3]);
    let leader = cluster.elect();
    let term = cluster.node(leader).status().term;
    let misled = if leader == 1 { 2 } else { 1 };
    cluster.node(misled).core.report_gone(GROUP, leader);
    cluster.tick(60);
    let status = cluster.node(misled).status();
    assert_eq!((status.leader, status.term), (leader, term));
}

#[test]
fn a_seed_reproduces_every_election() {
    let run = |seed: u64| {
        let mut cluster = Cluster::new(seed, &[1, 2, 3]);
        let mut trace = Vec::new();
        for round in 0..120 {
            cluster.tick(1);
            cluster.cut_off = if round % 40 > 20 {
                vec![1 + round % 3]
            } else {
                Vec::new()
            };
            trace.extend(cluster.nodes.values().map(Node::status));
        }
        trace
    };
    assert_eq!(run(21), run(21));
    assert_ne!(run(21), run(22));
}
