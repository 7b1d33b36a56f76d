//! A query, prepared: rotated and quantised to find candidates, as it came to score them exactly.

use crate::codes::Target;
use crate::kernels::Kernels;
use crate::nodes::Nodes;
use crate::options::Metric;
use crate::rotation::Rotation;
use crate::source::{VectorReadError, VectorSource};

/// Standard deviations of the error of a code within which candidates count as equally near. At
/// four, one candidate in thirty thousand is missed.
const BAND: f32 = 4.0;

#[derive(Default)]
pub struct Query {
    given: Vec<f32>,
    /// Length of `given`.
    length: f32,
    /// What the target stands for.
    rotated: Vec<f32>,
    pub target: Target,
    row: Vec<f32>,
    /// Relative error of the sums that make values and scores.
    slack: f32,
}

/// How exact scores are made.
#[derive(Clone, Copy)]
pub struct Scoring<'a> {
    pub metric: Metric,
    pub kernels: &'a Kernels,
    pub source: &'a dyn VectorSource,
}

impl Query {
    pub fn set(&mut self, query: &[f32], metric: Metric, rotation: &Rotation, nodes: &Nodes) {
        let layout = &nodes.layout;
        assert_eq!(query.len(), layout.dimension, "the query's dimension");
        self.given.clear();
        self.given.extend_from_slice(query);
        self.row.resize(layout.dimension, 0.0);
        self.length = length(query);
        let error = rotate(query, metric, rotation, &mut self.rotated);
        self.target.set_query(layout, metric, &self.rotated, error);
        self.slack =
            (layout.dimension as f32 / 8.0 + 32.0) * f32::EPSILON + 4.0 * rotation.relative_error();
    }

    /// Bound of the error of the node's value.
    #[inline(always)]
    pub fn error(&self, nodes: &Nodes, node: u32) -> f32 {
        self.target.error(nodes.trailer(node), self.slack)
    }

    /// How far behind the candidate of rank k another may lie and still be nearer in truth.
    pub fn band(&self, nodes: &Nodes, last: u32) -> f32 {
        let deviation = self
            .target
            .deviation(nodes.trailer(last), nodes.layout.dimension);
        BAND * std::f32::consts::SQRT_2 * deviation
    }

    /// The value and a bound of its error from the unquantised query: about half the error of the
    /// integer comparison, at ten times the cost.
    pub fn refine(&self, nodes: &Nodes, node: u32, metric: Metric) -> (f32, f32) {
        let trailer = nodes.trailer(node);
        // Safety: the trailer was read, so the node is allotted and its code is written.
        let code =
            unsafe { std::slice::from_raw_parts(nodes.code_row(node), nodes.layout.dimension) };
        let product: f32 = self
            .rotated
            .iter()
            .zip(code)
            .map(|(q, c)| q * (f32::from(*c) - 128.0))
            .sum();
        let square = match metric {
            Metric::Cosine | Metric::Dot => 0.0,
            Metric::L2 => trailer.length * trailer.length,
        };
        let lengths = self.target.length + trailer.length;
        // The sum above runs in one lane: its rounding grows with the dimension.
        let rounding = self.slack + code.len() as f32 * f32::EPSILON;
        let error = 2.0 * self.target.length * trailer.residual + rounding * lengths * lengths;
        (square - 2.0 * trailer.scale * product, error)
    }

    /// The exact score of a slot and the exact value that belongs to it.
    pub fn score(
        &mut self,
        scoring: &Scoring<'_>,
        slot: u32,
    ) -> Result<(f32, f32), VectorReadError> {
        scoring.source.read(slot, &mut self.row)?;
        Ok(match scoring.metric {
            Metric::Dot | Metric::Cosine => {
                let score = scoring.score(&self.given, self.length, &self.row);
                (score, -2.0 * score)
            }
            Metric::L2 => {
                let square = scoring.kernels.squared_distance(&self.given, &self.row);
                (
                    square.sqrt(),
                    square - self.target.length * self.target.length,
                )
            }
        })
    }
}

impl Scoring<'_> {
    /// What the metric says of a query of this length and a row.
    #[inline(always)]
    pub fn score(&self, query: &[f32], query_length: f32, row: &[f32]) -> f32 {
        let kernels = self.kernels;
        match self.metric {
            Metric::Dot => kernels.dot(query, row),
            Metric::Cosine => {
                let lengths = query_length * kernels.dot(row, row).sqrt();
                if lengths > 0.0 {
                    (kernels.dot(query, row) / lengths).clamp(-1.0, 1.0)
                } else {
                    0.0
                }
            }
            Metric::L2 => kernels.squared_distance(query, row).sqrt(),
        }
    }
}

/// Rotates a vector, normalised for cosine; answers a bound of the length of what was lost.
pub fn rotate(vector: &[f32], metric: Metric, rotation: &Rotation, out: &mut Vec<f32>) -> f32 {
    let length = length(vector);
    out.clear();
    match metric {
        Metric::Cosine if length > 0.0 => out.extend(vector.iter().map(|x| x / length)),
        Metric::Cosine | Metric::Dot | Metric::L2 => out.extend_from_slice(vector),
    }
    rotation.apply(out);
    let kept = match metric {
        Metric::Cosine => 1.0,
        Metric::Dot | Metric::L2 => length,
    };
    kept * (rotation.relative_error() + 4.0 * f32::EPSILON)
}

/// Summed in f64, so that no square overflows.
pub fn length(vector: &[f32]) -> f32 {
    let square: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    square.sqrt() as f32
}
