//! How far a walk looks to reach a recall: a table for each index, fitted to its own data.
//!
//! The share g by which a walk looks beyond the k-th distance means different things for different
//! data, so a fixed table would keep its promise on the data it was measured on and nowhere else.
//! In idle time the index asks itself: some of its own vectors are the queries, the truth is a full
//! comparison of codes, and the walk acts as if the query's own node was not there. The smallest g
//! that reaches a level's recall is that level's, but never less than what was measured: the
//! queries that people ask are often less like the stored vectors than those are like each other,
//! and so they are harder.

use std::collections::BinaryHeap;
use std::sync::atomic::Ordering;

use crate::codes::Target;
use crate::era::Era;
use crate::index::VectorIndex;
use crate::nodes::Nodes;
use crate::pool::Candidate;
use crate::random::Random;
use crate::walk::{Admit, Measure, Stop, Walk, WalkScratch};

/// Recalls for which the table has a row; between them it is interpolated.
const LEVELS: [f32; 7] = [0.80, 0.90, 0.95, 0.98, 0.99, 0.995, 0.999];

/// Candidates that a walk keeps at most, by level. A walk that ends by this bound and not by its
/// own took a wrong turn; few do.
const CAPACITIES: [f32; 7] = [1000.0, 1000.0, 1000.0, 1000.0, 1500.0, 3000.0, 8000.0];

/// Measured on GloVe words at 340,000 vectors, k 10: what an index begins with, and the least.
const G_MEASURED: [f32; 7] = [0.030, 0.052, 0.071, 0.091, 0.104, 0.120, 0.160];

/// The greatest g, as a multiple of what was measured. Where that is not enough the graph itself
/// lacks something, and looking further costs much and finds little.
const G_SPAN: f32 = 3.0;

/// Hits asked for in a probe.
const K: usize = 10;

/// Queries of a fit. With ten hits each, the recall found is off by less than .003 at .98.
const PROBES: usize = 256;

/// Probes whose truth is found in one step.
const PROBES_PER_STEP: usize = 8;

/// Smaller graphs are scanned, or so easy that any g will do.
const NODES_MIN: u64 = 4096;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    pub g: [f32; LEVELS.len()],
}

impl Default for Tuning {
    fn default() -> Self {
        Self { g: G_MEASURED }
    }
}

impl Tuning {
    /// When a search for k with this target stops.
    pub fn stop(&self, k: usize, target_recall: f32, offset: f32) -> Stop {
        let (level, share) = place(target_recall);
        let between =
            |table: &[f32; LEVELS.len()]| table[level] + (table[level + 1] - table[level]) * share;
        stop(k, between(&self.g), between(&CAPACITIES) as usize, offset)
    }
}

fn stop(k: usize, g: f32, capacity: usize, offset: f32) -> Stop {
    let rank = k.max(K);
    Stop {
        rank,
        stretch: (1.0 + g) * (1.0 + g),
        offset,
        capacity: capacity.max(4 * rank),
        expansions_min: 16 + rank / 2,
    }
}

/// The level at or below a recall, and the way to the next, 0 to 1.
fn place(recall: f32) -> (usize, f32) {
    let recall = recall.clamp(LEVELS[0], LEVELS[LEVELS.len() - 1]);
    let above = LEVELS.partition_point(|level| *level < recall);
    let level = above.saturating_sub(1);
    let share = (recall - LEVELS[level]) / (LEVELS[level + 1] - LEVELS[level]);
    (level, share)
}

/// Where fitting stands. Each step is one piece of work: upkeep holds its lock meanwhile, and a
/// checkpoint waits for that.
#[derive(Default)]
pub enum Fit {
    #[default]
    Resting,
    Probing {
        chosen: Vec<u32>,
        probes: Vec<Probe>,
    },
    Fitting {
        probes: Vec<Probe>,
        tuning: Tuning,
        level: usize,
        bracket: Bracket,
    },
}

/// A stored vector as a query.
pub struct Probe {
    node: u32,
    /// What the node stood for: its number may be given to another vector during a fit.
    slot: u32,
    /// Its true neighbours by code.
    truth: Vec<u32>,
    /// Value of the farthest of them. Whatever is as near is right: equal vectors stand in for each
    /// other.
    last: f32,
}

/// The search for the smallest g that reaches a recall: first upwards in steps, then between the
/// last two.
pub struct Bracket {
    /// Too small, or the least that is of interest.
    low: f32,
    /// Large enough, when `halvings_left` is set.
    high: f32,
    most: f32,
    halvings_left: Option<u32>,
}

const HALVINGS: u32 = 3;

impl Bracket {
    /// For a level, given what the level below it needs.
    fn begin(level: usize, below: f32) -> Self {
        let least = below.max(G_MEASURED[level]);
        Self {
            low: least,
            high: least,
            most: G_SPAN * G_MEASURED[level],
            halvings_left: None,
        }
    }

    /// The g to try next.
    fn trial(&self) -> f32 {
        match self.halvings_left {
            None => self.high,
            Some(_) => (self.low * self.high).sqrt(),
        }
    }

    /// Takes in whether the trial reached the recall; answers the result when it is found.
    fn narrow(&mut self, reached: bool) -> Option<f32> {
        let trial = self.trial();
        match self.halvings_left {
            None if reached && self.low == self.high => return Some(trial),
            None if reached => self.halvings_left = Some(HALVINGS),
            None if trial >= self.most => return Some(trial),
            None => {
                self.low = trial;
                self.high = (trial * 1.6).min(self.most);
            }
            Some(left) => {
                match reached {
                    true => self.high = trial,
                    false => self.low = trial,
                }
                self.halvings_left = Some(left - 1);
            }
        }
        (self.halvings_left == Some(0)).then_some(self.high)
    }
}

/// Memory of a fit.
#[derive(Default)]
pub struct FitScratch {
    target: Target,
    walk: WalkScratch,
}

struct AdmitLive<'a>(&'a Nodes);

impl Admit for AdmitLive<'_> {
    const ALL: bool = false;

    fn admits(&self, node: u32) -> bool {
        self.0.live.contains(node)
    }
}

impl VectorIndex {
    pub(crate) fn fit_due(&self, links_since: u64) -> bool {
        let nodes = &self.eras.current().nodes;
        let linked = nodes.linked_len.load(Ordering::Acquire);
        linked >= NODES_MIN && links_since * 2 >= linked
    }

    /// One step of a fit; true with the one that ends it.
    pub(crate) fn fit_step(&self, fit: &mut Fit, scratch: &mut FitScratch) -> bool {
        let era = self.eras.current();
        *fit = match std::mem::take(fit) {
            Fit::Resting => Fit::Probing {
                chosen: choose_probes(&era.nodes, self.options.seed),
                probes: Vec::new(),
            },
            Fit::Probing { chosen, probes } => self.probe_some(&era, chosen, probes, scratch),
            Fit::Fitting {
                probes,
                mut tuning,
                level,
                mut bracket,
            } => {
                let recall = self.probed_recall(&era, &probes, level, bracket.trial(), scratch);
                let mut next = level;
                if let Some(g) = bracket.narrow(recall >= LEVELS[level]) {
                    tuning.g[level] = g;
                    next += 1;
                    if next == LEVELS.len() {
                        self.eras.advance(|era| era.tuning = tuning);
                        return true;
                    }
                    bracket = Bracket::begin(next, g);
                }
                Fit::Fitting {
                    probes,
                    tuning,
                    level: next,
                    bracket,
                }
            }
        };
        false
    }

    /// Finds the truth of some of the chosen.
    fn probe_some(
        &self,
        era: &Era,
        mut chosen: Vec<u32>,
        mut probes: Vec<Probe>,
        scratch: &mut FitScratch,
    ) -> Fit {
        let nodes = &*era.nodes;
        let rest = chosen.len().saturating_sub(PROBES_PER_STEP);
        for node in chosen.drain(rest..) {
            self.geometry(nodes).aim_as_query(&mut scratch.target, node);
            let (truth, last) = nearest_by_code(self, nodes, node, scratch);
            let slot = nodes.slot_of(node);
            probes.push(Probe {
                node,
                slot,
                truth,
                last,
            });
        }
        if !chosen.is_empty() {
            return Fit::Probing { chosen, probes };
        }
        Fit::Fitting {
            probes,
            tuning: era.tuning,
            level: 0,
            bracket: Bracket::begin(0, 0.0),
        }
    }

    /// Share of the probes' true neighbours that walks with this g find.
    fn probed_recall(
        &self,
        era: &Era,
        probes: &[Probe],
        level: usize,
        g: f32,
        scratch: &mut FitScratch,
    ) -> f32 {
        let nodes = &*era.nodes;
        let (mut found, mut asked) = (0, 0);
        for probe in probes {
            if !nodes.live.contains(probe.node) || nodes.slot_of(probe.node) != probe.slot {
                continue;
            }
            self.geometry(nodes)
                .aim_as_query(&mut scratch.target, probe.node);
            let offset = scratch.target.offset(self.options.metric, self.reach());
            Walk {
                kernels: self.kernels,
                nodes,
                entries: &era.entries,
                target: &scratch.target,
                stop: stop(K, g, CAPACITIES[level] as usize, offset),
                hidden: &[probe.node],
            }
            .run(&AdmitLive(nodes), &[], &mut scratch.walk);
            let hits = scratch.walk.found::<AdmitLive<'_>>();
            let right = hits.iter().take_while(|hit| hit.value() <= probe.last);
            let there = probe
                .truth
                .iter()
                .filter(|node| nodes.live.contains(**node));
            let there = there.count();
            found += right.take(there).count();
            asked += there;
        }
        if asked == 0 {
            return 1.0;
        }
        found as f32 / asked as f32
    }
}

/// Live nodes of the graph, drawn at random.
fn choose_probes(nodes: &Nodes, seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    let drawn = (0..32 * PROBES).map(|_| random.below(nodes.len()));
    drawn
        .filter(|node| nodes.live.contains(*node) && nodes.linked.contains(*node))
        .take(PROBES)
        .collect()
}

/// The K live linked nodes whose codes are nearest to the target, without the node itself, and the
/// value of the last of them.
fn nearest_by_code(
    index: &VectorIndex,
    nodes: &Nodes,
    node: u32,
    scratch: &mut FitScratch,
) -> (Vec<u32>, f32) {
    let mut measure = Measure {
        layout: nodes.layout,
        target: &scratch.target,
        products: &mut scratch.walk.products,
        values: &mut scratch.walk.values,
    };
    let mut nearest: BinaryHeap<Candidate> = BinaryHeap::new();
    let mut batch = Vec::new();
    let mut compare = |batch: &mut Vec<u32>| {
        // Safety: live nodes have codes, and the caller holds the era.
        let values = unsafe { measure.values(index.kernels, nodes.codes(), batch) };
        for (node, value) in batch.iter().zip(values) {
            let candidate = Candidate::new(*value, *node);
            if nearest.len() < K {
                nearest.push(candidate);
            } else if nearest.peek().is_some_and(|last| candidate < *last) {
                nearest.pop();
                nearest.push(candidate);
            }
        }
        batch.clear();
    };
    for other in nodes.live.iter(nodes.len()) {
        if other != node && nodes.linked.contains(other) {
            batch.push(other);
            if batch.len() == 64 {
                compare(&mut batch);
            }
        }
    }
    compare(&mut batch);
    let last = nearest
        .peek()
        .map_or(f32::NEG_INFINITY, |last| last.value());
    (
        nearest.into_iter().map(|found| found.node()).collect(),
        last,
    )
}

#[cfg(test)]
mod tests;
