//! Tells what a search did and why, and what it does with one point.

use vectron_graph::{Estimate, Fate, SearchOutcome, SearchParams, SearchScratch, Trace, Way};

use super::Shard;
use super::matching::{Matching, Visible};
use super::search::{Search, Strategy, TOP_K_MAX, Target, set_for};
use crate::error::EngineResult;
use crate::messages::engine::{PointFate, PointTrace};
use crate::messages::vectron::{PlanAlternative, ShardPlan};
use crate::vectors::row_fault;

pub(super) fn explain(
    search: &Search<'_>,
    target: &Target,
    matching: Option<&Matching>,
    strategy: &Strategy,
    outcome: &SearchOutcome,
) -> ShardPlan {
    let plan = &strategy.plan;
    let graph = match matching {
        None => "graph",
        Some(_) => "filtered_graph",
    };
    let alternative = |name: &str, estimate: Estimate| PlanAlternative {
        strategy: name.to_owned(),
        cost: estimate.cost * target.searches(),
        distances: estimate.distances * target.searches(),
    };
    let (scan, walk) = (
        alternative("scan", plan.scan),
        alternative(graph, plan.walk),
    );
    let chosen = match strategy.way {
        Way::Empty | Way::Scan => &scan,
        Way::Walk => &walk,
    };
    // Sizes of indexes and of the graph tell of points that a row rule hides.
    let tells_sizes = search.row_rule.is_none();
    ShardPlan {
        shard_id: search.shard.config.shard_id,
        strategy: chosen.strategy.clone(),
        reason: strategy.reason.to_owned(),
        matches: matching.map(Matching::len),
        distances_computed: outcome.distances,
        rescored: outcome.rescored,
        tail_scanned: outcome.tail_scanned,
        took_us: u32::try_from(search.begun.elapsed().as_micros()).unwrap_or(u32::MAX),
        matches_estimated: matching
            .filter(|_| tells_sizes)
            .map(|matching| matching.matches.estimated),
        distances_estimated: chosen.distances,
        alternatives: if tells_sizes {
            vec![scan, walk]
        } else {
            Vec::new()
        },
    }
}

impl Search<'_> {
    /// What becomes of the point that the query asks about; `None` when there is no such point
    /// among those that match.
    pub fn trace(
        &self,
        visible: &Visible<'_>,
        target: &Target,
        matching: Option<&Matching>,
        strategy: &Strategy,
        scratch: &mut SearchScratch,
    ) -> EngineResult<Option<PointTrace>> {
        let Target::Vector(vector) = target else {
            return Ok(None);
        };
        if self.query.trace.is_empty() {
            return Ok(None);
        }
        let slot = visible.slot_of(&self.query.trace)?;
        let matches =
            |slot: &u32| matching.is_none_or(|matching| matching.matches.slots.contains(*slot));
        let Some(slot) = slot.filter(matches) else {
            return Ok(None);
        };
        let width = self.width();
        let set = match strategy.way {
            Way::Walk => set_for(Way::Walk, matching).flatten(),
            Way::Scan | Way::Empty => {
                return Ok(Some(PointTrace {
                    fate: PointFate::Scored.into(),
                    width,
                    ..PointTrace::default()
                }));
            }
        };
        let Shard { index, vectors, .. } = self.shard;
        let mut trace_at = |width: u32| {
            let params = SearchParams {
                k: self.k_for(width),
                target_recall: self.target_recall(),
                exclude: &[],
            };
            let trace = index.trace(slot, vector, &params, set.as_ref(), vectors, scratch);
            trace.map_err(row_fault)
        };
        let Some(trace) = trace_at(width)? else {
            return Ok(None);
        };
        Ok(Some(PointTrace {
            fate: match trace.fate {
                Fate::Scored => PointFate::Scored,
                Fate::LostByCodes => PointFate::LostByCodes,
                Fate::NotReached => PointFate::NotReached,
            }
            .into(),
            coded_rank: trace.coded_rank,
            rescored: trace.rescored,
            width,
            width_sufficient: wide_enough(width, trace, trace_at)?,
        }))
    }
}

/// A width with which the point is scored: its place by code, or the first that doubling reaches; 0
/// when none is, or when the search needs none.
fn wide_enough(
    width: u32,
    first: Trace,
    mut trace_at: impl FnMut(u32) -> EngineResult<Option<Trace>>,
) -> EngineResult<u32> {
    let mut trace = first;
    let mut width = width;
    while trace.fate != Fate::Scored {
        width = if trace.coded_rank > width {
            trace.coded_rank
        } else {
            2 * width
        };
        if width > TOP_K_MAX {
            return Ok(0);
        }
        let Some(wider) = trace_at(width)? else {
            return Ok(0);
        };
        trace = wider;
        if trace.fate == Fate::Scored {
            return Ok(width);
        }
    }
    Ok(0)
}
