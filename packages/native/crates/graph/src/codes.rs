//! The int8 code of a vector and what a comparison with it means.
//!
//! A code has its own scale, the largest component over 127, so nothing has to be trained and no
//! drift of the data can spoil it. A row of codes holds, at a stride that is a multiple of 64:
//!
//! | bytes | holds |
//! |---|---|
//! | 0..dimension | component / scale, rounded, plus 128 |
//! | .. | zeros |
//! | stride-12..stride-8 | scale, f32 |
//! | stride-8..stride-4 | length of the vector (after normalising for cosine), f32 |
//! | stride-4..stride | upper bound of the length of (rotated vector - scale x components), f32 |
//!
//! The *value* of a row for a target orders rows from near to far: value + offset is a squared
//! distance. It is `-2 x.q` for cosine and dot, `|x|^2 - 2 x.q` for l2.

use crate::kernels::{CodeRows, IntQuery, STEP};
use crate::options::Metric;

/// Bytes at the end of a row that describe its code.
const TRAILER: usize = 12;

#[derive(Clone, Copy, Debug)]
pub struct CodeLayout {
    pub dimension: usize,
    /// Bytes the kernels compare.
    pub compared: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
}

impl CodeLayout {
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            compared: dimension.next_multiple_of(STEP),
            stride: (dimension + TRAILER).next_multiple_of(STEP),
        }
    }

    /// # Safety
    /// `row` begins a row of this layout that is written and no longer changes.
    #[inline(always)]
    pub unsafe fn trailer(&self, row: *const u8) -> Trailer {
        // Safety: the row has `stride` bytes, and `stride` and its base are multiples of four.
        let [scale, length, residual] =
            unsafe { row.add(self.stride - TRAILER).cast::<[f32; 3]>().read() };
        Trailer {
            scale,
            length,
            residual,
        }
    }

    /// Writes the row of a rotated vector. `error` bounds what rotating and normalising did to it.
    pub fn encode(&self, rotated: &[f32], error: f32, row: &mut [u8]) {
        assert_eq!((rotated.len(), row.len()), (self.dimension, self.stride));
        row.fill(0);
        let quantiser = Quantiser::of(rotated);
        for (byte, component) in row.iter_mut().zip(rotated) {
            *byte = (quantiser.quantise(*component) + 128) as u8;
        }
        let decoded = |byte: u8| quantiser.scale * (f32::from(byte) - 128.0);
        let residual = rotated
            .iter()
            .zip(&*row)
            .map(|(component, byte)| component - decoded(*byte))
            .map(|difference| difference * difference)
            .sum::<f32>()
            .sqrt();
        let length = rotated.iter().map(|x| x * x).sum::<f32>().sqrt();
        // Rounding of the sums above is far below a thousandth.
        let trailer = [quantiser.scale, length, residual * 1.001 + error];
        for (bytes, value) in row[self.stride - TRAILER..]
            .chunks_exact_mut(4)
            .zip(trailer)
        {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// What stands behind a code.
#[derive(Clone, Copy, Debug)]
pub struct Trailer {
    pub scale: f32,
    pub length: f32,
    pub residual: f32,
}

struct Quantiser {
    scale: f32,
    inverse: f32,
}

impl Quantiser {
    fn of(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        let scale = largest / 127.0;
        // A vector of denormals has no usable scale; as zeros, its length becomes its residual.
        if scale < f32::MIN_POSITIVE {
            return Self {
                scale: 0.0,
                inverse: 0.0,
            };
        }
        Self {
            scale,
            inverse: 1.0 / scale,
        }
    }

    fn quantise(&self, component: f32) -> i32 {
        ((component * self.inverse).round_ties_even() as i32).clamp(-127, 127)
    }
}

/// What codes are compared with: a query, or a row that is being linked.
#[derive(Default)]
pub struct Target {
    components: Vec<i8>,
    bias: i32,
    /// Scale of the components.
    scale: f32,
    /// Length of what the components stand for.
    pub length: f32,
    /// Upper bound of the length of the components' error.
    pub residual: f32,
    space: Space,
}

/// How products become values.
#[derive(Clone, Copy, Default)]
enum Space {
    /// `-2 x.q`
    #[default]
    Product,
    /// `|x|^2 - 2 x.q`
    Euclidean,
    /// Distance between rows of unequal length under the dot metric. Each row gets one more
    /// component that brings it to the length `reach`, so that inner products with a query become
    /// distances (Bachrach et al. 2014, section 3); then as `Euclidean`.
    Lifted { reach: f32 },
}

impl Target {
    /// A rotated query; for cosine its length is 1. `error` as for `CodeLayout::encode`.
    pub fn set_query(&mut self, layout: &CodeLayout, metric: Metric, rotated: &[f32], error: f32) {
        let quantiser = Quantiser::of(rotated);
        let quantised = |x: &f32| quantiser.quantise(*x) as i8;
        self.components.clear();
        self.components.extend(rotated.iter().map(quantised));
        self.components.resize(layout.compared, 0);
        self.scale = quantiser.scale;
        self.length = rotated.iter().map(|x| x * x).sum::<f32>().sqrt();
        let residual = rotated
            .iter()
            .zip(&self.components)
            .map(|(x, c)| x - quantiser.scale * f32::from(*c))
            .map(|difference| difference * difference)
            .sum::<f32>()
            .sqrt();
        self.residual = residual * 1.001 + error;
        self.space = match metric {
            Metric::Cosine | Metric::Dot => Space::Product,
            Metric::L2 => Space::Euclidean,
        };
        self.set_bias();
    }

    /// A row of codes. `reach` is the greatest length of all rows; only dot uses it.
    ///
    /// # Safety
    /// `row` begins a row of this layout that is written and no longer changes.
    pub unsafe fn set_row(
        &mut self,
        layout: &CodeLayout,
        metric: Metric,
        row: *const u8,
        reach: f32,
    ) {
        // Safety: promised by the caller.
        let (code, trailer) = unsafe {
            (
                std::slice::from_raw_parts(row, layout.dimension),
                layout.trailer(row),
            )
        };
        self.components.clear();
        self.components
            .extend(code.iter().map(|byte| (byte ^ 0x80) as i8));
        self.components.resize(layout.compared, 0);
        self.scale = trailer.scale;
        self.length = trailer.length;
        self.residual = trailer.residual;
        self.space = match metric {
            Metric::Cosine => Space::Product,
            Metric::L2 => Space::Euclidean,
            Metric::Dot => Space::Lifted {
                reach: reach.max(trailer.length),
            },
        };
        self.set_bias();
    }

    /// Makes a row's target that of a query with the same vector.
    pub fn become_query(&mut self) {
        if let Space::Lifted { .. } = self.space {
            self.space = Space::Product;
        }
    }

    fn set_bias(&mut self) {
        self.bias = IntQuery::new(&self.components).bias;
    }

    pub fn int_query(&self) -> IntQuery<'_> {
        IntQuery {
            components: &self.components,
            bias: self.bias,
        }
    }

    /// Turns products into values, in place of nothing: `values[i]` for row `named[i]`.
    ///
    /// # Safety
    /// Each row named is a row of this layout that is written and no longer changes.
    #[inline]
    pub unsafe fn values(
        &self,
        layout: &CodeLayout,
        rows: CodeRows,
        named: &[u32],
        products: &[i32],
        values: &mut Vec<f32>,
    ) {
        let factor = 2.0 * self.scale;
        // Safety: promised by the caller.
        let trailer = |row: u32| unsafe { layout.trailer(rows.at(row)) };
        let both = named.iter().zip(products);
        values.clear();
        match self.space {
            Space::Product => values
                .extend(both.map(|(row, product)| -factor * trailer(*row).scale * *product as f32)),
            Space::Euclidean => values.extend(both.map(|(row, product)| {
                let row = trailer(*row);
                row.length * row.length - factor * row.scale * *product as f32
            })),
            Space::Lifted { reach } => {
                let square = self.length * self.length;
                let height = (reach * reach - square).max(0.0).sqrt();
                values.extend(both.map(|(row, product)| {
                    let row = trailer(*row);
                    let row_square = row.length * row.length;
                    let row_height = (reach * reach - row_square).max(0.0).sqrt();
                    let rise = height - row_height;
                    row_square - factor * row.scale * *product as f32 + rise * rise
                }))
            }
        }
    }

    /// What makes a value a squared distance: value + offset. `reach` as in `set_row`.
    pub fn offset(&self, metric: Metric, reach: f32) -> f32 {
        match (self.space, metric) {
            (Space::Euclidean | Space::Lifted { .. }, _) => self.length * self.length,
            (Space::Product, Metric::Dot) => 2.0 * reach.max(self.length * 1e-3) * self.length,
            (Space::Product, _) => 2.0,
        }
    }

    /// Upper bound of |value of the row - the value that exact arithmetic on the f32 vectors gives|
    /// for a query.
    ///
    /// With x = c + e and q = d + f (codes and residuals), `x.q - c.d = d.e + f.x`; each term is at
    /// most the product of the lengths. `slack` is the relative error of f32 sums.
    #[inline(always)]
    pub fn error(&self, row: Trailer, slack: f32) -> f32 {
        let decoded = self.length + self.residual;
        let product = decoded * row.residual + self.residual * row.length;
        let rounding = slack * (self.length + row.length) * (self.length + row.length);
        2.0 * product + rounding
    }

    /// Standard deviation of the same error, if residuals point anywhere: what the walk's band of
    /// candidates for rescoring is made of.
    pub fn deviation(&self, row: Trailer, dimension: usize) -> f32 {
        let row_part = self.length * row.residual;
        let own_part = self.residual * row.length;
        2.0 * (row_part * row_part + own_part * own_part).sqrt() / (dimension as f32).sqrt()
    }
}
