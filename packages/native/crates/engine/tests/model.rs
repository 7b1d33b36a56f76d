//! Random commands, checkpoints, crashes and replays, compared with a map and brute force.
//!
//! A crash is a copy of the files as they are (a killed process), or of the files as they were at
//! the last checkpoint with any of the pages written since (a power cut).

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use support::commands::{apply_to_model, command, expecting_versions, expiring};
use support::generate::{filter, id};
use support::model::{Model, parse};
use support::rng::Rng;
use support::*;
use vectron_engine::messages::engine::read_request::Read;
use vectron_engine::messages::engine::{Query, Scroll, WriteCommand};
use vectron_engine::messages::vectron::condition::Test;
use vectron_engine::messages::vectron::{Filter, Metric};
use vectron_engine::{EngineThreads, ShardOptions, WallClock, reason};

const STEPS: usize = 400;

#[test]
fn answers_equal_the_model_through_crashes_and_replays() {
    let mut rng = Rng::from_env("answers_equal_the_model");
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let mut world = World::new(metric, Rng::new(rng.next()));
        for _ in 0..STEPS {
            world.step();
        }
        world.crash(false);
        world.compare();
        world.reopen();
        world.compare();
    }
}

struct World {
    rng: Rng,
    metric: Metric,
    threads: Arc<EngineThreads>,
    folders: tempfile::TempDir,
    /// Number of the folder in use: each crash moves to a new one.
    folder: usize,
    shard: Option<TestShard>,
    /// Milliseconds by the shard's clock.
    now: Arc<AtomicU64>,
    model: Model,
    /// What there is of it for a read of now.
    seen: Model,
    /// All entries since the beginning, from index 1.
    log: Vec<WriteCommand>,
}

impl World {
    fn new(metric: Metric, rng: Rng) -> Self {
        let folders = tempfile::tempdir().unwrap();
        let mut world = Self {
            rng,
            metric,
            threads: threads(),
            folders,
            folder: 0,
            shard: None,
            now: Arc::new(AtomicU64::new(NOW_MS)),
            model: Model::default(),
            seen: Model::default(),
            log: Vec::new(),
        };
        world.open();
        world
    }

    fn path(&self, folder: usize) -> std::path::PathBuf {
        self.folders.path().join(folder.to_string())
    }

    fn open(&mut self) {
        let options = ShardOptions {
            clock: WallClock::Set(Arc::clone(&self.now)),
            ..options(&self.path(self.folder), &config(self.metric, &[]))
        };
        self.shard = Some(TestShard::open_with(options, &self.threads));
    }

    fn shard(&self) -> &TestShard {
        self.shard.as_ref().unwrap()
    }

    fn step(&mut self) {
        self.now
            .fetch_add(self.rng.below(3) as u64, Ordering::Relaxed);
        match self.rng.below(100) {
            0..45 => self.write(),
            45..90 => self.compare(),
            90..94 => self.checkpoint(),
            94 => self.shard().indexed(),
            95 => self.reopen(),
            96 | 97 => self.crash(false),
            _ => self.crash(true),
        }
    }

    /// One call with one to three commands.
    fn write(&mut self) {
        let commands: Vec<_> = (0..1 + self.rng.below(3))
            .map(|_| {
                let command = command(&mut self.rng);
                let now = self.now.load(Ordering::Relaxed);
                let command = expiring(&mut self.rng, now, command);
                let there = self.model.at(command.time_ms);
                expecting_versions(&mut self.rng, &there, command)
            })
            .collect();
        let before = self.log.len();
        self.log.extend(commands.iter().cloned());
        let results = self.shard().try_apply(commands.clone()).unwrap();
        for (number, (command, result)) in commands.iter().zip(&results).enumerate() {
            let repeated = !command.request_id.is_empty()
                && self.log[..before + number]
                    .iter()
                    .any(|earlier| earlier.request_id == command.request_id);
            if !repeated {
                let index = (before + number + 1) as u64;
                let expected = apply_to_model(&mut self.model, index, command);
                assert_eq!(result.affected, expected.unwrap_or(0), "{command:?}");
                let refused = result.error.as_ref().map(|error| error.reason.as_str());
                assert_eq!(refused, expected.err(), "{command:?}");
            }
        }
    }

    fn checkpoint(&mut self) {
        assert_eq!(self.shard().checkpoint(), self.log.len() as u64);
        copy_files(
            &self.path(self.folder),
            &self.folders.path().join("durable"),
        );
    }

    fn reopen(&mut self) {
        self.shard.take().unwrap().close();
        self.open();
        assert_eq!(self.shard().shard.applied_index(), self.log.len() as u64);
        let durable = self.folders.path().join("durable");
        copy_files(&self.path(self.folder), &durable);
    }

    fn crash(&mut self, power_cut: bool) {
        let (old, new) = (self.path(self.folder), self.path(self.folder + 1));
        let durable = self.folders.path().join("durable");
        if power_cut && durable.exists() {
            copy_files(&durable, &new);
            for file in ["store.redb", "vectors.f32"] {
                let mixed = mix_pages(&durable.join(file), &old.join(file), &mut self.rng);
                fs::write(new.join(file), mixed).unwrap();
            }
        } else {
            copy_files(&old, &new);
        }
        self.shard = None;
        self.folder += 1;
        self.open();
        let applied = self.shard().shard.applied_index();
        let rest = self.log[applied as usize..].to_vec();
        for chunk in rest.chunks(5) {
            self.shard().try_apply(chunk.to_vec()).unwrap();
        }
        assert_eq!(self.shard().shard.applied_index(), self.log.len() as u64);
    }

    fn compare(&mut self) {
        self.seen = self.model.at(self.now.load(Ordering::Relaxed));
        let rule = self.rng.chance(40).then(|| filter(&mut self.rng, 1));
        let filter = self.rng.chance(80).then(|| filter(&mut self.rng, 2));
        let asked = Asked {
            both: join(rule.as_ref(), filter.as_ref()),
            rule,
            filter,
        };
        let expected = self.seen.matching(asked.both.as_ref()).len() as u64;
        let found = self.shard();
        let found = found.count_within(asked.rule.as_ref(), asked.filter.clone());
        assert_eq!(found, expected, "{asked:?}");
        self.compare_page(&asked);
        self.compare_search(&asked);
        self.compare_search_by_id(&asked);
        let ids: Vec<String> = (0..5).map(|_| id(&mut self.rng)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let rule = asked.rule.as_ref();
        let found = self.shard().get_within(rule, &ids);
        let known = ids
            .iter()
            .filter_map(|id| Some((*id, self.seen.points.get(*id)?)))
            .filter(|(id, _)| self.seen.is_within(rule, id));
        let known: Vec<_> = known.collect();
        assert_eq!(found.len(), known.len());
        for (found, (id, point)) in found.iter().zip(known) {
            assert_eq!(found.id, id);
            assert_eq!(parse(&found.payload), parse(&point.payload));
            assert_eq!(found.vector, floats(&point.vector));
            assert_eq!(found.version, point.version);
        }
    }

    fn compare_page(&mut self, asked: &Asked) {
        let (after_id, limit) = (id(&mut self.rng), 1 + self.rng.below(40));
        let scroll = Scroll {
            filter: asked.filter.clone(),
            limit: limit as u32,
            after_id: after_id.clone(),
            ..Scroll::default()
        };
        let rule = asked.rule.as_ref();
        let page = self.shard().read_within(rule, Read::Scroll(scroll));
        let found: Vec<String> = decode_points(&page)
            .into_iter()
            .map(|point| point.id)
            .collect();
        let matching = self.seen.matching(asked.both.as_ref());
        let rest: Vec<&str> = matching
            .into_iter()
            .filter(|id| *id > after_id.as_str())
            .collect();
        assert_eq!(found, rest[..rest.len().min(limit)]);
        assert_eq!(page.more, rest.len() > limit);
    }

    fn compare_search(&mut self, asked: &Asked) {
        let vector = self.rng.vector(DIMENSION);
        let top_k = 1 + self.rng.below(30);
        let exact = self.rng.chance(50);
        let with_payload = self.rng.chance(50);
        let query = Query {
            filter: asked.filter.clone(),
            exact,
            with_payload,
            ..query(&vector, top_k as u32)
        };
        let found = self.shard();
        let result = found
            .search_within(asked.rule.as_ref(), vec![query])
            .remove(0);
        let truth = self.seen.nearest(self.metric, &vector, asked.both.as_ref());
        let says =
            |filter: &Option<Filter>| filter.as_ref().is_some_and(|f| *f != Filter::default());
        let narrowed = says(&asked.rule) || says(&asked.filter);
        assert_eq!(result.matches, narrowed.then_some(truth.len() as u64));
        let hits = decode_hits(&result);
        assert_eq!(hits.len(), truth.len().min(top_k));
        assert!(result.exact || !exact);
        for (hit, (_, score)) in hits.iter().zip(&truth) {
            let own = truth
                .iter()
                .find(|(id, _)| *id == hit.id)
                .expect("a hit matches")
                .1;
            let version = self.seen.points[&hit.id].version;
            assert_eq!(hit.version, if with_payload { version } else { 0 });
            assert!(
                (f64::from(hit.score) - own).abs() < 1e-4,
                "{} is not {own}",
                hit.score
            );
            if result.exact {
                assert!(
                    (f64::from(hit.score) - score).abs() < 1e-4,
                    "{} {score}",
                    hit.score
                );
            }
        }
    }

    /// By the id of a point: as for one that is not there when the rule hides it.
    fn compare_search_by_id(&mut self, asked: &Asked) {
        let id = id(&mut self.rng);
        let rule = asked.rule.as_ref();
        let by_id = Query {
            id: id.clone(),
            filter: asked.filter.clone(),
            exact: true,
            top_k: 200,
            ..Query::default()
        };
        let result = self.shard().search_within(rule, vec![by_id]).remove(0);
        let point = self.seen.points.get(&id);
        let Some(point) = point.filter(|_| self.seen.is_within(rule, &id)) else {
            let error = result.error.map(|error| error.reason);
            assert_eq!(error.as_deref(), Some(reason::POINT_NOT_FOUND));
            return;
        };
        let near = self
            .seen
            .nearest(self.metric, &point.vector, asked.both.as_ref());
        let mut near: Vec<&str> = near.into_iter().map(|(id, _)| id).collect();
        near.retain(|other| *other != id);
        near.sort_unstable();
        let mut found = hit_ids(&result);
        found.sort_unstable();
        assert_eq!(found, near, "{asked:?}");
    }
}

/// A row rule, a filter among what it lets through, and what matches both.
#[derive(Debug)]
struct Asked {
    rule: Option<Filter>,
    filter: Option<Filter>,
    both: Option<Filter>,
}

fn join(rule: Option<&Filter>, filter: Option<&Filter>) -> Option<Filter> {
    let both: Vec<_> = [rule, filter].into_iter().flatten().cloned().collect();
    let nested = both.into_iter().map(|each| test("", Test::Filter(each)));
    let nested: Vec<_> = nested.collect();
    (!nested.is_empty()).then(|| must(nested))
}

/// A file as a power cut may leave it: of each page either what was synced or what was written
/// since.
fn mix_pages(synced: &Path, written: &Path, rng: &mut Rng) -> Vec<u8> {
    const PAGE: usize = 4096;
    let (synced, written) = (fs::read(synced).unwrap(), fs::read(written).unwrap());
    let lost = rng.below(101);
    let mut mixed = written.clone();
    for (number, page) in mixed.chunks_mut(PAGE).enumerate() {
        if rng.chance(lost) {
            let old = synced.get(number * PAGE..).unwrap_or_default();
            let old = &old[..old.len().min(page.len())];
            page[..old.len()].copy_from_slice(old);
            page[old.len()..].fill(0);
        }
    }
    mixed
}
