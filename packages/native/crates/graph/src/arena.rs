//! Memory that grows without moving.
//!
//! An arena reserves its whole address range at once and lets the system supply zeroed pages as
//! they are touched. So a pointer into it stays right for its life, readers need no lock while it
//! grows, and an empty arena costs no memory. From [`HUGE_PAGE`] bytes on it asks for 2 MiB pages:
//! a search jumps at random over all of it, and with 4 KiB pages most jumps miss the TLB as well.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Size of a large page on x86-64 and on ARM with 4 KiB pages.
const HUGE_PAGE: usize = 2 << 20;

pub struct Arena {
    base: NonNull<u8>,
    bytes: usize,
    mapping: NonNull<u8>,
    mapping_bytes: usize,
    /// Bytes from the start for which large pages were asked for.
    advised: AtomicUsize,
}

// Safety: the arena is plain memory; what is in it is shared under its users' own rules.
unsafe impl Send for Arena {}
// Safety: as above; its own fields are constant or atomic.
unsafe impl Sync for Arena {}

impl Arena {
    /// Reserves `bytes` of zeroed memory.
    ///
    /// # Panics
    /// When the system refuses the address range.
    pub fn reserve(bytes: usize) -> Self {
        let mapping_bytes = bytes + HUGE_PAGE;
        // Safety: a new private mapping, wherever the system likes.
        let mapping = unsafe {
            libc::mmap(
                ptr::null_mut(),
                mapping_bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert!(
            mapping != libc::MAP_FAILED,
            "the system refused to reserve {mapping_bytes} bytes of address space"
        );
        let mapping = NonNull::new(mapping.cast::<u8>()).expect("a mapping is not at zero");
        let skip = mapping.as_ptr().align_offset(HUGE_PAGE);
        // Safety: `skip` is below HUGE_PAGE, by which the mapping is longer than asked.
        let base = unsafe { mapping.add(skip) };
        Self {
            base,
            bytes,
            mapping,
            mapping_bytes,
            advised: AtomicUsize::new(0),
        }
    }

    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// To be called before bytes up to `end` are touched for the first time: asks for large pages
    /// once the arena is worth one.
    pub fn reach(&self, end: usize) {
        assert!(
            end <= self.bytes,
            "the arena of {} bytes is full",
            self.bytes
        );
        if end < HUGE_PAGE || end <= self.advised.load(Ordering::Relaxed) {
            return;
        }
        let end = end.next_multiple_of(HUGE_PAGE);
        let from = self.advised.swap(end, Ordering::Relaxed).min(end);
        #[cfg(target_os = "linux")]
        // Safety: the range is inside the mapping; advice changes no contents. A refusal costs
        // speed alone.
        unsafe {
            libc::madvise(
                self.base().add(from).cast(),
                end - from,
                libc::MADV_HUGEPAGE,
            );
        }
        #[cfg(not(target_os = "linux"))]
        let _ = from;
    }

    /// Gives all pages back; the memory reads as zeros again. Nobody else may use it meanwhile.
    pub fn clear(&self) {
        // Safety: the range is inside the mapping, and private anonymous pages may be dropped.
        let result = unsafe { libc::madvise(self.base().cast(), self.bytes, libc::MADV_DONTNEED) };
        assert_eq!(result, 0, "the system refused to take pages back");
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // Safety: the mapping is this arena's and nobody can hold a reference into it any more.
        unsafe { libc::munmap(self.mapping.as_ptr().cast(), self.mapping_bytes) };
    }
}

/// An arena of atomic words; all begin as zero.
pub struct WordArena {
    arena: Arena,
    len: usize,
}

impl WordArena {
    pub fn reserve(len: usize) -> Self {
        Self {
            arena: Arena::reserve(len * 4),
            len,
        }
    }

    pub fn reach(&self, len: usize) {
        self.arena.reach(len * 4);
    }

    #[inline(always)]
    pub fn slice(&self, from: usize, len: usize) -> &[AtomicU32] {
        assert!(from + len <= self.len);
        // Safety: inside the arena, aligned, and zeroed memory is a valid atomic.
        unsafe { std::slice::from_raw_parts(self.arena.base().cast::<AtomicU32>().add(from), len) }
    }

    #[inline(always)]
    pub fn at(&self, index: usize) -> &AtomicU32 {
        &self.slice(index, 1)[0]
    }

    pub fn clear(&self) {
        self.arena.clear();
    }
}

/// A set of numbers below a fixed bound that many threads read and change.
pub struct AtomicBits {
    arena: Arena,
    words: usize,
}

impl AtomicBits {
    pub fn reserve(bits: usize) -> Self {
        let words = bits.div_ceil(64);
        Self {
            arena: Arena::reserve(words * 8),
            words,
        }
    }

    #[inline(always)]
    pub fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < self.words);
        // Safety: inside the arena, aligned, and zeroed memory is a valid atomic.
        unsafe { &*self.arena.base().cast::<AtomicU64>().add(index) }
    }

    #[inline(always)]
    pub fn contains(&self, bit: u32) -> bool {
        self.word(bit as usize / 64).load(Ordering::Acquire) >> (bit % 64) & 1 == 1
    }

    /// Adds the bit; everything written before is seen by who finds it.
    pub fn insert(&self, bit: u32) {
        self.word(bit as usize / 64)
            .fetch_or(1 << (bit % 64), Ordering::Release);
    }

    pub fn remove(&self, bit: u32) {
        self.word(bit as usize / 64)
            .fetch_and(!(1 << (bit % 64)), Ordering::Release);
    }

    /// The members below `bound`, ascending, each word read once.
    pub fn iter(&self, bound: u32) -> impl Iterator<Item = u32> + '_ {
        (0..bound.div_ceil(64)).flat_map(move |at| {
            let mut word = self.word(at as usize).load(Ordering::Acquire);
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| at * 64 + word.trailing_zeros())?;
                word &= word - 1;
                Some(bit)
            })
        })
    }
}
