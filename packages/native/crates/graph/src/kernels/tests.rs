//! Every level this machine has gives the same numbers.

use super::{CodeRows, IntQuery, STEP, available};
use crate::random::Random;

/// Dimensions around every boundary of the kernels' steps.
fn awkward_dimensions() -> impl Iterator<Item = usize> {
    (1..=70).chain([
        95, 96, 97, 100, 127, 128, 129, 255, 384, 500, 768, 1000, 1536, 8192,
    ])
}

struct Rows {
    bytes: Vec<u8>,
    stride: usize,
}

impl Rows {
    fn random(random: &mut Random, count: usize, stride: usize) -> Self {
        // Components in -127..=127, and anything at all behind them.
        let bytes = (0..count * stride)
            .map(|_| 1 + (random.next() % 255) as u8)
            .collect();
        Self { bytes, stride }
    }

    fn code_rows(&self) -> CodeRows {
        CodeRows {
            base: self.bytes.as_ptr(),
            stride: self.stride,
        }
    }
}

fn random_query(random: &mut Random, dimension: usize) -> Vec<i8> {
    let mut query: Vec<i8> = (0..dimension)
        .map(|_| (random.next() % 255) as i32 as i8)
        .map(|component| component.max(-127))
        .collect();
    query.resize(dimension.next_multiple_of(STEP), 0);
    query
}

/// Integer kernels: bit-equal to arithmetic in i64, for batches of every length.
#[test]
fn integer_kernels_are_equal() {
    let mut random = Random::new(1);
    for dimension in awkward_dimensions() {
        let query = random_query(&mut random, dimension);
        let rows = Rows::random(&mut random, 11, query.len());
        let int_query = IntQuery::new(&query);
        for count in [0, 1, 2, 3, 4, 5, 7, 8, 11] {
            let named: Vec<u32> = (0..count).map(|_| random.below(11)).collect();
            let expected: Vec<i32> = named
                .iter()
                .map(|row| {
                    let row = &rows.bytes[*row as usize * rows.stride..][..query.len()];
                    let products = row.iter().zip(&query);
                    products
                        .map(|(c, q)| (i64::from(*c) - 128) * i64::from(*q))
                        .sum::<i64>() as i32
                })
                .collect();
            for level in available() {
                let mut out = vec![0; named.len()];
                // Safety: the rows named are below 11 and as long as the query.
                unsafe { level.dot_many(int_query, rows.code_rows(), &named, &mut out) };
                assert_eq!(out, expected, "{} at {dimension}", level.name);
            }
        }
    }
}

/// The greatest products there are neither saturate nor overflow.
#[test]
fn integer_kernels_hold_extremes() {
    for (component, byte) in [(127i8, 255u8), (-127, 255), (127, 1), (-127, 1)] {
        let query = vec![component; 8192];
        let rows = Rows {
            bytes: vec![byte; 8192],
            stride: 8192,
        };
        let expected = 8192 * i32::from(component) * (i32::from(byte) - 128);
        for level in available() {
            let mut out = [0];
            // Safety: one row as long as the query.
            unsafe { level.dot_many(IntQuery::new(&query), rows.code_rows(), &[0], &mut out) };
            assert_eq!(out, [expected], "{}", level.name);
        }
    }
}

/// Float kernels: equal to f64 up to the rounding of f32 sums.
#[test]
fn float_kernels_agree() {
    let mut random = Random::new(2);
    for dimension in awkward_dimensions() {
        let a: Vec<f32> = (0..dimension).map(|_| random.gaussian()).collect();
        let b: Vec<f32> = (0..dimension).map(|_| random.gaussian()).collect();
        let pairs = || {
            a.iter()
                .zip(&b)
                .map(|(a, b)| (f64::from(*a), f64::from(*b)))
        };
        let dot: f64 = pairs().map(|(a, b)| a * b).sum();
        let squared: f64 = pairs().map(|(a, b)| (a - b) * (a - b)).sum();
        let size: f64 = pairs().map(|(a, b)| a * a + b * b).sum();
        for level in available() {
            let slack = 1e-6 * size;
            let off = (f64::from(level.dot(&a, &b)) - dot).abs();
            assert!(off <= slack, "{} dot at {dimension}", level.name);
            let off = (f64::from(level.squared_distance(&a, &b)) - squared).abs();
            assert!(off <= slack, "{} distance at {dimension}", level.name);
        }
    }
}
