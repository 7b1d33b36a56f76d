//! `VectorIndex`: who may change what, and when.
//!
//! - One thread puts and removes. Index threads link. Searches only read.
//! - All who change nodes hold `gate` for reading; who moves all nodes (renumbering, giving spare
//!   places back) holds it for writing, which pauses writes but no search.
//! - A put or removed slot is right for every search that begins after the call returns.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use crate::build::{BuildScratch, link};
use crate::entries::EntrySet;
use crate::era::{Era, Eras};
use crate::kernels::{self, Kernels};
use crate::nodes::Nodes;
use crate::options::GraphOptions;
use crate::plan::WalkRecord;
use crate::query::rotate;
use crate::random::Random;
use crate::rotation::Rotation;
use crate::select::Geometry;
use crate::tune::Tuning;
use crate::upkeep::Upkeep;

/// Counts, for statistics pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStats {
    /// Slots that searches see.
    pub live: u64,
    /// Live slots that are in the graph.
    pub linked: u64,
    /// Slots that wait for the graph and are scanned.
    pub unlinked: u64,
    /// Removed slots whose nodes the graph still walks through.
    pub dead: u64,
    /// Resident bytes of codes, links and maps.
    pub memory_bytes: u64,
}

/// The vector index of one shard. All calls take `&self`; `put` and `remove` come from one thread.
pub struct VectorIndex {
    pub(crate) options: GraphOptions,
    pub(crate) rotation: Rotation,
    pub(crate) kernels: &'static Kernels,
    pub(crate) eras: Eras,
    pub(crate) gate: RwLock<()>,
    /// Pending nodes, in the order in which they were put.
    pub(crate) queue: Mutex<VecDeque<u32>>,
    /// Nodes that nobody knows, to be allotted again.
    pub(crate) free: Mutex<Vec<u32>>,
    /// Greatest length of all vectors so far, as bits of an f32 that is not negative.
    pub(crate) reach: AtomicU32,
    pub(crate) entry_turn: Mutex<EntryTurn>,
    /// Linked nodes at which the entries are to be drawn again.
    pub(crate) entries_due: AtomicU64,
    /// Nodes that were linked, ever.
    pub(crate) links_done: AtomicU64,
    pub(crate) walks: WalkRecord,
    pub(crate) upkeep: Mutex<Upkeep>,
    put_scratch: Mutex<PutScratch>,
}

/// Held by who draws the entries.
pub(crate) struct EntryTurn {
    random: Random,
}

#[derive(Default)]
struct PutScratch {
    rotated: Vec<f32>,
    code: Vec<u8>,
}

impl VectorIndex {
    /// # Panics
    /// When an option is out of its range.
    pub fn new(options: GraphOptions) -> Self {
        options.check();
        Self::from_parts(
            options,
            Nodes::new(&options),
            EntrySet::default(),
            Tuning::default(),
        )
    }

    pub(crate) fn from_parts(
        options: GraphOptions,
        nodes: Nodes,
        entries: EntrySet,
        tuning: Tuning,
    ) -> Self {
        Self {
            options,
            rotation: Rotation::new(options.dimension, options.seed),
            kernels: kernels::best(),
            eras: Eras::new(Era {
                nodes: Arc::new(nodes),
                entries: Arc::new(entries),
                tuning,
            }),
            gate: RwLock::default(),
            queue: Mutex::default(),
            free: Mutex::default(),
            reach: AtomicU32::new(0),
            entry_turn: Mutex::new(EntryTurn {
                random: Random::new(options.seed),
            }),
            entries_due: AtomicU64::new(1),
            links_done: AtomicU64::new(0),
            walks: WalkRecord::default(),
            upkeep: Mutex::default(),
            put_scratch: Mutex::default(),
        }
    }

    pub fn options(&self) -> &GraphOptions {
        &self.options
    }

    /// Encodes the vector as the slot's code; searches that begin later see it. Replaces what the
    /// slot held. The vector's length is the dimension; its components are finite and at most
    /// 1e15 in size.
    pub fn put(&self, slot: u32, vector: &[f32]) {
        assert_eq!(
            vector.len(),
            self.options.dimension,
            "the vector's dimension"
        );
        let _gate = self.gate.read().expect("no panic behind the gate");
        let era = self.eras.current();
        let nodes = &*era.nodes;
        let mut scratch = self.put_scratch.lock().expect("no panic in put");
        let PutScratch { rotated, code } = &mut *scratch;
        let error = rotate(vector, self.options.metric, &self.rotation, rotated);
        code.resize(nodes.layout.stride, 0);
        nodes.layout.encode(rotated, error, code);

        let free = self.free.lock().expect("no panic under the lock").pop();
        let node = free.unwrap_or_else(|| nodes.allot());
        nodes.write(node, slot, code);
        let length = nodes.trailer(node).length;
        self.reach.fetch_max(length.to_bits(), Ordering::Relaxed);
        nodes.pending.insert(node);
        nodes.pending_len.fetch_add(1, Ordering::Release);
        nodes.live.insert(node);
        nodes.live_len.fetch_add(1, Ordering::Release);
        if let Some(old) = nodes.unbind(slot) {
            hide(nodes, old);
        }
        nodes.bind(slot, node);
        let mut queue = self.queue.lock().expect("no panic under the lock");
        queue.push_back(node);
    }

    /// Hides the slot from every search that begins later. Answers whether it was there.
    pub fn remove(&self, slot: u32) -> bool {
        let _gate = self.gate.read().expect("no panic behind the gate");
        let era = self.eras.current();
        let Some(node) = era.nodes.unbind(slot) else {
            return false;
        };
        hide(&era.nodes, node);
        true
    }

    pub fn contains(&self, slot: u32) -> bool {
        self.eras.current().nodes.node_of(slot).is_some()
    }

    /// Bitmap of the slots that searches see: bit `slot % 64` of word `slot / 64`.
    pub fn live_slots(&self) -> Vec<u64> {
        let era = self.eras.current();
        let slots = era.nodes.slots();
        let mut words = vec![0; slots.div_ceil(64) as usize];
        for slot in (0..slots).filter(|slot| era.nodes.node_of(*slot).is_some()) {
            words[slot as usize / 64] |= 1 << (slot % 64);
        }
        words
    }

    /// Number of slots that wait for `link_next`, or are being linked.
    pub fn unlinked_len(&self) -> u64 {
        let era = self.eras.current();
        era.nodes.pending_len.load(Ordering::Acquire)
    }

    /// Puts the next waiting slot into the graph; false when none waits. Any number of threads. Now
    /// and then it does a step of repair as well, so that a stream of updates that never pauses is
    /// no stream of dead nodes.
    pub fn link_next(&self, scratch: &mut BuildScratch) -> bool {
        let linked = self.link_waiting(scratch);
        if linked && scratch.repair_is_next() {
            self.repair_now_and_then(scratch);
        }
        linked
    }

    fn link_waiting(&self, scratch: &mut BuildScratch) -> bool {
        let _gate = self.gate.read().expect("no panic behind the gate");
        let next = {
            let mut queue = self.queue.lock().expect("no panic under the lock");
            queue.pop_front()
        };
        let Some(node) = next else {
            return false;
        };
        let era = self.eras.current();
        let nodes = &*era.nodes;
        // A node removed before its turn gets no links; as any dead node it waits for repair.
        if nodes.live.contains(node) {
            self.link_node(&era, node, scratch);
        }
        nodes.linked.insert(node);
        nodes.linked_len.fetch_add(1, Ordering::AcqRel);
        self.links_done.fetch_add(1, Ordering::AcqRel);
        nodes.pending.remove(node);
        nodes.pending_len.fetch_sub(1, Ordering::AcqRel);
        self.draw_entries_when_due(nodes);
        true
    }

    /// Links a node, or makes it the first of the graph.
    fn link_node(&self, era: &Era, node: u32, scratch: &mut BuildScratch) {
        let geometry = self.geometry(&era.nodes);
        if !era.entries.is_empty() {
            link(
                &geometry,
                &era.entries,
                self.options.build_width,
                node,
                scratch,
            );
            return;
        }
        // Only one may be the first: the others find it behind this lock.
        let _turn = self.entry_turn.lock().expect("no panic under the lock");
        let now = self.eras.current();
        if now.entries.is_empty() {
            let first = Arc::new(EntrySet::new(&era.nodes, vec![node]));
            self.eras.advance(|era| era.entries = first);
        } else {
            link(
                &geometry,
                &now.entries,
                self.options.build_width,
                node,
                scratch,
            );
        }
    }

    fn draw_entries_when_due(&self, nodes: &Nodes) {
        let linked = nodes.linked_len.load(Ordering::Acquire);
        if linked < self.entries_due.load(Ordering::Relaxed) {
            return;
        }
        let Ok(mut turn) = self.entry_turn.try_lock() else {
            return;
        };
        self.draw_entries(nodes, &mut turn);
    }

    /// Samples the entries anew, and says when to do so next.
    pub(crate) fn draw_entries(&self, nodes: &Nodes, turn: &mut EntryTurn) -> u64 {
        let linked = nodes.linked_len.load(Ordering::Acquire);
        self.entries_due
            .store(linked + linked / 2 + 1, Ordering::Relaxed);
        let mut entries = EntrySet::sample(nodes, &mut turn.random);
        if entries.is_empty() {
            // The first node of the graph is an entry before it counts as linked.
            let current = self.eras.current();
            let kept = current.entries.nodes().iter().copied();
            entries = EntrySet::new(
                nodes,
                kept.filter(|node| nodes.live.contains(*node)).collect(),
            );
        }
        self.eras.advance(|era| era.entries = Arc::new(entries))
    }

    pub(crate) fn geometry<'a>(&self, nodes: &'a Nodes) -> Geometry<'a> {
        Geometry {
            kernels: self.kernels,
            nodes,
            metric: self.options.metric,
            reach: self.reach(),
        }
    }

    pub(crate) fn reach(&self) -> f32 {
        f32::from_bits(self.reach.load(Ordering::Relaxed))
    }

    pub fn stats(&self) -> IndexStats {
        let nodes = &self.eras.current().nodes;
        let live = nodes.live_len.load(Ordering::Acquire);
        let unlinked = nodes.pending_len.load(Ordering::Acquire);
        IndexStats {
            live,
            linked: live.saturating_sub(unlinked),
            unlinked,
            dead: nodes.dead_len.load(Ordering::Acquire),
            memory_bytes: self.memory_bytes(),
        }
    }

    /// Resident bytes of codes, links and maps.
    pub fn memory_bytes(&self) -> u64 {
        let queued = self
            .queue
            .lock()
            .expect("no panic under the lock")
            .capacity();
        let free = self
            .free
            .lock()
            .expect("no panic under the lock")
            .capacity();
        self.eras.current().nodes.memory_bytes() + 4 * (queued + free) as u64
    }
}

/// Takes a node out of all answers; repair takes it out of the graph.
fn hide(nodes: &Nodes, node: u32) {
    // First counted, then hidden: who sees no dead nodes may return any node.
    nodes.dead_len.fetch_add(1, Ordering::AcqRel);
    nodes.live.remove(node);
    nodes.live_len.fetch_sub(1, Ordering::AcqRel);
}
