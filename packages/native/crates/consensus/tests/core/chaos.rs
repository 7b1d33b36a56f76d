//! Random runs: messages get lost, doubled and reordered, nodes crash, logs are compacted, members
//! come and go. Whatever happens, all agree on every index, and all is well in the end.
//!
//! VECTRON_SEEDS=5000 runs more; VECTRON_SEED=7 replays one.

use std::collections::BTreeMap;

use crate::cluster::{GROUP, Node, learners, options, voters};
use vectron_consensus::{
    Committed, CoreOptions, Member, OutgoingMessage, Proposed, Role, SnapshotOutcome,
};

const SEEDS_DEFAULT: u64 = 60;
const STEPS: usize = 500;
const REPLICAS: u64 = 6;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

struct Chaos {
    rng: Rng,
    nodes: BTreeMap<u64, Node>,
    network: Vec<OutgoingMessage>,
    cut_off: Vec<u64>,
    /// What was committed at each index, whoever said so first.
    history: BTreeMap<u64, (u64, Vec<u8>)>,
    leaders: BTreeMap<u64, u64>,
    wanted: Vec<Member>,
    version: u64,
    commands: u64,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let small = CoreOptions {
            cached_bytes_max: 200,
            ..options(seed)
        };
        let nodes = (1..=REPLICAS).map(|replica| {
            let members = if replica <= 3 { &[1, 2, 3][..] } else { &[] };
            let mut node = Node::with_options(small.clone(), replica, voters(members));
            // A replica counts as created when its first record is on stable storage.
            node.poll();
            node.sync();
            (replica, node)
        });
        Self {
            rng: Rng(seed),
            nodes: nodes.collect(),
            network: Vec::new(),
            cut_off: Vec::new(),
            history: BTreeMap::new(),
            leaders: BTreeMap::new(),
            wanted: voters(&[1, 2, 3]),
            version: 1,
            commands: 0,
        }
    }

    fn step(&mut self) {
        match self.rng.below(40) {
            0..=9 => self.propose(),
            10..=27 => self.tick(),
            28 => self.crash(),
            29 => self.cut_off = vec![1 + self.rng.below(REPLICAS)],
            30 => self.cut_off = vec![1 + self.rng.below(REPLICAS), 1 + self.rng.below(REPLICAS)],
            31..=33 => self.cut_off.clear(),
            34 | 35 => self.compact(),
            36 => self.want_other_members(),
            37 => self.transfer(),
            _ => self.report(),
        }
        self.bring_to_members();
        for _ in 0..=self.rng.below(3) {
            self.travel(true);
        }
        self.check();
    }

    fn tick(&mut self) {
        for node in self.nodes.values_mut() {
            // Clocks differ a little.
            if !self.rng.one_in(8) {
                node.core.tick();
            }
        }
    }

    fn leader(&self) -> Option<u64> {
        let leaders = self.nodes.values().filter(|node| node.is_leader());
        let newest = leaders.max_by_key(|node| node.status().term)?;
        Some(newest.replica)
    }

    fn propose(&mut self) {
        let Some(leader) = self.leader() else { return };
        self.commands += 1;
        let command = format!("{:0>40}", self.commands);
        let core = &mut self.nodes.get_mut(&leader).unwrap().core;
        let _ = core.propose(GROUP, command.into_bytes()).unwrap();
    }

    fn crash(&mut self) {
        let replica = 1 + self.rng.below(REPLICAS);
        let seed = self.rng.next();
        let lost = self.rng.below(6);
        let node = self.nodes.get_mut(&replica).unwrap();
        let applied = node.safe_applied().saturating_sub(lost);
        node.restart(seed, applied);
    }

    fn compact(&mut self) {
        let replica = 1 + self.rng.below(REPLICAS);
        let kept = self.rng.below(6);
        let node = self.nodes.get_mut(&replica).unwrap();
        let index = node.safe_applied().saturating_sub(kept);
        if index >= node.status().first_index {
            node.compact(index);
        }
    }

    /// Whoever decides on members decides anew: one to five voters, and perhaps a learner.
    fn want_other_members(&mut self) {
        if self.leader().is_none_or(|leader| {
            let status = self.nodes[&leader].status();
            status.membership_version < self.version || status.is_joint
        }) {
            return;
        }
        let mut replicas: Vec<u64> = (1..=REPLICAS).collect();
        replicas.sort_by_cached_key(|_| self.rng.next());
        let count = 1 + self.rng.below(5) as usize;
        let others = if self.rng.one_in(2) {
            &replicas[count..=count]
        } else {
            &[]
        };
        self.wanted = [voters(&replicas[..count]), learners(others)].concat();
        self.version += 1;
    }

    fn bring_to_members(&mut self) {
        let Some(leader) = self.leader() else { return };
        let (wanted, version) = (self.wanted.clone(), self.version);
        let node = self.nodes.get_mut(&leader).unwrap();
        if let Proposed::NotLeader { .. } = node.propose_members(&wanted, version) {
            panic!("replica {leader} leads");
        }
    }

    fn transfer(&mut self) {
        let Some(leader) = self.leader() else { return };
        let to = 1 + self.rng.below(REPLICAS);
        let core = &mut self.nodes.get_mut(&leader).unwrap().core;
        core.transfer_leader(GROUP, to).unwrap();
    }

    /// Senders give up snapshots that were lost.
    fn report(&mut self) {
        for node in self.nodes.values_mut() {
            for peer in node.status().peers {
                let outcome = match self.rng.one_in(4) {
                    true => SnapshotOutcome::Installed,
                    false => SnapshotOutcome::Failed,
                };
                if peer.snapshot {
                    let core = &mut node.core;
                    core.report_snapshot(GROUP, peer.replica, outcome).unwrap();
                } else if self.rng.one_in(3) {
                    node.core.report_unreachable(GROUP, peer.replica);
                }
            }
        }
    }

    /// Polls, fsyncs and delivers; with faults some of it happens late, twice or never.
    fn travel(&mut self, has_faults: bool) {
        for node in self.nodes.values_mut() {
            if has_faults && self.rng.one_in(5) {
                continue;
            }
            self.network.extend(node.poll());
            if !has_faults || !self.rng.one_in(3) {
                self.network.extend(node.sync());
                self.network.extend(node.poll());
                self.network.extend(node.sync());
            }
        }
        let mut messages = std::mem::take(&mut self.network);
        if has_faults {
            messages.sort_by_cached_key(|_| self.rng.below(4));
        }
        for message in messages {
            let is_cut = [message.from, message.to]
                .iter()
                .any(|replica| self.cut_off.contains(replica));
            if is_cut || (has_faults && self.rng.one_in(20)) {
                continue;
            }
            if has_faults && self.rng.one_in(10) {
                self.network.push(message.clone());
            }
            if let Some(node) = self.nodes.get_mut(&message.to) {
                node.step(&message);
            }
        }
    }

    fn check(&mut self) {
        for node in self.nodes.values() {
            for Committed {
                index, term, data, ..
            } in &node.committed
            {
                let said = (*term, data.to_vec());
                let first = self.history.entry(*index).or_insert_with(|| said.clone());
                assert_eq!(*first, said, "replica {} at index {index}", node.replica);
            }
            let status = node.status();
            if status.role != Role::Leader {
                continue;
            }
            let first = self.leaders.entry(status.term).or_insert(node.replica);
            assert_eq!(*first, node.replica, "two leaders of term {}", status.term);
            for peer in status.peers {
                assert!(peer.match_index <= status.last_index, "{peer:?}");
            }
        }
    }

    /// Without faults the wanted members come about and agree.
    fn heal(&mut self) {
        self.cut_off.clear();
        for _ in 0..600 {
            for node in self.nodes.values_mut() {
                node.core.tick();
            }
            self.bring_to_members();
            if self.rng.one_in(10) {
                self.report_lost();
            }
            for _ in 0..4 {
                self.travel(false);
            }
            self.check();
            if self.is_well() {
                return;
            }
        }
        let statuses: Vec<_> = self.nodes.values().map(Node::status).collect();
        panic!(
            "not well: want {:?} {}: {statuses:#?}",
            self.wanted, self.version
        );
    }

    fn report_lost(&mut self) {
        for node in self.nodes.values_mut() {
            for peer in node.status().peers.iter().filter(|peer| peer.snapshot) {
                let core = &mut node.core;
                core.report_snapshot(GROUP, peer.replica, SnapshotOutcome::Failed)
                    .unwrap();
            }
        }
    }

    fn is_well(&self) -> bool {
        let Some(leader) = self.leader() else {
            return false;
        };
        let status = self.nodes[&leader].status();
        let expected = self.nodes[&leader].commands();
        let is_current = status.membership_version == self.version && !status.is_joint;
        is_current
            && self.wanted.iter().all(|member| {
                let node = &self.nodes[&member.replica];
                node.status().membership_version == self.version && node.commands() == expected
            })
    }
}

#[test]
fn random_faults_never_part_the_members() {
    let mut changes = 0;
    let mut snapshots = 0;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds: u64 = number("VECTRON_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let first: u64 = number("VECTRON_SEED").unwrap_or(1);
    let last = number("VECTRON_SEED").unwrap_or(seeds);
    for seed in first..=last {
        let mut chaos = Chaos::new(seed);
        let run = std::panic::AssertUnwindSafe(|| {
            for _ in 0..STEPS {
                chaos.step();
            }
            chaos.heal();
            let sent = chaos.nodes.values().map(|node| node.snapshots_sent);
            (chaos.version, sent.sum::<usize>())
        });
        match std::panic::catch_unwind(run) {
            Ok((version, sent)) => {
                changes += version;
                snapshots += sent;
            }
            Err(panic) => {
                eprintln!("VECTRON_SEED={seed} cargo test -p vectron-consensus chaos");
                std::panic::resume_unwind(panic);
            }
        }
    }
    if last - first > 10 {
        assert!(changes > last - first, "{changes} changes of members");
        assert!(snapshots > 10, "{snapshots} snapshots");
    }
}
