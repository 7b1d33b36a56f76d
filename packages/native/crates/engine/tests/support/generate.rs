//! Random payloads and filters over a small vocabulary, so that they meet each other.

use serde_json::{Map, Value, json};
use vectron_engine::messages::vectron::{
    Condition, Filter, Ids, Range, Scalar, Scalars, condition,
};

use super::model::DATETIMES;
use super::rng::Rng;
use super::{bool, float, integer, text};

const WORDS: [&str; 5] = ["red", "green", "blue", "", "grün"];
const FIELDS: [&str; 9] = [
    "tag",
    "n",
    "ok",
    "at",
    "o",
    "o.k",
    "list.k",
    "never",
    "deep.er.still",
];

/// One JSON object. `at` holds date-times only, the rest anything.
pub fn payload(rng: &mut Rng) -> String {
    if rng.chance(5) {
        return String::new();
    }
    let mut map = Map::new();
    for field in ["tag", "n", "ok"] {
        if rng.chance(70) {
            map.insert(field.to_owned(), value(rng, 2));
        }
    }
    if rng.chance(50) {
        map.insert("at".to_owned(), json!(rng.pick(&DATETIMES).0));
    }
    if rng.chance(50) {
        map.insert(
            "o".to_owned(),
            json!({ "k": value(rng, 1), "x": value(rng, 1) }),
        );
    }
    if rng.chance(30) {
        let items: Vec<_> = (0..rng.below(3))
            .map(|_| json!({ "k": value(rng, 1) }))
            .collect();
        map.insert("list".to_owned(), json!(items));
    }
    if rng.chance(20) {
        map.insert(
            "deep".to_owned(),
            json!({ "er": { "still": value(rng, 0) } }),
        );
    }
    if rng.chance(20) {
        map.insert(format!("dynamic{}", rng.below(400)), value(rng, 0));
    }
    Value::Object(map).to_string()
}

fn value(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(if depth > 0 { 11 } else { 9 }) {
        0 | 1 => json!(rng.pick(&WORDS)),
        2 => json!(rng.below(5) as i64 - 2),
        3 => json!(rng.below(9) as f64 / 2.0 - 2.0),
        4 => json!(rng.chance(50)),
        5 => Value::Null,
        6 => json!(long(rng)),
        7 => json!(rng.pick(&[i64::MAX, i64::MIN, 1 << 53])),
        8 => json!(rng.pick(&[1e300, -1e300, 1.8e19])),
        _ => (0..rng.below(4)).map(|_| value(rng, depth - 1)).collect(),
    }
}

/// Longer than what is indexed.
fn long(rng: &mut Rng) -> String {
    rng.pick(&["a", "b"]).repeat(300)
}

pub fn filter(rng: &mut Rng, depth: usize) -> Filter {
    let mut some = |chance: usize| -> Vec<Condition> {
        let count = if rng.chance(chance) {
            1 + rng.below(2)
        } else {
            0
        };
        (0..count).map(|_| condition(rng, depth)).collect()
    };
    Filter {
        must: some(70),
        should: some(30),
        must_not: some(30),
    }
}

fn condition(rng: &mut Rng, depth: usize) -> Condition {
    let field = match rng.below(10) {
        0 => format!("dynamic{}", rng.below(400)),
        _ => (*rng.pick(&FIELDS)).to_owned(),
    };
    let datetime = field == "at";
    let test = match rng.below(if depth > 0 { 10 } else { 9 }) {
        0 | 1 => condition::Test::Match(scalar(rng, datetime)),
        2 => condition::Test::MatchAny(scalars(rng, datetime)),
        3 => condition::Test::Contains(scalars(rng, datetime)),
        4 | 5 => condition::Test::Range(range(rng, datetime)),
        6 => condition::Test::Exists(rng.chance(50)),
        7 => condition::Test::IsNull(rng.chance(50)),
        8 => {
            let values = (0..rng.below(20)).map(|_| id(rng)).collect();
            return nameless(condition::Test::HasId(Ids { values }));
        }
        _ => return nameless(condition::Test::Filter(filter(rng, depth - 1))),
    };
    Condition {
        field,
        test: Some(test),
    }
}

fn nameless(test: condition::Test) -> Condition {
    Condition {
        field: String::new(),
        test: Some(test),
    }
}

pub fn id(rng: &mut Rng) -> String {
    format!("id-{}", rng.below(150))
}

fn scalars(rng: &mut Rng, datetime: bool) -> Scalars {
    Scalars {
        values: (0..1 + rng.below(2))
            .map(|_| scalar(rng, datetime))
            .collect(),
    }
}

fn scalar(rng: &mut Rng, datetime: bool) -> Scalar {
    if datetime {
        return text(rng.pick(&DATETIMES).0);
    }
    match rng.below(5) {
        0 => text(&long(rng)),
        1 => number(rng),
        2 => bool(rng.chance(50)),
        _ => text(rng.pick::<&str>(&WORDS)),
    }
}

fn number(rng: &mut Rng) -> Scalar {
    match rng.below(6) {
        0 => integer(*rng.pick(&[i64::MAX, i64::MIN, 1 << 53])),
        1 => float(*rng.pick(&[1e300, -1e300, 9.3e18, -9.3e18, 1.8e19])),
        2 | 3 => float(rng.below(9) as f64 / 2.0 - 2.0),
        _ => integer(rng.below(5) as i64 - 2),
    }
}

fn range(rng: &mut Rng, datetime: bool) -> Range {
    let mut bound = |_: ()| {
        Some(if datetime {
            text(rng.pick(&DATETIMES).0)
        } else {
            number(rng)
        })
    };
    let (low, high) = (bound(()), bound(()));
    match rng.below(6) {
        0 => Range {
            gt: low,
            ..Range::default()
        },
        1 => Range {
            gte: low,
            ..Range::default()
        },
        2 => Range {
            lt: high,
            ..Range::default()
        },
        3 => Range {
            lte: high,
            ..Range::default()
        },
        4 => Range {
            gte: low,
            lt: high,
            ..Range::default()
        },
        _ => Range {
            gt: low,
            lte: high,
            ..Range::default()
        },
    }
}
