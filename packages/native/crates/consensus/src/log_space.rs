//! How much room a file system has left.
//!
//! The log asks before it writes: a full disk found in the middle of a write is a failed write, and
//! after that the process must stop.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Bytes that an unprivileged process may still write below `folder`.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    // Safety: an all-zero statvfs is a valid value, and the call only fills it in.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // Safety: `path` ends with a zero byte and `stat` is valid for writes during the call.
    if unsafe { libc::statvfs(path.as_ptr(), &mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    #[allow(
        clippy::unnecessary_cast,
        reason = "the fields' widths differ between platforms"
    )]
    Ok(stat.f_bavail as u64 * stat.f_frsize as u64)
}
