//! Changes of members: by version, joint, learners, removed leaders, transfers.

use crate::cluster::{Cluster, GROUP, learners, voters};
use vectron_consensus::{Member, Proposed, Role};

fn is_accepted(proposed: Proposed) -> bool {
    matches!(proposed, Proposed::Accepted { .. })
}

fn members_of(cluster: &mut Cluster, replica: u64) -> (Vec<u64>, Vec<u64>, u64, bool) {
    let mut status = cluster.node(replica).status();
    status.voters.sort_unstable();
    (
        status.voters,
        status.learners,
        status.membership_version,
        status.is_joint,
    )
}

/// Three voters with a leader and a few commands.
fn three(seed: u64) -> (Cluster, u64) {
    let mut cluster = Cluster::new(seed, &[1, 2, 3]);
    let leader = cluster.elect();
    for command in ["a", "b"] {
        cluster.node(leader).propose(command);
    }
    cluster.settle();
    (cluster, leader)
}

#[test]
fn a_learner_joins_by_a_snapshot_and_becomes_a_voter() {
    let (mut cluster, leader) = three(13);
    cluster.add_empty(13, 4);
    let with_learner = [voters(&[1, 2, 3]), learners(&[4])].concat();
    assert!(is_accepted(
        cluster.node(leader).propose_members(&with_learner, 2)
    ));
    cluster.tick(6);
    assert_eq!(
        members_of(&mut cluster, leader),
        (vec![1, 2, 3], vec![4], 2, false)
    );
    assert_eq!(cluster.node(4).commands(), ["a", "b"]);
    let last = cluster.node(leader).status().last_index;
    let peers = cluster.node(leader).status().peers;
    let learner = peers.iter().find(|peer| peer.replica == 4).unwrap();
    assert_eq!((learner.match_index, learner.active), (last, true));

    assert!(is_accepted(
        cluster
            .node(leader)
            .propose_members(&voters(&[1, 2, 3, 4]), 3)
    ));
    cluster.tick(4);
    for replica in 1..=4 {
        assert_eq!(
            members_of(&mut cluster, replica),
            (vec![1, 2, 3, 4], vec![], 3, false),
            "replica {replica}"
        );
    }
}

#[test]
fn several_changes_go_through_one_joint_configuration_that_ends_by_itself() {
    let (mut cluster, leader) = three(17);
    let others: Vec<u64> = (1..=3).filter(|replica| *replica != leader).collect();
    for replica in [4, 5] {
        cluster.add_empty(17, replica);
    }
    let wanted = [leader, 4, 5];
    assert!(is_accepted(
        cluster.node(leader).propose_members(&voters(&wanted), 2)
    ));
    assert_eq!(
        cluster.node(leader).propose_members(&voters(&wanted), 3),
        Proposed::Dropped,
        "one change at a time"
    );
    let mut was_joint = false;
    for _ in 0..20 {
        cluster.tick(1);
        was_joint |= cluster.node(leader).status().is_joint;
    }
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    assert_eq!(
        members_of(&mut cluster, leader),
        (wanted.clone(), vec![], 2, false)
    );
    for replica in others {
        cluster.cut_off.push(replica);
    }
    cluster.node(leader).propose("c");
    cluster.tick(4);
    for replica in wanted {
        assert_eq!(cluster.node(replica).commands(), ["a", "b", "c"]);
    }
    let _ = was_joint;
}

#[test]
fn only_a_higher_version_changes_anything() {
    let (mut cluster, leader) = three(19);
    let same = voters(&[1, 2, 3]);
    assert_eq!(
        cluster.node(leader).propose_members(&same, 1),
        Proposed::Unchanged
    );
    assert!(is_accepted(cluster.node(leader).propose_members(&same, 7)));
    cluster.tick(4);
    for replica in 1..=3 {
        assert_eq!(
            members_of(&mut cluster, replica),
            (vec![1, 2, 3], vec![], 7, false)
        );
    }
    assert_eq!(
        cluster.node(leader).propose_members(&voters(&[1]), 7),
        Proposed::Unchanged
    );
    let follower = if leader == 1 { 2 } else { 1 };
    assert_eq!(
        cluster.node(follower).propose_members(&same, 8),
        Proposed::NotLeader { leader }
    );
    let nobody = cluster.node(leader).core.propose_members(GROUP, &[], 8);
    assert_eq!(nobody.unwrap_err().reason, "INVALID_ARGUMENT");
}

#[test]
fn a_change_of_an_old_version_is_applied_as_nothing() {
    let (mut cluster, leader) = three(23);
    // What version 2 would have looked like: taken from a leader that proposes it and is cut off.
    cluster.cut_off = vec![leader];
    let stale = cluster.node(leader).propose_members(&voters(&[leader]), 2);
    assert!(is_accepted(stale));
    let next = cluster.elect();
    assert!(is_accepted(
        cluster.node(next).propose_members(&voters(&[1, 2, 3]), 5)
    ));
    cluster.tick(4);
    cluster.cut_off.clear();
    cluster.tick(60);
    for replica in 1..=3 {
        assert_eq!(
            members_of(&mut cluster, replica),
            (vec![1, 2, 3], vec![], 5, false)
        );
    }
    // The same change, had it been committed after version 5.
    let change = stale_change(leader);
    let applied = cluster.node(next).applied();
    let core = &mut cluster.node(next).core;
    core.apply_conf_change(GROUP, applied + 1, &change).unwrap();
    assert_eq!(members_of(&mut cluster, next).0, [1, 2, 3]);
}

fn stale_change(removed: u64) -> Vec<u8> {
    use protobuf::Message as _;
    use raft::eraftpb::{ConfChangeSingle, ConfChangeType, ConfChangeV2};
    let mut single = ConfChangeSingle::default();
    single.set_change_type(ConfChangeType::RemoveNode);
    single.node_id = removed;
    let mut change = ConfChangeV2::default();
    change.mut_changes().push(single);
    change.set_context(2u64.to_le_bytes().to_vec().into());
    change.write_to_bytes().unwrap()
}

#[test]
fn a_leader_that_is_removed_steps_down_and_the_others_go_on() {
    let (mut cluster, leader) = three(29);
    let others: Vec<u64> = (1..=3).filter(|replica| *replica != leader).collect();
    assert!(is_accepted(
        cluster.node(leader).propose_members(&voters(&others), 2)
    ));
    cluster.settle();
    assert_eq!(cluster.node(leader).status().role, Role::Follower);
    cluster.tick(60);
    let next = cluster.node(others[0]).status().leader;
    assert!(others.contains(&next), "{next} leads");
    cluster.node(next).propose("c");
    cluster.settle();
    cluster.tick(3);
    for replica in &others {
        assert_eq!(cluster.node(*replica).commands(), ["a", "b", "c"]);
        assert_eq!(members_of(&mut cluster, *replica).2, 2);
    }
    // The removed one neither leads nor disturbs.
    let term = cluster.node(next).status().term;
    cluster.tick(100);
    assert_eq!(cluster.node(next).status().term, term);
    assert_ne!(cluster.node(leader).status().role, Role::Leader);
}

#[test]
fn leadership_is_transferred_before_the_leader_is_removed() {
    let (mut cluster, leader) = three(31);
    let to = if leader == 1 { 2 } else { 1 };
    cluster
        .node(leader)
        .core
        .transfer_leader(GROUP, to)
        .unwrap();
    cluster.settle();
    assert!(cluster.node(to).is_leader());
    cluster.tick(2);
    let others: Vec<u64> = (1..=3).filter(|replica| *replica != leader).collect();
    assert!(is_accepted(
        cluster.node(to).propose_members(&voters(&others), 2)
    ));
    cluster.settle();
    cluster.tick(3);
    assert!(cluster.node(to).is_leader(), "nobody had to elect");
    assert_eq!(members_of(&mut cluster, to).0, others);
}

#[test]
fn a_joint_configuration_is_left_by_the_next_leader_too() {
    let (mut cluster, leader) = three(37);
    for replica in [4, 5] {
        cluster.add_empty(37, replica);
    }
    let wanted = [voters(&[leader]), voters(&[4, 5])].concat();
    assert!(is_accepted(
        cluster.node(leader).propose_members(&wanted, 2)
    ));
    // Applied and told: the change is entered, then the leader is lost before it is left.
    for _ in 0..50 {
        cluster.step_once();
        if cluster
            .nodes
            .values()
            .filter(|node| node.status().is_joint)
            .count()
            >= 2
        {
            break;
        }
    }
    assert!(cluster.nodes.values().any(|node| node.status().is_joint));
    let applied = cluster.node(leader).applied();
    cluster.node(leader).restart(99, applied);
    cluster.tick(120);
    for replica in [leader, 4, 5] {
        let status = cluster.node(replica).status();
        assert!(!status.is_joint, "replica {replica}: {status:?}");
        assert_eq!(status.membership_version, 2);
    }
}

#[test]
fn a_restart_knows_the_members_and_their_version() {
    let (mut cluster, leader) = three(41);
    let with_learner = [voters(&[1, 2]), learners(&[3])].concat();
    if leader == 3 {
        cluster.node(3).core.transfer_leader(GROUP, 1).unwrap();
        cluster.settle();
        cluster.tick(2);
    }
    let leader = if leader == 3 { 1 } else { leader };
    assert!(is_accepted(
        cluster.node(leader).propose_members(&with_learner, 2)
    ));
    cluster.tick(4);
    for replica in 1..=3 {
        // Behind the change: it is replayed, and not applied twice.
        cluster.node(replica).restart(5, 2);
        assert_eq!(
            members_of(&mut cluster, replica),
            (vec![1, 2], vec![3], 2, false)
        );
    }
    cluster.elect();
    cluster.tick(3);
    assert_eq!(members_of(&mut cluster, 3), (vec![1, 2], vec![3], 2, false));
}

#[test]
fn members_are_sound() {
    let (mut cluster, leader) = three(43);
    let twice = [voters(&[1, 2, 3]), learners(&[3])].concat();
    let nameless = vec![Member {
        replica: 0,
        learner: false,
    }];
    for members in [twice, nameless] {
        let refused = cluster
            .node(leader)
            .core
            .propose_members(GROUP, &members, 2);
        assert_eq!(refused.unwrap_err().reason, "INVALID_ARGUMENT");
    }
}
