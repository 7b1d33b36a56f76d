//! AVX2 with FMA.
//!
//! `maddubs` adds two products of an unsigned and a signed byte in 16 bits and saturates: 2 x 255 x
//! 127 does not fit. So the bias is taken off, the sign of the code moves over to the query, and
//! 2 x 127 x 127 fits: the result is exact.

use std::arch::x86_64::*;

use super::{CodeRows, IntQuery, Kernels};

pub fn find() -> Option<Kernels> {
    let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    found.then_some(Kernels {
        name: "avx2",
        dot_many,
        dot,
        squared_distance,
    })
}

/// # Safety
/// Each row named begins `query.components.len()` readable bytes; the machine has the features.
#[target_feature(enable = "avx2,fma")]
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
/// Each row begins `query.components.len()` readable bytes; the machine has the features.
#[target_feature(enable = "avx2,fma")]
unsafe fn dot_rows<const N: usize>(query: IntQuery<'_>, rows: [*const u8; N]) -> [i32; N] {
    let bias = _mm256_set1_epi8(-128);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); N];
    for at in (0..query.components.len()).step_by(32) {
        // Safety: offsets stay inside the query and, as promised, inside each row.
        unsafe {
            let part = _mm256_loadu_si256(query.components.as_ptr().add(at).cast());
            for (sum, row) in sums.iter_mut().zip(rows) {
                let stored = _mm256_loadu_si256(row.add(at).cast());
                let code = _mm256_xor_si256(stored, bias);
                let pairs =
                    _mm256_maddubs_epi16(_mm256_abs_epi8(code), _mm256_sign_epi8(part, code));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    sums.map(|sum| sum_lanes(sum))
}

#[target_feature(enable = "avx2,fma")]
fn sum_lanes(sum: __m256i) -> i32 {
    let four = _mm_add_epi32(
        _mm256_castsi256_si128(sum),
        _mm256_extracti128_si256::<1>(sum),
    );
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two));
    _mm_cvtsi128_si32(one)
}

#[target_feature(enable = "avx2,fma")]
fn sum_floats(sum: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    let one = _mm_add_ss(two, _mm_shuffle_ps::<1>(two, two));
    _mm_cvtss_f32(one)
}

/// # Safety
/// The slices have one length and the machine has the features.
#[target_feature(enable = "avx2,fma")]
unsafe fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [_mm256_setzero_ps(); 4];
    for (at, (a, b)) in a8.iter().zip(b8).enumerate() {
        // Safety: both chunks hold eight floats.
        let (a, b) = unsafe { (_mm256_loadu_ps(a.as_ptr()), _mm256_loadu_ps(b.as_ptr())) };
        sums[at % 4] = _mm256_fmadd_ps(a, b, sums[at % 4]);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sum_of_four(sums) + rest
}

/// # Safety
/// The slices have one length and the machine has the features.
#[target_feature(enable = "avx2,fma")]
unsafe fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    let mut sums = [_mm256_setzero_ps(); 4];
    for (at, (a, b)) in a8.iter().zip(b8).enumerate() {
        // Safety: both chunks hold eight floats.
        let (a, b) = unsafe { (_mm256_loadu_ps(a.as_ptr()), _mm256_loadu_ps(b.as_ptr())) };
        let difference = _mm256_sub_ps(a, b);
        sums[at % 4] = _mm256_fmadd_ps(difference, difference, sums[at % 4]);
    }
    let rest: f32 = a_rest
        .iter()
        .zip(b_rest)
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    sum_of_four(sums) + rest
}

#[target_feature(enable = "avx2,fma")]
fn sum_of_four(sums: [__m256; 4]) -> f32 {
    sum_floats(_mm256_add_ps(
        _mm256_add_ps(sums[0], sums[1]),
        _mm256_add_ps(sums[2], sums[3]),
    ))
}
