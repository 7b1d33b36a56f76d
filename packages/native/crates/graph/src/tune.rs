//! How far a walk looks to reach a recall.

use crate::walk::Stop;

/// Pairs of recall and stretch g: measured on GloVe words at 340,000 vectors, k 10.
const MEASURED: [(f32, f32); 7] = [
    (0.80, 0.030),
    (0.90, 0.052),
    (0.95, 0.071),
    (0.98, 0.091),
    (0.99, 0.104),
    (0.995, 0.120),
    (0.999, 0.160),
];

#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// What this index's data needs, relative to the measured table.
    pub factor: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { factor: 1.0 }
    }
}

impl Tuning {
    /// When a search for k with this target stops.
    pub fn stop(&self, k: usize, target_recall: f32, offset: f32) -> Stop {
        let rank = k.max(10);
        let g = self.factor * interpolate(target_recall);
        Stop {
            rank,
            stretch: (1.0 + g) * (1.0 + g),
            offset,
            capacity: 1000.max(4 * rank),
            expansions_min: 16 + rank / 2,
        }
    }
}

fn interpolate(recall: f32) -> f32 {
    let [(first, least), ..] = MEASURED;
    if recall <= first {
        return least;
    }
    for pair in MEASURED.windows(2) {
        let [(from, low), (to, high)] = [pair[0], pair[1]];
        if recall <= to {
            return low + (high - low) * (recall - from) / (to - from);
        }
    }
    MEASURED[MEASURED.len() - 1].1
}
