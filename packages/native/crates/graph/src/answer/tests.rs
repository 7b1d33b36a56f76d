//! Answers against brute force.

use crate::random::Random;
use crate::testing::{Rows, build, linked_index, mean_recall, params, seed, truth};
use crate::{
    GraphOptions, Hit, Metric, PlanRequest, SearchParams, SearchScratch, SlotSet, VectorIndex, Way,
};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// The scores of the hits are those of the truth, rank by rank, and each belongs to its slot. Slots
/// of equal score may stand in for each other, as rounding decides.
fn assert_same(hits: &[Hit], truth: &[Hit], context: &str) {
    assert_eq!(hits.len(), truth.len(), "{context}");
    for (hit, true_hit) in hits.iter().zip(truth) {
        let size = hit.score.abs().max(true_hit.score.abs()).max(1e-30);
        let off = (hit.score - true_hit.score).abs();
        assert!(
            off <= 2e-5 * size + 2e-6,
            "{context}: {hit:?} {true_hit:?}\n{hits:?}\n{truth:?}"
        );
    }
}

/// The scan gives the true top k: all metrics, awkward dimensions, lengths from tiny to huge,
/// equal and zero vectors, sets of all kinds, tails and removed slots.
#[test]
fn scan_is_exact() {
    let seed = seed(1);
    let mut random = Random::new(seed);
    let mut scratch = SearchScratch::default();
    for dimension in [1, 2, 3, 7, 16, 33, 64, 100, 116, 117, 200, 768, 1025] {
        for metric in METRICS {
            let count = 40 + random.below(400);
            let mut rows = Rows::random(count as usize, dimension, random.next());
            disturb(&mut rows, &mut random);
            let index = VectorIndex::new(GraphOptions::new(dimension, metric));
            (0..count).for_each(|slot| index.put(slot, rows.row(slot)));
            if random.below(2) == 0 {
                build(&index);
            }
            let removed: Vec<u32> = (0..count).filter(|_| random.below(4) == 0).collect();
            removed.iter().for_each(|slot| assert!(index.remove(*slot)));
            let live = |slot: &u32| removed.binary_search(slot).is_err();
            for query in Rows::random(6, dimension, random.next()).iter() {
                let k = 1 + random.below(30) as usize;
                let chosen: Vec<u32> = (0..count).filter(|_| random.below(3) == 0).collect();
                let mut words = vec![0u64; count as usize / 64 + 1];
                for slot in &chosen {
                    words[*slot as usize / 64] |= 1 << (slot % 64);
                }
                let bits = SlotSet::Bits {
                    words: &words,
                    len: chosen.len() as u64,
                };
                let list = SlotSet::List(&chosen);
                for filter in [None, Some(&list), Some(&bits)] {
                    let outcome = index
                        .scan(query, &params(k), filter, &rows, &mut scratch)
                        .expect("rows can be read");
                    let inside = |slot: &u32| filter.is_none_or(|set| set.contains(*slot));
                    let slots = (0..count).filter(|slot| live(slot) && inside(slot));
                    let truth = truth(&rows, metric, query, k, slots);
                    assert!(outcome.exact);
                    assert_same(
                        &outcome.hits,
                        &truth,
                        &format!("{metric:?} {dimension} seed {seed}"),
                    );
                }
            }
        }
    }
}

/// Makes some rows equal, some zero, some very long and some very short.
fn disturb(rows: &mut Rows, random: &mut Random) {
    let dimension = rows.dimension;
    let count = (rows.values.len() / dimension) as u32;
    for _ in 0..count / 5 {
        let (from, to) = (random.below(count) as usize, random.below(count) as usize);
        let kind = random.below(4);
        for at in 0..dimension {
            rows.values[to * dimension + at] = match kind {
                0 => rows.values[from * dimension + at],
                1 => 0.0,
                2 => rows.values[to * dimension + at] * 50.0,
                _ => rows.values[to * dimension + at] * 1e-3,
            };
        }
    }
}

/// The walk reaches its recall for all metrics, and is told from an exact answer.
#[test]
fn walk_finds_most() {
    let seed = seed(2);
    for metric in METRICS {
        for dimension in [8, 32, 100] {
            let rows = Rows::random(5000, dimension, seed + dimension as u64);
            let index = linked_index(&rows, metric, 0..5000);
            let live: Vec<u32> = (0..5000).collect();
            let recall = mean_recall(&index, &rows, metric, &live, seed);
            assert!(
                recall >= 0.95,
                "{metric:?} {dimension}: {recall}, seed {seed}"
            );
        }
    }
}

/// What was put is found at once, before it is linked; what was removed is not.
#[test]
fn tail_is_searched() {
    let rows = Rows::random(3000, 24, 5);
    let index = linked_index(&rows, Metric::L2, 0..2000);
    let mut scratch = SearchScratch::default();
    for slot in 2000..3000 {
        index.put(slot, rows.row(slot));
        let outcome = index
            .search(rows.row(slot), &params(1), None, &rows, &mut scratch)
            .expect("rows can be read");
        assert_eq!(outcome.hits, [Hit { slot, score: 0.0 }]);
        if slot % 3 == 0 {
            index.remove(slot);
            let outcome = index
                .search(rows.row(slot), &params(1), None, &rows, &mut scratch)
                .expect("rows can be read");
            assert_ne!(outcome.hits[0].slot, slot);
        }
    }
}

/// k hits come back whenever k slots match, also when the walk would never meet them.
#[test]
fn filters_always_give_k() {
    let mut random = Random::new(seed(3));
    let rows = Rows::random(4000, 16, 6);
    let index = linked_index(&rows, Metric::Cosine, 0..4000);
    let mut scratch = SearchScratch::default();
    for share in [1, 3, 10, 100, 1000] {
        let chosen: Vec<u32> = (0..4000).filter(|_| random.below(share) == 0).collect();
        let filter = SlotSet::List(&chosen);
        for query in Rows::random(20, 16, random.next()).iter() {
            let outcome = index
                .search(query, &params(10), Some(&filter), &rows, &mut scratch)
                .expect("rows can be read");
            assert_eq!(outcome.hits.len(), chosen.len().min(10));
            assert!(outcome.hits.iter().all(|hit| filter.contains(hit.slot)));
        }
    }
}

/// Excluded slots stay away and do not cost hits.
#[test]
fn excluded_slots_are_left_out() {
    let rows = Rows::random(500, 16, 7);
    let index = linked_index(&rows, Metric::Cosine, 0..500);
    let mut scratch = SearchScratch::default();
    let exclude = [3, 4, 5];
    let params = SearchParams {
        exclude: &exclude,
        ..params(10)
    };
    let filter = SlotSet::List(&[1, 2, 3, 4, 5, 6]);
    for search in [VectorIndex::search, VectorIndex::scan] {
        let outcome = search(&index, rows.row(3), &params, None, &rows, &mut scratch);
        let hits = outcome.expect("rows can be read").hits;
        assert_eq!(hits.len(), 10);
        assert!(hits.iter().all(|hit| !exclude.contains(&hit.slot)));
        let outcome = search(
            &index,
            rows.row(3),
            &params,
            Some(&filter),
            &rows,
            &mut scratch,
        );
        assert_eq!(outcome.expect("rows can be read").hits.len(), 3);
    }
}

/// A thousand equal vectors among others cut nothing off from the graph.
#[test]
fn equal_vectors_do_not_disconnect() {
    for metric in METRICS {
        let mut rows = Rows::random(3000, 16, 8);
        for slot in 0..1000 {
            rows.values.copy_within(0..16, slot * 16);
        }
        let index = linked_index(&rows, metric, 0..3000);
        let live: Vec<u32> = (1000..3000).collect();
        let mut scratch = SearchScratch::default();
        let missed = live.iter().filter(|slot| {
            let query = rows.row(**slot);
            let wanted = truth(&rows, metric, query, 1, 0..3000)[0].score;
            let outcome = index.search(query, &params(1), None, &rows, &mut scratch);
            let found = outcome.expect("rows can be read").hits[0].score;
            (found - wanted).abs() > 1e-4 * wanted.abs().max(1.0)
        });
        let missed = missed.count();
        assert!(missed <= 40, "{metric:?}: {missed} of 2000");
    }
}

/// An index without vectors answers nothing, exactly.
#[test]
fn empty_index_answers_nothing() {
    let rows = Rows::random(1, 4, 9);
    let index = VectorIndex::new(GraphOptions::new(4, Metric::Dot));
    let mut scratch = SearchScratch::default();
    let request = PlanRequest {
        k: 10,
        target_recall: 0.98,
        matches: None,
    };
    assert_eq!(index.plan(request).way, Way::Empty);
    for search in [VectorIndex::search, VectorIndex::scan] {
        let outcome = search(&index, rows.row(0), &params(10), None, &rows, &mut scratch);
        assert!(outcome.expect("nothing is read").hits.is_empty());
    }
}

/// Puts, removals, links and searches at once: nothing wrong is ever answered, and in the end
/// everything is there.
#[test]
fn concurrent_use() {
    let rows = Rows::random(6000, 16, 11);
    let index = VectorIndex::new(GraphOptions::new(16, Metric::L2));
    (0..2000).for_each(|slot| index.put(slot, rows.row(slot)));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut scratch = crate::BuildScratch::default();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    if !index.link_next(&mut scratch) {
                        index.maintain(&mut scratch);
                    }
                }
            });
        }
        scope.spawn(|| {
            let mut scratch = SearchScratch::default();
            let mut random = Random::new(12);
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let slot = random.below(1000);
                let outcome = index
                    .search(rows.row(slot), &params(5), None, &rows, &mut scratch)
                    .expect("rows can be read");
                assert_eq!(outcome.hits.len(), 5);
                assert!(outcome.hits.is_sorted_by(|a, b| a.score <= b.score));
            }
        });
        for slot in 2000..6000 {
            index.put(slot, rows.row(slot));
            if slot % 2 == 0 {
                assert!(index.remove(slot - 1000));
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    build(&index);
    let live: Vec<u32> = (0..6000)
        .filter(|slot| !(1000..5000).contains(slot) || slot % 2 == 1)
        .collect();
    assert_eq!(index.stats().live, live.len() as u64);
    assert_eq!(index.unlinked_len(), 0);
    let recall = mean_recall(&index, &rows, Metric::L2, &live, 13);
    assert!(recall >= 0.9, "{recall}");
}
