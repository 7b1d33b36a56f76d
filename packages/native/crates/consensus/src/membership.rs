//! Who the members of a group are, by version.
//!
//! Whoever decides on members counts their changes. A conf change carries the count that it leads
//! to, and one that leads to no higher count than the group has is applied as nothing: a leader
//! with old news can do no harm. Leaving a joint configuration carries no version; it belongs to
//! the change that entered it.

use std::collections::{BTreeSet, VecDeque};

use raft::eraftpb::{ConfChangeSingle, ConfChangeType, ConfChangeV2, ConfState};

use crate::answers::Member;
use crate::error::ConsensusError;

/// A snapshot may be of an index before the newest change, but not before this many.
const PAST_MAX: usize = 16;

/// The members from one entry on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    pub state: ConfState,
    /// Entry that made it.
    pub index: u64,
    pub version: u64,
}

pub(crate) struct Membership {
    current: Configuration,
    /// Older ones, oldest first.
    past: VecDeque<Configuration>,
}

/// What to propose so that a group gets its members.
pub(crate) enum Plan {
    /// The group has this version or a higher one.
    Unchanged,
    Change(ConfChangeV2),
}

impl Membership {
    pub fn new(current: Configuration) -> Self {
        Self {
            current,
            past: VecDeque::new(),
        }
    }

    pub fn current(&self) -> &Configuration {
        &self.current
    }

    /// The members as of entry `index`; none when that is too long ago.
    pub fn at(&self, index: u64) -> Option<&Configuration> {
        std::iter::once(&self.current)
            .chain(self.past.iter().rev())
            .find(|configuration| configuration.index <= index)
    }

    /// Takes what an applied change made.
    pub fn adopt(&mut self, next: Configuration) {
        self.past
            .push_back(std::mem::replace(&mut self.current, next));
        if self.past.len() > PAST_MAX {
            self.past.pop_front();
        }
    }

    /// Takes the members of a snapshot, which replaces all that was before.
    pub fn restore(&mut self, snapshot: Configuration) {
        *self = Self::new(snapshot);
    }

    pub fn is_joint(&self) -> bool {
        !self.current.state.get_voters_outgoing().is_empty()
    }

    /// Whether `replica` is the only member.
    pub fn is_alone(&self, replica: u64) -> bool {
        let state = &self.current.state;
        state.get_voters() == [replica]
            && state.get_learners().is_empty()
            && state.get_voters_outgoing().is_empty()
    }

    /// One change from the present members to `members`; joint when several differ.
    pub fn plan(&self, members: &[Member], version: u64) -> Result<Plan, ConsensusError> {
        if version <= self.current.version {
            return Ok(Plan::Unchanged);
        }
        let Some(first_voter) = members.iter().find(|member| !member.learner) else {
            return Err(invalid("a group needs at least one voter"));
        };
        let replicas: BTreeSet<u64> = members.iter().map(|member| member.replica).collect();
        if replicas.len() < members.len() || replicas.contains(&0) {
            return Err(invalid("each member has one replica id, and none is 0"));
        }
        let mut changes = self.differences(members);
        if changes.is_empty() {
            // Nothing but the version changes. Raft takes no change without a member, and making a
            // voter of a voter changes nothing.
            changes.push(single(ConfChangeType::AddNode, first_voter.replica));
        }
        let mut change = ConfChangeV2::default();
        change.set_changes(changes.into());
        change.set_context(version.to_le_bytes().to_vec().into());
        Ok(Plan::Change(change))
    }

    fn differences(&self, members: &[Member]) -> Vec<ConfChangeSingle> {
        let state = &self.current.state;
        let wanted: BTreeSet<u64> = members.iter().map(|member| member.replica).collect();
        let present = state.get_voters().iter().chain(state.get_learners());
        let removed = present
            .filter(|replica| !wanted.contains(replica))
            .map(|replica| single(ConfChangeType::RemoveNode, *replica));
        let changed = members.iter().filter_map(|member| {
            let (present, kind) = match member.learner {
                true => (state.get_learners(), ConfChangeType::AddLearnerNode),
                false => (state.get_voters(), ConfChangeType::AddNode),
            };
            (!present.contains(&member.replica)).then(|| single(kind, member.replica))
        });
        changed.chain(removed).collect()
    }
}

fn invalid(message: &str) -> ConsensusError {
    ConsensusError {
        reason: "INVALID_ARGUMENT",
        message: message.to_owned(),
        subject: None,
    }
}

fn single(kind: ConfChangeType, replica: u64) -> ConfChangeSingle {
    let mut single = ConfChangeSingle::default();
    single.set_change_type(kind);
    single.node_id = replica;
    single
}

/// Whether a configuration has the replica, in whatever role.
pub(crate) fn is_member(state: &ConfState, replica: u64) -> bool {
    let lists = [
        state.get_voters(),
        state.get_learners(),
        state.get_voters_outgoing(),
    ];
    lists.iter().any(|list| list.contains(&replica))
}

/// The version that a change leads to; a change that leaves a joint configuration has none.
pub(crate) fn version_of(change: &ConfChangeV2) -> Option<u64> {
    let bytes = change.get_context().try_into().ok()?;
    Some(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(voters: &[u64], index: u64, version: u64) -> Configuration {
        let mut state = ConfState::default();
        state.set_voters(voters.to_vec());
        Configuration {
            state,
            index,
            version,
        }
    }

    fn members(voters: &[u64], learners: &[u64]) -> Vec<Member> {
        let member = |learner| {
            move |replica: &u64| Member {
                replica: *replica,
                learner,
            }
        };
        let voters = voters.iter().map(member(false));
        voters.chain(learners.iter().map(member(true))).collect()
    }

    fn planned(membership: &Membership, voters: &[u64], learners: &[u64]) -> Vec<(u64, String)> {
        match membership.plan(&members(voters, learners), 9).unwrap() {
            Plan::Unchanged => panic!("version 9 is new"),
            Plan::Change(change) => change
                .get_changes()
                .iter()
                .map(|single| (single.node_id, format!("{:?}", single.get_change_type())))
                .collect(),
        }
    }

    #[test]
    fn a_plan_names_what_differs_and_nothing_else() {
        let membership = Membership::new(configuration(&[1, 2, 3], 5, 4));
        let text = |kind: &str, replica: u64| (replica, kind.to_owned());
        assert_eq!(
            planned(&membership, &[1, 2], &[3, 4]),
            [text("AddLearnerNode", 3), text("AddLearnerNode", 4)]
        );
        assert_eq!(
            planned(&membership, &[1, 4, 5], &[]),
            [
                text("AddNode", 4),
                text("AddNode", 5),
                text("RemoveNode", 2),
                text("RemoveNode", 3)
            ]
        );
        assert_eq!(
            planned(&membership, &[3, 2, 1], &[]),
            [text("AddNode", 3)],
            "the version alone changes"
        );
        let old = membership.plan(&members(&[1], &[]), 4).unwrap();
        assert!(matches!(old, Plan::Unchanged));
        assert!(membership.plan(&members(&[], &[1]), 9).is_err());
    }

    #[test]
    fn a_snapshot_finds_the_members_of_its_index() {
        let mut membership = Membership::new(configuration(&[1], 1, 1));
        for step in 2..30 {
            membership.adopt(configuration(&[1, step], 10 * step, step));
        }
        assert_eq!(membership.at(295).unwrap().version, 29);
        assert_eq!(membership.at(289).unwrap().version, 28);
        assert_eq!(membership.at(280).unwrap().version, 28);
        assert!(membership.at(5).is_none());
        membership.restore(configuration(&[7], 400, 40));
        assert!(membership.at(399).is_none());
        assert_eq!(membership.at(400).unwrap().version, 40);
    }
}
