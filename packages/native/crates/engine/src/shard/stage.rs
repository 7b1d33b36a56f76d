//! Turns committed commands into changes of the store, inside one write transaction.
//!
//! Must stay true: everything here follows from the store and the commands alone, so that a replay
//! gives the same slots and the same results; a refused command changes nothing; the vector of a
//! fresh slot is written before the transaction that names the slot can commit.

use std::borrow::Cow;
use std::collections::HashSet;

use bytes::Bytes;
use prost::Message;

use super::Shard;
use super::room::{Purpose, Room};
use super::row_rule::RowRule;
use super::view::ShardView;
use crate::error::{EngineError, EngineResult, reason};
use crate::fields::Schema;
use crate::filter::{compile_filter, evaluate_filter};
use crate::messages::engine::write_command::Command;
use crate::messages::engine::{
    DeletePoints, PointRecord, UpdatePayload, UpsertPoints, WriteResult,
};
use crate::messages::vectron::Filter;
use crate::payload::{Patch, check_declared, patch_payload};
use crate::resident::decode_schema;
use crate::store::{Row, Tables};

const ID_BYTES_MAX: usize = 512;
const PAYLOAD_BYTES_MAX: usize = 1 << 20;
pub(super) const SCHEMA_KEY: &str = "schema";

/// What memory must learn once the transaction has committed, in order.
pub(super) enum Change {
    Put {
        slot: u32,
        id: String,
        vector: Bytes,
        payload: Bytes,
        old: Option<OldPoint>,
    },
    Remove(OldPoint),
    Payload {
        slot: u32,
        before: Vec<u8>,
        after: Vec<u8>,
    },
    /// Fields newly declared.
    Declare(Schema),
}

/// A slot that is no longer used, with the payload that was indexed under it.
pub(super) struct OldPoint {
    pub slot: u32,
    pub payload: Vec<u8>,
}

/// Commands of one transaction.
pub(super) struct Stage<'a> {
    shard: &'a Shard,
    tables: Tables<'a>,
    schema: Cow<'a, Schema>,
    room: Room,
    pub changes: Vec<Change>,
    /// Points and payloads written, roughly in bytes.
    pub bytes: u64,
}

impl<'a> Stage<'a> {
    pub fn new(shard: &'a Shard, tables: Tables<'a>, schema: &'a Schema) -> Self {
        Self {
            shard,
            tables,
            schema: Cow::Borrowed(schema),
            room: Room::default(),
            changes: Vec::new(),
            bytes: 0,
        }
    }

    /// Notes the last applied entry and hands the tables back for the commit.
    pub fn finish(mut self, applied_index: u64) -> EngineResult<(Vec<Change>, u64)> {
        self.tables.state.applied_index = applied_index;
        self.tables.finish()?;
        Ok((self.changes, self.bytes))
    }

    /// Runs one command, or finds the result of an earlier one with the same request id.
    pub fn command(
        &mut self,
        index: u64,
        request_id: &str,
        command: &Command,
        row_rule: Option<&Filter>,
    ) -> EngineResult<WriteResult> {
        if !request_id.is_empty()
            && let Some(known) = self.tables.request_result(request_id)?
        {
            return WriteResult::decode(known.as_slice())
                .map_err(|error| EngineError::corrupt(crate::store::FILE_NAME, error));
        }
        let result = match self.run(index, command, row_rule) {
            Ok(affected) => WriteResult {
                affected,
                error: None,
            },
            Err(Refusal::Command(error)) => WriteResult {
                affected: 0,
                error: Some(error.to_message()),
            },
            Err(Refusal::Fault(error)) => return Err(error),
        };
        if !request_id.is_empty() {
            self.tables
                .keep_request(request_id, index, &result.encode_to_vec())?;
        }
        Ok(result)
    }

    fn run(
        &mut self,
        index: u64,
        command: &Command,
        row_rule: Option<&Filter>,
    ) -> Result<u64, Refusal> {
        let rule = RowRule::compile(row_rule, &self.schema).map_err(Refusal::Command)?;
        match command {
            Command::Upsert(upsert) => self.upsert(index, upsert, &rule),
            Command::Delete(delete) => self.delete(delete, &rule),
            Command::UpdatePayload(update) => self.update_payload(update, &rule),
            Command::SetSchema(schema) => self.declare(decode_schema(&schema.payload_schema)),
        }
    }

    fn upsert(
        &mut self,
        index: u64,
        upsert: &UpsertPoints,
        rule: &RowRule<'_>,
    ) -> Result<u64, Refusal> {
        for point in &upsert.points {
            self.check_point(&point.id, &point.vector, &point.payload)
                .map_err(Refusal::Command)?;
            self.check_within(rule, point)?;
        }
        let payloads = upsert.points.iter();
        let bytes = payloads
            .map(|point| point.vector.len() + point.payload.len())
            .sum::<usize>();
        let points = upsert.points.len() as u64;
        self.room
            .claim(self.shard, Purpose::Grow, points, bytes as u64)?;
        for point in &upsert.points {
            let slot = self.tables.take_slot()?;
            self.shard.vectors.write(slot, &point.vector)?;
            let row = Row {
                version: index,
                id: point.id.as_bytes(),
                payload: &point.payload,
            };
            let old = match self.tables.put(slot, &row)? {
                None => None,
                Some(slot) => Some(OldPoint {
                    slot,
                    payload: self.tables.payload(slot)?.1,
                }),
            };
            self.bytes += (point.vector.len() + point.payload.len() + point.id.len() + 64) as u64;
            self.changes.push(Change::Put {
                slot,
                id: point.id.clone(),
                vector: point.vector.clone(),
                payload: point.payload.clone(),
                old,
            });
        }
        Ok(upsert.points.len() as u64)
    }

    fn check_point(&self, id: &str, vector: &[u8], payload: &[u8]) -> EngineResult<()> {
        let refuse = |reason, message: String| Err(EngineError::new(reason, message, "points"));
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            let message = format!("an id has {} bytes, not 1 to {ID_BYTES_MAX}", id.len());
            return refuse(reason::INVALID_ID, message);
        }
        let wanted = self.shard.config.dimension;
        if vector.len() != wanted * 4 {
            let message = format!(
                "the vector of {id:?} has {} bytes; {wanted} components have {}",
                vector.len(),
                wanted * 4
            );
            return refuse(reason::WRONG_DIMENSION, message);
        }
        if !all_finite(vector) {
            let message = format!("the vector of {id:?} has a component that is not finite");
            return refuse(reason::NOT_FINITE, message);
        }
        check_payload(payload, &self.schema)
    }

    /// Refuses a point that is outside of the rule, or would replace one that is.
    fn check_within(&self, rule: &RowRule<'_>, point: &PointRecord) -> Result<(), Refusal> {
        let PointRecord { id, payload, .. } = point;
        let what = if !rule.admits(id, payload, &self.schema)? {
            "the payload does not match"
        } else if self.is_hidden(rule, id)? {
            "the id is taken by a point outside of"
        } else {
            return Ok(());
        };
        Err(Refusal::Command(rule.refusal(id, what)))
    }

    /// Whether there is such a point and it is outside of the rule.
    fn is_hidden(&self, rule: &RowRule<'_>, id: &str) -> EngineResult<bool> {
        if matches!(rule, RowRule::Everything) {
            return Ok(false);
        }
        let Some(slot) = self.tables.slot_of(id)? else {
            return Ok(false);
        };
        let (_, payload) = self.tables.payload(slot)?;
        Ok(!rule.admits(id, &payload, &self.schema)?)
    }

    fn delete(&mut self, delete: &DeletePoints, rule: &RowRule<'_>) -> Result<u64, Refusal> {
        let mut affected = 0;
        let ids = self.named_ids(&delete.ids, delete.filter.as_ref())?;
        self.room
            .claim(self.shard, Purpose::Free, ids.len() as u64, 0)?;
        let until = delete.written_until;
        for id in ids.iter() {
            if self.is_hidden(rule, id)? || (until > 0 && !self.is_written_by(id, until)?) {
                continue;
            }
            if let Some(slot) = self.tables.remove(id.as_bytes())? {
                let payload = self.tables.payload(slot)?.1;
                self.changes
                    .push(Change::Remove(OldPoint { slot, payload }));
                self.bytes += 64;
                affected += 1;
            }
        }
        Ok(affected)
    }

    /// Whether the point exists and was last upserted by this log index or an earlier one.
    fn is_written_by(&self, id: &str, until: u64) -> EngineResult<bool> {
        match self.tables.slot_of(id)? {
            None => Ok(false),
            Some(slot) => Ok(self.tables.payload(slot)?.0 <= until),
        }
    }

    fn update_payload(
        &mut self,
        update: &UpdatePayload,
        rule: &RowRule<'_>,
    ) -> Result<u64, Refusal> {
        let patch = Patch {
            set: &update.set,
            remove: &update.remove,
            replace: update.replace,
        };
        let mut patched = Vec::new();
        for id in self.named_ids(&update.ids, update.filter.as_ref())?.iter() {
            let Some(slot) = self.tables.slot_of(id)? else {
                continue;
            };
            let (version, before) = self.tables.payload(slot)?;
            if !rule.admits(id, &before, &self.schema)? {
                continue;
            }
            let after = patch_payload(&before, &patch).map_err(Refusal::Command)?;
            check_payload(&after, &self.schema).map_err(Refusal::Command)?;
            if !rule.admits(id, &after, &self.schema)? {
                let what = "the new payload does not match";
                return Err(Refusal::Command(rule.refusal(id, what)));
            }
            patched.push((slot, version, id.clone(), before, after));
        }
        let affected = patched.len() as u64;
        let bytes = patched.iter().map(|(.., after)| after.len() as u64).sum();
        self.room
            .claim(self.shard, Purpose::Grow, affected, bytes)?;
        for (slot, version, id, before, after) in patched {
            let row = Row {
                version,
                id: id.as_bytes(),
                payload: &after,
            };
            self.tables.write_row(slot, &row)?;
            self.bytes += (after.len() + id.len() + 64) as u64;
            self.changes.push(Change::Payload {
                slot,
                before,
                after,
            });
        }
        Ok(affected)
    }

    /// The ids that a command names, each once: its list, or what its filter matches.
    fn named_ids<'i>(
        &self,
        ids: &'i [String],
        filter: Option<&Filter>,
    ) -> Result<Cow<'i, [String]>, Refusal> {
        let Some(filter) = filter else {
            let mut seen = HashSet::new();
            if ids.iter().all(|id| seen.insert(id)) {
                return Ok(Cow::Borrowed(ids));
            }
            let mut seen = HashSet::new();
            return Ok(ids.iter().filter(|id| seen.insert(*id)).cloned().collect());
        };
        let filter = compile_filter(filter, &self.schema).map_err(Refusal::Command)?;
        let resident = self.shard.resident();
        let view = ShardView::new(self.shard);
        let matches = evaluate_filter(&filter, resident.filter_context(&view))?;
        let ids = matches
            .slots
            .iter()
            .filter_map(|slot| resident.ids.get(slot));
        Ok(ids
            .map(|id| String::from_utf8_lossy(id).into_owned())
            .collect())
    }

    fn declare(&mut self, fields: Schema) -> Result<u64, Refusal> {
        let mut added = Schema::new();
        for (path, kind) in fields {
            match self.schema.get(&path) {
                None => {
                    added.insert(path, kind);
                }
                Some(known) if *known == kind => {}
                Some(_) => {
                    let message = format!("payload field {path:?} is declared with another type");
                    let error = EngineError::new(reason::SCHEMA_CONFLICT, message, path);
                    return Err(Refusal::Command(error));
                }
            }
        }
        if added.is_empty() {
            return Ok(0);
        }
        let count = added.len() as u64;
        self.schema.to_mut().extend(added.clone());
        let encoded = encode_schema(&self.schema);
        self.room
            .claim(self.shard, Purpose::Grow, 0, encoded.len() as u64)?;
        self.tables.set_meta(SCHEMA_KEY, &encoded)?;
        self.changes.push(Change::Declare(added));
        Ok(count)
    }
}

/// A command is refused for what it says; a fault stops the whole transaction.
enum Refusal {
    Command(EngineError),
    Fault(EngineError),
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Refusal::Fault(error)
    }
}

fn check_payload(payload: &[u8], schema: &Schema) -> EngineResult<()> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        let message = format!(
            "a payload has {} bytes; {PAYLOAD_BYTES_MAX} are allowed",
            payload.len()
        );
        return Err(EngineError::new(
            reason::INVALID_PAYLOAD,
            message,
            "payload",
        ));
    }
    check_declared(payload, schema)
}

/// A float is not finite when all bits of its exponent are set.
fn all_finite(vector: &[u8]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    let words = vector.chunks_exact(4);
    words.fold(true, |finite, bytes| {
        let bits = u32::from_le_bytes(bytes.try_into().expect("chunks have 4 bytes"));
        finite & (bits & EXPONENT != EXPONENT)
    })
}

/// Declared types as the store keeps them: an encoded `engine.v1.SetSchema`.
pub(super) fn encode_schema(schema: &Schema) -> Vec<u8> {
    let payload_schema = schema
        .iter()
        .map(|(path, kind)| (path.clone(), *kind as i32))
        .collect();
    crate::messages::engine::SetSchema { payload_schema }.encode_to_vec()
}

/// Whether a command looks at memory, which must then hold everything before it.
pub(super) fn reads_memory(command: &Command) -> bool {
    match command {
        Command::Delete(delete) => delete.filter.is_some(),
        Command::UpdatePayload(update) => update.filter.is_some(),
        Command::Upsert(_) | Command::SetSchema(_) => false,
    }
}
