//! All tables of one commit: to look at, or to copy into a store of their own.

use std::path::Path;

use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    Value, WriteTransaction,
};
use roaring::RoaringBitmap;

use super::row::decode_row;
use super::state::State;
use super::tables::{
    FREE, FREED, IDS, KEY_ORDER, KEYS, META, REQUEST_ORDER, REQUESTS, ROWS, STATE_KEY, freed_slots,
};
use super::{FILE_NAME, Store, StoreView, from_redb};
use crate::error::EngineResult;

/// Rows between two looks at whether to go on.
const CHECK_ROWS: usize = 1024;
/// Bytes of pages that a copy may hold in memory: what does not fit is written in the middle of the
/// transaction, so more is faster.
const COPY_CACHE_BYTES: usize = 64 << 20;

/// What one commit left, for as long as it is wanted. The file keeps its pages meanwhile.
pub struct StoreMoment {
    transaction: ReadTransaction,
}

impl Store {
    /// The tables of the last commit, durable or not.
    pub fn moment(&self) -> EngineResult<StoreMoment> {
        let transaction = self
            .database
            .begin_read()
            .map_err(|error| from_redb(error.into()))?;
        Ok(StoreMoment { transaction })
    }
}

impl StoreMoment {
    pub fn view(&self) -> EngineResult<StoreView> {
        StoreView::new(&self.transaction)
    }

    pub fn state(&self) -> EngineResult<State> {
        let meta = self.table(META)?;
        let state = meta
            .get(STATE_KEY)
            .map_err(|error| from_redb(error.into()))?;
        state.map_or(Ok(State::default()), |bytes| State::decode(bytes.value()))
    }

    /// Slots freed since the last durable commit, whose rows are still there.
    pub fn freed(&self) -> EngineResult<RoaringBitmap> {
        let freed = freed_slots(&self.table(FREED)?)?;
        Ok(freed.into_iter().collect())
    }

    /// Writes a store of its own with the same content.
    ///
    /// redb's file cannot be copied while it is written: its header names the newest commit, and
    /// nothing promises that pages of an older one stay. So the tables are read and written again,
    /// in the order of their keys, which costs more and leaves no holes. `go_on` is asked now and
    /// then.
    pub fn copy_to(&self, folder: &Path, go_on: &dyn Fn() -> EngineResult<()>) -> EngineResult<()> {
        let database = Database::builder()
            .set_cache_size(COPY_CACHE_BYTES)
            .create(folder.join(FILE_NAME))
            .map_err(|error| from_redb(error.into()))?;
        let copy = Store { database };
        let write = copy.begin()?;
        let tables = Copy {
            from: &self.transaction,
            to: &write.transaction,
            go_on,
        };
        tables.table(IDS, |_, _| Ok(()))?;
        // A damaged row is found here, so that it stays where it is.
        tables.table(ROWS, |slot, row| decode_row(slot, row).map(drop))?;
        tables.table(FREE, |_, ()| Ok(()))?;
        tables.table(FREED, |_, ()| Ok(()))?;
        tables.table(META, |_, _| Ok(()))?;
        tables.table(REQUESTS, |_, _| Ok(()))?;
        tables.table(REQUEST_ORDER, |_, _| Ok(()))?;
        tables.table(KEYS, |_, _| Ok(()))?;
        tables.table(KEY_ORDER, |_, _| Ok(()))?;
        write.commit_durable()?;
        copy.close()
    }

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> EngineResult<redb::ReadOnlyTable<K, V>> {
        self.transaction
            .open_table(table)
            .map_err(|error| from_redb(error.into()))
    }
}

struct Copy<'a> {
    from: &'a ReadTransaction,
    to: &'a WriteTransaction,
    go_on: &'a dyn Fn() -> EngineResult<()>,
}

impl Copy<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
        check: impl for<'v> Fn(K::SelfType<'v>, V::SelfType<'v>) -> EngineResult<()>,
    ) -> EngineResult<()> {
        let from = match self.from.open_table(table) {
            Ok(from) => from,
            // A release that had no such table wrote the store, and nothing was written since.
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(from_redb(error.into())),
        };
        let mut to = self
            .to
            .open_table(table)
            .map_err(|error| from_redb(error.into()))?;
        let fault = |error: redb::StorageError| from_redb(error.into());
        for (number, found) in from.iter().map_err(fault)?.enumerate() {
            if number % CHECK_ROWS == 0 {
                (self.go_on)()?;
            }
            let (key, value) = found.map_err(fault)?;
            check(key.value(), value.value())?;
            to.insert(key.value(), value.value()).map_err(fault)?;
        }
        Ok(())
    }
}
