//! The tables of one write transaction, and the few things that are done to them.

use redb::{ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};

use super::row::{Row, decode_row, encode_row};
use super::state::State;
use super::{FILE_NAME, from_redb};
use crate::error::{EngineError, EngineResult};

pub const IDS: TableDefinition<&[u8], u32> = TableDefinition::new("ids");
pub const ROWS: TableDefinition<u32, &[u8]> = TableDefinition::new("rows");
/// Slots that may be handed out again.
pub const FREE: TableDefinition<u32, ()> = TableDefinition::new("free");
/// Slots freed since the last durable commit.
pub const FREED: TableDefinition<u32, ()> = TableDefinition::new("freed");
pub const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// From request id to the log index of its command and its encoded result.
pub const REQUESTS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("requests");
/// From log index to request id, to drop the oldest.
pub const REQUEST_ORDER: TableDefinition<u64, &[u8]> = TableDefinition::new("request_order");

/// From idempotency key to the fingerprint of its command and the encoded result.
pub const KEYS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("keys");
/// From log index to idempotency key, to drop the oldest.
pub const KEY_ORDER: TableDefinition<u64, &[u8]> = TableDefinition::new("key_order");

/// Results kept for the dedupe of requests, in each shard.
pub const REQUESTS_MAX: u64 = 10_000;
/// Results kept by idempotency key, in each shard.
pub const KEYS_MAX: u64 = 10_000;
/// Bytes of a fingerprint in `keys`; a shorter one is filled up with zeros.
const FINGERPRINT_BYTES: usize = 16;
pub const STATE_KEY: &str = "state";

pub struct Tables<'t> {
    ids: Table<'t, &'static [u8], u32>,
    rows: Table<'t, u32, &'static [u8]>,
    free: Table<'t, u32, ()>,
    freed: Table<'t, u32, ()>,
    meta: Table<'t, &'static str, &'static [u8]>,
    requests: Table<'t, &'static [u8], &'static [u8]>,
    request_order: Table<'t, u64, &'static [u8]>,
    keys: Table<'t, &'static [u8], &'static [u8]>,
    key_order: Table<'t, u64, &'static [u8]>,
    /// Written back by `finish`.
    pub state: State,
    row: Vec<u8>,
}

/// A point as a transaction sees it, without its vector.
#[derive(Debug)]
pub struct StoredPoint {
    pub slot: u32,
    pub vector_version: u64,
    pub version: u64,
    pub expire_ms: u64,
    pub payload: Vec<u8>,
}

impl StoredPoint {
    /// Whether its time has come.
    pub fn has_expired(&self, time_ms: u64) -> bool {
        self.expire_ms != 0 && self.expire_ms <= time_ms
    }
}

/// Shorthand for redb's storage errors.
fn fault(error: redb::StorageError) -> EngineError {
    from_redb(error.into())
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> EngineResult<Self> {
        let fault = |error: redb::TableError| from_redb(error.into());
        let meta = transaction.open_table(META).map_err(fault)?;
        let state = match meta
            .get(STATE_KEY)
            .map_err(|error| from_redb(error.into()))?
        {
            Some(bytes) => State::decode(bytes.value())?,
            None => State::default(),
        };
        Ok(Self {
            ids: transaction.open_table(IDS).map_err(fault)?,
            rows: transaction.open_table(ROWS).map_err(fault)?,
            free: transaction.open_table(FREE).map_err(fault)?,
            freed: transaction.open_table(FREED).map_err(fault)?,
            meta,
            requests: transaction.open_table(REQUESTS).map_err(fault)?,
            request_order: transaction.open_table(REQUEST_ORDER).map_err(fault)?,
            keys: transaction.open_table(KEYS).map_err(fault)?,
            key_order: transaction.open_table(KEY_ORDER).map_err(fault)?,
            state,
            row: Vec::new(),
        })
    }

    /// Writes the state back; call it last, before the commit.
    pub fn finish(mut self) -> EngineResult<State> {
        let state = self.state;
        self.set_meta(STATE_KEY, &state.encode())?;
        Ok(state)
    }

    pub fn meta(&self, key: &str) -> EngineResult<Option<Vec<u8>>> {
        let value = self.meta.get(key).map_err(fault)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    pub fn set_meta(&mut self, key: &str, value: &[u8]) -> EngineResult<()> {
        self.meta.insert(key, value).map_err(fault)?;
        Ok(())
    }

    fn slot_of(&self, id: &str) -> EngineResult<Option<u32>> {
        let slot = self.ids.get(id.as_bytes()).map_err(fault)?;
        Ok(slot.map(|slot| slot.value()))
    }

    /// The point of an id.
    pub fn point(&self, id: &str) -> EngineResult<Option<StoredPoint>> {
        let slot = self.slot_of(id)?;
        slot.map(|slot| self.point_in(slot)).transpose()
    }

    /// The point that a slot has, or had before it was freed.
    pub fn point_in(&self, slot: u32) -> EngineResult<StoredPoint> {
        let found = self.rows.get(slot).map_err(fault)?;
        let Some(found) = found else {
            return Err(EngineError::corrupt(
                FILE_NAME,
                format_args!("row {slot} is missing"),
            ));
        };
        let row = decode_row(slot, found.value())?;
        Ok(StoredPoint {
            slot,
            vector_version: row.vector_version,
            version: row.version,
            expire_ms: row.expire_ms,
            payload: row.payload.to_vec(),
        })
    }

    /// Hands out a slot: the lowest free one, else a new one.
    pub fn take_slot(&mut self) -> EngineResult<u32> {
        if self.state.free == 0 {
            return self.new_slot();
        }
        let lowest = self.free.pop_first().map_err(fault)?;
        let slot = lowest.map(|(slot, _)| slot.value());
        let short = || EngineError::corrupt(FILE_NAME, "the list of free slots is short");
        self.state.free -= 1;
        slot.ok_or_else(short)
    }

    fn new_slot(&mut self) -> EngineResult<u32> {
        let slot = self.state.slots_end;
        let end = slot.checked_add(1);
        self.state.slots_end =
            end.ok_or_else(|| EngineError::internal("the shard has no slot left"))?;
        Ok(slot)
    }

    /// Writes a point to its slot; answers the slot that the id had before, which is now freed.
    pub fn put(&mut self, slot: u32, row: &Row<'_>) -> EngineResult<Option<u32>> {
        self.write_row(slot, row)?;
        let before = self
            .ids
            .insert(row.id, slot)
            .map_err(fault)?
            .map(|slot| slot.value());
        match before {
            Some(old) => self.free_slot(old)?,
            None => self.state.points += 1,
        }
        Ok(before)
    }

    /// Replaces the row of a slot in use.
    pub fn write_row(&mut self, slot: u32, row: &Row<'_>) -> EngineResult<()> {
        let mut bytes = std::mem::take(&mut self.row);
        encode_row(slot, row, &mut bytes);
        self.rows.insert(slot, bytes.as_slice()).map_err(fault)?;
        self.row = bytes;
        Ok(())
    }

    /// Removes an id; answers the slot that it had.
    pub fn remove(&mut self, id: &[u8]) -> EngineResult<Option<u32>> {
        let slot = self.ids.remove(id).map_err(fault)?.map(|slot| slot.value());
        if let Some(slot) = slot {
            self.state.points -= 1;
            self.free_slot(slot)?;
        }
        Ok(slot)
    }

    /// The row stays until the next durable commit, for searches that have found the slot.
    fn free_slot(&mut self, slot: u32) -> EngineResult<()> {
        self.freed.insert(slot, ()).map_err(fault)?;
        self.state.freed += 1;
        Ok(())
    }

    /// Makes the freed slots free; for the transaction that is committed durably.
    pub fn release_freed(&mut self) -> EngineResult<()> {
        if self.state.freed == 0 {
            return Ok(());
        }
        for slot in freed_slots(&self.freed)? {
            self.rows.remove(slot).map_err(fault)?;
            self.free.insert(slot, ()).map_err(fault)?;
        }
        self.freed.retain(|_, ()| false).map_err(fault)?;
        self.state.free += self.state.freed;
        self.state.freed = 0;
        Ok(())
    }

    /// The result of an earlier command with this request id.
    pub fn request_result(&self, request_id: &str) -> EngineResult<Option<Vec<u8>>> {
        let found = self.requests.get(request_id.as_bytes()).map_err(fault)?;
        Ok(found.map(|found| found.value().to_vec()))
    }

    /// Keeps a command's result, and forgets the oldest beyond [`REQUESTS_MAX`].
    pub fn keep_request(
        &mut self,
        request_id: &str,
        log_index: u64,
        result: &[u8],
    ) -> EngineResult<()> {
        self.requests
            .insert(request_id.as_bytes(), result)
            .map_err(fault)?;
        self.request_order
            .insert(log_index, request_id.as_bytes())
            .map_err(fault)?;
        self.state.requests += 1;
        while self.state.requests > REQUESTS_MAX {
            let oldest = self.request_order.pop_first().map_err(fault)?;
            let Some((_, oldest)) = oldest else {
                return Err(EngineError::corrupt(
                    FILE_NAME,
                    "the list of requests is short",
                ));
            };
            self.requests.remove(oldest.value()).map_err(fault)?;
            self.state.requests -= 1;
        }
        Ok(())
    }

    /// The result of an earlier command with this idempotency key.
    pub fn keyed(&self, key: &str, fingerprint: &[u8]) -> EngineResult<Keyed> {
        let Some(found) = self.keys.get(key.as_bytes()).map_err(fault)? else {
            return Ok(Keyed::Never);
        };
        let short = || EngineError::corrupt(FILE_NAME, "a result kept by its key is cut short");
        let value = found.value().split_first_chunk();
        let (known, result) = value.ok_or_else(short)?;
        Ok(if *known == padded(fingerprint) {
            Keyed::Done(result.to_vec())
        } else {
            Keyed::Other
        })
    }

    /// Keeps a command's result by its key, and forgets the oldest beyond [`KEYS_MAX`].
    pub fn keep_keyed(
        &mut self,
        key: &str,
        log_index: u64,
        fingerprint: &[u8],
        result: &[u8],
    ) -> EngineResult<()> {
        let value = [&padded(fingerprint), result].concat();
        self.keys
            .insert(key.as_bytes(), value.as_slice())
            .map_err(fault)?;
        self.key_order
            .insert(log_index, key.as_bytes())
            .map_err(fault)?;
        while self.key_order.len().map_err(fault)? > KEYS_MAX {
            let oldest = self.key_order.pop_first().map_err(fault)?;
            let (_, oldest) = oldest.expect("the table is not empty");
            self.keys.remove(oldest.value()).map_err(fault)?;
        }
        Ok(())
    }

    pub fn freed(&self) -> EngineResult<Vec<u32>> {
        freed_slots(&self.freed)
    }
}

/// What is known of an idempotency key.
pub enum Keyed {
    Never,
    /// The encoded result of the same command.
    Done(Vec<u8>),
    /// It was another command's.
    Other,
}

fn padded(fingerprint: &[u8]) -> [u8; FINGERPRINT_BYTES] {
    let mut padded = [0; FINGERPRINT_BYTES];
    let len = fingerprint.len().min(FINGERPRINT_BYTES);
    padded[..len].copy_from_slice(&fingerprint[..len]);
    padded
}

/// All slots of the table.
pub fn freed_slots(freed: &impl ReadableTable<u32, ()>) -> EngineResult<Vec<u32>> {
    let slots = freed.iter().map_err(fault)?;
    slots
        .map(|found| found.map(|(slot, _)| slot.value()).map_err(fault))
        .collect()
}
