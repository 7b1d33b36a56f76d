//! Random commands, and what each does to the model.

use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    DeletePoints, SetSchema, UpdatePayload, UpsertPoints, WriteCommand,
};
use vectron_engine::messages::vectron::{FieldType, Filter, Ids, condition};
use vectron_engine::reason;

use super::generate::{filter, id, payload};
use super::model::{Model, ModelPoint, parse};
use super::rng::Rng;
use super::{DIMENSION, NOW_MS, record, test};

/// Any command, over few ids and fields.
pub fn command(rng: &mut Rng) -> WriteCommand {
    let ids = |rng: &mut Rng| (0..rng.below(8)).map(|_| id(rng)).collect::<Vec<_>>();
    let command = match rng.below(100) {
        0..55 => {
            let points = (0..1 + rng.below(12))
                .map(|_| record(&id(rng), &rng.vector(DIMENSION), &payload(rng)))
                .collect();
            Command::Upsert(UpsertPoints { points })
        }
        55..68 => Command::Delete(DeletePoints {
            ids: ids(rng),
            ..DeletePoints::default()
        }),
        68..72 => Command::Delete(DeletePoints {
            filter: narrow(rng),
            ..DeletePoints::default()
        }),
        72..85 => Command::UpdatePayload(UpdatePayload {
            ids: ids(rng),
            ..update(rng)
        }),
        85..97 => Command::UpdatePayload(UpdatePayload {
            filter: narrow(rng),
            ..update(rng)
        }),
        _ => {
            let field = *rng.pick(&[
                ("at", FieldType::Datetime),
                ("n", FieldType::Stored),
                ("o", FieldType::Stored),
            ]);
            let payload_schema = [(field.0.to_owned(), field.1.into())].into();
            Command::SetSchema(SetSchema { payload_schema })
        }
    };
    let request_id = if rng.chance(20) {
        format!("r{}", rng.below(50))
    } else {
        String::new()
    };
    WriteCommand {
        request_id,
        command: Some(command),
        row_rule: rng.chance(25).then(|| filter(rng, 1)),
        // Some are as releases without versions of payloads made them.
        time_ms: if rng.chance(90) { NOW_MS } else { 0 },
        ..WriteCommand::default()
    }
}

/// Lets a command now and then say which versions it expects: mostly those of the model.
pub fn expecting_versions(rng: &mut Rng, model: &Model, mut write: WriteCommand) -> WriteCommand {
    if !rng.chance(25) {
        return write;
    }
    let rule = write.row_rule.as_ref();
    let mut expect = |id: &str| match rng.below(10) {
        0 => Some(rng.below(20) as u64),
        _ => Some(model.version_within(rule, id)),
    };
    match write.command.as_mut().unwrap() {
        Command::Upsert(upsert) => {
            for point in &mut upsert.points {
                point.if_version = expect(&point.id);
            }
        }
        Command::Delete(delete) if delete.filter.is_none() && delete.expired_by_ms == 0 => {
            delete.ids.truncate(1);
            delete.if_version = delete.ids.first().and_then(|id| expect(id));
        }
        Command::UpdatePayload(update) if update.filter.is_none() => {
            update.ids.truncate(1);
            update.if_version = update.ids.first().and_then(|id| expect(id));
        }
        _ => {}
    }
    write
}

/// Lets a command be made at about this time, and now and then say when points expire.
pub fn expiring(rng: &mut Rng, now_ms: u64, mut write: WriteCommand) -> WriteCommand {
    if write.time_ms > 0 {
        write.time_ms = now_ms + rng.below(5) as u64 - 2;
    }
    let mut soon = || now_ms + rng.below(40) as u64 - 5;
    match write.command.as_mut().unwrap() {
        Command::Upsert(upsert) => {
            for (number, point) in upsert.points.iter_mut().enumerate() {
                let at = soon();
                point.expire_ms = if (at + number as u64).is_multiple_of(3) {
                    at
                } else {
                    0
                };
            }
        }
        Command::UpdatePayload(update) => {
            let at = soon();
            update.expire_ms = [None, Some(0), Some(at)][at as usize % 3];
        }
        Command::Delete(delete) if delete.filter.is_none() => {
            let at = soon();
            delete.expired_by_ms = if at.is_multiple_of(4) { at } else { 0 };
        }
        _ => {}
    }
    write
}

/// A filter that matches little, so that points remain.
fn narrow(rng: &mut Rng) -> Option<Filter> {
    let filter = filter(rng, 1);
    let ids = (0..6).map(|_| id(rng)).collect();
    let ids = Ids { values: ids };
    let some = test("", condition::Test::HasId(ids));
    Some(Filter {
        must: [filter.must, vec![some]].concat(),
        ..filter
    })
}

fn update(rng: &mut Rng) -> UpdatePayload {
    let set = payload(rng).into_bytes().into();
    let remove = if rng.chance(30) {
        vec!["tag".to_owned()]
    } else {
        vec![]
    };
    UpdatePayload {
        set,
        remove,
        replace: rng.chance(20),
        ..UpdatePayload::default()
    }
}

/// Answers the number of points that the command at this log index affects, or the reason of its
/// refusal.
pub fn apply_to_model(
    model: &mut Model,
    index: u64,
    command: &WriteCommand,
) -> Result<u64, &'static str> {
    let rule = command.row_rule.as_ref();
    let stored = model.clone();
    // What there was when the command was made.
    let before = model.at(command.time_ms);
    let visible = |id: &str| before.is_within(rule, id);
    let named = |ids: &[String], filter: Option<&Filter>| -> Vec<String> {
        let mut ids = match filter {
            Some(filter) => before
                .matching(Some(filter))
                .into_iter()
                .map(str::to_owned)
                .collect(),
            None => {
                let mut ids = ids.to_vec();
                ids.sort();
                ids.dedup();
                ids.retain(|id| before.points.contains_key(id));
                ids
            }
        };
        ids.retain(|id| visible(id));
        ids
    };
    let has = |id: &str, wanted: Option<u64>| {
        wanted.is_none_or(|wanted| before.version_within(rule, id) == wanted)
    };
    let changed: Vec<String>;
    let affected = match command.command.as_ref().unwrap() {
        Command::Upsert(upsert) => {
            for point in &upsert.points {
                let vector = point.vector.chunks(4);
                let vector = vector
                    .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                    .collect();
                let put = ModelPoint {
                    vector,
                    payload: String::from_utf8(point.payload.to_vec()).unwrap(),
                    version: index,
                    expire_ms: point.expire_ms,
                };
                model.points.insert(point.id.clone(), put);
                let is_taken = before.points.contains_key(&point.id) && !visible(&point.id);
                let refusal = if !has(&point.id, point.if_version) {
                    reason::VERSION_MISMATCH
                } else if is_taken || !model.is_within(rule, &point.id) {
                    reason::OUTSIDE_ROW_RULE
                } else {
                    continue;
                };
                *model = stored;
                return Err(refusal);
            }
            changed = vec![];
            upsert.points.len() as u64
        }
        Command::Delete(delete) if delete.expired_by_ms > 0 => {
            let mut freed = model.points.clone();
            let left = model.at(delete.expired_by_ms).points;
            freed.retain(|id, _| !left.contains_key(id) && delete.ids.contains(id));
            model.points.retain(|id, _| !freed.contains_key(id));
            changed = vec![];
            freed.len() as u64
        }
        Command::Delete(delete) => {
            if !delete.ids.iter().all(|id| has(id, delete.if_version)) {
                return Err(reason::VERSION_MISMATCH);
            }
            let ids = named(&delete.ids, delete.filter.as_ref());
            ids.iter().for_each(|id| drop(model.points.remove(id)));
            changed = vec![];
            ids.len() as u64
        }
        Command::UpdatePayload(update) => {
            if !update.ids.iter().all(|id| has(id, update.if_version)) {
                return Err(reason::VERSION_MISMATCH);
            }
            let ids = named(&update.ids, update.filter.as_ref());
            let set = String::from_utf8(update.set.to_vec()).unwrap();
            for id in &ids {
                let point = model.points.get_mut(id).unwrap();
                point.payload = patched(&point.payload, &set, update);
                point.expire_ms = update.expire_ms.unwrap_or(point.expire_ms);
                if command.time_ms > 0 {
                    point.version = index;
                }
            }
            changed = ids;
            changed.len() as u64
        }
        Command::SetSchema(schema) => {
            let mut added = 0;
            for (path, kind) in &schema.payload_schema {
                let kind = FieldType::try_from(*kind).unwrap();
                added += u64::from(model.schema.insert(path.clone(), kind).is_none());
            }
            changed = vec![];
            added
        }
    };
    if changed.iter().all(|id| model.is_within(rule, id)) {
        return Ok(affected);
    }
    *model = stored;
    Err(reason::OUTSIDE_ROW_RULE)
}

fn patched(payload: &str, set: &str, update: &UpdatePayload) -> String {
    if update.replace {
        return set.to_owned();
    }
    let mut map = parse(payload).as_object().unwrap().clone();
    update.remove.iter().for_each(|key| drop(map.remove(key)));
    map.extend(parse(set).as_object().unwrap().clone());
    serde_json::Value::Object(map).to_string()
}
