//! Answers searches: the queries of one request are spread over the search threads, and each is
//! planned and executed on its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;
use vectron_graph::{
    BestScoreParams, Examples, Plan, PlanRequest, SearchOutcome, SearchParams, SearchScratch,
    SlotSet, Way,
};

use super::explain::explain;
use super::matching::{Matching, Visible};
use super::points::{Parts, PointParts};
use super::view::ShardView;
use super::{Done, Shard};
use crate::error::{EngineError, EngineResult, reason};
use crate::messages::engine::{Query, QueryResult, SearchRequest, SearchResult};
use crate::messages::vectron::Filter;
use crate::resident::Resident;
use crate::threads::lock;
use crate::vectors::{copy_floats, row_fault};

pub(super) const TOP_K_MAX: u32 = 10_000;
const TARGET_RECALL_DEFAULT: f32 = 0.98;
/// Queries of one request that a thread answers before it lets others have a turn.
const QUERIES_A_TURN: usize = 8;

/// Queues a request; `done` is called from the thread that finishes its last query.
pub(super) fn search(shard: &Arc<Shard>, request: Vec<u8>, begun: Instant, done: Done<Vec<u8>>) {
    let owner = Arc::clone(shard);
    shard.threads.search(Box::new(move |scratch| {
        if let Err(error) = owner.check_health() {
            return done(Err(error));
        }
        match SearchRequest::decode(Bytes::from(request)) {
            Ok(request) => Batch::new(owner, request, begun, done).spread(scratch),
            Err(error) => done(Err(EngineError::new(
                reason::INVALID_PROTOBUF,
                error.to_string(),
                "search",
            ))),
        }
    }));
}

/// The queries of one request and what is known of their answers.
struct Batch {
    shard: Arc<Shard>,
    request: SearchRequest,
    deadline: Option<Instant>,
    applied_index: u64,
    next: AtomicUsize,
    left: AtomicUsize,
    results: Mutex<Vec<QueryResult>>,
    done: Mutex<Option<Done<Vec<u8>>>>,
}

impl Batch {
    fn new(
        shard: Arc<Shard>,
        request: SearchRequest,
        begun: Instant,
        done: Done<Vec<u8>>,
    ) -> Arc<Self> {
        let count = request.queries.len();
        let budget = Duration::from_micros(request.budget_us);
        Arc::new(Self {
            deadline: (request.budget_us > 0).then(|| begun + budget),
            applied_index: shard.applied_index(),
            next: AtomicUsize::new(0),
            left: AtomicUsize::new(count),
            results: Mutex::new(vec![QueryResult::default(); count]),
            done: Mutex::new(Some(done)),
            shard,
            request,
        })
    }

    /// Asks other threads for help, then works on this one.
    fn spread(self: Arc<Self>, scratch: &mut SearchScratch) {
        let count = self.request.queries.len();
        if count == 0 {
            return self.finish();
        }
        let threads = Arc::clone(&self.shard.threads);
        for _ in 1..count.min(threads.search_threads()) {
            let batch = Arc::clone(&self);
            threads.search(Box::new(move |scratch| batch.take_turn(scratch)));
        }
        self.take_turn(scratch);
    }

    fn take_turn(self: Arc<Self>, scratch: &mut SearchScratch) {
        for _ in 0..QUERIES_A_TURN {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(query) = self.request.queries.get(number) else {
                return;
            };
            let result = self.query(query, scratch);
            lock(&self.results)[number] = result;
            if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                return self.finish();
            }
        }
        let threads = Arc::clone(&self.shard.threads);
        threads.search(Box::new(move |scratch| self.take_turn(scratch)));
    }

    fn query(&self, query: &Query, scratch: &mut SearchScratch) -> QueryResult {
        let answer = if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            let message = "the time ran out before the query began";
            Err(EngineError::new(
                reason::DEADLINE_EXCEEDED,
                message,
                "budget_us",
            ))
        } else {
            self.shard.guarded(|| {
                Search::new(&self.shard, query, self.request.row_rule.as_ref()).run(scratch)
            })
        };
        answer.unwrap_or_else(|error| QueryResult {
            error: Some(error.to_message()),
            ..QueryResult::default()
        })
    }

    fn finish(&self) {
        let results = std::mem::take(&mut *lock(&self.results));
        let answer = SearchResult {
            results,
            applied_index: self.applied_index,
        };
        if let Some(done) = lock(&self.done).take() {
            done(Ok(answer.encode_to_vec()));
        }
    }
}

/// One query.
pub(super) struct Search<'a> {
    pub shard: &'a Shard,
    pub query: &'a Query,
    pub row_rule: Option<&'a Filter>,
    pub begun: Instant,
    /// Ids that must not be in the answer.
    excluded: Vec<&'a str>,
}

/// What a query looks for.
pub(super) enum Target {
    /// The nearest to a vector.
    Vector(Vec<f32>),
    /// The most like some vectors, and unlike others.
    Examples {
        positive: Vec<Vec<f32>>,
        negative: Vec<Vec<f32>>,
    },
}

impl Target {
    /// Searches that the answer is made of, at least.
    pub fn searches(&self) -> u64 {
        match self {
            Target::Vector(_) => 1,
            Target::Examples { positive, .. } => positive.len() as u64,
        }
    }
}

/// What is done, with the reason for people.
pub(super) struct Strategy {
    pub way: Way,
    pub plan: Plan,
    pub reason: &'static str,
}

impl<'a> Search<'a> {
    fn new(shard: &'a Shard, query: &'a Query, row_rule: Option<&'a Filter>) -> Self {
        let mut excluded: Vec<&str> = query.exclude_ids.iter().map(String::as_str).collect();
        if !query.id.is_empty() {
            excluded.push(&query.id);
        }
        Self {
            shard,
            query,
            row_rule,
            begun: Instant::now(),
            excluded,
        }
    }

    fn run(&self, scratch: &mut SearchScratch) -> EngineResult<QueryResult> {
        if !(1..=TOP_K_MAX).contains(&self.query.top_k) {
            let message = format!("top_k {} is not 1 to {TOP_K_MAX}", self.query.top_k);
            return Err(EngineError::new(
                reason::TOP_K_OUT_OF_RANGE,
                message,
                "top_k",
            ));
        }
        let resident = self.shard.resident_now();
        let view = ShardView::new(self.shard);
        let visible = Visible::new(self.shard, &resident, &view, self.row_rule)?;
        let target = self.target(&visible)?;
        let matching = visible.matching(self.query.filter.as_ref())?;
        let matching = matching.as_deref();
        let strategy = self.plan(&target, matching);
        let outcome = self.execute(&target, matching, &strategy, scratch)?;
        let plan = if self.query.explain {
            let plan = explain(self, &target, matching, &strategy, &outcome);
            plan.encode_to_vec().into()
        } else {
            Bytes::new()
        };
        let trace = self.trace(&visible, &target, matching, &strategy, scratch)?;
        let found = self.answer(&resident, &view, matching, outcome)?;
        Ok(QueryResult {
            plan,
            trace,
            ..found
        })
    }

    fn target(&self, visible: &Visible<'_>) -> EngineResult<Target> {
        let Some(examples) = &self.query.best_score else {
            return Ok(Target::Vector(self.vector(visible)?));
        };
        let vectors = |all: &[Bytes]| {
            let vectors = all.iter().map(|bytes| self.decode_vector(bytes));
            vectors.collect::<EngineResult<Vec<_>>>()
        };
        if examples.positive.is_empty() {
            let message = "there is nothing to be like";
            return Err(EngineError::new(
                reason::INVALID_ARGUMENT,
                message,
                "best_score",
            ));
        }
        Ok(Target::Examples {
            positive: vectors(&examples.positive)?,
            negative: vectors(&examples.negative)?,
        })
    }

    fn vector(&self, visible: &Visible<'_>) -> EngineResult<Vec<f32>> {
        let dimension = self.shard.config.dimension;
        let mut bytes = self.query.vector.clone();
        if !self.query.id.is_empty() {
            let id = &self.query.id;
            let slot = visible.slot_of(id)?.ok_or_else(|| {
                EngineError::new(reason::POINT_NOT_FOUND, format!("no point {id:?}"), "id")
            })?;
            let mut row = Vec::with_capacity(dimension * 4);
            self.shard.vectors.read_bytes(slot, &mut row)?;
            bytes = row.into();
        }
        self.decode_vector(&bytes)
    }

    fn decode_vector(&self, bytes: &[u8]) -> EngineResult<Vec<f32>> {
        let dimension = self.shard.config.dimension;
        if bytes.len() != dimension * 4 {
            let message = format!(
                "the query has {} bytes; {dimension} components",
                bytes.len()
            );
            return Err(EngineError::new(reason::WRONG_DIMENSION, message, "vector"));
        }
        let mut vector = vec![0.0; dimension];
        copy_floats(bytes, &mut vector);
        if vector.iter().all(|component| component.is_finite()) {
            return Ok(vector);
        }
        let message = "a component of the query is not finite";
        Err(EngineError::new(reason::NOT_FINITE, message, "vector"))
    }

    /// Results that the search is made for.
    pub fn width(&self) -> u32 {
        self.query.top_k.max(self.query.width.min(TOP_K_MAX))
    }

    /// Hits to ask for: excluded points may be among them.
    pub fn k_for(&self, width: u32) -> usize {
        width as usize + self.excluded.len()
    }

    pub fn target_recall(&self) -> f32 {
        let wanted = self.query.target_recall;
        if wanted > 0.0 {
            wanted
        } else {
            TARGET_RECALL_DEFAULT
        }
    }

    fn plan(&self, target: &Target, matching: Option<&Matching>) -> Strategy {
        let count = matching.map(Matching::len);
        let k = self.k_for(self.width());
        let plan = self.shard.index.plan(PlanRequest {
            k: match target {
                Target::Vector(_) => k,
                Target::Examples { .. } => BestScoreParams::depth(k),
            },
            target_recall: self.target_recall(),
            matches: count,
        });
        let (way, reason) = match (plan.way, count.is_some()) {
            (Way::Empty, true) => (Way::Empty, "no point matches the filter"),
            (Way::Empty, false) => (Way::Empty, "the shard has no points"),
            (Way::Scan | Way::Walk, _) if self.query.exact => {
                (Way::Scan, "an exact answer was asked for")
            }
            (Way::Scan, _) if plan.is_mostly_tail => (
                Way::Scan,
                "half of the points or more are not in the graph yet",
            ),
            (Way::Scan, true) => (
                Way::Scan,
                "comparing the matching points costs less than the graph",
            ),
            (Way::Scan, false) => (Way::Scan, "comparing all points costs less than the graph"),
            (Way::Walk, true) => (Way::Walk, "many points match the filter"),
            (Way::Walk, false) => (Way::Walk, "there is no filter"),
        };
        Strategy { way, plan, reason }
    }

    fn execute(
        &self,
        target: &Target,
        matching: Option<&Matching>,
        strategy: &Strategy,
        scratch: &mut SearchScratch,
    ) -> EngineResult<SearchOutcome> {
        let Some(set) = set_for(strategy.way, matching) else {
            return Ok(SearchOutcome {
                exact: true,
                ..Default::default()
            });
        };
        let set = set.as_ref();
        let k = self.k_for(self.width());
        let target_recall = self.target_recall();
        let Shard { index, vectors, .. } = self.shard;
        let outcome = match target {
            Target::Examples { positive, negative } => {
                let examples = Examples { positive, negative };
                let params = BestScoreParams {
                    k,
                    target_recall,
                    exact: strategy.way == Way::Scan,
                };
                index.best_score(&examples, &params, set, vectors, scratch)
            }
            Target::Vector(vector) => {
                let params = SearchParams {
                    k,
                    target_recall,
                    exclude: &[],
                };
                if strategy.way == Way::Walk {
                    index.search(vector, &params, set, vectors, scratch)
                } else {
                    index.scan(vector, &params, set, vectors, scratch)
                }
            }
        };
        outcome.map_err(row_fault)
    }

    fn answer(
        &self,
        resident: &Resident,
        view: &ShardView<'_>,
        matching: Option<&Matching>,
        outcome: SearchOutcome,
    ) -> EngineResult<QueryResult> {
        let (scores, points) = self.encode_hits(resident, view, &outcome)?;
        let (unknown_fields, warnings) = matching.map_or_else(Default::default, |matching| {
            let matches = &matching.matches;
            (matches.unknown_fields.clone(), matches.warnings.clone())
        });
        Ok(QueryResult {
            scores: scores.into(),
            points,
            exact: outcome.exact,
            matches: matching.map(Matching::len),
            unknown_fields,
            warnings,
            next_expiry_ms: resident.next_expiry_ms(),
            ..QueryResult::default()
        })
    }

    /// Scores as little-endian f32, and points, without the excluded ones.
    fn encode_hits(
        &self,
        resident: &Resident,
        view: &ShardView<'_>,
        outcome: &SearchOutcome,
    ) -> EngineResult<(Vec<u8>, Vec<Bytes>)> {
        let source = PointParts {
            shard: self.shard,
            resident,
            view,
            parts: Parts {
                payload: self.query.with_payload,
                vector: self.query.with_vector,
                // It is in the row, beside the payload; for it alone no row is read.
                version: self.query.with_payload,
            },
        };
        let mut scores = Vec::with_capacity(outcome.hits.len() * 4);
        let mut points = Vec::with_capacity(outcome.hits.len());
        for hit in &outcome.hits {
            let id = source.id(hit.slot)?;
            if self.excluded.iter().any(|other| other.as_bytes() == id) {
                continue;
            }
            if points.len() == self.query.top_k as usize {
                break;
            }
            let point = source.with_point(hit.slot, |point| point.encode_scored(hit.score))?;
            scores.extend_from_slice(&hit.score.to_le_bytes());
            points.push(Bytes::from(point));
        }
        Ok((scores, points))
    }
}

/// The slots that match, as a way wants them; `None` when there are none.
pub(super) fn set_for(way: Way, matching: Option<&Matching>) -> Option<Option<SlotSet<'_>>> {
    match way {
        Way::Empty => None,
        Way::Scan => Some(matching.map(Matching::list)),
        Way::Walk => Some(matching.map(Matching::bits)),
    }
}
