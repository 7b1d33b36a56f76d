//! Snapshots of one group: what a leader sends instead of entries, and what a follower takes.
//!
//! A snapshot's data is opaque here but for one thing: the membership version of its configuration
//! goes with it, as the field `conf_version` of raft.v1.SnapshotDescriptor (proto/raft/v1), added
//! to the end of what the host encoded. So no host has to know it.

use bytes::Bytes;
use prost::Message as _;
use raft::SnapshotStatus;
use raft::eraftpb::{Message, Snapshot};

use crate::answers::{SnapshotInstall, SnapshotOffer, SnapshotOutcome};
use crate::error::ConsensusError;
use crate::group::Group;
use crate::membership::{Configuration, is_member};
use crate::records::{LogPosition, LogRecord, encode_conf_state};

/// The one field that the core owns.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct DescriptorVersion {
    #[prost(uint64, tag = "6")]
    conf_version: u64,
}

impl Group {
    /// Answers a wish: followers behind the log's start get this snapshot from now on. Its index
    /// must be applied, and in the log or its start.
    pub fn set_snapshot(&mut self, index: u64, data: &[u8]) -> Result<(), ConsensusError> {
        let refused = |why: &str| {
            ConsensusError::internal(format!(
                "raft group {}: a snapshot of index {index} cannot be sent: {why}",
                self.group
            ))
        };
        let term = self.node.store().term_at(index);
        let term = term.ok_or_else(|| refused("its term is forgotten"))?;
        let members = self.membership.at(index);
        let members = members.ok_or_else(|| refused("its members are forgotten"))?;
        let version = DescriptorVersion {
            conf_version: members.version,
        };
        let mut snapshot = Snapshot::default();
        let metadata = snapshot.mut_metadata();
        metadata.index = index;
        metadata.term = term;
        metadata.set_conf_state(members.state.clone());
        snapshot.data = [data, &version.encode_to_vec()].concat().into();
        self.node.mut_store().set_snapshot(Some(snapshot));
        Ok(())
    }

    /// No follower gets the snapshot any more.
    pub fn drop_snapshot(&mut self) {
        self.node.mut_store().set_snapshot(None);
    }

    /// Must follow every snapshot that was sent: until then the follower gets nothing.
    pub fn report_snapshot(&mut self, replica: u64, outcome: SnapshotOutcome) {
        let status = match outcome {
            SnapshotOutcome::Installed => SnapshotStatus::Finish,
            SnapshotOutcome::Failed => SnapshotStatus::Failure,
        };
        self.node.report_snapshot(replica, status);
    }

    /// Whether a snapshot would replace what is here. Raft itself answers one that would not.
    pub(crate) fn needs(&self, message: &Message) -> bool {
        let metadata = message.get_snapshot().get_metadata();
        let log = &self.node.raft.raft_log;
        message.term >= self.node.raft.term
            && metadata.index > log.committed
            && !log.match_term(metadata.index, metadata.term)
            && is_member(metadata.get_conf_state(), self.replica)
    }

    /// None while another one is being installed.
    pub(crate) fn offer(&self, mut message: Message) -> Option<SnapshotOffer> {
        let from = message.from;
        let snapshot = message.mut_snapshot();
        self.installing.is_none().then(|| SnapshotOffer {
            index: snapshot.get_metadata().index,
            term: snapshot.get_metadata().term,
            from,
            data: std::mem::take(&mut snapshot.data),
        })
    }

    /// Takes in a snapshot message whose files are prepared. false when it came too late: then
    /// nothing is installed.
    pub fn accept_snapshot(&mut self, encoded: &[u8]) -> Result<bool, ConsensusError> {
        let message = self.decode_message(encoded)?;
        if message.to != self.replica || !self.needs(&message) || self.installing.is_some() {
            return Ok(false);
        }
        let index = message.get_snapshot().get_metadata().index;
        self.take_in(message);
        if self.node.raft.snap().is_none() {
            return Ok(false);
        }
        // From here on no other one is offered: its files would replace those of this one.
        self.installing = Some(index);
        Ok(true)
    }

    /// Raft has taken a snapshot: it goes into the record, and the log begins anew after it.
    pub(crate) fn begin_install(
        &mut self,
        snapshot: &Snapshot,
        record: &mut Option<LogRecord>,
    ) -> SnapshotInstall {
        let metadata = snapshot.get_metadata();
        let position = LogPosition {
            index: metadata.index,
            term: metadata.term,
        };
        let version = DescriptorVersion::decode(snapshot.get_data()).unwrap_or_default();
        let configuration = Configuration {
            state: metadata.get_conf_state().clone(),
            index: position.index,
            version: version.conf_version,
        };
        *record = Some(LogRecord {
            conf_state: encode_conf_state(&configuration.state),
            conf_index: configuration.index,
            conf_version: configuration.version,
            snapshot: Some(position),
            replica_id: self.replica,
            ..Default::default()
        });
        self.membership.restore(configuration);
        self.node.mut_store().restore(position);
        self.installing = Some(position.index);
        SnapshotInstall {
            group: self.group,
            index: position.index,
            term: position.term,
            data: Bytes::copy_from_slice(snapshot.get_data()),
        }
    }
}
