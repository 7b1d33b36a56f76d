//! Random commands, checkpoints, crashes and replays, compared with a map and brute force.
//!
//! A crash is a copy of the files as they are (a killed process), or of the files as they were at
//! the last checkpoint with any of the pages written since (a power cut).

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use support::commands::{apply_to_model, command};
use support::generate::{filter, id};
use support::model::{Model, parse};
use support::rng::Rng;
use support::*;
use vectron_engine::EngineThreads;
use vectron_engine::messages::engine::{Query, Scroll, WriteCommand};
use vectron_engine::messages::vectron::{Filter, Metric};

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
    model: Model,
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
            model: Model::default(),
            log: Vec::new(),
        };
        world.open();
        world
    }

    fn path(&self, folder: usize) -> std::path::PathBuf {
        self.folders.path().join(folder.to_string())
    }

    fn open(&mut self) {
        let options = options(&self.path(self.folder), &config(self.metric, &[]));
        self.shard = Some(TestShard::open_with(options, &self.threads));
    }

    fn shard(&self) -> &TestShard {
        self.shard.as_ref().unwrap()
    }

    fn step(&mut self) {
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
            .map(|_| command(&mut self.rng))
            .collect();
        let before = self.log.len();
        self.log.extend(commands.iter().cloned());
        let results = self.shard().try_apply(commands.clone()).unwrap();
        for (number, (command, result)) in commands.iter().zip(&results).enumerate() {
            assert_eq!(result.error, None, "{command:?}");
            let repeated = !command.request_id.is_empty()
                && self.log[..before + number]
                    .iter()
                    .any(|earlier| earlier.request_id == command.request_id);
            if !repeated {
                let affected = apply_to_model(&mut self.model, command);
                assert_eq!(result.affected, affected, "{command:?}");
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
        let filter = self.rng.chance(80).then(|| filter(&mut self.rng, 2));
        let expected = self.model.matching(filter.as_ref());
        assert_eq!(
            self.shard().count(filter.clone()),
            expected.len() as u64,
            "{filter:?}"
        );
        self.compare_page(filter.as_ref());
        self.compare_search(filter.as_ref());
        let ids: Vec<String> = (0..5).map(|_| id(&mut self.rng)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = self.shard().get(&ids);
        let known = ids
            .iter()
            .filter_map(|id| Some((*id, self.model.points.get(*id)?)));
        let known: Vec<_> = known.collect();
        assert_eq!(found.len(), known.len());
        for (found, (id, point)) in found.iter().zip(known) {
            assert_eq!(found.id, id);
            assert_eq!(parse(&found.payload), parse(&point.payload));
            assert_eq!(found.vector, floats(&point.vector));
        }
    }

    fn compare_page(&mut self, filter: Option<&Filter>) {
        let (after_id, limit) = (id(&mut self.rng), 1 + self.rng.below(40));
        let scroll = Scroll {
            filter: filter.cloned(),
            limit: limit as u32,
            after_id: after_id.clone(),
            ..Scroll::default()
        };
        let page = self.shard().scroll(scroll);
        let found: Vec<String> = decode_points(&page)
            .into_iter()
            .map(|point| point.id)
            .collect();
        let matching = self.model.matching(filter);
        let rest: Vec<&str> = matching
            .into_iter()
            .filter(|id| *id > after_id.as_str())
            .collect();
        assert_eq!(found, rest[..rest.len().min(limit)]);
        assert_eq!(page.more, rest.len() > limit);
    }

    fn compare_search(&mut self, filter: Option<&Filter>) {
        let vector = self.rng.vector(DIMENSION);
        let top_k = 1 + self.rng.below(30);
        let exact = self.rng.chance(50);
        let query = Query {
            filter: filter.cloned(),
            exact,
            ..query(&vector, top_k as u32)
        };
        let result = self.shard().search_one(query);
        let truth = self.model.nearest(self.metric, &vector, filter);
        assert_eq!(
            result.matches,
            filter
                .filter(|f| **f != Filter::default())
                .map(|_| truth.len() as u64)
        );
        let hits = decode_hits(&result);
        assert_eq!(hits.len(), truth.len().min(top_k));
        assert!(result.exact || !exact);
        for (hit, (_, score)) in hits.iter().zip(&truth) {
            let own = truth
                .iter()
                .find(|(id, _)| *id == hit.id)
                .expect("a hit matches")
                .1;
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
