//! New numbers change nothing that can be asked.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::testing::{Rows, build, linked_index, mean_recall, params, settle};
use crate::{Metric, SearchScratch};

/// The same slots, as good answers, fewer nodes; and links lead near.
#[test]
fn renumbering_keeps_answers() {
    let rows = Rows::random(6000, 16, 31);
    let index = linked_index(&rows, Metric::Cosine, 0..6000);
    (0..6000).step_by(4).for_each(|slot| {
        index.remove(slot);
    });
    let live: Vec<u32> = (0..6000).filter(|slot| slot % 4 != 0).collect();
    let before = mean_recall(&index, &rows, Metric::Cosine, &live, 32);
    let slots = index.live_slots();
    let span = |index: &crate::VectorIndex| {
        let nodes = &index.eras.current().nodes;
        let lengths = (0..nodes.len())
            .flat_map(|node| nodes.row_links(node).map(move |link| link.abs_diff(node)));
        lengths.map(u64::from).sum::<u64>() / u64::from(nodes.len())
    };
    let span_before = span(&index);
    settle(&index);
    assert_eq!(index.live_slots(), slots);
    assert_eq!(index.eras.current().nodes.len(), 4500);
    assert!(span(&index) < span_before, "links became shorter");
    let after = mean_recall(&index, &rows, Metric::Cosine, &live, 32);
    assert!(after >= before - 0.01, "{before} became {after}");
    // Removed slots can be put again, into the new numbers.
    index.put(0, rows.row(0));
    build(&index);
    let mut scratch = SearchScratch::default();
    let outcome = index.search(rows.row(0), &params(1), None, &rows, &mut scratch);
    assert_eq!(outcome.expect("rows can be read").hits[0].slot, 0);
}

/// Searches that run while nodes move find what is there.
#[test]
fn searches_go_on_meanwhile() {
    let rows = Rows::random(6000, 16, 33);
    let index = linked_index(&rows, Metric::L2, 0..6000);
    settle(&index);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut scratch = SearchScratch::default();
            let mut found = 0u32;
            let mut asked = 0;
            while !done.load(Ordering::Relaxed) {
                let slot = asked * 31 % 6000;
                let outcome = index.search(rows.row(slot), &params(1), None, &rows, &mut scratch);
                found += u32::from(outcome.expect("rows can be read").hits[0].slot == slot);
                asked += 1;
            }
            assert!(found * 100 >= asked * 97, "{found} of {asked}");
        });
        let renumbered = (0..5).filter(|_| index.renumber()).count();
        done.store(true, Ordering::Relaxed);
        assert_eq!(renumbered, 5);
    });
}
