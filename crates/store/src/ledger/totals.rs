//! Totals of the ledger: what is asked for, and what comes back.

use baton_model::{Nanos, Timestamp, UsageClass};

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageRow {
    /// The group, one value for each grouping asked for; `None` where requests have none (no project, no model tried).
    pub group: Vec<Option<String>>,
    /// Requests.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests served from the response cache.
    pub cache_hits: u64,
    /// What was consumed, by class; only classes that are not zero.
    pub tokens: Vec<(UsageClass, u64)>,
    /// What it cost, as far as that is known.
    pub cost: Nanos,
    /// The number of requests with an attempt that could not be priced.
    pub unpriced: u64,
    /// The number of requests with an attempt whose usage is estimated.
    pub estimated: u64,
    /// How long completed requests took; `None` if there are none.
    pub latency: Option<Latency>,
}

/// Percentiles of the time from arrival to the last byte, exact over the range (nearest rank), in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// Half took at most this.
    pub p50: u64,
    /// 95 in 100 took at most this.
    pub p95: u64,
    /// 99 in 100 took at most this.
    pub p99: u64,
}

/// How a model has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelStats {
    /// Requests that it served, or was the last to be tried for.
    pub requests: u64,
    /// Those of them that failed.
    pub errors: u64,
    /// What it consumed, by class; attempts for requests that another model served in the end included.
    pub tokens: Vec<(UsageClass, u64)>,
    /// What that cost, as far as it is known.
    pub cost: Nanos,
    /// The number of requests with an attempt of it that could not be priced.
    pub unpriced: u64,
    /// How long completed requests took; `None` if there are none.
    pub latency: Option<Latency>,
}
