//! What tests share: seeded rows, indexes over them, and the truth by brute force.

use crate::random::Random;
use crate::{
    BuildScratch, GraphOptions, Hit, Maintenance, Metric, SearchParams, SearchScratch, VectorIndex,
    VectorReadError, VectorSource,
};

/// The seed of random tests: VECTRON_SEED, or the given one. Printed, so that a failure repeats.
pub fn seed(default: u64) -> u64 {
    let given = std::env::var("VECTRON_SEED").ok();
    let seed = given.and_then(|text| text.parse().ok()).unwrap_or(default);
    println!("replay with VECTRON_SEED={seed}");
    seed
}

pub struct Rows {
    pub dimension: usize,
    pub values: Vec<f32>,
}

impl Rows {
    /// Gaussian around a few hundred centres, as real data are: not uniform, not separate.
    pub fn random(count: usize, dimension: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let centres = 1 + count / 40;
        let centre_values: Vec<f32> = (0..centres * dimension)
            .map(|_| random.gaussian())
            .collect();
        let mut values = Vec::with_capacity(count * dimension);
        for _ in 0..count {
            let centre = random.below(centres as u32) as usize * dimension;
            let centre = &centre_values[centre..][..dimension];
            values.extend(centre.iter().map(|c| c + random.gaussian()));
        }
        Self { dimension, values }
    }

    pub fn row(&self, slot: u32) -> &[f32] {
        &self.values[slot as usize * self.dimension..][..self.dimension]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimension)
    }
}

impl VectorSource for Rows {
    fn read(&self, slot: u32, out: &mut [f32]) -> Result<(), VectorReadError> {
        out.copy_from_slice(self.row(slot));
        Ok(())
    }
}

/// Links all that waits.
pub fn build(index: &VectorIndex) {
    let mut scratch = BuildScratch::default();
    while index.link_next(&mut scratch) {}
}

/// An index with these slots of the rows in its graph.
pub fn linked_index(rows: &Rows, metric: Metric, slots: std::ops::Range<u32>) -> VectorIndex {
    let index = VectorIndex::new(GraphOptions::new(rows.dimension, metric));
    slots.for_each(|slot| index.put(slot, rows.row(slot)));
    build(&index);
    index
}

pub fn params(k: usize) -> SearchParams<'static> {
    SearchParams {
        k,
        target_recall: 0.98,
        exclude: &[],
    }
}

/// The true top k of these slots, in f64.
pub fn truth(
    rows: &Rows,
    metric: Metric,
    query: &[f32],
    k: usize,
    slots: impl Iterator<Item = u32>,
) -> Vec<Hit> {
    let mut hits: Vec<(f64, u32)> = slots
        .map(|slot| (true_score(metric, query, rows.row(slot)), slot))
        .collect();
    let sign = if metric.higher_is_nearer() { -1.0 } else { 1.0 };
    hits.sort_by(|a, b| (sign * a.0).total_cmp(&(sign * b.0)).then(a.1.cmp(&b.1)));
    let hits = hits.into_iter().take(k);
    hits.map(|(score, slot)| Hit {
        slot,
        score: score as f32,
    })
    .collect()
}

fn true_score(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot: f64 = pairs().map(|(a, b)| a * b).sum();
    match metric {
        Metric::Dot => dot,
        Metric::Cosine => {
            let squares = pairs().fold((0.0, 0.0), |(x, y), (a, b)| (x + a * a, y + b * b));
            let lengths = (squares.0 * squares.1).sqrt();
            if lengths > 0.0 { dot / lengths } else { 0.0 }
        }
        Metric::L2 => pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
    }
}

/// Links all that waits, and does all upkeep.
pub fn settle(index: &VectorIndex) {
    let mut scratch = BuildScratch::default();
    loop {
        while index.link_next(&mut scratch) {}
        if index.maintain(&mut scratch) == Maintenance::Idle {
            return;
        }
    }
}

/// Mean recall@10 of searches aimed at .98, over queries of the rows' own kind.
pub fn mean_recall(
    index: &VectorIndex,
    rows: &Rows,
    metric: Metric,
    live: &[u32],
    seed: u64,
) -> f64 {
    let mut scratch = SearchScratch::default();
    let (mut right, mut all) = (0, 0);
    for query in Rows::random(60, rows.dimension, seed).iter() {
        let outcome = index
            .search(query, &params(10), None, rows, &mut scratch)
            .expect("rows can be read");
        let truth = truth(rows, metric, query, 10, live.iter().copied());
        let found = |slot: u32| outcome.hits.iter().any(|hit| hit.slot == slot);
        right += truth.iter().filter(|hit| found(hit.slot)).count();
        all += truth.len();
    }
    right as f64 / all as f64
}
