//! Totals of the ledger: what is asked for, and what comes back.

use baton_model::{Cost, Nanos, Timestamp, UsageClass};
use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use utoipa::ToSchema;

/// What a total is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageQuery {
    /// Start of the range.
    pub from: Timestamp,
    /// End of the range, exclusive.
    pub to: Timestamp,
    /// What makes a row, in order; nothing: one row for all.
    pub group_by: Vec<GroupBy>,
    /// Only this project.
    pub project: Option<String>,
    /// Only this key.
    pub key: Option<baton_model::KeyId>,
    /// Only this user.
    pub user: Option<String>,
}

/// What a total is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// The model.
    Model,
    /// The provider.
    Provider,
    /// The key's id.
    Key,
    /// The project.
    Project,
    /// The user.
    User,
    /// The day of arrival in UTC, as `2026-11-23`.
    Day,
    /// The hour of arrival in UTC, as `2026-11-23T15:00:00Z`.
    Hour,
}

impl GroupBy {
    /// All of them, in the order in which documents list them.
    pub const ALL: [Self; 7] =
        [Self::Model, Self::Provider, Self::Key, Self::Project, Self::User, Self::Day, Self::Hour];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Key => "key",
            Self::Project => "project",
            Self::User => "user",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    /// The grouping of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }
}

/// The total of one group.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, ToSchema)]
pub struct UsageRow {
    /// The group, one value for each grouping asked for; `None` where requests have none (no project, no model tried).
    #[serde(skip)]
    pub group: Vec<Option<String>>,
    /// Requests.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests that were served from the response cache.
    pub cache_hits: u64,
    /// The usage, by class (`input`, `cache_read`, `output`, `reasoning` …).
    // Here only classes that are not zero.
    #[serde(serialize_with = "by_class")]
    #[schema(value_type = Object, example = json!({"input": 1200, "output": 340}))]
    pub tokens: Vec<(UsageClass, u64)>,
    /// What that cost.
    #[serde(flatten)]
    #[schema(inline)]
    pub spent: Spent,
    /// Requests with an attempt whose usage is an estimate.
    pub estimated: u64,
    /// How long completed requests took; null if there are none.
    #[serde(rename = "latency_ms")]
    pub latency: Option<Latency>,
}

/// How a model has done.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, ToSchema)]
pub struct ModelStats {
    /// Requests that it served, or was the last model tried for.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// What it consumed, by class (`input`, `output`, `cache_read` …); attempts for requests that another model served in
    /// the end included.
    #[serde(serialize_with = "by_class")]
    #[schema(value_type = Object)]
    pub tokens: Vec<(UsageClass, u64)>,
    /// What that cost.
    #[serde(flatten)]
    #[schema(inline)]
    pub spent: Spent,
    /// How long completed requests took; null if there are none.
    #[serde(rename = "latency_ms")]
    pub latency: Option<Latency>,
}

/// A sum of costs, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ToSchema)]
pub struct Spent {
    /// What it cost, in exact decimal dollars, as far as that is known; null if nothing of it could be priced.
    #[schema(value_type = Option<f64>)]
    pub cost: Nanos,
    /// What projects are charged for it: the cost, times the `charge_factor` of the project; null like `cost`.
    #[schema(value_type = Option<f64>)]
    pub charge: Nanos,
    /// The number of requests with an attempt that could not be priced.
    pub unpriced: u64,
}

/// Percentiles in milliseconds.
// Exact over the range (nearest rank), and here in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, ToSchema)]
#[schema(as = LatencyView)]
pub struct Latency {
    /// The median.
    #[serde(serialize_with = "millis")]
    #[schema(value_type = f64)]
    pub p50: u64,
    /// The 95th percentile.
    #[serde(serialize_with = "millis")]
    #[schema(value_type = f64)]
    pub p95: u64,
    /// The 99th percentile.
    #[serde(serialize_with = "millis")]
    #[schema(value_type = f64)]
    pub p99: u64,
}

impl Spent {
    /// The sum as far as it is known: nothing known at all is no zero.
    pub fn known(self) -> Cost {
        self.as_far_as_known(self.cost)
    }

    /// The same of what was charged.
    pub fn known_charge(self) -> Cost {
        self.as_far_as_known(self.charge)
    }

    fn as_far_as_known(self, sum: Nanos) -> Cost {
        if self.unpriced == 0 || self.cost != Nanos::ZERO { Cost::Known(sum) } else { Cost::Unpriced }
    }
}

impl Serialize for Spent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut spent = serializer.serialize_struct("Spent", 3)?;
        spent.serialize_field("cost", &self.known())?;
        spent.serialize_field("charge", &self.known_charge())?;
        spent.serialize_field("unpriced", &self.unpriced)?;
        spent.end()
    }
}

/// The five that every reader looks for are there even if they are zero.
fn by_class<S: Serializer>(tokens: &[(UsageClass, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    use UsageClass::{CacheRead, CacheWrite, Input, Output, Reasoning};
    let mut all: IndexMap<_, _> =
        [Input, CacheRead, CacheWrite, Output, Reasoning].map(|class| (class.name(), 0)).into_iter().collect();
    all.extend(tokens.iter().map(|(class, amount)| (class.name(), *amount)));
    all.serialize(serializer)
}

fn millis<S: Serializer>(micros: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*micros as f64 / 1000.0)
}
