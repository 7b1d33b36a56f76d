//! NEON, which every 64-bit ARM has: widening multiplies of bytes, added in pairs to 32 bits.
//! A product is at most 127 x 127 and fits 16 bits, so the result is exact.

use std::arch::aarch64::*;

use super::{CodeRows, IntQuery, Kernels};

pub fn find() -> Option<Kernels> {
    std::arch::is_aarch64_feature_detected!("neon").then_some(Kernels {
        name: "neon",
        dot_many,
        dot,
        squared_distance,
    })
}

/// # Safety
/// Each row named begins `query.components.len()` readable bytes; the machine has NEON.
#[target_feature(enable = "neon")]
unsafe fn dot_many(query: IntQuery<'_>, rows: CodeRows, named: &[u32], out: &mut [i32]) {
    let (fours, rest) = named.as_chunks::<4>();
    let (out_fours, out_rest) = out.as_chunks_mut::<4>();
    for (four, out) in fours.iter().zip(out_fours) {
        // Safety: promised by the caller.
        unsafe { *out = dot_rows(query, four.map(|row| rows.at(row))) };
    }
    for (row, out) in rest.iter().zip(out_rest) {
        // Safety: promised by the caller.
        unsafe { [*out] = dot_rows(query, [rows.at(*row)]) };
    }
}

/// # Safety
/// Each row begins `query.components.len()` readable bytes; the machine has NEON.
#[target_feature(enable = "neon")]
unsafe fn dot_rows<const N: usize>(query: IntQuery<'_>, rows: [*const u8; N]) -> [i32; N] {
    let bias = vdupq_n_u8(128);
    let mut sums = [vdupq_n_s32(0); N];
    for at in (0..query.components.len()).step_by(16) {
        // Safety: offsets stay inside the query and, as promised, inside each row.
        unsafe {
            let part = vld1q_s8(query.components.as_ptr().add(at));
            for (sum, row) in sums.iter_mut().zip(rows) {
                let code = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row.add(at)), bias));
                let low = vmull_s8(vget_low_s8(code), vget_low_s8(part));
                let high = vmull_high_s8(code, part);
                *sum = vpadalq_s16(vpadalq_s16(*sum, low), high);
            }
        }
    }
    sums.map(|sum| vaddvq_s32(sum))
}

/// # Safety
/// The slices have one length and the machine has NEON.
#[target_feature(enable = "neon")]
unsafe fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a4, a_rest) = a.as_chunks::<4>();
    let (b4, b_rest) = b.as_chunks::<4>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for (at, (a, b)) in a4.iter().zip(b4).enumerate() {
        // Safety: both chunks hold four floats.
        let (a, b) = unsafe { (vld1q_f32(a.as_ptr()), vld1q_f32(b.as_ptr())) };
        sums[at % 4] = vfmaq_f32(sums[at % 4], a, b);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum_of_four(sums) + rest
}

/// # Safety
/// The slices have one length and the machine has NEON.
#[target_feature(enable = "neon")]
unsafe fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let (a4, a_rest) = a.as_chunks::<4>();
    let (b4, b_rest) = b.as_chunks::<4>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for (at, (a, b)) in a4.iter().zip(b4).enumerate() {
        // Safety: both chunks hold four floats.
        let (a, b) = unsafe { (vld1q_f32(a.as_ptr()), vld1q_f32(b.as_ptr())) };
        let difference = vsubq_f32(a, b);
        sums[at % 4] = vfmaq_f32(sums[at % 4], difference, difference);
    }
    let rest: f32 = a_rest
        .iter()
        .zip(b_rest)
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    sum_of_four(sums) + rest
}

#[target_feature(enable = "neon")]
fn sum_of_four(sums: [float32x4_t; 4]) -> f32 {
    vaddvq_f32(vaddq_f32(
        vaddq_f32(sums[0], sums[1]),
        vaddq_f32(sums[2], sums[3]),
    ))
}
