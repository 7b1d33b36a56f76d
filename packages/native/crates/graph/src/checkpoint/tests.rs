//! Checkpoints give back what was saved, and a damaged one is refused.

use super::LoadError;
use crate::testing::{Rows, build, linked_index, params};
use crate::{GraphOptions, Metric, SearchScratch, VectorIndex};

fn saved(index: &VectorIndex, tag: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    index.save(tag, &mut bytes).expect("a vector takes all");
    bytes
}

fn load(options: GraphOptions, mut bytes: &[u8]) -> Result<(VectorIndex, u64), LoadError> {
    VectorIndex::load(options, &mut bytes)
}

/// The same answers before and after, with removed slots, a tail and spare places in the file.
#[test]
fn round_trip() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let rows = Rows::random(900, 20, 11);
        let index = linked_index(&rows, metric, 0..800);
        (0..800).step_by(7).for_each(|slot| {
            index.remove(slot);
        });
        (800..900).for_each(|slot| index.put(slot, rows.row(slot)));
        let bytes = saved(&index, 77);
        let (again, tag) = load(*index.options(), &bytes).expect("it is sound");
        assert_eq!(tag, 77);
        assert_eq!(again.stats().live, index.stats().live);
        assert_eq!(again.unlinked_len(), 100);
        assert_eq!(again.live_slots(), index.live_slots());
        let mut scratch = SearchScratch::default();
        for query in Rows::random(20, 20, 12).iter() {
            let search = |index: &VectorIndex, scratch: &mut SearchScratch| {
                let outcome = index.search(query, &params(10), None, &rows, scratch);
                outcome.expect("rows can be read")
            };
            assert_eq!(search(&index, &mut scratch), search(&again, &mut scratch));
        }
        build(&again);
        assert_eq!(again.unlinked_len(), 0);
    }
}

/// An empty index, and one that has a tail alone.
#[test]
fn round_trip_without_graph() {
    let options = GraphOptions::new(3, Metric::L2);
    let index = VectorIndex::new(options);
    let (index, _) = load(options, &saved(&index, 0)).expect("it is sound");
    assert_eq!(index.stats().live, 0);
    index.put(5, &[1.0, 2.0, 3.0]);
    let (index, _) = load(options, &saved(&index, 0)).expect("it is sound");
    assert!(index.contains(5));
    build(&index);
    assert_eq!(index.stats().linked, 1);
}

/// No flipped bit goes unnoticed, wherever it is.
#[test]
fn every_flipped_byte_is_refused() {
    let rows = Rows::random(60, 8, 13);
    let index = linked_index(&rows, Metric::Cosine, 0..60);
    let bytes = saved(&index, 1);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        let result = load(*index.options(), &damaged);
        assert!(
            matches!(result, Err(LoadError::Refused(_))),
            "byte {at} of {}",
            bytes.len()
        );
    }
}

/// A file that was cut short, or that goes on, is refused.
#[test]
fn wrong_lengths_are_refused() {
    let rows = Rows::random(60, 8, 14);
    let index = linked_index(&rows, Metric::Cosine, 0..60);
    let mut bytes = saved(&index, 1);
    for len in (0..bytes.len()).step_by(7) {
        assert!(load(*index.options(), &bytes[..len]).is_err(), "{len}");
    }
    bytes.push(0);
    assert!(load(*index.options(), &bytes).is_err());
}

/// Options that differ are named.
#[test]
fn other_options_are_refused() {
    let index = VectorIndex::new(GraphOptions::new(8, Metric::Cosine));
    let bytes = saved(&index, 1);
    let error = load(GraphOptions::new(9, Metric::Cosine), &bytes).err();
    assert!(error.expect("refused").to_string().contains("dimension"));
    let error = load(GraphOptions::new(8, Metric::L2), &bytes).err();
    assert!(error.expect("refused").to_string().contains("metric"));
}
