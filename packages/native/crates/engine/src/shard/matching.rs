//! The points that a filter matches, kept for as long as no write changes memory.
//!
//! The same few filters come again and again; between two writes they are evaluated once. A row
//! rule is a filter too: what it matches are the points that there are for a request, and the
//! request's own filter is evaluated among them, so that nothing else is told of the others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use prost::Message;
use vectron_graph::SlotSet;

use super::Shard;
use super::row_rule::compile_rule;
use super::view::ShardView;
use crate::error::EngineResult;
use crate::filter::{Filter as CompiledFilter, Matches, compile_filter, evaluate_filter, is_match};
use crate::messages::vectron::Filter;
use crate::resident::Resident;
use crate::threads::lock;

/// Bytes of answers kept for each shard.
const KEPT_BYTES_MAX: usize = 16 << 20;
/// Bytes of one answer that is kept: a larger one would push out too many others.
const ANSWER_BYTES_MAX: usize = KEPT_BYTES_MAX / 4;

/// An evaluated filter, in the forms that searches want.
pub(super) struct Matching {
    pub matches: Matches,
    /// Above every slot of the shard.
    slots_end: u32,
    list: OnceLock<Vec<u32>>,
    words: OnceLock<Vec<u64>>,
}

impl Matching {
    pub fn len(&self) -> u64 {
        self.matches.slots.len()
    }

    /// For a scan.
    pub fn list(&self) -> SlotSet<'_> {
        SlotSet::List(
            self.list
                .get_or_init(|| self.matches.slots.iter().collect()),
        )
    }

    /// For a walk.
    pub fn bits(&self) -> SlotSet<'_> {
        let words = self.words.get_or_init(|| {
            let mut words = vec![0_u64; (self.slots_end as usize).div_ceil(64)];
            for slot in &self.matches.slots {
                words[slot as usize / 64] |= 1 << (slot % 64);
            }
            words
        });
        SlotSet::Bits {
            words,
            len: self.len(),
        }
    }

    /// Memory in all forms, at most: list, bits, and the bitmap, which is no larger than bits.
    fn bytes_max(&self) -> usize {
        self.len() as usize * 4 + self.slots_end as usize / 4
    }
}

/// Answers of the last few filters, all of one state of memory.
#[derive(Default)]
pub(super) struct FilterCache {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// `Resident::generation` that the answers are of.
    generation: u64,
    /// By `key_of`, the last used at the back.
    answers: VecDeque<(Vec<u8>, Arc<Matching>)>,
    /// Sum of the answers' `bytes_max`.
    bytes: usize,
}

impl FilterCache {
    fn get(&self, generation: u64, key: &[u8]) -> Option<Arc<Matching>> {
        let mut kept = lock(&self.kept);
        if kept.generation != generation {
            kept.generation = generation;
            kept.answers.clear();
            kept.bytes = 0;
            return None;
        }
        let at = kept.answers.iter().position(|(known, _)| known == key)?;
        let entry = kept.answers.remove(at)?;
        let found = Arc::clone(&entry.1);
        kept.answers.push_back(entry);
        Some(found)
    }

    fn keep(&self, generation: u64, key: Vec<u8>, answer: &Arc<Matching>) {
        let mut kept = lock(&self.kept);
        let bytes = answer.bytes_max();
        if kept.generation != generation || bytes > ANSWER_BYTES_MAX {
            return;
        }
        while kept.bytes + bytes > KEPT_BYTES_MAX {
            let Some((_, oldest)) = kept.answers.pop_front() else {
                break;
            };
            kept.bytes -= oldest.bytes_max();
        }
        kept.bytes += bytes;
        kept.answers.push_back((key, Arc::clone(answer)));
    }
}

/// The points that there are for a request, in one state of memory: all, or those within its rule.
pub(super) struct Visible<'a> {
    shard: &'a Shard,
    resident: &'a Resident,
    view: &'a ShardView<'a>,
    rule: Option<Rule<'a>>,
}

/// A row rule that has a condition.
struct Rule<'a> {
    filter: &'a Filter,
    compiled: CompiledFilter,
}

impl<'a> Visible<'a> {
    /// `resident` is locked for reading, so its generation stands still.
    pub fn new(
        shard: &'a Shard,
        resident: &'a Resident,
        view: &'a ShardView<'a>,
        rule: Option<&'a Filter>,
    ) -> EngineResult<Self> {
        let rule = rule.filter(|rule| !is_empty(rule)).map(|filter| {
            let compiled = compile_rule(filter, &resident.schema)?;
            Ok(Rule { filter, compiled })
        });
        Ok(Self {
            shard,
            resident,
            view,
            rule: rule.transpose()?,
        })
    }

    /// The slot of a point, if there is such a point. Looks at this point alone.
    pub fn slot_of(&self, id: &str) -> EngineResult<Option<u32>> {
        let slot = self.resident.ids.slot_of(id.as_bytes());
        let slot = slot.filter(|slot| self.resident.live.contains(*slot));
        let (Some(slot), Some(rule)) = (slot, &self.rule) else {
            return Ok(slot);
        };
        let schema = &self.resident.schema;
        let admits = self.view.store()?.with_row(slot, |row| {
            is_match(&rule.compiled, id, row.payload, schema)
        })?;
        Ok(admits.then_some(slot))
    }

    /// Evaluates a filter on these points, or finds it evaluated. `None`: all points match.
    pub fn matching(&self, filter: Option<&Filter>) -> EngineResult<Option<Arc<Matching>>> {
        let within = self.within()?;
        let Some(filter) = filter.filter(|filter| !is_empty(filter)) else {
            return Ok(within);
        };
        let found = self.find(Some(filter), || {
            let compiled = compile_filter(filter, &self.resident.schema)?;
            let mut context = self.resident.filter_context(self.view);
            if let Some(within) = &within {
                context.visible = &within.matches.slots;
            }
            evaluate_filter(&compiled, context)
        })?;
        Ok(Some(found))
    }

    /// What the rule matches; `None` without one.
    fn within(&self) -> EngineResult<Option<Arc<Matching>>> {
        let Some(rule) = &self.rule else {
            return Ok(None);
        };
        let found = self.find(None, || {
            let context = self.resident.filter_context(self.view);
            // What else is to be said of the rule is not for the one whom it binds.
            Ok(Matches {
                slots: evaluate_filter(&rule.compiled, context)?.slots,
                ..Matches::default()
            })
        })?;
        Ok(Some(found))
    }

    /// What is kept for this rule and this filter, or is found now.
    fn find(
        &self,
        filter: Option<&Filter>,
        evaluate: impl FnOnce() -> EngineResult<Matches>,
    ) -> EngineResult<Arc<Matching>> {
        let key = key_of(self.rule.as_ref().map(|rule| rule.filter), filter);
        let generation = self.resident.generation;
        if let Some(found) = self.shard.filters.get(generation, &key) {
            return Ok(found);
        }
        let answer = Arc::new(Matching {
            matches: evaluate()?,
            slots_end: self.resident.slots_end(),
            list: OnceLock::new(),
            words: OnceLock::new(),
        });
        self.shard.filters.keep(generation, key, &answer);
        Ok(answer)
    }
}

/// The rule with its length before it, then the filter.
fn key_of(rule: Option<&Filter>, filter: Option<&Filter>) -> Vec<u8> {
    let mut key = rule.map_or_else(|| vec![0], Filter::encode_length_delimited_to_vec);
    key.extend(filter.map(Filter::encode_to_vec).unwrap_or_default());
    key
}

/// Whether a filter has no condition.
fn is_empty(filter: &Filter) -> bool {
    filter.must.is_empty() && filter.should.is_empty() && filter.must_not.is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::messages::engine::write_command::Command;
    use crate::messages::engine::{PointRecord, ShardConfig, UpsertPoints, WriteCommand};
    use crate::messages::vectron::{Condition, Scalar, condition, scalar};
    use crate::shard::ShardOptions;
    use crate::threads::{EngineThreadOptions, EngineThreads};

    #[test]
    fn a_look_at_one_point_evaluates_the_rule_on_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let shard = open(folder.path());
        upsert(
            &shard,
            &[("a", r#"{"tenant":1}"#), ("x", r#"{"tenant":2}"#)],
        );
        let rule = tenant(1);
        let resident = shard.resident();
        let view = ShardView::new(&shard);
        let visible = Visible::new(&shard, &resident, &view, Some(&rule)).unwrap();
        let found = ["a", "x", "absent"].map(|id| visible.slot_of(id).unwrap());
        assert_eq!(found, [resident.ids.slot_of(b"a"), None, None]);
        assert!(found[0].is_some());
        let evaluated = || lock(&shard.filters.kept).answers.len();
        assert_eq!(evaluated(), 0);
        assert_eq!(visible.matching(None).unwrap().unwrap().len(), 1);
        assert_eq!(evaluated(), 1);
    }

    fn open(folder: &std::path::Path) -> Arc<Shard> {
        let threads = EngineThreads::start(EngineThreadOptions::default()).unwrap();
        let config = ShardConfig {
            shard_id: 1,
            dimension: 1,
            ..ShardConfig::default()
        };
        let options = ShardOptions {
            disk_reserve_bytes: 0,
            ..ShardOptions::new(folder, config.encode_to_vec())
        };
        Shard::open(options, &threads).unwrap()
    }

    fn upsert(shard: &Arc<Shard>, points: &[(&str, &'static str)]) {
        let points = points.iter().map(|(id, payload)| PointRecord {
            id: (*id).to_owned(),
            vector: 1.0_f32.to_le_bytes().to_vec().into(),
            payload: (*payload).into(),
            ..PointRecord::default()
        });
        let points = points.collect();
        let command = WriteCommand {
            command: Some(Command::Upsert(UpsertPoints { points })),
            ..WriteCommand::default()
        };
        let (answer, answered) = mpsc::channel();
        let entries = vec![(shard.applied_index() + 1, command.encode_to_vec())];
        shard.apply(
            entries,
            Box::new(move |result| answer.send(result).unwrap()),
        );
        answered.recv().unwrap().unwrap();
    }

    fn tenant(value: i64) -> Filter {
        let kind = Some(scalar::Kind::IntegerValue(value));
        let condition = Condition {
            field: "tenant".to_owned(),
            test: Some(condition::Test::Match(Scalar { kind })),
        };
        Filter {
            must: vec![condition],
            ..Filter::default()
        }
    }
}
