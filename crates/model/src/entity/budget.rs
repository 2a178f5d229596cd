//! A budget. To add a field: a line in the struct and one in [`Budget::new`]. The API, the configuration, events, the audit
//! log and the database have it then.

use super::{BudgetPeriod, FailMode, PolicyMode, PolicyScope};
use crate::clock::Timestamp;
use crate::money::Nanos;
use crate::price::{Factor, Price};

/// How much money requests may cost in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    schema(as = BudgetView)
)]
pub struct Budget {
    /// Its id; by default one is made. Fixed from then on.
    #[cfg_attr(feature = "schema", schema(example = "search-monthly"))]
    pub budget_id: String,
    /// Which requests it is for: any of `project`, `key`, `user`, `model`, `provider`, `tag`, `run`, each a value, a list, or
    /// `"*"`. Each value has a counter of its own.
    #[cfg_attr(feature = "schema", schema(value_type = Object, example = json!({"project": "search"})))]
    pub scope: PolicyScope,
    /// Dollars in each period: an exact decimal, at most 9,000,000.
    #[cfg_attr(
        feature = "schema",
        serde(with = "crate::schema::money"),
        schema(value_type = f64, example = 500)
    )]
    pub amount: Nanos,
    /// `hour`, `day`, `week`, `month` or `total`.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "month"))]
    pub period: BudgetPeriod,
    /// The time zone of the calendar, by its name in the IANA database; null: UTC.
    #[cfg_attr(feature = "schema", schema(example = "Europe/Berlin"))]
    pub timezone: Option<String>,
    /// From when it counts; null: from the beginning of the period.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub starts_at: Option<Timestamp>,
    /// `hard`: what might exceed it is refused. `soft`: it is let through, and its reply carries a warning.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "hard"))]
    pub mode: PolicyMode,
    /// The parts of the amount at which the event `budget.threshold` is sent, such as 0.5 and 0.9.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<f64>))]
    pub alerts: Vec<Factor>,
    /// What happens to a request of a model without a price: `"refuse"`, `"allow"`, or `{"price": {…}}` by which it is counted.
    #[cfg_attr(feature = "schema", schema(schema_with = crate::schema::when_unpriced))]
    pub when_unpriced: WhenUnpriced,
    /// Whether the output limit of a request is lowered to what the budget has left, with a warning, before it is refused.
    pub shrink: bool,
    /// Whether a stream that costs more than was reserved for it ends where the budget is spent.
    pub cut_streams: bool,
    /// While the counters that nodes share can't be reached: `closed` refuses, `local` lets each node have its share.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "closed"))]
    pub fail: FailMode,
    /// What it was raised by for a while.
    // By hand: the derive drops `read_only` of an object, and then anybody could set it as a field.
    #[cfg_attr(feature = "schema", schema(schema_with = crate::schema::raise))]
    pub raised: Option<BudgetRaise>,
    /// When it was reset: what was spent before does not count.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, read_only))]
    pub reset_at: Option<Timestamp>,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

/// By how much a budget is raised for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct BudgetRaise {
    /// Dollars on top.
    #[cfg_attr(feature = "schema", serde(with = "crate::schema::money"))]
    pub amount: Nanos,
    /// Until when, exclusive.
    pub until: Timestamp,
}

/// What a budget does about models whose price nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WhenUnpriced {
    /// Their requests are refused.
    #[default]
    Refuse,
    /// They are let through, and count nothing.
    Allow,
    /// They count by this price.
    Price(Box<Price>),
}

// === impl Budget ===

impl Budget {
    /// A hard budget of nothing for everything, by the month.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            budget_id: id.into(),
            scope: PolicyScope::default(),
            amount: Nanos::ZERO,
            period: BudgetPeriod::Month,
            timezone: None,
            starts_at: None,
            mode: PolicyMode::Hard,
            alerts: Vec::new(),
            when_unpriced: WhenUnpriced::Refuse,
            shrink: false,
            cut_streams: false,
            fail: FailMode::Closed,
            raised: None,
            reset_at: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    /// The amount at a time: with what it is raised by then.
    pub fn amount_at(&self, now: Timestamp) -> Nanos {
        match self.raised {
            Some(raise) if now < raise.until => self.amount + raise.amount,
            _ => self.amount,
        }
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for Budget {}
