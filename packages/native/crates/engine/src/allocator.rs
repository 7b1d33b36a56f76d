//! What the C library's allocator does with large blocks.
//!
//! glibc maps large blocks one by one and unmaps them when they are freed, but each one that is
//! freed raises the size that it calls large, up to 32 MiB. After a shard was opened or a graph was
//! written, tens of megabytes of freed buffers would stay resident: 80 bytes for each of 341,000
//! points. Set by hand, the limit stays where it is.

/// Blocks from here on go back to the system when they are freed: where glibc itself begins.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BYTES: libc::c_int = 128 << 10;

/// Sets the limit for the whole process.
pub(crate) fn give_large_blocks_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // Safety: changes a setting of the allocator; a refusal leaves it as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES);
    }
}
