//! Seeded randomness for tests: the seed is printed and VECTRON_SEED replays it.

use std::time::{SystemTime, UNIX_EPOCH};

/// xorshift64*: small, and the same everywhere.
pub struct Rng(u64);

impl Rng {
    /// From VECTRON_SEED, else from the clock; prints how to replay.
    pub fn from_env(test: &str) -> Self {
        let given = std::env::var("VECTRON_SEED").ok();
        let seed = given.map_or_else(clock_seed, |seed| seed.parse().expect("a number"));
        println!("VECTRON_SEED={seed} cargo test -p vectron-engine {test}");
        Self::new(seed)
    }

    pub fn new(seed: u64) -> Self {
        // One multiplication spreads small seeds; the state must not be zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// -1 to 1.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.float()).collect()
    }
}

fn clock_seed() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    now.as_nanos() as u64 % 1_000_000_007
}
