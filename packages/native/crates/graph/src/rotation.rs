//! The signed fast Hadamard rotation that spreads a vector evenly over its components, so that one
//! scale per vector wastes little of an int8 code whatever the data.
//!
//! The transform needs a power of two. Padding 768 to 1024 would cost a third more code, so a
//! dimension that is none is covered by two overlapping blocks of the largest power of two below
//! it, the first and the last. Two rounds carry every component into every other. Each step keeps
//! lengths and inner products, up to rounding: [`Rotation::relative_error`].

use crate::random::Random;

const ROUNDS: usize = 2;

pub struct Rotation {
    dimension: usize,
    /// Largest power of two that is at most the dimension.
    block: usize,
    /// One sign a round and component, as 1.0 or -1.0.
    signs: Vec<f32>,
}

impl Rotation {
    pub fn new(dimension: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let signs = (0..ROUNDS * dimension)
            .map(|_| if random.next() >> 63 == 0 { 1.0 } else { -1.0 })
            .collect();
        Self {
            dimension,
            block: 1 << dimension.ilog2(),
            signs,
        }
    }

    /// Rotates in place.
    pub fn apply(&self, vector: &mut [f32]) {
        assert_eq!(vector.len(), self.dimension);
        let last = self.dimension - self.block;
        for signs in self.signs.chunks_exact(self.dimension) {
            for (component, sign) in vector.iter_mut().zip(signs) {
                *component *= sign;
            }
            hadamard(&mut vector[..self.block]);
            if last > 0 {
                hadamard(&mut vector[last..]);
            }
        }
    }

    /// Upper bound of the length of the rounding error, relative to the vector's length: each of
    /// the log2(block) + 1 stages of a block rounds once, by at most 2^-24; doubled to be safe.
    pub fn relative_error(&self) -> f32 {
        let stages = ROUNDS as u32 * 2 * (self.block.ilog2() + 1);
        stages as f32 * f32::EPSILON
    }
}

/// The orthonormal Walsh-Hadamard transform of a power of two.
fn hadamard(block: &mut [f32]) {
    let mut half = 1;
    while half < block.len() {
        match half {
            1 => butterflies::<1>(block),
            2 => butterflies::<2>(block),
            4 => butterflies::<4>(block),
            _ => wide_butterflies(block, half),
        }
        half *= 2;
    }
    let scale = 1.0 / (block.len() as f32).sqrt();
    for component in block {
        *component *= scale;
    }
}

/// One stage whose halves are shorter than a vector register.
fn butterflies<const HALF: usize>(block: &mut [f32]) {
    for pair in block.chunks_exact_mut(2 * HALF) {
        for at in 0..HALF {
            let (a, b) = (pair[at], pair[at + HALF]);
            pair[at] = a + b;
            pair[at + HALF] = a - b;
        }
    }
}

/// One stage whose halves are eight or more.
fn wide_butterflies(block: &mut [f32], half: usize) {
    for pair in block.chunks_exact_mut(2 * half) {
        let (low, high) = pair.split_at_mut(half);
        for (a, b) in low.iter_mut().zip(high) {
            (*a, *b) = (*a + *b, *a - *b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths survive within the promised error, for awkward dimensions too.
    #[test]
    fn keeps_lengths() {
        for dimension in [1, 2, 3, 5, 64, 65, 100, 127, 384, 768, 1000, 1536, 8192] {
            let mut random = Random::new(dimension as u64);
            let rotation = Rotation::new(dimension, 7);
            let mut vector: Vec<f32> = (0..dimension).map(|_| random.gaussian()).collect();
            let length = |v: &[f32]| v.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
            let before = length(&vector);
            rotation.apply(&mut vector);
            let after = length(&vector);
            let bound = f64::from(rotation.relative_error()) + 1e-6;
            assert!((before - after).abs() <= bound * before, "{dimension}");
        }
    }

    /// A vector with one component comes out with no component that dominates.
    #[test]
    fn spreads_a_spike() {
        for dimension in [64, 100, 384, 768, 1536] {
            let rotation = Rotation::new(dimension, 7);
            for spike in [0, dimension / 2, dimension - 1] {
                let mut vector = vec![0.0; dimension];
                vector[spike] = 1.0;
                rotation.apply(&mut vector);
                let largest = vector.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                assert!(largest < 0.55, "{dimension} {spike} {largest}");
            }
        }
    }
}
