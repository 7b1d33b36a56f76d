//! Reads that are no search: points by id, pages in the order of ids, counts.

use std::ops::ControlFlow;

use bytes::Bytes;
use prost::Message;
use roaring::RoaringBitmap;

use super::Shard;
use super::answer::Answer;
use super::facet::count_values;
use super::matching::Visible;
use super::points::{Parts, PointParts};
use super::view::ShardView;
use crate::error::{EngineError, EngineResult, reason};
use crate::filter::Matches;
use crate::messages::engine::read_request::Read;
use crate::messages::engine::{
    ExpiredPoints, Facet, GetPoints, PointResult, ReadRequest, ReadResult, Scroll,
};
use crate::messages::vectron::Filter;
use crate::resident::Resident;

/// Values that one facet tells.
const FACET_VALUES_MAX: u32 = 65_536;
/// Points of one page.
const LIMIT_MAX: u32 = 10_000;
/// With fewer matches than this their ids are sorted; with more, the ids are walked in order.
const SORT_MAX: u64 = 20_000;

/// Takes an encoded `engine.v1.ReadRequest`; answers an encoded `engine.v1.ReadResult`.
pub(super) fn read(shard: &Shard, request: Vec<u8>) -> EngineResult<Vec<u8>> {
    let request = ReadRequest::decode(Bytes::from(request))
        .map_err(|error| EngineError::new(reason::INVALID_PROTOBUF, error.to_string(), "read"))?;
    let applied_index = shard.applied_index();
    let resident = shard.resident_now();
    let view = ShardView::new(shard);
    let rule = request.row_rule.as_ref();
    let result = Visible::new(shard, &resident, &view, rule).and_then(|visible| {
        let reader = Reader {
            shard,
            resident: &resident,
            view: &view,
            visible,
        };
        match &request.read {
            Some(Read::Get(get)) => reader.get(get),
            Some(Read::Scroll(scroll)) => reader.scroll(scroll),
            Some(Read::Count(count)) => reader.count(count.filter.as_ref()),
            Some(Read::Facet(facet)) => reader.facet(facet),
            Some(Read::Expired(expired)) => Ok(reader.expired(expired)),
            None => Err(EngineError::new(
                reason::INVALID_PROTOBUF,
                "nothing to read",
                "read",
            )),
        }
    });
    let mut result = match result {
        Ok(result) => result,
        Err(error) if error.reason == reason::DATA_CORRUPT => return Err(error),
        Err(error) => ReadResult {
            error: Some(error.to_message()),
            ..ReadResult::default()
        },
    };
    result.applied_index = applied_index;
    Ok(result.encode_to_vec())
}

struct Reader<'a> {
    shard: &'a Shard,
    resident: &'a Resident,
    view: &'a ShardView<'a>,
    visible: Visible<'a>,
}

impl Reader<'_> {
    fn get(&self, get: &GetPoints) -> EngineResult<ReadResult> {
        let parts = Parts {
            payload: get.with_payload,
            vector: get.with_vector,
            version: true,
        };
        let slots = get
            .ids
            .iter()
            .filter_map(|id| self.visible.slot_of(id).transpose());
        Ok(ReadResult {
            points: self.points(slots.collect::<EngineResult<_>>()?, parts)?,
            ..ReadResult::default()
        })
    }

    fn count(&self, filter: Option<&Filter>) -> EngineResult<ReadResult> {
        let Some(matching) = self.visible.matching(filter)? else {
            return Ok(ReadResult {
                count: self.resident.live.len(),
                ..ReadResult::default()
            });
        };
        Ok(ReadResult {
            count: matching.len(),
            ..notes(Some(&matching.matches))
        })
    }

    fn facet(&self, facet: &Facet) -> EngineResult<ReadResult> {
        if !(1..=FACET_VALUES_MAX).contains(&facet.limit) {
            let message = format!("limit {} is not 1 to {FACET_VALUES_MAX}", facet.limit);
            return Err(EngineError::new(reason::INVALID_ARGUMENT, message, "limit"));
        }
        let visible = self.visible.matching(None)?;
        let matching = self.visible.matching(facet.filter.as_ref())?;
        let matches = matching.as_deref().map(|matching| &matching.matches);
        let live = &self.resident.live;
        let facets = count_values(
            self.resident,
            self.view,
            matches.map_or(live, |matches| &matches.slots),
            visible.as_deref().map_or(live, |all| &all.matches.slots),
            &facet.field,
            facet.limit as usize,
        )?;
        let mut result = ReadResult {
            facets: facets.counts,
            more: facets.more,
            ..notes(matches)
        };
        if facets.is_unknown && !result.unknown_fields.contains(&facet.field) {
            result.unknown_fields.push(facet.field.clone());
        }
        Ok(result)
    }

    /// Some of the points whose time has come, for a command that frees them.
    fn expired(&self, asked: &ExpiredPoints) -> ReadResult {
        let slots = self.resident.expired.iter().take(asked.limit as usize);
        let ids = slots.filter_map(|slot| self.resident.ids.get(slot));
        let points = ids.map(|id| PointResult {
            id: String::from_utf8_lossy(id).into_owned(),
            ..PointResult::default()
        });
        ReadResult {
            points: points.collect(),
            ..ReadResult::default()
        }
    }

    fn scroll(&self, scroll: &Scroll) -> EngineResult<ReadResult> {
        if !(1..=LIMIT_MAX).contains(&scroll.limit) {
            let message = format!("limit {} is not 1 to {LIMIT_MAX}", scroll.limit);
            return Err(EngineError::new(
                reason::PAGE_SIZE_OUT_OF_RANGE,
                message,
                "limit",
            ));
        }
        let parts = Parts {
            payload: scroll.with_payload,
            vector: scroll.with_vector,
            version: true,
        };
        let matching = self.visible.matching(scroll.filter.as_ref())?;
        let matches = matching.as_deref().map(|matching| &matching.matches);
        // One more than asked for tells whether there is more.
        let limit = scroll.limit as usize + 1;
        let mut slots = match matches {
            Some(matches) if matches.slots.len() <= SORT_MAX => {
                self.page_by_sorting(&matches.slots, &scroll.after_id, limit)
            }
            Some(matches) => self.page_by_walking(&matches.slots, &scroll.after_id, limit)?,
            None => self.page_by_walking(&self.resident.live, &scroll.after_id, limit)?,
        };
        let more = slots.len() == limit;
        slots.truncate(limit - 1);
        Ok(ReadResult {
            points: self.points(slots, parts)?,
            more,
            ..notes(matches)
        })
    }

    fn page_by_sorting(&self, slots: &RoaringBitmap, after: &str, limit: usize) -> Vec<u32> {
        let ids = slots
            .iter()
            .filter_map(|slot| Some((self.resident.ids.get(slot)?, slot)));
        let mut page: Vec<(&[u8], u32)> = ids.filter(|(id, _)| *id > after.as_bytes()).collect();
        page.sort_unstable();
        page.truncate(limit);
        page.into_iter().map(|(_, slot)| slot).collect()
    }

    fn page_by_walking(
        &self,
        slots: &RoaringBitmap,
        after: &str,
        limit: usize,
    ) -> EngineResult<Vec<u32>> {
        let mut page = Vec::new();
        self.view.store()?.for_each_id_after(after, |id, _| {
            // The store may be ahead of memory by a commit; memory decides.
            let slot = self.resident.ids.slot_of(id);
            page.extend(slot.filter(|slot| slots.contains(*slot)));
            if page.len() < limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        Ok(page)
    }

    fn points(&self, slots: Vec<u32>, parts: Parts) -> EngineResult<Vec<PointResult>> {
        let source = PointParts {
            shard: self.shard,
            resident: self.resident,
            view: self.view,
            parts,
        };
        let encode = |point: &Answer<'_>| PointResult {
            id: String::from_utf8_lossy(point.id).into_owned(),
            point: point.encode_point().into(),
        };
        let points = slots.into_iter();
        points.map(|slot| source.with_point(slot, encode)).collect()
    }
}

/// An answer that holds only what the filter's evaluation has to say.
fn notes(matches: Option<&Matches>) -> ReadResult {
    ReadResult {
        unknown_fields: matches.map_or_else(Vec::new, |matches| matches.unknown_fields.clone()),
        warnings: matches.map_or_else(Vec::new, |matches| matches.warnings.clone()),
        ..ReadResult::default()
    }
}
