//! The arrays of the graph: a node is a number, and each array holds its part of it.
//!
//! Slots are the engine's numbers for vectors; nodes are the graph's, in an order that keeps
//! neighbours near each other in memory. Invariants:
//! - Every link is below `len` at any time, so a row may be read without a lock while it is
//!   written: a torn row is a mix of older and newer links, all of them nodes.
//! - A node's code is written before the node becomes live, and does not change until no search
//!   and no link operation can hold its number (era.rs).
//! - A row holds its links first, then `NO_LINK` to its end.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard};

use crate::arena::{Arena, AtomicBits, WordArena};
use crate::codes::{CodeLayout, Trailer};
use crate::kernels::{CodeRows, prefetch_row};
use crate::options::GraphOptions;

/// Nodes and slots of one index at most: what the arenas reserve addresses for.
pub const NODES_MAX: usize = 1 << 26;

/// End of a row of links.
pub const NO_LINK: u32 = u32::MAX;

const STRIPES: usize = 1024;

pub struct Nodes {
    pub layout: CodeLayout,
    /// Links of a row.
    pub links: usize,
    /// Places beside a row for links that came after it was full.
    pub spares: usize,
    codes: Arena,
    rows: WordArena,
    /// Holds link + 1; 0 is an empty place, so that untouched memory is right.
    spare_rows: WordArena,
    /// True once a spare place was taken since `clear_spares`.
    spares_used: AtomicBool,
    slot_of: WordArena,
    /// Holds node + 1; 0 is a slot without a node.
    node_of: WordArena,
    /// Nodes that searches return.
    pub live: AtomicBits,
    /// Nodes that wait for the graph; searches scan them.
    pub pending: AtomicBits,
    /// Nodes that are in the graph, live or dead.
    pub linked: AtomicBits,
    /// Nodes that were ever allotted; all numbers in use are below.
    len: AtomicU32,
    /// Slots that were ever put are below.
    slots: AtomicU32,
    pub live_len: AtomicU64,
    pub pending_len: AtomicU64,
    pub linked_len: AtomicU64,
    /// Linked nodes that are not live.
    pub dead_len: AtomicU64,
    row_locks: Vec<Mutex<()>>,
}

impl Nodes {
    pub fn new(options: &GraphOptions) -> Self {
        let layout = CodeLayout::new(options.dimension);
        let spares = options.links / 4;
        Self {
            layout,
            links: options.links,
            spares,
            codes: Arena::reserve(NODES_MAX * layout.stride),
            rows: WordArena::reserve(NODES_MAX * options.links),
            spare_rows: WordArena::reserve(NODES_MAX * spares),
            spares_used: AtomicBool::new(false),
            slot_of: WordArena::reserve(NODES_MAX),
            node_of: WordArena::reserve(NODES_MAX),
            live: AtomicBits::reserve(NODES_MAX),
            pending: AtomicBits::reserve(NODES_MAX),
            linked: AtomicBits::reserve(NODES_MAX),
            len: AtomicU32::new(0),
            slots: AtomicU32::new(0),
            live_len: AtomicU64::new(0),
            pending_len: AtomicU64::new(0),
            linked_len: AtomicU64::new(0),
            dead_len: AtomicU64::new(0),
            row_locks: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        }
    }

    #[inline(always)]
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    pub fn slots(&self) -> u32 {
        self.slots.load(Ordering::Acquire)
    }

    #[inline(always)]
    pub fn codes(&self) -> CodeRows {
        CodeRows {
            base: self.codes.base(),
            stride: self.layout.stride,
        }
    }

    #[inline(always)]
    pub fn code_row(&self, node: u32) -> *const u8 {
        assert!((node as usize) < NODES_MAX);
        // Safety: the arena holds NODES_MAX rows.
        unsafe { self.codes().at(node) }
    }

    /// What stands behind the code of a node that was made live once.
    pub fn trailer(&self, node: u32) -> Trailer {
        assert!(node < self.len());
        // Safety: the row lies in the arena, and codes of allotted nodes are written.
        unsafe { self.layout.trailer(self.code_row(node)) }
    }

    /// Makes room for `len` nodes.
    pub fn grow(&self, len: usize) {
        assert!(
            len <= NODES_MAX,
            "an index holds at most {NODES_MAX} vectors"
        );
        self.codes.reach(len * self.layout.stride);
        self.rows.reach(len * self.links);
        self.slot_of.reach(len);
    }

    /// A node that nobody knows: a new number. Called by the apply thread alone.
    pub fn allot(&self) -> u32 {
        let node = self.len.load(Ordering::Relaxed);
        self.grow(node as usize + 1);
        node
    }

    /// Writes the code and an empty row of a node that nobody knows.
    pub fn write(&self, node: u32, slot: u32, code: &[u8]) {
        self.write_code(node, code);
        self.write_links(node, &[]);
        self.adopt(node, slot);
    }

    /// Writes the code of a node that nobody knows.
    pub fn write_code(&self, node: u32, code: &[u8]) {
        assert_eq!(code.len(), self.layout.stride);
        assert!((node as usize) < NODES_MAX);
        // Safety: the row lies in the arena, and nobody knows the node.
        unsafe {
            let row = self.codes.base().add(node as usize * self.layout.stride);
            row.copy_from_nonoverlapping(code.as_ptr(), code.len());
        }
    }

    /// Notes which slot a node stands for, and that its number is in use.
    pub fn adopt(&self, node: u32, slot: u32) {
        self.slot_of
            .at(node as usize)
            .store(slot, Ordering::Relaxed);
        self.len.fetch_max(node + 1, Ordering::Release);
    }

    /// Lets a slot lead to a node.
    pub fn bind(&self, slot: u32, node: u32) {
        assert!((slot as usize) < NODES_MAX, "slot {slot} is too large");
        self.node_of.reach(slot as usize + 1);
        self.node_of
            .at(slot as usize)
            .store(node + 1, Ordering::Release);
        self.slots.fetch_max(slot + 1, Ordering::Release);
    }

    /// Takes the node of a slot away from it.
    pub fn unbind(&self, slot: u32) -> Option<u32> {
        if slot >= self.slots() {
            return None;
        }
        let bound = self.node_of.at(slot as usize).swap(0, Ordering::AcqRel);
        bound.checked_sub(1)
    }

    #[inline(always)]
    pub fn node_of(&self, slot: u32) -> Option<u32> {
        if slot >= self.slots() {
            return None;
        }
        self.node_of
            .at(slot as usize)
            .load(Ordering::Acquire)
            .checked_sub(1)
    }

    #[inline(always)]
    pub fn slot_of(&self, node: u32) -> u32 {
        self.slot_of.at(node as usize).load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub fn row(&self, node: u32) -> &[AtomicU32] {
        self.rows.slice(node as usize * self.links, self.links)
    }

    pub fn spare_row(&self, node: u32) -> &[AtomicU32] {
        self.spare_rows
            .slice(node as usize * self.spares, self.spares)
    }

    #[inline(always)]
    pub fn spares_used(&self) -> bool {
        self.spares_used.load(Ordering::Relaxed)
    }

    /// The links in the node's row. `acquire_codes` before what they lead to is read.
    #[inline(always)]
    pub fn row_links(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let links = self.row(node).iter();
        let links = links.map(|link| link.load(Ordering::Relaxed));
        links.take_while(|link| *link != NO_LINK)
    }

    /// The links in the node's spare places. `acquire_codes` before what they lead to is read.
    #[inline(always)]
    pub fn spare_links(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let spares = self.spare_row(node).iter();
        spares.map_while(|spare| spare.load(Ordering::Relaxed).checked_sub(1))
    }

    /// Pairs with the releases in `write_links` and `push_link`: after it, the codes behind links
    /// that were read are there.
    #[inline(always)]
    pub fn acquire_codes(&self) {
        fence(Ordering::Acquire);
    }

    /// All links of the node.
    pub fn links_into(&self, node: u32, links: &mut Vec<u32>) {
        links.extend(self.row_links(node));
        if self.spares_used() {
            links.extend(self.spare_links(node));
        }
        self.acquire_codes();
    }

    /// Asks memory for the links of a node.
    #[inline(always)]
    pub fn prefetch_links(&self, node: u32) {
        let row = self.row(node);
        prefetch_row(row.as_ptr().cast(), size_of_val(row));
        if self.spares_used() {
            prefetch_row(self.spare_row(node).as_ptr().cast(), 1);
        }
    }

    /// Replaces the links of the node, and empties its spare places. Under the row's lock, unless
    /// nobody knows the node.
    pub fn write_links(&self, node: u32, links: &[u32]) {
        self.write_row(node, links);
        if self.spares_used() {
            let spares = self.spare_row(node);
            if spares[0].load(Ordering::Relaxed) != 0 {
                for spare in spares {
                    spare.store(0, Ordering::Relaxed);
                }
            }
        }
    }

    /// Replaces the links in the row itself. Under the row's lock.
    pub fn write_row(&self, node: u32, links: &[u32]) {
        let padded = links.iter().copied().chain(std::iter::repeat(NO_LINK));
        for (place, link) in self.row(node).iter().zip(padded) {
            place.store(link, Ordering::Release);
        }
    }

    /// Adds a link in the row or in a spare place; false when both are full. Under the row's lock.
    pub fn push_link(&self, node: u32, link: u32) -> bool {
        for place in self.row(node) {
            let held = place.load(Ordering::Relaxed);
            if held == NO_LINK {
                place.store(link, Ordering::Release);
                return true;
            }
        }
        self.spare_rows.reach((node as usize + 1) * self.spares);
        for spare in self.spare_row(node) {
            if spare.load(Ordering::Relaxed) == 0 {
                self.spares_used.store(true, Ordering::Relaxed);
                spare.store(link + 1, Ordering::Release);
                return true;
            }
        }
        false
    }

    /// Fills the spare places of a node that nobody knows, as they are held: link + 1, or 0.
    pub fn write_spares(&self, node: u32, spares: impl Iterator<Item = u32>) {
        self.spare_rows.reach((node as usize + 1) * self.spares);
        self.spares_used.store(true, Ordering::Relaxed);
        for (place, spare) in self.spare_row(node).iter().zip(spares) {
            place.store(spare, Ordering::Relaxed);
        }
    }

    /// Gives the memory of the spare places back. Nobody else may use them meanwhile.
    pub fn clear_spares(&self) {
        self.spare_rows.clear();
        self.spares_used.store(false, Ordering::Relaxed);
    }

    /// Must be held by who changes the links of a node that others know.
    pub fn lock_row(&self, node: u32) -> MutexGuard<'_, ()> {
        self.row_locks[node as usize % STRIPES]
            .lock()
            .expect("who holds a row's lock does not panic")
    }

    /// Bytes of memory that are in use.
    pub fn memory_bytes(&self) -> u64 {
        let len = u64::from(self.len());
        let spares = if self.spares_used() {
            self.spares as u64 * 4
        } else {
            0
        };
        let node_bytes = self.layout.stride as u64 + self.links as u64 * 4 + spares + 4;
        len * node_bytes + len / 8 * 3 + u64::from(self.slots()) * 4
    }
}
