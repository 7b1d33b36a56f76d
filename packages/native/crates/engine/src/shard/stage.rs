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
    DeletePoints, PointRecord, UpdatePayload, UpsertPoints, WriteCommand, WriteResult,
};
use crate::messages::vectron::Filter;
use crate::payload::{Patch, check_declared, patch_payload};
use crate::resident::decode_schema;
use crate::store::{Keyed, Row, StoredPoint, Tables};

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
        expire_ms: u64,
        old: Option<OldPoint>,
    },
    Remove(OldPoint),
    Payload {
        slot: u32,
        before: Vec<u8>,
        after: Vec<u8>,
        /// Before and after.
        expire_ms: (u64, u64),
    },
    /// Fields newly declared.
    Declare(Schema),
}

/// A slot that is no longer used, with the payload that was indexed under it.
pub(super) struct OldPoint {
    pub slot: u32,
    pub payload: Vec<u8>,
    pub expire_ms: u64,
}

impl From<StoredPoint> for OldPoint {
    fn from(point: StoredPoint) -> Self {
        Self {
            slot: point.slot,
            payload: point.payload,
            expire_ms: point.expire_ms,
        }
    }
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
    pub fn command(&mut self, index: u64, command: &WriteCommand) -> EngineResult<WriteResult> {
        if let Some(known) = self.known_result(command)? {
            return Ok(known);
        }
        let result = match self.run(index, command) {
            Ok(affected) => WriteResult {
                affected,
                error: None,
            },
            Err(Refusal::Command(error)) => refused(&error),
            Err(Refusal::Fault(error)) => return Err(error),
        };
        let WriteCommand {
            request_id,
            key,
            fingerprint,
            ..
        } = command;
        if !request_id.is_empty() {
            self.tables
                .keep_request(request_id, index, &result.encode_to_vec())?;
        }
        if !key.is_empty() {
            self.tables
                .keep_keyed(key, index, fingerprint, &result.encode_to_vec())?;
        }
        Ok(result)
    }

    /// What a command answers that was applied before.
    fn known_result(&self, command: &WriteCommand) -> EngineResult<Option<WriteResult>> {
        let WriteCommand {
            request_id,
            key,
            fingerprint,
            ..
        } = command;
        let mut known = None;
        if !request_id.is_empty() {
            known = self.tables.request_result(request_id)?;
        }
        if !key.is_empty() {
            match self.tables.keyed(key, fingerprint)? {
                Keyed::Never => {}
                Keyed::Done(result) => known = Some(result),
                Keyed::Other => {
                    let message = "the request id was used for another request before";
                    let error = EngineError::new(reason::IDEMPOTENCY_KEY_REUSED, message, "");
                    return Ok(Some(refused(&error)));
                }
            }
        }
        let decode = |known: Vec<u8>| {
            WriteResult::decode(known.as_slice())
                .map_err(|error| EngineError::corrupt(crate::store::FILE_NAME, error))
        };
        known.map(decode).transpose()
    }

    fn run(&mut self, index: u64, write: &WriteCommand) -> Result<u64, Refusal> {
        let Some(command) = &write.command else {
            return Ok(0);
        };
        let rule = RowRule::compile(write.row_rule.as_ref(), &self.schema);
        let scope = Scope {
            index,
            time_ms: write.time_ms,
            rule: rule.map_err(Refusal::Command)?,
        };
        match command {
            Command::Upsert(upsert) => self.upsert(&scope, upsert),
            Command::Delete(delete) => self.delete(&scope, delete),
            Command::UpdatePayload(update) => self.update_payload(&scope, update),
            Command::SetSchema(schema) => self.declare(decode_schema(&schema.payload_schema)),
        }
    }

    /// The point that there is when a command is made, for whomever.
    fn there(&self, scope: &Scope<'_>, id: &str) -> EngineResult<Option<StoredPoint>> {
        let point = self.tables.point(id)?;
        Ok(point.filter(|point| !point.has_expired(scope.time_ms)))
    }

    /// The point that there is for a command.
    fn find(&self, scope: &Scope<'_>, id: &str) -> EngineResult<Option<StoredPoint>> {
        let Some(point) = self.there(scope, id)? else {
            return Ok(None);
        };
        let admits = scope.rule.admits(id, &point.payload, &self.schema)?;
        Ok(admits.then_some(point))
    }

    /// Refuses a command that names a point whose version is another than it says.
    fn check_versions(
        &self,
        scope: &Scope<'_>,
        ids: &[String],
        expected: Expected,
    ) -> Result<(), Refusal> {
        let Some(version) = expected.version else {
            return Ok(());
        };
        for id in ids {
            let found = self.find(scope, id)?;
            if found.is_some() || !expected.skips_absent {
                check_version(id, version, found.as_ref()).map_err(Refusal::Command)?;
            }
        }
        Ok(())
    }

    /// All points are checked before the first is written.
    fn upsert(&mut self, scope: &Scope<'_>, upsert: &UpsertPoints) -> Result<u64, Refusal> {
        for point in &upsert.points {
            self.check_point(&point.id, &point.vector, &point.payload)
                .map_err(Refusal::Command)?;
            self.check_replaced(scope, point)?;
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
                vector_version: scope.index,
                version: scope.index,
                expire_ms: point.expire_ms,
                id: point.id.as_bytes(),
                payload: &point.payload,
            };
            let old = match self.tables.put(slot, &row)? {
                None => None,
                Some(slot) => Some(self.tables.point_in(slot)?.into()),
            };
            self.bytes += (point.vector.len() + point.payload.len() + point.id.len() + 64) as u64;
            self.changes.push(Change::Put {
                slot,
                id: point.id.clone(),
                vector: point.vector.clone(),
                payload: point.payload.clone(),
                expire_ms: point.expire_ms,
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

    /// Refuses a point that is outside of the rule, would replace one that is, or one of another
    /// version. Who may not see the point there learns no version of it.
    fn check_replaced(&self, scope: &Scope<'_>, point: &PointRecord) -> Result<(), Refusal> {
        let PointRecord { id, payload, .. } = point;
        if point.if_version.is_none() && scope.rule.admits_all() {
            return Ok(());
        }
        let there = self.there(scope, id)?;
        let found = self.find(scope, id)?;
        if let Some(wanted) = point.if_version {
            check_version(id, wanted, found.as_ref()).map_err(Refusal::Command)?;
        }
        let what = if !scope.rule.admits(id, payload, &self.schema)? {
            "the payload does not match"
        } else if there.is_some() && found.is_none() {
            "the id is taken by a point outside of"
        } else {
            return Ok(());
        };
        Err(Refusal::Command(scope.rule.refusal(id, what)))
    }

    fn delete(&mut self, scope: &Scope<'_>, delete: &DeletePoints) -> Result<u64, Refusal> {
        let mut affected = 0;
        let ids = self.named_ids(&delete.ids, delete.filter.as_ref())?;
        let expected = Expected {
            version: delete.if_version,
            skips_absent: delete.skip_absent,
        };
        self.check_versions(scope, &ids, expected)?;
        self.room
            .claim(self.shard, Purpose::Free, ids.len() as u64, 0)?;
        let until = delete.written_until;
        for id in ids.iter() {
            let found = match delete.expired_by_ms {
                0 => self.find(scope, id)?,
                by_ms => self
                    .tables
                    .point(id)?
                    .filter(|point| point.has_expired(by_ms)),
            };
            let Some(point) = found else {
                continue;
            };
            if until > 0 && point.vector_version > until {
                continue;
            }
            self.tables.remove(id.as_bytes())?;
            self.changes.push(Change::Remove(point.into()));
            self.bytes += 64;
            affected += 1;
        }
        Ok(affected)
    }

    fn update_payload(
        &mut self,
        scope: &Scope<'_>,
        update: &UpdatePayload,
    ) -> Result<u64, Refusal> {
        let patch = Patch {
            set: &update.set,
            remove: &update.remove,
            replace: update.replace,
        };
        let mut patched = Vec::new();
        let ids = self.named_ids(&update.ids, update.filter.as_ref())?;
        let expected = Expected {
            version: update.if_version,
            skips_absent: update.skip_absent,
        };
        self.check_versions(scope, &ids, expected)?;
        for id in ids.iter() {
            let Some(point) = self.find(scope, id)? else {
                continue;
            };
            let after = match patch.is_empty() {
                true => point.payload.clone(),
                false => patch_payload(&point.payload, &patch).map_err(Refusal::Command)?,
            };
            check_payload(&after, &self.schema).map_err(Refusal::Command)?;
            if !scope.rule.admits(id, &after, &self.schema)? {
                let what = "the new payload does not match";
                return Err(Refusal::Command(scope.rule.refusal(id, what)));
            }
            patched.push((id.clone(), point, after));
        }
        let affected = patched.len() as u64;
        let bytes = patched.iter().map(|(.., after)| after.len() as u64).sum();
        self.room
            .claim(self.shard, Purpose::Grow, affected, bytes)?;
        for (id, point, after) in patched {
            let expire_ms = update.expire_ms.unwrap_or(point.expire_ms);
            let row = Row {
                vector_version: point.vector_version,
                version: scope.version_after(&point),
                expire_ms,
                id: id.as_bytes(),
                payload: &after,
            };
            self.tables.write_row(point.slot, &row)?;
            self.bytes += (after.len() + id.len() + 64) as u64;
            self.changes.push(Change::Payload {
                slot: point.slot,
                before: point.payload,
                after,
                expire_ms: (point.expire_ms, expire_ms),
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
        // What reads here take for expired may be there for the command.
        let stored = resident.stored();
        let mut context = resident.filter_context(&view);
        context.visible = &stored;
        let matches = evaluate_filter(&filter, context)?;
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

/// What there is for one command, and when it was made.
struct Scope<'r> {
    /// Its place in the log.
    index: u64,
    /// Unix milliseconds; 0 in commands of releases that knew none.
    time_ms: u64,
    rule: RowRule<'r>,
}

impl Scope<'_> {
    /// The version that an update of its payload gives a point. Commands of earlier releases gave
    /// none, and a replica that applies one now must not differ from those that did then.
    fn version_after(&self, point: &StoredPoint) -> u64 {
        if self.time_ms == 0 {
            point.version
        } else {
            self.index
        }
    }
}

/// The result of a command that changes nothing.
pub(super) fn refused(error: &EngineError) -> WriteResult {
    WriteResult {
        affected: 0,
        error: Some(error.to_message()),
    }
}

/// The version that a command expects of each point that it names.
struct Expected {
    version: Option<u64>,
    skips_absent: bool,
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

/// Compares the version that a command wants with that of the point that there is for it.
fn check_version(id: &str, wanted: u64, found: Option<&StoredPoint>) -> EngineResult<()> {
    let version = found.map_or(0, |point| point.version);
    if version == wanted {
        return Ok(());
    }
    let wants = match wanted {
        0 => "there must be no such point".to_owned(),
        _ => format!("the point must have version {wanted}"),
    };
    let is = match version {
        0 => "there is none".to_owned(),
        _ => format!("it has version {version}"),
    };
    let message = format!("{id:?}: {wants}, but {is}");
    Err(EngineError::new(reason::VERSION_MISMATCH, message, id))
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
