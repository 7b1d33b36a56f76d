//! Changes of a group's members: proposed by a leader, applied by all.

use protobuf::Message as _;
use raft::StateRole;
use raft::eraftpb::ConfChangeV2;

use crate::answers::{Member, Proposed};
use crate::error::ConsensusError;
use crate::group::Group;
use crate::membership::{Configuration, Plan, version_of};
use crate::records::{LogRecord, encode_conf_state};

impl Group {
    /// Proposes one change from the present members to `members`. Refused while an earlier change
    /// is not applied: raft would turn it into an entry without effect.
    pub fn propose_members(
        &mut self,
        members: &[Member],
        version: u64,
    ) -> Result<Proposed, ConsensusError> {
        let raft = &self.node.raft;
        if raft.state != StateRole::Leader {
            return Ok(Proposed::NotLeader {
                leader: raft.leader_id,
            });
        }
        let change = match self.membership.plan(members, version)? {
            Plan::Unchanged => return Ok(Proposed::Unchanged),
            Plan::Change(change) => change,
        };
        if self.membership.is_joint() || raft.has_pending_conf() {
            return Ok(Proposed::Dropped);
        }
        self.propose_with(|node| node.propose_conf_change(Vec::new(), change))
    }

    /// Applies the committed change of entry `index`. One that the log says is applied, and one of
    /// no new version, change nothing.
    pub fn apply_conf_change(&mut self, index: u64, encoded: &[u8]) -> Result<(), ConsensusError> {
        let change = self.decode_conf_change(encoded)?;
        let current = self.membership.current();
        let version = match change.leave_joint() {
            true if self.membership.is_joint() => Some(current.version),
            true => None,
            false => version_of(&change).filter(|version| *version > current.version),
        };
        let Some(version) = version.filter(|_| index > current.index) else {
            return Ok(());
        };
        let state = self
            .node
            .apply_conf_change(&change)
            .map_err(|cause| self.internal(&cause))?;
        self.description = Some(LogRecord {
            conf_state: encode_conf_state(&state),
            conf_index: index,
            conf_version: version,
            ..Default::default()
        });
        self.membership.adopt(Configuration {
            state,
            index,
            version,
        });
        self.step_down_if_removed();
        self.draw_election_timeout();
        Ok(())
    }

    /// A leader that is no voter any more would go on for ever. What it has committed it still
    /// tells, so that the others need no election to know.
    fn step_down_if_removed(&mut self) {
        let raft = &mut self.node.raft;
        if raft.state == StateRole::Leader && !raft.promotable() {
            raft.bcast_append();
            let term = raft.term;
            raft.become_follower(term, raft::INVALID_ID);
        }
    }

    /// A leader that steps down may leave a joint configuration behind that no entry will end.
    pub(crate) fn leave_lingering_joint(&mut self) {
        let raft = &self.node.raft;
        let is_idle = raft.state == StateRole::Leader && !raft.has_pending_conf();
        if self.membership.is_joint() && is_idle && raft.commit_to_current_term() {
            // Refused during a transfer of leadership, and then proposed by a later tick.
            let _ = self
                .propose_with(|node| node.propose_conf_change(Vec::new(), ConfChangeV2::default()));
        }
    }

    fn decode_conf_change(&self, encoded: &[u8]) -> Result<ConfChangeV2, ConsensusError> {
        let mut change = ConfChangeV2::default();
        change.merge_from_bytes(encoded).map_err(|cause| {
            ConsensusError::corrupt(
                format!("raft group {}", self.group),
                format!("a conf change does not decode: {cause}"),
            )
        })?;
        Ok(change)
    }
}
