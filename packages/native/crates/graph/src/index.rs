//! The door: `VectorIndex` and what its calls take and return.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::RwLock;

use crate::options::{GraphOptions, Metric};
use crate::source::{SlotSet, VectorReadError, VectorSource};

/// One result. `score` is exact and means what the metric says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub slot: u32,
    pub score: f32,
}

/// What a search aims at.
#[derive(Clone, Copy, Debug)]
pub struct SearchParams<'a> {
    /// Number of hits wanted, 1 or more.
    pub k: usize,
    /// Share of the true top k to find, .80 to .999, when the answer is approximate.
    pub target_recall: f32,
    /// Slots never to return. Few: each candidate is compared with all of them.
    pub exclude: &'a [u32],
}

/// An answer: `min(k, matches)` hits, nearest first; equal scores in ascending order of slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchOutcome {
    pub hits: Vec<Hit>,
    /// True: no other live slot of the set is nearer. False: found by walking the graph.
    pub exact: bool,
    /// Codes compared with the query.
    pub distances: u64,
    /// Rows read and scored in f32.
    pub rescored: u64,
    /// Slots scanned because they are not in the graph yet.
    pub tail_scanned: u64,
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest {
    pub k: usize,
    pub target_recall: f32,
    /// Slots that the filter lets through; `None` without a filter.
    pub matches: Option<u64>,
}

/// How to answer a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing matches: the answer is empty and exact.
    Empty,
    /// `VectorIndex::scan`: as fast as the walk, and exact.
    Scan,
    /// `VectorIndex::search`.
    Walk,
}

/// What one call of `VectorIndex::maintain` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Did one bounded step; call again.
    Worked,
    /// Nothing to do until something is put, linked or removed.
    Idle,
}

/// Counts, for statistics pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStats {
    /// Slots that searches see.
    pub live: u64,
    /// Live slots that are in the graph.
    pub linked: u64,
    /// Live slots that wait for the graph and are scanned.
    pub unlinked: u64,
    /// Removed slots that the graph still walks through.
    pub dead: u64,
    /// Resident bytes of codes, links and maps.
    pub memory_bytes: u64,
}

/// Why a checkpoint was refused. Discard it and rebuild.
#[derive(Debug)]
pub enum LoadError {
    Io(io::Error),
    /// Not a checkpoint of this version, made for other options, or damaged: says what.
    Refused(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Io(error) => write!(f, "graph checkpoint: {error}"),
            LoadError::Refused(what) => write!(f, "graph checkpoint: {what}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Memory of one index thread, reused from call to call.
#[derive(Default)]
pub struct BuildScratch {}

/// Memory of one search thread, reused from call to call.
#[derive(Default)]
pub struct SearchScratch {
    row: Vec<f32>,
}

/// The vector index of one shard. All calls take `&self`; `put` and `remove` come from one thread.
pub struct VectorIndex {
    options: GraphOptions,
    live: RwLock<Vec<u64>>,
}

impl VectorIndex {
    /// # Panics
    /// When an option is out of its range.
    pub fn new(options: GraphOptions) -> Self {
        options.check();
        Self {
            options,
            live: RwLock::default(),
        }
    }

    pub fn options(&self) -> &GraphOptions {
        &self.options
    }

    /// Encodes the vector as the slot's code; searches that begin later see it. Replaces what the
    /// slot held. The vector's length is the dimension and its components are finite.
    pub fn put(&self, slot: u32, vector: &[f32]) {
        assert_eq!(vector.len(), self.options.dimension);
        let mut live = self.live.write().expect("no writer panics");
        let word = slot as usize / 64;
        if live.len() <= word {
            live.resize(word + 1, 0);
        }
        live[word] |= 1 << (slot % 64);
    }

    /// Hides the slot from every search that begins later. Answers whether it was there.
    pub fn remove(&self, slot: u32) -> bool {
        let mut live = self.live.write().expect("no writer panics");
        let Some(word) = live.get_mut(slot as usize / 64) else {
            return false;
        };
        let was = *word >> (slot % 64) & 1 == 1;
        *word &= !(1 << (slot % 64));
        was
    }

    pub fn contains(&self, slot: u32) -> bool {
        let live = self.live.read().expect("no writer panics");
        live.get(slot as usize / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Bitmap of the slots that searches see: bit `slot % 64` of word `slot / 64`.
    pub fn live_slots(&self) -> Vec<u64> {
        self.live.read().expect("no writer panics").clone()
    }

    /// Number of slots that wait for `link_next`.
    pub fn unlinked_len(&self) -> u64 {
        0
    }

    /// Puts the next waiting slot into the graph; false when none waits. Any number of threads.
    pub fn link_next(&self, _scratch: &mut BuildScratch) -> bool {
        false
    }

    /// One bounded step of repair, renumbering or tuning. Any thread; one works at a time.
    pub fn maintain(&self, _scratch: &mut BuildScratch) -> Maintenance {
        Maintenance::Idle
    }

    /// The cheaper way to answer.
    pub fn plan(&self, request: PlanRequest) -> Plan {
        match request.matches {
            Some(0) => Plan::Empty,
            Some(_) | None => Plan::Scan,
        }
    }

    /// Walks the graph, scans what is not in it yet, and scores the best candidates exactly.
    pub fn search(
        &self,
        query: &[f32],
        params: &SearchParams<'_>,
        filter: Option<&SlotSet<'_>>,
        source: &dyn VectorSource,
        scratch: &mut SearchScratch,
    ) -> Result<SearchOutcome, VectorReadError> {
        self.scan(query, params, filter, source, scratch)
    }

    /// The true top k of the live slots of the set.
    pub fn scan(
        &self,
        query: &[f32],
        params: &SearchParams<'_>,
        filter: Option<&SlotSet<'_>>,
        source: &dyn VectorSource,
        scratch: &mut SearchScratch,
    ) -> Result<SearchOutcome, VectorReadError> {
        scratch.row.resize(self.options.dimension, 0.0);
        let live = self.live_slots();
        let slots = (0..live.len() as u32 * 64)
            .filter(|slot| live[*slot as usize / 64] >> (slot % 64) & 1 == 1)
            .filter(|slot| filter.is_none_or(|set| set.contains(*slot)))
            .filter(|slot| !params.exclude.contains(slot));
        let mut hits = Vec::new();
        for slot in slots {
            source.read(slot, &mut scratch.row)?;
            hits.push(Hit {
                slot,
                score: score(self.options.metric, query, &scratch.row),
            });
        }
        let rescored = hits.len() as u64;
        hits.sort_by(|a, b| {
            let order = a.score.total_cmp(&b.score);
            let order = if self.options.metric.higher_is_nearer() {
                order.reverse()
            } else {
                order
            };
            order.then(a.slot.cmp(&b.slot))
        });
        hits.truncate(params.k);
        Ok(SearchOutcome {
            hits,
            exact: true,
            distances: 0,
            rescored,
            tail_scanned: 0,
        })
    }

    /// Writes a checkpoint. `tag` comes back from `load`; the engine stores its applied index.
    /// What is put or removed meanwhile may or may not be in it.
    pub fn save(&self, tag: u64, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&tag.to_le_bytes())?;
        for word in self.live_slots() {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(())
    }

    /// Reads a checkpoint to its end; answers the index and the tag.
    pub fn load(options: GraphOptions, input: &mut impl Read) -> Result<(Self, u64), LoadError> {
        options.check();
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(LoadError::Io)?;
        if bytes.len() < 8 || bytes.len() % 8 != 0 {
            return Err(LoadError::Refused("it ends early".to_owned()));
        }
        let mut words = bytes
            .chunks_exact(8)
            .map(|chunk| u64::from_le_bytes(chunk.try_into().expect("chunks have 8 bytes")));
        let tag = words.next().expect("there are at least 8 bytes");
        let live = RwLock::new(words.collect());
        Ok((Self { options, live }, tag))
    }

    pub fn stats(&self) -> IndexStats {
        let live = self.live_slots();
        IndexStats {
            live: live.iter().map(|word| u64::from(word.count_ones())).sum(),
            memory_bytes: live.len() as u64 * 8,
            ..IndexStats::default()
        }
    }

    /// Resident bytes of codes, links and maps.
    pub fn memory_bytes(&self) -> u64 {
        self.stats().memory_bytes
    }
}

fn score(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    match metric {
        Metric::Dot => dot(a, b),
        Metric::Cosine => {
            let norms = (dot(a, a) * dot(b, b)).sqrt();
            if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
        }
        Metric::L2 => a
            .iter()
            .zip(b)
            .map(|(x, y)| (x - y) * (x - y))
            .sum::<f32>()
            .sqrt(),
    }
}
