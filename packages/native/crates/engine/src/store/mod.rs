//! The store of a shard: one redb file with points, free slots, dedupe results and the applied
//! log index. docs/formats/store.md.
//!
//! Must stay true: each commit holds the points and the log index that made them, so the file is
//! always the state after some entry; commits are durable only at checkpoints; a slot freed since
//! the last durable commit keeps its row and is not handed out again, so that the state of that
//! commit, the log and the vector file always fit each other.

mod moment;
mod row;
mod state;
mod tables;

use std::fs;
use std::ops::{Bound, ControlFlow, Range};
use std::path::Path;

use redb::{
    Builder, Database, Durability, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    WriteTransaction,
};

pub use moment::StoreMoment;
pub use row::Row;
use row::decode_row;
pub use state::State;
pub use tables::{Keyed, StoredPoint, Tables};

use crate::disk::sync_folder;
use crate::error::{EngineError, EngineResult, reason};

pub const FILE_NAME: &str = "store.redb";
/// Bytes of pages that redb may hold in memory. Row reads are few and the kernel caches the file.
const CACHE_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the file and verifies every page of it.
    pub fn open(folder: &Path) -> EngineResult<Self> {
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .open(folder.join(FILE_NAME))
            .map_err(|error| from_redb(error.into()))?;
        Ok(Self { database })
    }

    /// Creates the file; `fill` writes what a new store holds. The file gets its name when all of
    /// it is on disk, so a crash leaves a whole store or none.
    pub fn create(
        folder: &Path,
        fill: impl FnOnce(&mut Tables<'_>) -> EngineResult<()>,
    ) -> EngineResult<()> {
        let path = folder.join(FILE_NAME);
        let temporary = path.with_extension("tmp");
        if temporary.exists() {
            fs::remove_file(&temporary).map_err(|error| EngineError::from_io(FILE_NAME, &error))?;
        }
        let database = Database::create(&temporary).map_err(|error| from_redb(error.into()))?;
        let store = Self { database };
        let write = store.begin()?;
        let mut tables = write.tables()?;
        fill(&mut tables)?;
        tables.finish()?;
        write.commit_durable()?;
        store.close()?;
        let named = fs::rename(&temporary, &path).and_then(|()| sync_folder(folder));
        named.map_err(|error| EngineError::from_io(FILE_NAME, &error))
    }

    pub fn exists(folder: &Path) -> bool {
        folder.join(FILE_NAME).exists()
    }

    pub fn begin(&self) -> EngineResult<StoreWrite> {
        let transaction = self
            .database
            .begin_write()
            .map_err(|error| from_redb(error.into()))?;
        Ok(StoreWrite { transaction })
    }

    /// A view of the last commit, durable or not.
    pub fn view(&self) -> EngineResult<StoreView> {
        let transaction = self
            .database
            .begin_read()
            .map_err(|error| from_redb(error.into()))?;
        StoreView::new(&transaction)
    }

    /// Closes the file. Everything committed becomes durable.
    pub fn close(self) -> EngineResult<()> {
        self.database
            .close()
            .map_err(|error| from_redb(error.into()))
    }
}

/// One write transaction. Dropped without a commit it changes nothing.
pub struct StoreWrite {
    transaction: WriteTransaction,
}

impl StoreWrite {
    pub fn tables(&self) -> EngineResult<Tables<'_>> {
        Tables::open(&self.transaction)
    }

    /// Makes the changes visible; a crash may undo them.
    pub fn commit(mut self) -> EngineResult<()> {
        self.transaction
            .set_durability(Durability::None)
            .map_err(|error| from_redb(error.into()))?;
        self.transaction
            .commit()
            .map_err(|error| from_redb(error.into()))
    }

    /// Makes these changes and all before them survive a crash.
    pub fn commit_durable(mut self) -> EngineResult<()> {
        self.transaction.set_quick_repair(true);
        self.transaction
            .commit()
            .map_err(|error| from_redb(error.into()))
    }
}

/// A consistent view for reads.
pub struct StoreView {
    ids: ReadOnlyTable<&'static [u8], u32>,
    rows: ReadOnlyTable<u32, &'static [u8]>,
}

impl StoreView {
    fn new(transaction: &ReadTransaction) -> EngineResult<Self> {
        let ids = transaction
            .open_table(tables::IDS)
            .map_err(|error| from_redb(error.into()))?;
        let rows = transaction
            .open_table(tables::ROWS)
            .map_err(|error| from_redb(error.into()))?;
        Ok(Self { ids, rows })
    }

    /// Calls back with the row of a slot, which must be there.
    pub fn with_row<T>(
        &self,
        slot: u32,
        use_row: impl FnOnce(Row<'_>) -> EngineResult<T>,
    ) -> EngineResult<T> {
        let found = self
            .rows
            .get(slot)
            .map_err(|error| from_redb(error.into()))?;
        let Some(found) = found else {
            return Err(EngineError::corrupt(
                FILE_NAME,
                format_args!("row {slot} is missing"),
            ));
        };
        use_row(decode_row(slot, found.value())?)
    }

    /// Calls back with each row of the slots in the range, ascending.
    pub fn for_each_row(
        &self,
        slots: Range<u32>,
        mut use_row: impl FnMut(u32, Row<'_>) -> EngineResult<()>,
    ) -> EngineResult<()> {
        let rows = self
            .rows
            .range(slots)
            .map_err(|error| from_redb(error.into()))?;
        for found in rows {
            let (slot, row) = found.map_err(|error| from_redb(error.into()))?;
            let slot = slot.value();
            use_row(slot, decode_row(slot, row.value())?)?;
        }
        Ok(())
    }

    /// Calls back with ids after this one, bytewise ascending, until the callback breaks.
    pub fn for_each_id_after(
        &self,
        after: &str,
        mut use_id: impl FnMut(&[u8], u32) -> ControlFlow<()>,
    ) -> EngineResult<()> {
        let from = if after.is_empty() {
            Bound::Unbounded
        } else {
            Bound::Excluded(after.as_bytes())
        };
        let range = (from, Bound::<&[u8]>::Unbounded);
        let ids = self
            .ids
            .range::<&[u8]>(range)
            .map_err(|error| from_redb(error.into()))?;
        for found in ids {
            let (id, slot) = found.map_err(|error| from_redb(error.into()))?;
            if use_id(id.value(), slot.value()).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Maps what redb reports: a full disk, a damaged file, or a fault.
pub(crate) fn from_redb(error: redb::Error) -> EngineError {
    match error {
        redb::Error::Io(error) => EngineError::from_io(FILE_NAME, &error),
        redb::Error::Corrupted(what) => EngineError::corrupt(FILE_NAME, what),
        redb::Error::RepairAborted | redb::Error::UpgradeRequired(_) => {
            EngineError::corrupt(FILE_NAME, error)
        }
        redb::Error::PreviousIo => EngineError::new(
            reason::SHARD_UNAVAILABLE,
            format!("{FILE_NAME}: an earlier write failed; the shard must be opened again"),
            FILE_NAME,
        ),
        redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. } => {
            EngineError::corrupt(FILE_NAME, error)
        }
        other => EngineError::new(reason::INTERNAL, format!("{FILE_NAME}: {other}"), FILE_NAME),
    }
}
