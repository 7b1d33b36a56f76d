//! Bytes that JavaScript reads where Rust keeps them.

use bytes::Bytes;
use napi::bindgen_prelude::Uint8Array;

/// Below this a copy into JavaScript's heap costs less than tracking foreign memory.
const COPIED_BYTES_MAX: usize = 1024;

/// Shares `bytes` with JavaScript; they are released when the array is collected.
pub fn share_bytes(bytes: Bytes) -> Uint8Array {
    if bytes.len() <= COPIED_BYTES_MAX {
        return Uint8Array::with_data_copied(&bytes);
    }
    let (data, length) = (bytes.as_ptr().cast_mut(), bytes.len());
    // Safety: the closure keeps `bytes` alive until JavaScript lets go of the array, and our
    // TypeScript door hands these arrays out for reading only.
    unsafe { Uint8Array::with_external_data(data, length, move |_, _| drop(bytes)) }
}
