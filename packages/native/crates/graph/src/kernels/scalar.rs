//! The kernels in plain Rust: the fall-back, and what the others are compared with.

use super::{CodeRows, IntQuery, Kernels};

pub const KERNELS: Kernels = Kernels {
    name: "scalar",
    dot_many,
    dot,
    squared_distance,
};

/// # Safety
/// Each row named begins `query.components.len()` readable bytes.
unsafe fn dot_many(query: IntQuery<'_>, rows: CodeRows, named: &[u32], out: &mut [i32]) {
    for (row, out) in named.iter().zip(out) {
        // Safety: promised by the caller.
        let code = unsafe { std::slice::from_raw_parts(rows.at(*row), query.components.len()) };
        let sum: i32 = query
            .components
            .iter()
            .zip(code)
            .map(|(&q, &c)| i32::from(q) * i32::from(c))
            .sum();
        *out = sum - query.bias;
    }
}

/// Eight running sums, so that the compiler may use what vector registers there are.
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a8.iter().zip(b8) {
        for lane in 0..8 {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| term(*a, *b)).sum();
    sums.iter().sum::<f32>() + rest
}

unsafe fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a, b, |x, y| x * y)
}

unsafe fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a, b, |x, y| (x - y) * (x - y))
}
