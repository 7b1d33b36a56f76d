//! How far a walk looks to reach a recall.

use crate::walk::Stop;

/// What a walk needs for a recall.
#[derive(Clone, Copy)]
struct Reach {
    recall: f32,
    /// Share by which it looks beyond the k-th distance.
    g: f32,
    /// Candidates that it keeps at most.
    capacity: f32,
}

const fn reach(recall: f32, g: f32, capacity: f32) -> Reach {
    Reach {
        recall,
        g,
        capacity,
    }
}

/// Measured on GloVe words at 340,000 vectors, k 10.
const MEASURED: [Reach; 7] = [
    reach(0.80, 0.030, 1000.0),
    reach(0.90, 0.052, 1000.0),
    reach(0.95, 0.071, 1000.0),
    reach(0.98, 0.091, 1000.0),
    reach(0.99, 0.104, 1500.0),
    reach(0.995, 0.120, 3000.0),
    reach(0.999, 0.160, 8000.0),
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
        let reach = interpolate(target_recall);
        let stretch = 1.0 + self.factor * reach.g;
        Stop {
            rank,
            stretch: stretch * stretch,
            offset,
            capacity: (reach.capacity as usize).max(4 * rank),
            expansions_min: 16 + rank / 2,
        }
    }
}

fn interpolate(recall: f32) -> Reach {
    let [first, ..] = MEASURED;
    let recall = recall.max(first.recall);
    for pair in MEASURED.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        if recall <= to.recall {
            let share = (recall - from.recall) / (to.recall - from.recall);
            let between = |from: f32, to: f32| from + (to - from) * share;
            return Reach {
                recall,
                g: between(from.g, to.g),
                capacity: between(from.capacity, to.capacity),
            };
        }
    }
    MEASURED[MEASURED.len() - 1]
}
