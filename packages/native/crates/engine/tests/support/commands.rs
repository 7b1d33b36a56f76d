//! Random commands, and what each does to the model.

use vectron_engine::messages::engine::write_command::Command;
use vectron_engine::messages::engine::{
    DeletePoints, SetSchema, UpdatePayload, UpsertPoints, WriteCommand,
};
use vectron_engine::messages::vectron::{FieldType, Filter, Ids, condition};

use super::generate::{filter, id, payload};
use super::model::{Model, ModelPoint, parse};
use super::rng::Rng;
use super::{DIMENSION, record, test};

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
    }
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

/// Answers the number of points that the command affects; `None` when its row rule refuses it.
pub fn apply_to_model(model: &mut Model, command: &WriteCommand) -> Option<u64> {
    let rule = command.row_rule.as_ref();
    let before = model.clone();
    let visible = |id: &str| before.is_within(rule, id);
    let named = |model: &Model, ids: &[String], filter: Option<&Filter>| -> Vec<String> {
        let mut ids = match filter {
            Some(filter) => model
                .matching(Some(filter))
                .into_iter()
                .map(str::to_owned)
                .collect(),
            None => {
                let mut ids = ids.to_vec();
                ids.sort();
                ids.dedup();
                ids.retain(|id| model.points.contains_key(id));
                ids
            }
        };
        ids.retain(|id| visible(id));
        ids
    };
    let changed: Vec<String>;
    let affected = match command.command.as_ref().unwrap() {
        Command::Upsert(upsert) => {
            let mut taken = upsert.points.iter().map(|point| &point.id);
            if taken.any(|id| before.points.contains_key(id) && !visible(id)) {
                return None;
            }
            for point in &upsert.points {
                let vector = point.vector.chunks(4);
                let vector = vector
                    .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                    .collect();
                let payload = String::from_utf8(point.payload.to_vec()).unwrap();
                model
                    .points
                    .insert(point.id.clone(), ModelPoint { vector, payload });
                if !model.is_within(rule, &point.id) {
                    *model = before;
                    return None;
                }
            }
            changed = vec![];
            upsert.points.len() as u64
        }
        Command::Delete(delete) => {
            let ids = named(model, &delete.ids, delete.filter.as_ref());
            ids.iter().for_each(|id| drop(model.points.remove(id)));
            changed = vec![];
            ids.len() as u64
        }
        Command::UpdatePayload(update) => {
            let ids = named(model, &update.ids, update.filter.as_ref());
            let set = String::from_utf8(update.set.to_vec()).unwrap();
            for id in &ids {
                let point = model.points.get_mut(id).unwrap();
                point.payload = patched(&point.payload, &set, update);
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
        return Some(affected);
    }
    *model = before;
    None
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
