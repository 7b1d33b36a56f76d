//! AVX-512 with VNNI: one instruction multiplies 64 unsigned by 64 signed bytes and adds in fours.
//! Its unsigned side is the reason why codes are stored with a bias.

use std::arch::x86_64::*;

use super::{CodeRows, IntQuery, Kernels, STEP};

pub fn find() -> Option<Kernels> {
    let found = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni");
    found.then_some(Kernels {
        name: "avx512vnni",
        dot_many,
        dot,
        squared_distance,
    })
}

/// Four rows at a time: one load of the query serves four products.
///
/// # Safety
/// Each row named begins `query.components.len()` readable bytes; the machine has the features.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn dot_many(query: IntQuery<'_>, rows: CodeRows, named: &[u32], out: &mut [i32]) {
    let len = query.components.len();
    let q = query.components.as_ptr();
    let (fours, rest) = named.as_chunks::<4>();
    let (out_fours, out_rest) = out.as_chunks_mut::<4>();
    for (four, out) in fours.iter().zip(out_fours) {
        // Safety: offsets stay below `len`, inside the query and, as promised, inside each row.
        unsafe {
            let row = four.map(|row| rows.at(row));
            let mut sums = [_mm512_setzero_si512(); 4];
            for at in (0..len).step_by(STEP) {
                let part = _mm512_loadu_si512(q.add(at).cast());
                for (sum, row) in sums.iter_mut().zip(row) {
                    *sum = _mm512_dpbusd_epi32(*sum, _mm512_loadu_si512(row.add(at).cast()), part);
                }
            }
            let sum = transpose_sum(sums);
            let sum = _mm_sub_epi32(sum, _mm_set1_epi32(query.bias));
            _mm_storeu_si128(out.as_mut_ptr().cast(), sum);
        }
    }
    for (row, out) in rest.iter().zip(out_rest) {
        // Safety: as above.
        unsafe {
            let row = rows.at(*row);
            let mut sum = _mm512_setzero_si512();
            for at in (0..len).step_by(STEP) {
                let part = _mm512_loadu_si512(q.add(at).cast());
                sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(row.add(at).cast()), part);
            }
            *out = _mm512_reduce_add_epi32(sum) - query.bias;
        }
    }
}

/// The sums of the lanes of four registers, as one register of four.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn transpose_sum(sums: [__m512i; 4]) -> __m128i {
    let half = sums.map(|sum| {
        _mm256_add_epi32(
            _mm512_castsi512_si256(sum),
            _mm512_extracti64x4_epi64::<1>(sum),
        )
    });
    let low = _mm256_hadd_epi32(half[0], half[1]);
    let high = _mm256_hadd_epi32(half[2], half[3]);
    let both = _mm256_hadd_epi32(low, high);
    _mm_add_epi32(
        _mm256_castsi256_si128(both),
        _mm256_extracti128_si256::<1>(both),
    )
}

/// A mask for the first `len` lanes of sixteen.
fn mask(len: usize) -> u16 {
    if len >= 16 { u16::MAX } else { (1 << len) - 1 }
}

/// # Safety
/// The slices have one length and the machine has the features.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [_mm512_setzero_ps(); 2];
    for at in (0..a.len()).step_by(32) {
        for (half, sum) in sums.iter_mut().enumerate() {
            let at = (at + 16 * half).min(a.len());
            let mask = mask(a.len() - at);
            // Safety: masked lanes are not read, the others are inside both slices.
            let (a, b) = unsafe {
                (
                    _mm512_maskz_loadu_ps(mask, a.as_ptr().add(at)),
                    _mm512_maskz_loadu_ps(mask, b.as_ptr().add(at)),
                )
            };
            *sum = _mm512_fmadd_ps(a, b, *sum);
        }
    }
    _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]))
}

/// # Safety
/// The slices have one length and the machine has the features.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [_mm512_setzero_ps(); 2];
    for at in (0..a.len()).step_by(32) {
        for (half, sum) in sums.iter_mut().enumerate() {
            let at = (at + 16 * half).min(a.len());
            let mask = mask(a.len() - at);
            // Safety: masked lanes are not read, the others are inside both slices.
            let (a, b) = unsafe {
                (
                    _mm512_maskz_loadu_ps(mask, a.as_ptr().add(at)),
                    _mm512_maskz_loadu_ps(mask, b.as_ptr().add(at)),
                )
            };
            let difference = _mm512_sub_ps(a, b);
            *sum = _mm512_fmadd_ps(difference, difference, *sum);
        }
    }
    _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]))
}
