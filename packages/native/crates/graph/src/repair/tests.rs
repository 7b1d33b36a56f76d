//! Removing and updating for a long time costs neither recall nor memory.

use crate::random::Random;
use crate::testing::{Rows, build, linked_index, mean_recall, seed, settle};
use crate::{GraphOptions, Metric, VectorIndex};

const LIVE: u32 = 4000;
const CYCLES: u32 = 20;
const CHURN: u32 = LIVE / 20;

/// Twenty rounds of removing a random twentieth and putting as much fresh data: recall stays within
/// a point of a fresh graph over the same vectors, and the numbers of removed nodes are used again.
#[test]
fn churn_keeps_recall_and_memory() {
    let seed = seed(21);
    let mut random = Random::new(seed);
    for metric in [Metric::Cosine, Metric::L2] {
        let rows = Rows::random((LIVE + CYCLES * CHURN) as usize, 24, seed);
        let index = linked_index(&rows, metric, 0..LIVE);
        let mut live: Vec<u32> = (0..LIVE).collect();
        for cycle in 0..CYCLES {
            for _ in 0..CHURN {
                let at = random.below(live.len() as u32) as usize;
                assert!(index.remove(live.swap_remove(at)));
            }
            for slot in 0..CHURN {
                let slot = LIVE + cycle * CHURN + slot;
                index.put(slot, rows.row(slot));
                live.push(slot);
            }
            settle(&index);
        }
        let fresh = VectorIndex::new(GraphOptions::new(24, metric));
        live.iter()
            .for_each(|slot| fresh.put(*slot, rows.row(*slot)));
        settle(&fresh);
        let churned = mean_recall(&index, &rows, metric, &live, seed);
        let wanted = mean_recall(&fresh, &rows, metric, &live, seed);
        assert!(
            churned >= wanted - 0.01,
            "{metric:?}: {churned} after churn, {wanted} fresh, seed {seed}"
        );
        let stats = index.stats();
        assert_eq!((stats.live, stats.unlinked), (u64::from(LIVE), 0));
        assert!(stats.dead <= u64::from(LIVE) / 10, "{stats:?}");
        let nodes = index.eras.current().nodes.len();
        assert!(nodes <= LIVE + LIVE / 4, "{nodes} nodes for {LIVE} vectors");
    }
}

/// Removing everything and beginning again works, over and over.
#[test]
fn emptied_index_can_be_filled_again() {
    let rows = Rows::random(300, 8, 22);
    let index = linked_index(&rows, Metric::L2, 0..300);
    for _ in 0..5 {
        (0..300).for_each(|slot| assert!(index.remove(slot)));
        settle(&index);
        assert_eq!(index.stats().live, 0);
        (0..300).for_each(|slot| index.put(slot, rows.row(slot)));
        settle(&index);
        let live: Vec<u32> = (0..300).collect();
        let recall = mean_recall(&index, &rows, Metric::L2, &live, 23);
        assert!(recall > 0.95, "{recall}");
    }
    let nodes = index.eras.current().nodes.len();
    assert!(nodes <= 700, "{nodes} nodes for 300 vectors");
}

/// A slot that is put again and again answers with its last vector.
#[test]
fn updates_in_place() {
    let mut rows = Rows::random(500, 8, 24);
    let index = linked_index(&rows, Metric::L2, 0..500);
    let fresh = Rows::random(5000, 8, 25);
    for (round, row) in (0u32..).zip(fresh.iter()) {
        let slot = round * 7 % 500;
        rows.values[slot as usize * 8..][..8].copy_from_slice(row);
        index.put(slot, row);
        if round % 50 == 0 {
            settle(&index);
        }
    }
    build(&index);
    let live: Vec<u32> = (0..500).collect();
    let recall = mean_recall(&index, &rows, Metric::L2, &live, 26);
    assert!(recall > 0.95, "{recall}");
    assert_eq!(index.stats().live, 500);
}
