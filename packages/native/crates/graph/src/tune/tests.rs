//! Targets are kept on data for which no table was measured.

use super::*;
use crate::testing::{Rows, linked_index, settle, truth};
use crate::{GraphOptions, Metric, SearchParams, SearchScratch};

const ROWS: u32 = 30_000;
const DIMENSION: usize = 24;

/// Targets between levels lie between their g, and none is beyond the table.
#[test]
fn stops_follow_targets() {
    let tuning = Tuning::default();
    let stretches: Vec<f32> = [0.5, 0.8, 0.85, 0.9, 0.97, 0.98, 0.9985, 0.999, 1.0]
        .iter()
        .map(|target| tuning.stop(10, *target, 2.0).stretch)
        .collect();
    assert!(stretches.is_sorted(), "{stretches:?}");
    assert_eq!(stretches[0], stretches[1]);
    assert_eq!(stretches[7], stretches[8]);
}

/// A bracket ends just above the least g that is enough, within the span of its level.
#[test]
fn brackets_close_around_what_is_enough() {
    let [least, most] = [G_MEASURED[3], G_SPAN * G_MEASURED[3]];
    for enough in [0.0, 0.1, 0.15, 0.25, 7.0] {
        let mut bracket = Bracket::begin(3, 0.01);
        let mut trials = 0;
        let found = loop {
            trials += 1;
            assert!(trials < 30, "a bracket for {enough} does not end");
            if let Some(found) = bracket.narrow(bracket.trial() >= enough) {
                break found;
            }
        };
        let wanted = enough.clamp(least, most);
        let near = found >= wanted && found <= wanted * 1.1;
        assert!(near, "{found} for {enough}");
    }
}

/// Inner products of vectors of uneven lengths are harder than the words of the measured table,
/// which alone would break its promise.
#[test]
fn a_fitted_index_finds_the_share_that_is_asked_for() {
    let rows = uneven_rows();
    let index = linked_index(&rows, Metric::Dot, 0..ROWS);
    let before = held_out_recall(&index, &rows, 0.98);
    settle(&index);
    let fitted = index.eras.current().tuning;
    let after = held_out_recall(&index, &rows, 0.98);
    assert!(fitted.g.is_sorted(), "{fitted:?}");
    assert!(before < 0.975, "{before} needed no fit");
    assert!(after >= 0.975, "{after} with {fitted:?}");
}

fn uneven_rows() -> Rows {
    let mut rows = Rows::random(ROWS as usize + 200, DIMENSION, 41);
    let mut random = Random::new(5);
    for row in rows.values.chunks_exact_mut(DIMENSION) {
        let length = (0.3 * random.gaussian()).exp();
        row.iter_mut().for_each(|component| *component *= length);
    }
    rows
}

fn held_out_recall(index: &VectorIndex, rows: &Rows, target_recall: f32) -> f64 {
    let mut scratch = SearchScratch::default();
    let params = SearchParams {
        k: K,
        target_recall,
        exclude: &[],
    };
    let (mut right, mut all) = (0, 0);
    for query in ROWS..ROWS + 200 {
        let query = rows.row(query);
        let outcome = index.search(query, &params, None, rows, &mut scratch);
        let hits = outcome.expect("rows can be read").hits;
        let truth = truth(rows, Metric::Dot, query, K, 0..ROWS);
        let found = |slot: u32| hits.iter().any(|hit| hit.slot == slot);
        right += truth.iter().filter(|hit| found(hit.slot)).count();
        all += truth.len();
    }
    right as f64 / all as f64
}

/// What was learnt goes through a checkpoint, and is not learnt again.
#[test]
fn a_fit_survives_a_checkpoint() {
    let rows = Rows::random(5000, DIMENSION, 43);
    let index = linked_index(&rows, Metric::Cosine, 0..5000);
    settle(&index);
    let mut bytes = Vec::new();
    index.save(7, &mut bytes).expect("memory takes it");
    let options = GraphOptions::new(DIMENSION, Metric::Cosine);
    let (loaded, _tag) = VectorIndex::load(options, &mut bytes.as_slice()).expect("it is sound");
    assert_eq!(loaded.eras.current().tuning, index.eras.current().tuning);
    let upkeep = loaded.upkeep.lock().expect("nobody else knows the index");
    let links_done = loaded.links_done.load(Ordering::Acquire);
    assert!(!loaded.fit_due(upkeep.links_since(links_done).fit));
}

/// Vectors that go away during a fit spoil nothing.
#[test]
fn removals_during_a_fit_are_passed_over() {
    let rows = Rows::random(5000, DIMENSION, 45);
    let index = linked_index(&rows, Metric::Cosine, 0..5000);
    let mut fit = Fit::default();
    let mut scratch = FitScratch::default();
    let mut removed = 0;
    while !index.fit_step(&mut fit, &mut scratch) {
        if removed < 4900 {
            removed += 100;
            (removed - 100..removed).for_each(|slot| assert!(index.remove(slot)));
        }
    }
    // What is left is easy: nothing that went away was counted as missed.
    assert_eq!(index.eras.current().tuning, Tuning::default());
}
