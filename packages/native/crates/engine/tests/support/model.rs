//! The truth: a map of points, filters evaluated on parsed JSON, and brute force.

use std::collections::BTreeMap;

use serde_json::Value;
use vectron_engine::messages::vectron::{
    Condition, FieldType, Filter, Metric, Range, Scalar, condition, scalar,
};

#[derive(Clone, Debug)]
pub struct ModelPoint {
    pub vector: Vec<f32>,
    pub payload: String,
    /// Log index of the last change.
    pub version: u64,
    /// Unix milliseconds; 0 for never.
    pub expire_ms: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub points: BTreeMap<String, ModelPoint>,
    pub schema: BTreeMap<String, FieldType>,
}

/// Date-times that tests use, with their microseconds.
pub const DATETIMES: [(&str, i64); 5] = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T01:00:00+01:00", 0),
    ("1970-01-01T00:00:01.5Z", 1_500_000),
    ("1970-01-02T00:00:00-00:30", 88_200_000_000),
    ("1969-12-31T23:59:59Z", -1_000_000),
];

impl Model {
    pub fn matching(&self, filter: Option<&Filter>) -> Vec<&str> {
        let holds = |id: &str, point: &ModelPoint| {
            let payload = parse(&point.payload);
            filter.is_none_or(|filter| self.filter(filter, id, &payload))
        };
        let points = self.points.iter().filter(|(id, point)| holds(id, point));
        points.map(|(id, _)| id.as_str()).collect()
    }

    /// What there is at a time.
    pub fn at(&self, time_ms: u64) -> Self {
        let mut model = self.clone();
        let points = &mut model.points;
        points.retain(|_, point| point.expire_ms == 0 || point.expire_ms > time_ms);
        model
    }

    /// Whether a point that there is matches a row rule.
    pub fn is_within(&self, rule: Option<&Filter>, id: &str) -> bool {
        rule.is_none_or(|rule| self.filter(rule, id, &parse(&self.points[id].payload)))
    }

    /// The version of a point as a row rule lets it be seen; 0 for none.
    pub fn version_within(&self, rule: Option<&Filter>, id: &str) -> u64 {
        let point = self.points.get(id);
        point
            .filter(|_| self.is_within(rule, id))
            .map_or(0, |point| point.version)
    }

    /// How many of the matching points have each value of a field.
    pub fn facet(&self, path: &str, filter: Option<&Filter>) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for id in self.matching(filter) {
            let payload = parse(&self.points[id].payload);
            let mut values = Vec::new();
            find(&payload, path, &mut values);
            let mut own: Vec<String> = flatten(&values)
                .into_iter()
                .filter_map(facet_text)
                .collect();
            own.sort();
            own.dedup();
            for value in own {
                *counts.entry(value).or_insert(0) += 1;
            }
        }
        counts
    }

    /// The true order of the matching points: id and score, nearest first.
    pub fn nearest(
        &self,
        metric: Metric,
        query: &[f32],
        filter: Option<&Filter>,
    ) -> Vec<(&str, f64)> {
        let score = |id: &str| score(metric, query, &self.points[id].vector);
        let mut all: Vec<_> = self
            .matching(filter)
            .into_iter()
            .map(|id| (id, score(id)))
            .collect();
        let sign = if metric == Metric::L2 { 1.0 } else { -1.0 };
        all.sort_by(|a, b| (a.1 * sign).total_cmp(&(b.1 * sign)));
        all
    }

    fn filter(&self, filter: &Filter, id: &str, payload: &Value) -> bool {
        let holds = |condition: &Condition| self.condition(condition, id, payload);
        filter.must.iter().all(holds)
            && (filter.should.is_empty() || filter.should.iter().any(holds))
            && !filter.must_not.iter().any(holds)
    }

    fn condition(&self, condition: &Condition, id: &str, payload: &Value) -> bool {
        let path = condition.field.as_str();
        let mut values = Vec::new();
        find(payload, path, &mut values);
        let items = flatten(&values);
        let datetime = self.schema.get(path) == Some(&FieldType::Datetime);
        let has = |wanted: &Scalar| items.iter().any(|item| equals(wanted, item, datetime));
        match condition
            .test
            .as_ref()
            .expect("tests build whole conditions")
        {
            condition::Test::Match(wanted) => has(wanted),
            condition::Test::MatchAny(wanted) => wanted.values.iter().any(has),
            condition::Test::Contains(wanted) => {
                values.iter().any(|value| value.is_array()) && wanted.values.iter().all(has)
            }
            condition::Test::Range(range) => {
                let keyword = self.schema.get(path) == Some(&FieldType::Keyword);
                items.iter().any(|item| in_range(range, item, keyword))
            }
            condition::Test::Exists(wanted) => {
                values.iter().any(|value| !value.is_null()) == *wanted
            }
            condition::Test::IsNull(wanted) => {
                values.iter().any(|value| value.is_null()) == *wanted
            }
            condition::Test::HasId(ids) => ids.values.iter().any(|wanted| wanted == id),
            condition::Test::Filter(filter) => self.filter(filter, id, payload),
        }
    }
}

pub fn parse(payload: &str) -> Value {
    if payload.is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    serde_json::from_str(payload).expect("payloads are JSON")
}

/// Values at a dotted path, through arrays of objects.
fn find<'v>(value: &'v Value, path: &str, out: &mut Vec<&'v Value>) {
    let Value::Object(map) = value else {
        return;
    };
    for (key, value) in map {
        if key == path {
            out.push(value);
        }
        if let Some(rest) = path.strip_prefix(key.as_str())
            && let Some(rest) = rest.strip_prefix('.')
        {
            match value {
                Value::Array(items) => items.iter().for_each(|item| find(item, rest, out)),
                other => find(other, rest, out),
            }
        }
    }
}

fn flatten<'v>(values: &[&'v Value]) -> Vec<&'v Value> {
    let mut out = Vec::new();
    for value in values {
        match value {
            Value::Array(items) => out.extend(flatten(&items.iter().collect::<Vec<_>>())),
            other => out.push(*other),
        }
    }
    out
}

/// A value that facets count, as text that tells its kind; equal numbers are one.
fn facet_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(format!("bool {value}")),
        Value::String(text) => Some(format!("text {text}")),
        Value::Number(number) => Some(match number.as_i64() {
            Some(integer) => format!("integer {integer}"),
            None => float_text(number.as_f64().unwrap()),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn float_text(value: f64) -> String {
    let is_integer = value.fract() == 0.0 && value.abs() < 9.2e18;
    if is_integer {
        format!("integer {}", value as i64)
    } else {
        format!("float {value}")
    }
}

/// As the model tells a value of a facet.
pub fn scalar_text(value: &Scalar) -> String {
    match value.kind.as_ref().unwrap() {
        scalar::Kind::BoolValue(value) => format!("bool {value}"),
        scalar::Kind::StringValue(text) => format!("text {text}"),
        scalar::Kind::IntegerValue(value) => format!("integer {value}"),
        scalar::Kind::FloatValue(value) => float_text(*value),
    }
}

fn micros(text: &str) -> Option<i64> {
    DATETIMES
        .iter()
        .find(|(known, _)| *known == text)
        .map(|(_, micros)| *micros)
}

fn equals(wanted: &Scalar, item: &Value, datetime: bool) -> bool {
    match (wanted.kind.as_ref().expect("a scalar has a value"), item) {
        (scalar::Kind::StringValue(wanted), Value::String(item)) if datetime => {
            micros(wanted).is_some() && micros(wanted) == micros(item)
        }
        (scalar::Kind::StringValue(wanted), Value::String(item)) => wanted == item,
        (scalar::Kind::BoolValue(wanted), Value::Bool(item)) => wanted == item,
        (scalar::Kind::IntegerValue(wanted), Value::Number(item)) => {
            item.as_f64() == Some(*wanted as f64)
        }
        (scalar::Kind::FloatValue(wanted), Value::Number(item)) => item.as_f64() == Some(*wanted),
        _ => false,
    }
}

fn in_range(range: &Range, item: &Value, keyword: bool) -> bool {
    let bounds = [
        (&range.gt, [false, false, true]),
        (&range.gte, [false, true, true]),
        (&range.lt, [true, false, false]),
        (&range.lte, [true, true, false]),
    ];
    bounds.iter().all(|(bound, allowed)| {
        let Some(bound) = bound else {
            return true;
        };
        let order = match (bound.kind.as_ref().expect("a bound has a value"), item) {
            (scalar::Kind::StringValue(bound), Value::String(item)) if !keyword => micros(item)
                .zip(micros(bound))
                .map(|(item, bound)| item.cmp(&bound)),
            (scalar::Kind::IntegerValue(bound), Value::Number(item)) => item
                .as_f64()
                .and_then(|item| item.partial_cmp(&(*bound as f64))),
            (scalar::Kind::FloatValue(bound), Value::Number(item)) => {
                item.as_f64().and_then(|item| item.partial_cmp(bound))
            }
            _ => None,
        };
        order.is_some_and(|order| allowed[(order as i8 + 1) as usize])
    })
}

pub fn score(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot: f64 = pairs().map(|(a, b)| a * b).sum();
    match metric {
        Metric::Dot => dot,
        Metric::L2 => pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
        Metric::Cosine | Metric::Unspecified => {
            let norms: f64 =
                pairs().map(|(a, _)| a * a).sum::<f64>() * pairs().map(|(_, b)| b * b).sum::<f64>();
            if norms > 0.0 { dot / norms.sqrt() } else { 0.0 }
        }
    }
}
