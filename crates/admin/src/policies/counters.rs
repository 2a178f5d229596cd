//! What the counters of a policy say.

use crate::Admin;
use crate::wire::page::{Page, Paging};
use baton_engine::{CounterReading, PolicyKind};
use baton_model::entity::PolicyScope;
use baton_model::{Nanos, Timestamp};
use baton_store::StoreError;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A counter: one for each value of a scope.
#[derive(Debug, Serialize, ToSchema)]
pub struct CounterView {
    /// The value that it is for, of each field of the scope that has several; empty: there is one counter.
    #[schema(value_type = Object, example = json!({"user": "ann"}))]
    values: BTreeMap<&'static str, String>,
    /// The most that it may come to now: dollars, tokens or requests.
    #[schema(value_type = f64, example = 50)]
    amount: Box<RawValue>,
    /// What was spent in the present period or window.
    #[schema(value_type = f64, example = 12.5)]
    spent: Box<RawValue>,
    /// What requests under way have reserved.
    #[schema(value_type = f64, example = 0.02)]
    reserved: Box<RawValue>,
    /// What is left.
    #[schema(value_type = f64, example = 37.48)]
    remaining: Box<RawValue>,
    /// When the period ends; null: never, or at every moment.
    #[schema(value_type = Option<String>)]
    resets_at: Option<Timestamp>,
}

/// In what a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nano-dollars, which are shown as dollars.
    Dollars,
    /// Requests or tokens.
    Number,
}

impl Unit {
    /// An amount as JSON, exactly.
    pub fn write(self, amount: u64) -> Box<RawValue> {
        let text = match self {
            Self::Dollars => Nanos(i64::try_from(amount).unwrap_or(i64::MAX)).to_string(),
            Self::Number => amount.to_string(),
        };
        // The text of a number is JSON.
        RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

impl CounterView {
    fn new(reading: CounterReading, unit: Unit) -> Self {
        let remaining = reading.remaining();
        Self {
            amount: unit.write(reading.limit),
            spent: unit.write(reading.spent),
            reserved: unit.write(reading.reserved),
            remaining: unit.write(remaining),
            resets_at: reading.resets_at,
            values: reading.values.into_iter().map(|(field, value)| (field, value.to_string())).collect(),
        }
    }
}

/// A page of the counters of a policy.
pub async fn read_page(
    admin: &Admin,
    (kind, id): (PolicyKind, &str),
    unit: Unit,
    paging: Paging,
) -> Result<Page<CounterView>, StoreError> {
    let readings = admin.web.engine.read_counters(kind, id).await?;
    Ok(paging.cut_page(readings.into_iter().map(|reading| CounterView::new(reading, unit))))
}

/// What the counter of a policy says whose scope has one counter; `None` if it has several, or what it says can't be read now.
pub async fn read_only_counter(admin: &Admin, id: &str, scope: &PolicyScope) -> Option<CounterReading> {
    if scope.fields().any(|(_, values)| values.has_several()) || (scope.run.is_some() && scope.key.is_none()) {
        return None;
    }
    // Shown as null: a change that was made must not look as if it had failed.
    admin.web.engine.read_counters(PolicyKind::Budget, id).await.ok()?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let reading = CounterReading {
            values: vec![("user", "ann".into())],
            limit: 9_000_000_000_000_000,
            spent: 1,
            reserved: 2_500_000_000,
            resets_at: Some(Timestamp(0)),
        };
        let write = |unit| serde_json::to_string(&CounterView::new(reading.clone(), unit)).unwrap_or_default();
        assert_eq!(
            write(Unit::Dollars),
            r#"{"values":{"user":"ann"},"amount":9000000,"spent":0.000000001,"reserved":2.5,"remaining":8999997.499999999,"resets_at":"1970-01-01T00:00:00.000000Z"}"#
        );
        assert!(write(Unit::Number).contains(r#""amount":9000000000000000,"spent":1,"#));
    }
}
