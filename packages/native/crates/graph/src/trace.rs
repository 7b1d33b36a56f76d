//! What a search does with one slot: whether it meets it, and where its code places it.
//!
//! The search runs as it always does; what it met and found still lies in its memory afterwards, so
//! searches that nobody asks about pay nothing.

use crate::answer::{SearchParams, SearchScratch};
use crate::index::VectorIndex;
use crate::pool::Candidate;
use crate::query::Query;
use crate::search::{Approximate, ApproximateScratch};
use crate::source::{SlotSet, VectorReadError, VectorSource};
use crate::walk::Measure;

/// How a search treats a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its row was compared, or every vector was: its place is the true one.
    Scored,
    /// Its code was compared, and placed it behind all whose rows were.
    LostByCodes,
    /// The walk never met it.
    NotReached,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub fate: Fate,
    /// Place by code among all that were compared and match, the nearest is 1; 0 when it was not
    /// compared.
    pub coded_rank: u32,
    /// Candidates whose rows were compared.
    pub rescored: u32,
}

impl VectorIndex {
    /// `search`, and what became of a slot of the set; `None` when the slot is not there.
    pub fn trace(
        &self,
        slot: u32,
        query: &[f32],
        params: &SearchParams<'_>,
        filter: Option<&SlotSet<'_>>,
        source: &dyn VectorSource,
        scratch: &mut SearchScratch,
    ) -> Result<Option<Trace>, VectorReadError> {
        let era = self.eras.current();
        let SearchScratch {
            query: prepared,
            approximate: memory,
            ..
        } = scratch;
        let search = self.approximate(query, params, filter, source, &era, prepared);
        let outcome = search.run(prepared, memory)?;
        let Some(node) = era.nodes.node_of(slot) else {
            return Ok(None);
        };
        let rescored = outcome.rescored as u32;
        if search.falls_short(&outcome) {
            return Ok(Some(Trace {
                fate: Fate::Scored,
                coded_rank: 0,
                rescored,
            }));
        }
        let limit = search.rescore_limit(prepared, &memory.merged);
        let mut scored = memory.merged.iter();
        let is_scored =
            scored.any(|candidate| candidate.node() == node && candidate.value() <= limit);
        let coded_rank = search.coded_rank(node, prepared, memory);
        Ok(Some(Trace {
            fate: match (is_scored, coded_rank) {
                (true, _) => Fate::Scored,
                (false, 0) => Fate::NotReached,
                (false, _) => Fate::LostByCodes,
            },
            coded_rank,
            rescored,
        }))
    }
}

impl Approximate<'_> {
    /// After a run: the node's place by code among what was compared and may be a result; 0 when it
    /// was not compared.
    fn coded_rank(&self, node: u32, query: &Query, memory: &mut ApproximateScratch) -> u32 {
        let nodes = &*self.era.nodes;
        let matches = |node: &u32| {
            let slot = nodes.slot_of(*node);
            nodes.live.contains(*node) && self.scope.filter.is_none_or(|set| set.contains(slot))
        };
        let mut compared: Vec<u32> = memory.walk.met().to_vec();
        compared.extend(nodes.pending.iter(nodes.len()));
        compared.retain(matches);
        compared.sort_unstable();
        compared.dedup();
        let Ok(place) = compared.binary_search(&node) else {
            return 0;
        };
        let mut measure = Measure {
            layout: nodes.layout,
            target: &query.target,
            products: &mut memory.walk.products,
            values: &mut memory.walk.values,
        };
        // Safety: nodes that were met and those that are pending have codes, and the search holds
        // its era.
        let values = unsafe { measure.values(self.scoring.kernels, nodes.codes(), &compared) };
        let own = Candidate::new(values[place], node);
        let all = compared.iter().zip(values);
        let nearer = all.filter(|(node, value)| Candidate::new(**value, **node) < own);
        nearer.count() as u32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::rotate;
    use crate::random::Random;
    use crate::testing::{Rows, linked_index, params, seed, truth};
    use crate::{Metric, SearchOutcome};

    const COUNT: u32 = 3000;
    const DIMENSION: usize = 96;

    /// A node that no row leads to any more is told as not reached, whatever the width; its
    /// neighbours are scored.
    #[test]
    fn a_node_cut_off_is_not_reached() {
        let rows = Rows::random(COUNT as usize, 16, seed(41));
        let index = linked_index(&rows, Metric::L2, 0..COUNT);
        let era = index.eras.current();
        let entries = era.entries.nodes();
        let slot = (0..COUNT).find(|slot| {
            let node = era.nodes.node_of(*slot);
            node.is_some_and(|node| !entries.contains(&node))
        });
        let slot = slot.expect("some node is no entry");
        let lonely = era.nodes.node_of(slot).expect("it was put");
        for node in 0..era.nodes.len() {
            let mut links = Vec::new();
            era.nodes.links_into(node, &mut links);
            links.retain(|link| *link != lonely);
            links.truncate(era.nodes.links);
            let _row = era.nodes.lock_row(node);
            era.nodes.write_links(node, &links);
        }
        let query = rows.row(slot);
        let mut scratch = SearchScratch::default();
        for k in [1, 10, 200] {
            let outcome = search(&index, query, k, &rows, &mut scratch);
            assert!(outcome.hits.iter().all(|hit| hit.slot != slot));
            let trace = index.trace(slot, query, &params(k), None, &rows, &mut scratch);
            let trace = trace.expect("rows can be read").expect("it is there");
            assert_eq!((trace.fate, trace.coded_rank), (Fate::NotReached, 0));
            assert_eq!(u64::from(trace.rescored), outcome.rescored);
            let found = outcome.hits[0].slot;
            let trace = index.trace(found, query, &params(k), None, &rows, &mut scratch);
            let trace = trace.expect("rows can be read").expect("it is there");
            assert_eq!((trace.fate, trace.coded_rank > 0), (Fate::Scored, true));
        }
    }

    /// A query that lies along what the code of a vector leaves out: by the code the vector is
    /// farther than it is in truth, farther than all that are scored. It is told as lost by the
    /// codes, and as scored by a search that is as wide as its rank by code.
    #[test]
    fn a_code_that_misleads_loses_its_vector() {
        let seed = seed(42);
        let mut random = Random::new(seed);
        let mut rows = Rows::random(COUNT as usize, DIMENSION, seed);
        let index = linked_index(&rows, Metric::Cosine, 0..1);
        let query = misleading_query(&index, rows.row(0));
        // Others, each a little farther from the query than the first one is, with codes of their
        // own that err either way.
        let first = truth(&rows, Metric::Cosine, &query, 1, 0..1)[0].score;
        for slot in 1..COUNT {
            let row = at_cosine(&query, first - 1e-6 * (1 + slot) as f32, &mut random);
            rows.values[slot as usize * DIMENSION..][..DIMENSION].copy_from_slice(&row);
        }
        let index = linked_index(&rows, Metric::Cosine, 0..COUNT);
        let mut scratch = SearchScratch::default();
        let nearest = truth(&rows, Metric::Cosine, &query, 1, 0..COUNT);
        assert_eq!(nearest[0].slot, 0, "seed {seed}");
        let outcome = search(&index, &query, 1, &rows, &mut scratch);
        assert_ne!(outcome.hits[0].slot, 0, "seed {seed}");
        let trace = index.trace(0, &query, &params(1), None, &rows, &mut scratch);
        let trace = trace.expect("rows can be read").expect("it is there");
        assert_eq!(trace.fate, Fate::LostByCodes, "{trace:?}, seed {seed}");
        assert!(trace.coded_rank > trace.rescored, "{trace:?}, seed {seed}");
        let wide = params(trace.coded_rank as usize);
        let trace = index.trace(0, &query, &wide, None, &rows, &mut scratch);
        let trace = trace.expect("rows can be read").expect("it is there");
        assert_eq!(trace.fate, Fate::Scored, "{trace:?}, seed {seed}");
    }

    fn search(
        index: &VectorIndex,
        query: &[f32],
        k: usize,
        rows: &Rows,
        scratch: &mut SearchScratch,
    ) -> SearchOutcome {
        let outcome = index.search(query, &params(k), None, rows, scratch);
        outcome.expect("rows can be read")
    }

    /// A direction between a vector and the error of its code.
    fn misleading_query(index: &VectorIndex, row: &[f32]) -> Vec<f32> {
        let era = index.eras.current();
        let mut rotated = Vec::new();
        rotate(row, Metric::Cosine, &index.rotation, &mut rotated);
        let trailer = era.nodes.trailer(0);
        // Safety: the one node is written.
        let code = unsafe { std::slice::from_raw_parts(era.nodes.code_row(0), DIMENSION) };
        let error: Vec<f32> = rotated
            .iter()
            .zip(code)
            .map(|(x, byte)| x - trailer.scale * (f32::from(*byte) - 128.0))
            .collect();
        let length = error.iter().map(|x| x * x).sum::<f32>().sqrt();
        let wanted: Vec<f32> = rotated
            .iter()
            .zip(&error)
            .map(|(x, e)| 0.3 * x + e / length)
            .collect();
        unrotate(index, &wanted)
    }

    /// The rotation keeps inner products: a component of what was rotated is its product with a
    /// rotated unit vector.
    fn unrotate(index: &VectorIndex, rotated: &[f32]) -> Vec<f32> {
        let units = (0..DIMENSION).map(|at| {
            let mut unit = vec![0.0; DIMENSION];
            unit[at] = 1.0;
            index.rotation.apply(&mut unit);
            unit.iter().zip(rotated).map(|(a, b)| a * b).sum()
        });
        units.collect()
    }

    /// A unit vector with this cosine to the query.
    fn at_cosine(query: &[f32], cosine: f32, random: &mut Random) -> Vec<f32> {
        let square: f32 = query.iter().map(|x| x * x).sum();
        let mut side: Vec<f32> = query.iter().map(|_| random.gaussian()).collect();
        let along = side.iter().zip(query).map(|(a, b)| a * b).sum::<f32>() / square;
        side.iter_mut()
            .zip(query)
            .for_each(|(a, b)| *a -= along * b);
        let length = side.iter().map(|x| x * x).sum::<f32>().sqrt();
        let sine = (1.0 - cosine * cosine).sqrt();
        let parts = query.iter().zip(&side);
        parts
            .map(|(q, s)| cosine * q / square.sqrt() + sine * s / length)
            .collect()
    }
}
