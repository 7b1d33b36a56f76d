//! The vector file: one row of f32 for each slot, with a checksum. docs/formats/vectors.md.
//!
//! Must stay true: a row is written before anything refers to its slot, and synced before the
//! durable commit that does; a row that fails its checksum is never used. Which slots are in use
//! is the store's knowledge.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use roaring::RoaringBitmap;
use vectron_graph::{VectorReadError, VectorSource};

use crate::disk;
use crate::error::{EngineError, EngineResult, reason};

pub const FILE_NAME: &str = "vectors.f32";
const MAGIC: &[u8; 8] = b"VECTROWS";
const VERSION: u32 = 1;
/// The header has a page of its own, so that no row shares a sector with it.
const HEADER_BYTES: u64 = 4096;
const IDENTITY_BYTES: usize = 28;
const MARK_AT: u64 = 512;
const MARK_BYTES: usize = 12;
/// The file grows by an eighth, at least and at most by this.
const GROWTH_BYTES: (u64, u64) = (1 << 20, 64 << 20);

/// Bytes that a copy reads and writes at once.
const COPY_BYTES: usize = 1 << 20;

/// What a copy of the file holds.
#[derive(Debug)]
pub struct CopiedRows {
    /// Slots in use: none of them may be written again before the copy is made.
    pub points: RoaringBitmap,
    /// Rows from here on are left out.
    pub slots_end: u32,
    /// The log index of the commit that names the points.
    pub mark: u64,
}

#[derive(Debug)]
pub struct VectorFile {
    file: File,
    dimension: usize,
    /// Bytes of the file that are allocated.
    allocated: AtomicU64,
}

thread_local! {
    /// One row with its checksum, so that a read allocates nothing.
    static ROW: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl VectorFile {
    /// Opens or creates the file of a shard in its folder.
    ///
    /// A new file gets its name with its header on disk, so a file without one is damaged.
    pub fn open(folder: &Path, shard_id: u64, dimension: usize) -> EngineResult<Self> {
        let path = folder.join(FILE_NAME);
        let identity = identity(shard_id, dimension);
        let open = || {
            if !path.exists() {
                disk::replace_file(&path, |out| out.write_all(&header(&identity)))?;
            }
            let file = OpenOptions::new().read(true).write(true).open(&path)?;
            let allocated = AtomicU64::new(file.metadata()?.len());
            let mut found = [0; IDENTITY_BYTES];
            file.read_exact_at(&mut found, 0)?;
            Ok((file, allocated, found))
        };
        let (file, allocated, found) =
            open().map_err(|error| EngineError::from_io(FILE_NAME, &error))?;
        if found != identity {
            let what = "the header is damaged or of another shard";
            return Err(EngineError::corrupt(FILE_NAME, what));
        }
        Ok(Self {
            file,
            dimension,
            allocated,
        })
    }

    /// Whether the file is long enough for the rows of all slots below `end`.
    pub fn covers(&self, end: u32) -> bool {
        self.disk_bytes() >= self.offset(end)
    }

    fn row_bytes(&self) -> usize {
        self.dimension * 4 + 4
    }

    fn offset(&self, slot: u32) -> u64 {
        HEADER_BYTES + u64::from(slot) * self.row_bytes() as u64
    }

    /// Writes the row of a slot that nobody reads yet. `row`: little-endian f32.
    pub fn write(&self, slot: u32, row: &[u8]) -> EngineResult<()> {
        assert_eq!(row.len(), self.dimension * 4, "the row was checked before");
        let write = || {
            self.grow_to(self.offset(slot) + self.row_bytes() as u64)?;
            ROW.with_borrow_mut(|buffer| {
                buffer.clear();
                buffer.extend_from_slice(row);
                buffer.extend_from_slice(&checksum(slot, row).to_le_bytes());
                self.file.write_all_at(buffer, self.offset(slot))
            })
        };
        write().map_err(|error| EngineError::from_io(FILE_NAME, &error))
    }

    fn grow_to(&self, end: u64) -> io::Result<()> {
        let allocated = self.allocated.load(Ordering::Acquire);
        if end <= allocated {
            return Ok(());
        }
        let step = (allocated / 8).clamp(GROWTH_BYTES.0, GROWTH_BYTES.1);
        let generous = disk::allocate(&self.file, end.max(allocated + step));
        let len = match generous {
            Ok(()) => end.max(allocated + step),
            Err(_) => {
                disk::allocate(&self.file, end)?;
                end
            }
        };
        self.allocated.store(len, Ordering::Release);
        Ok(())
    }

    /// Appends the row of a slot, as little-endian f32, to `out`.
    pub fn read_bytes(&self, slot: u32, out: &mut Vec<u8>) -> EngineResult<()> {
        self.with_row(slot, |row| out.extend_from_slice(row))
            .map_err(|what| EngineError::corrupt(FILE_NAME, what))
    }

    fn with_row(&self, slot: u32, use_row: impl FnOnce(&[u8])) -> Result<(), String> {
        ROW.with_borrow_mut(|buffer| {
            buffer.resize(self.row_bytes(), 0);
            self.file
                .read_exact_at(buffer, self.offset(slot))
                .map_err(|error| format!("row {slot}: {error}"))?;
            use_row(self.check_row(slot, buffer)?);
            Ok(())
        })
    }

    /// The row without its checksum, which must be right.
    fn check_row<'r>(&self, slot: u32, row: &'r [u8]) -> Result<&'r [u8], String> {
        let (row, sum) = row.split_at(self.dimension * 4);
        if checksum(slot, row).to_le_bytes() != sum {
            return Err(format!("row {slot} fails its checksum"));
        }
        Ok(row)
    }

    pub fn sync(&self) -> EngineResult<()> {
        self.file
            .sync_data()
            .map_err(|error| EngineError::from_io(FILE_NAME, &error))
    }

    /// Notes the log index of a durable commit of the store, after that commit.
    ///
    /// A store that is found behind this mark lost a durable commit.
    pub fn mark_durable(&self, index: u64) -> EngineResult<()> {
        self.file
            .write_all_at(&encode_mark(index), MARK_AT)
            .map_err(|error| EngineError::from_io(FILE_NAME, &error))
    }

    /// The mark; 0 when there is none or it is damaged.
    pub fn durable_mark(&self) -> u64 {
        let mut mark = [0; MARK_BYTES];
        if self.file.read_exact_at(&mut mark, MARK_AT).is_err() {
            return 0;
        }
        let (index, sum) = mark.split_at(8);
        if crc32c::crc32c(index).to_le_bytes() != sum {
            return 0;
        }
        u64::from_le_bytes(index.try_into().expect("the mark begins with 8 bytes"))
    }

    /// Writes a file of its own with the rows below `slots_end`, and with this mark; calls back
    /// with its content, block by block, and answers its length.
    ///
    /// The rows of the points are verified. Others may come over torn.
    pub fn copy_to(
        &self,
        folder: &Path,
        copied: &CopiedRows,
        use_block: &mut dyn FnMut(&[u8]) -> EngineResult<()>,
    ) -> EngineResult<u64> {
        let fault = |error: io::Error| EngineError::from_io(FILE_NAME, &error);
        let mut out = File::create_new(folder.join(FILE_NAME)).map_err(fault)?;
        let mut block = vec![0; IDENTITY_BYTES];
        self.file.read_exact_at(&mut block, 0).map_err(fault)?;
        block = header(&block);
        block[MARK_AT as usize..][..MARK_BYTES].copy_from_slice(&encode_mark(copied.mark));
        use_block(&block)?;
        out.write_all(&block).map_err(fault)?;
        let rows_a_block = (COPY_BYTES / self.row_bytes()).max(1) as u32;
        for first in (0..copied.slots_end).step_by(rows_a_block as usize) {
            let rows = rows_a_block.min(copied.slots_end - first);
            block.resize(rows as usize * self.row_bytes(), 0);
            self.file
                .read_exact_at(&mut block, self.offset(first))
                .map_err(fault)?;
            for (slot, row) in (first..).zip(block.chunks_exact(self.row_bytes())) {
                if copied.points.contains(slot) {
                    self.check_row(slot, row)
                        .map_err(|what| EngineError::corrupt(FILE_NAME, what))?;
                }
            }
            use_block(&block)?;
            out.write_all(&block).map_err(fault)?;
        }
        Ok(self.offset(copied.slots_end))
    }

    pub fn disk_bytes(&self) -> u64 {
        self.allocated.load(Ordering::Acquire)
    }
}

impl VectorSource for VectorFile {
    fn read(&self, slot: u32, out: &mut [f32]) -> Result<(), VectorReadError> {
        self.with_row(slot, |row| copy_floats(row, out))
            .map_err(|what| VectorReadError {
                slot,
                message: format!("{FILE_NAME}: {what}"),
            })
    }
}

/// What the index met when it asked for a row.
pub fn row_fault(error: VectorReadError) -> EngineError {
    EngineError::new(reason::DATA_CORRUPT, error.message, FILE_NAME)
}

/// Decodes little-endian f32.
pub fn copy_floats(bytes: &[u8], out: &mut [f32]) {
    for (value, chunk) in out.iter_mut().zip(bytes.chunks_exact(4)) {
        *value = f32::from_le_bytes(chunk.try_into().expect("chunks have 4 bytes"));
    }
}

/// The slot is part of the sum, so that a row at the wrong place is found.
fn checksum(slot: u32, row: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&slot.to_le_bytes()), row)
}

fn encode_mark(index: u64) -> [u8; MARK_BYTES] {
    let mut mark = [0; MARK_BYTES];
    mark[..8].copy_from_slice(&index.to_le_bytes());
    let sum = crc32c::crc32c(&mark[..8]);
    mark[8..].copy_from_slice(&sum.to_le_bytes());
    mark
}

fn header(identity: &[u8]) -> Vec<u8> {
    let mut header = identity.to_vec();
    header.resize(HEADER_BYTES as usize, 0);
    header
}

fn identity(shard_id: u64, dimension: usize) -> [u8; IDENTITY_BYTES] {
    let mut identity = [0; IDENTITY_BYTES];
    identity[..8].copy_from_slice(MAGIC);
    identity[8..12].copy_from_slice(&VERSION.to_le_bytes());
    identity[12..16].copy_from_slice(&(dimension as u32).to_le_bytes());
    identity[16..24].copy_from_slice(&shard_id.to_le_bytes());
    let sum = crc32c::crc32c(&identity[..24]);
    identity[24..].copy_from_slice(&sum.to_le_bytes());
    identity
}
