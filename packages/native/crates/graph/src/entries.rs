//! Where walks begin: a sample of nodes whose codes are copied side by side.
//!
//! Comparing the query with 512 codes that lie in one piece costs about a microsecond and lands
//! near enough that no upper levels are needed.

use crate::kernels::{CodeRows, Kernels};
use crate::nodes::Nodes;
use crate::pool::Candidate;
use crate::random::Random;
use crate::walk::Measure;

const ENTRIES: usize = 512;

#[derive(Default)]
pub struct EntrySet {
    nodes: Vec<u32>,
    /// Position of each copy: 0, 1, 2, ...
    positions: Vec<u32>,
    codes: Vec<Line>,
    stride: usize,
}

/// Keeps the copies aligned as the originals are.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u8; 64]);

impl EntrySet {
    /// Copies the codes of these nodes.
    pub fn new(nodes: &Nodes, chosen: Vec<u32>) -> Self {
        let stride = nodes.layout.stride;
        let lines = stride / 64;
        let mut codes = vec![Line([0; 64]); chosen.len() * lines];
        for (node, copy) in chosen.iter().zip(codes.chunks_exact_mut(lines)) {
            for (at, line) in copy.iter_mut().enumerate() {
                // Safety: rows are `stride` bytes, written before the node was made live.
                line.0 = unsafe { nodes.code_row(*node).add(at * 64).cast::<[u8; 64]>().read() };
            }
        }
        Self {
            positions: (0..chosen.len() as u32).collect(),
            nodes: chosen,
            codes,
            stride,
        }
    }

    /// Draws live nodes of the graph.
    pub fn sample(nodes: &Nodes, random: &mut Random) -> Self {
        let usable = |node: u32| nodes.linked.contains(node) && nodes.live.contains(node);
        let len = nodes.len();
        let mut chosen: Vec<u32> = if len as usize <= 2 * ENTRIES {
            (0..len).filter(|node| usable(*node)).collect()
        } else {
            (0..8 * ENTRIES)
                .map(|_| random.below(len))
                .filter(|node| usable(*node))
                .collect()
        };
        chosen.truncate(ENTRIES);
        if chosen.is_empty() {
            chosen.extend((0..len).find(|node| usable(*node)));
        }
        chosen.sort_unstable();
        chosen.dedup();
        Self::new(nodes, chosen)
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// The `best.len()` entries nearest to the target, or as many as there are.
    pub fn nearest<'a>(
        &self,
        kernels: &Kernels,
        measure: &mut Measure<'_>,
        best: &'a mut [Candidate],
    ) -> &'a [Candidate] {
        let rows = CodeRows {
            base: self.codes.as_ptr().cast(),
            stride: self.stride,
        };
        // Safety: the copies are whole rows of the layout and never change.
        let values = unsafe { measure.values(kernels, rows, &self.positions) };
        let mut found = 0;
        for (node, value) in self.nodes.iter().zip(values) {
            let candidate = Candidate::new(*value, *node);
            if found < best.len() {
                best[found] = candidate;
                found += 1;
            } else if best[found - 1] > candidate {
                best[found - 1] = candidate;
            } else {
                continue;
            }
            let mut at = found - 1;
            while at > 0 && best[at - 1] > best[at] {
                best.swap(at - 1, at);
                at -= 1;
            }
        }
        &best[..found]
    }
}
