//! What the engine asks of the file system beyond reading and writing: room, and durable renames.
//!
//! Must stay true: a write that would meet a full disk is refused before it begins. The store
//! cannot go on after a failed write in its middle, so the room is asked for first.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::{EngineError, EngineResult, reason};

/// Keeps a share of the file system free for deletes, checkpoints and the log.
#[derive(Debug)]
pub struct Reserve {
    folder: PathBuf,
    /// Free bytes below which writes are refused.
    bytes: u64,
}

impl Reserve {
    /// On a small file system the reserve is at most a sixteenth of it.
    pub fn new(folder: &Path, bytes: u64) -> EngineResult<Self> {
        let space = space(folder).map_err(|error| EngineError::from_io("folder", &error))?;
        Ok(Self {
            folder: folder.to_owned(),
            bytes: bytes.min(space.total / 16),
        })
    }

    /// Refuses with DISK_FULL when writing `need` bytes would touch the reserve.
    pub fn check(&self, need: u64) -> EngineResult<()> {
        self.check_free(need + self.bytes)
    }

    /// Refuses with DISK_FULL when `need` bytes are not there, reserve included.
    pub fn check_floor(&self, need: u64) -> EngineResult<()> {
        self.check_free(need)
    }

    fn check_free(&self, wanted: u64) -> EngineResult<()> {
        let space = space(&self.folder).map_err(|error| EngineError::from_io("folder", &error))?;
        if space.free >= wanted {
            return Ok(());
        }
        let message = format!(
            "{} bytes are free and {} are kept in reserve on the disk of {}",
            space.free,
            self.bytes,
            self.folder.display()
        );
        Err(EngineError::new(reason::DISK_FULL, message, "disk"))
    }
}

struct Space {
    free: u64,
    total: u64,
}

/// Bytes that an unprivileged process may still write, and all bytes of the file system.
fn space(folder: &Path) -> io::Result<Space> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    // Safety: an all-zero statvfs is valid, and the path ends with NUL.
    let mut answer: libc::statvfs = unsafe { std::mem::zeroed() };
    // Safety: both pointers live through the call.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut answer) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let block = answer.f_frsize;
    Ok(Space {
        free: answer.f_bavail * block,
        total: answer.f_blocks * block,
    })
}

/// Grows a file to `len` bytes with its blocks allocated, so that later writes find room.
pub fn allocate(file: &File, len: u64) -> io::Result<()> {
    let from = file.metadata()?.len();
    if len <= from {
        return Ok(());
    }
    // Safety: the descriptor is open for the whole call.
    let code = unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len as libc::off_t) };
    match code {
        0 => Ok(()),
        libc::EOPNOTSUPP | libc::EINVAL => file.set_len(len),
        _ => {
            // A failed call may have grown the file by a part; give that back.
            file.set_len(from)?;
            Err(io::Error::from_raw_os_error(code))
        }
    }
}

/// Makes entries of a folder (new names, renames) durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Replaces a file at once or not at all: a temporary file, fsync, rename, fsync of the folder.
pub fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    let result = write_synced(&temporary, write).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = result {
        // What matters is the first error; a temporary file left behind is replaced next time.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

fn write_synced(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()
}
