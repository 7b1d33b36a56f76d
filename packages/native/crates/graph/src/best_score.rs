//! What is nearest to one of several examples and not nearer to one of several others.
//!
//! Of a vector x, let s(x, e) be its likeness to an example: the score by cosine and dot, less the
//! distance by l2. With P the greatest over the positive examples and N over the negative ones,
//!
//!   score(x) = g(P) where P > N, else -g(N);   g(s) = 1 + s for s >= 0, 1 / (1 - s) below
//!
//! g maps all numbers to those above 0 and keeps their order: what is nearer to a positive example
//! comes first, by that one; then what is nearer to a negative one, the farther from it the
//! earlier. Candidates are what is nearest to each positive example. They are enough when the k-th
//! best score is at least g of the farthest of them: what is not among them is farther from every
//! positive example (Fagin's threshold, 2001). Else more are taken.

use std::collections::HashMap;

use crate::answer::{SearchParams, SearchScratch};
use crate::index::VectorIndex;
use crate::options::Metric;
use crate::outcome::{Hit, SearchOutcome};
use crate::query::{Scoring, length};
use crate::scan::Scope;
use crate::source::{SlotSet, VectorReadError, VectorSource};

/// What to be like, and what to be unlike; at least one to be like.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    pub positive: &'a [Vec<f32>],
    pub negative: &'a [Vec<f32>],
}

#[derive(Clone, Copy, Debug)]
pub struct BestScoreParams {
    /// Number of hits wanted, 1 or more.
    pub k: usize,
    /// As in `SearchParams`.
    pub target_recall: f32,
    /// Find the true top k, whatever it takes.
    pub exact: bool,
}

impl BestScoreParams {
    /// Candidates of each example to begin with, when k hits are wanted.
    pub fn depth(k: usize) -> usize {
        DEPTH_MIN.max(2 * k)
    }
}

/// Candidates of each example to begin with, at least.
const DEPTH_MIN: usize = 64;

/// Each time that candidates are not enough, so many times as many are taken.
const DEPTH_GROWTH: usize = 4;

/// Candidates of each example at most, unless the answer must be exact.
const DEPTH_MAX: usize = 10_000;

impl VectorIndex {
    /// The k best of the set; higher scores are better. It is exact when each of the searches that
    /// it is made of was, and no better one can be among what they did not find.
    pub fn best_score(
        &self,
        examples: &Examples<'_>,
        params: &BestScoreParams,
        filter: Option<&SlotSet<'_>>,
        source: &dyn VectorSource,
        scratch: &mut SearchScratch,
    ) -> Result<SearchOutcome, VectorReadError> {
        let live = self.stats().live;
        let matches = filter.map_or(live, |set| set.len().min(live)) as usize;
        let mut candidates = Candidates::new(examples, self.scoring(source));
        let mut depth = BestScoreParams::depth(params.k);
        let mut work = SearchOutcome::default();
        loop {
            // Then nearly all are candidates of some example.
            if params.exact && depth * 2 >= matches {
                candidates.take_all(self, filter)?;
                work.distances += matches as u64;
                return Ok(candidates.into_outcome(params.k, true, work));
            }
            let within = SearchParams {
                k: depth,
                target_recall: params.target_recall,
                exclude: &[],
            };
            let mut is_exact = true;
            let mut farthest = f32::NEG_INFINITY;
            for positive in examples.positive {
                let found = if params.exact {
                    self.scan(positive, &within, filter, source, scratch)?
                } else {
                    self.search(positive, &within, filter, source, scratch)?
                };
                is_exact &= found.exact;
                work.distances += found.distances;
                work.tail_scanned += found.tail_scanned;
                // Fewer than asked for are all that there are.
                if let Some(last) = found.hits.get(depth - 1) {
                    farthest = farthest.max(likeness(self.options.metric, last.score));
                }
                candidates.take(&found.hits)?;
            }
            let are_enough = candidates
                .score_at(params.k)
                .map_or(farthest == f32::NEG_INFINITY, |score| {
                    farthest == f32::NEG_INFINITY || score >= squash(farthest)
                });
            if are_enough || (!params.exact && depth >= DEPTH_MAX) {
                return Ok(candidates.into_outcome(params.k, is_exact && are_enough, work));
            }
            depth *= DEPTH_GROWTH;
            if !params.exact {
                depth = depth.min(DEPTH_MAX.max(params.k));
            }
        }
    }
}

/// Slots with their scores.
struct Candidates<'a> {
    examples: &'a Examples<'a>,
    /// Lengths of the examples, the positive ones first.
    lengths: Vec<f32>,
    scoring: Scoring<'a>,
    scores: HashMap<u32, f32>,
    row: Vec<f32>,
}

impl<'a> Candidates<'a> {
    fn new(examples: &'a Examples<'a>, scoring: Scoring<'a>) -> Self {
        let all = examples.positive.iter().chain(examples.negative);
        Self {
            examples,
            lengths: all.map(|example| length(example)).collect(),
            scoring,
            scores: HashMap::new(),
            row: vec![0.0; examples.positive[0].len()],
        }
    }

    fn take(&mut self, hits: &[Hit]) -> Result<(), VectorReadError> {
        for hit in hits {
            self.take_slot(hit.slot)?;
        }
        Ok(())
    }

    fn take_all(
        &mut self,
        index: &VectorIndex,
        filter: Option<&SlotSet<'_>>,
    ) -> Result<(), VectorReadError> {
        let era = index.eras.current();
        let scope = Scope {
            filter,
            exclude: &[],
        };
        let mut slots = Vec::new();
        scope.for_nodes(&era.nodes, |node| slots.push(era.nodes.slot_of(node)));
        slots.into_iter().try_for_each(|slot| self.take_slot(slot))
    }

    fn take_slot(&mut self, slot: u32) -> Result<(), VectorReadError> {
        if self.scores.contains_key(&slot) {
            return Ok(());
        }
        self.scoring.source.read(slot, &mut self.row)?;
        let Examples { positive, negative } = self.examples;
        let (to_positive, to_negative) = self.lengths.split_at(positive.len());
        let like = self.nearest(positive, to_positive);
        let unlike = self.nearest(negative, to_negative);
        let score = if like > unlike {
            squash(like)
        } else {
            -squash(unlike)
        };
        self.scores.insert(slot, score);
        Ok(())
    }

    /// Likeness of the row to the example that it is most like.
    fn nearest(&self, examples: &[Vec<f32>], lengths: &[f32]) -> f32 {
        let metric = self.scoring.metric;
        let both = examples.iter().zip(lengths);
        both.map(|(example, length)| {
            likeness(metric, self.scoring.score(example, *length, &self.row))
        })
        .fold(f32::NEG_INFINITY, f32::max)
    }

    /// The k-th best; `None` when there are fewer.
    fn score_at(&self, k: usize) -> Option<f32> {
        let mut scores: Vec<f32> = self.scores.values().copied().collect();
        let at = k - 1;
        (at < scores.len()).then(|| *scores.select_nth_unstable_by(at, |a, b| b.total_cmp(a)).1)
    }

    fn into_outcome(self, k: usize, exact: bool, work: SearchOutcome) -> SearchOutcome {
        let rescored = self.scores.len() as u64;
        let scored = self.scores.into_iter();
        let mut hits: Vec<Hit> = scored.map(|(slot, score)| Hit { slot, score }).collect();
        hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.slot.cmp(&b.slot)));
        hits.truncate(k);
        SearchOutcome {
            hits,
            exact,
            rescored,
            ..work
        }
    }
}

/// Higher is nearer.
fn likeness(metric: Metric, score: f32) -> f32 {
    if metric.higher_is_nearer() {
        score
    } else {
        -score
    }
}

/// From all numbers to those above 0, in their order.
fn squash(likeness: f32) -> f32 {
    if likeness >= 0.0 {
        1.0 + likeness
    } else {
        1.0 / (1.0 - likeness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::testing::{Rows, linked_index, seed, truth};

    const COUNT: u32 = 1500;

    /// Exact answers equal brute force: all metrics, few and many examples, with and without
    /// negative ones and filters, also where most of the set is nearer to a negative one.
    #[test]
    fn exact_answers_equal_brute_force() {
        let seed = seed(51);
        let mut random = Random::new(seed);
        let mut scratch = SearchScratch::default();
        for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
            let rows = Rows::random(COUNT as usize, 12, random.next());
            let index = linked_index(&rows, metric, 0..COUNT);
            for round in 0..24 {
                let draw = |random: &mut Random, count: u32| -> Vec<Vec<f32>> {
                    let drawn = (0..count).map(|_| rows.row(random.below(COUNT)).to_vec());
                    drawn.collect()
                };
                let count = 1 + random.below(4);
                let positive = draw(&mut random, count);
                let count = random.below(if round % 4 == 0 { 60 } else { 4 });
                let negative = draw(&mut random, count);
                let examples = Examples {
                    positive: &positive,
                    negative: &negative,
                };
                let chosen: Vec<u32> = (0..COUNT).filter(|_| random.below(3) == 0).collect();
                let list = SlotSet::List(&chosen);
                let filter = (round % 2 == 0).then_some(&list);
                let k = 1 + random.below(30) as usize;
                let params = BestScoreParams {
                    k,
                    target_recall: 0.98,
                    exact: true,
                };
                let found = index.best_score(&examples, &params, filter, &rows, &mut scratch);
                let found = found.expect("rows can be read");
                assert!(found.exact);
                let slots = (0..COUNT).filter(|slot| filter.is_none_or(|set| set.contains(*slot)));
                let mut expected: Vec<f32> = slots
                    .map(|slot| brute_score(&rows, metric, &examples, slot))
                    .collect();
                expected.sort_unstable_by(|a, b| b.total_cmp(a));
                expected.truncate(k);
                assert_eq!(found.hits.len(), expected.len(), "{metric:?}, seed {seed}");
                for (hit, score) in found.hits.iter().zip(&expected) {
                    let own = brute_score(&rows, metric, &examples, hit.slot);
                    assert!((hit.score - own).abs() <= 1e-4 * own.abs().max(1.0));
                    assert!(
                        (hit.score - score).abs() <= 1e-4 * score.abs().max(1.0),
                        "{metric:?}: {} for {score}, seed {seed}",
                        hit.score
                    );
                }
            }
        }
    }

    /// Walks find most of what brute force does, and do not call it exact.
    #[test]
    fn walks_find_most() {
        let seed = seed(52);
        let rows = Rows::random(6000, 16, seed);
        let index = linked_index(&rows, Metric::L2, 0..6000);
        let mut random = Random::new(seed);
        let mut scratch = SearchScratch::default();
        let (mut right, mut all) = (0, 0);
        for _ in 0..20 {
            let draw = |random: &mut Random| rows.row(random.below(6000)).to_vec();
            let positive = [draw(&mut random), draw(&mut random)];
            let negative = [draw(&mut random)];
            let examples = Examples {
                positive: &positive,
                negative: &negative,
            };
            let answer = |exact: bool, scratch: &mut SearchScratch| {
                let params = BestScoreParams {
                    k: 10,
                    target_recall: 0.98,
                    exact,
                };
                let found = index.best_score(&examples, &params, None, &rows, scratch);
                found.expect("rows can be read")
            };
            let (near, exact) = (answer(false, &mut scratch), answer(true, &mut scratch));
            assert!(!near.exact);
            right += exact
                .hits
                .iter()
                .filter(|hit| near.hits.contains(hit))
                .count();
            all += exact.hits.len();
        }
        assert!(right * 100 >= all * 95, "{right} of {all}, seed {seed}");
    }

    fn brute_score(rows: &Rows, metric: Metric, examples: &Examples<'_>, slot: u32) -> f32 {
        let nearest = |all: &[Vec<f32>]| {
            let scores = all.iter().map(|example| {
                let score = truth(rows, metric, example, 1, std::iter::once(slot))[0].score;
                if metric == Metric::L2 { -score } else { score }
            });
            scores.fold(f32::NEG_INFINITY, f32::max)
        };
        let (like, unlike) = (nearest(examples.positive), nearest(examples.negative));
        let squash = |s: f32| if s >= 0.0 { 1.0 + s } else { 1.0 / (1.0 - s) };
        if like > unlike {
            squash(like)
        } else {
            -squash(unlike)
        }
    }
}
