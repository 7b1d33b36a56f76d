//! The distance kernels, chosen once for the machine that runs.
//!
//! A code is biased: stored byte = component + 128, component in -127..=127. A query is plain i8 in
//! the same range, zero beyond the dimension, so that whatever lies behind a code in its row counts
//! nothing. Invariant: the integer kernels of all levels give the same bits; the f32 kernels differ
//! by rounding only. The suite in `kernels/tests.rs` holds them to it.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

/// Codes and queries are compared in steps of this many bytes.
pub const STEP: usize = 64;

/// A query as the integer kernels take it.
#[derive(Clone, Copy)]
pub struct IntQuery<'a> {
    /// Components; the length is a multiple of [`STEP`].
    pub components: &'a [i8],
    /// 128 times the sum of the components: what the bias of the codes adds to a product.
    pub bias: i32,
}

impl<'a> IntQuery<'a> {
    pub fn new(components: &'a [i8]) -> Self {
        debug_assert!(components.len().is_multiple_of(STEP));
        let sum: i32 = components.iter().map(|&c| i32::from(c)).sum();
        Self {
            components,
            bias: 128 * sum,
        }
    }
}

/// Rows of codes at a fixed distance from each other.
#[derive(Clone, Copy)]
pub struct CodeRows {
    pub base: *const u8,
    /// Bytes from one row to the next, a multiple of [`STEP`].
    pub stride: usize,
}

impl CodeRows {
    /// Where a row would begin, to be prefetched: not to be read.
    #[inline(always)]
    pub fn address(&self, row: u32) -> *const u8 {
        self.base.wrapping_add(row as usize * self.stride)
    }

    /// # Safety
    /// `row` is inside the memory that `base` begins.
    #[inline(always)]
    pub unsafe fn at(&self, row: u32) -> *const u8 {
        // Safety: promised by the caller.
        unsafe { self.base.add(row as usize * self.stride) }
    }
}

type DotMany = unsafe fn(IntQuery<'_>, CodeRows, &[u32], &mut [i32]);
type Pair = unsafe fn(&[f32], &[f32]) -> f32;

/// One level's kernels.
pub struct Kernels {
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests name the level that failed")
    )]
    pub name: &'static str,
    dot_many: DotMany,
    dot: Pair,
    squared_distance: Pair,
}

impl Kernels {
    /// Inner products of the query with the rows named, into `out` in the same order.
    ///
    /// # Safety
    /// Each row named begins `query.components.len()` readable bytes.
    #[inline]
    pub unsafe fn dot_many(
        &self,
        query: IntQuery<'_>,
        rows: CodeRows,
        named: &[u32],
        out: &mut [i32],
    ) {
        assert_eq!(named.len(), out.len());
        // Safety: the rows are promised by the caller; the level was found on this machine.
        unsafe { (self.dot_many)(query, rows, named, out) }
    }

    /// Inner product of two slices of one length.
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        // Safety: the lengths are equal and the level was found on this machine.
        unsafe { (self.dot)(a, b) }
    }

    /// Squared Euclidean distance of two slices of one length.
    pub fn squared_distance(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        // Safety: the lengths are equal and the level was found on this machine.
        unsafe { (self.squared_distance)(a, b) }
    }
}

/// Every level this machine has, best first; the last one is the scalar one.
pub fn available() -> &'static [Kernels] {
    static LEVELS: OnceLock<Vec<Kernels>> = OnceLock::new();
    LEVELS.get_or_init(|| {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(avx512::find());
            levels.extend(avx2::find());
        }
        #[cfg(target_arch = "aarch64")]
        levels.extend(neon::find());
        levels.push(scalar::KERNELS);
        levels
    })
}

/// The best level of this machine.
#[inline]
pub fn best() -> &'static Kernels {
    &available()[0]
}

/// Asks for the cache line at `address`; harmless for any address.
#[inline(always)]
pub fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // Safety: a prefetch reads nothing and faults on nothing; SSE is part of the architecture.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(target_arch = "aarch64")]
    // Safety: a prefetch reads nothing and faults on nothing.
    unsafe {
        std::arch::asm!(
            "prfm pldl1keep, [{0}]",
            in(reg) address,
            options(nostack, readonly, preserves_flags)
        );
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

/// Asks for the first `bytes` of a row, at most eight lines: the machine follows by itself then.
#[inline(always)]
pub fn prefetch_row(row: *const u8, bytes: usize) {
    for line in (0..bytes.min(8 * 64)).step_by(64) {
        prefetch(row.wrapping_add(line));
    }
}
