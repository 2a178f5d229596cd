//! A limit on rates. To add a field: a line in the struct and one in [`RateLimit::new`]. The API, the configuration, events,
//! the audit log and the database have it then.

use super::{FailMode, LimitWindow, PolicyMode, PolicyScope};
use crate::clock::Timestamp;
use crate::money::Nanos;

/// How much requests may take in a time, or how many may be under way. One of the measures is set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    schema(as = LimitView)
)]
pub struct RateLimit {
    /// Its id; by default one is made. Fixed from then on.
    #[cfg_attr(feature = "schema", schema(example = "search-rpm"))]
    pub limit_id: String,
    /// Which requests it is for, as of a budget.
    #[cfg_attr(feature = "schema", schema(value_type = Object, example = json!({"user": "*"})))]
    pub scope: PolicyScope,
    /// Requests in the window.
    pub requests: Option<u64>,
    /// Tokens read in the window.
    pub input_tokens: Option<u64>,
    /// Tokens produced in the window.
    pub output_tokens: Option<u64>,
    /// Tokens read and produced in the window.
    pub tokens: Option<u64>,
    /// Dollars in the window: an exact decimal.
    #[cfg_attr(
        feature = "schema",
        serde(default, with = "crate::schema::money::optional"),
        schema(value_type = Option<f64>)
    )]
    pub cost: Option<Nanos>,
    /// Requests under way at once.
    pub concurrency: Option<u64>,
    /// `second`, `minute`, `hour` or `day`: at every moment, the last so long. Null for `concurrency`.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, example = "minute"))]
    pub per: Option<LimitWindow>,
    /// How much of it may be taken at once; the rest comes evenly over the window. Null: all of it.
    pub burst: Option<u64>,
    /// `hard`: what exceeds it is refused. `soft`: it is let through, and its reply carries a warning.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "hard"))]
    pub mode: PolicyMode,
    /// While the counters that nodes share can't be reached: `closed` refuses, `local` lets each node have its share.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "local"))]
    pub fail: FailMode,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Requests.
    Requests,
    /// Tokens read.
    InputTokens,
    /// Tokens produced.
    OutputTokens,
    /// Tokens read and produced.
    Tokens,
    /// Nano-dollars.
    Cost,
    /// Requests under way.
    Concurrency,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Requests, Self::InputTokens, Self::OutputTokens, Self::Tokens, Self::Cost, Self::Concurrency];

    /// The field of a limit that sets it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Concurrency => "concurrency",
        }
    }
}

// === impl RateLimit ===

impl RateLimit {
    /// A hard limit for everything, without a measure yet.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            limit_id: id.into(),
            scope: PolicyScope::default(),
            requests: None,
            input_tokens: None,
            output_tokens: None,
            tokens: None,
            cost: None,
            concurrency: None,
            per: None,
            burst: None,
            mode: PolicyMode::Hard,
            fail: FailMode::Local,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    /// The measures that are set, with how much. A limit in force has one.
    pub fn measures(&self) -> impl Iterator<Item = (Measure, u64)> {
        let cost = self.cost.map(|nanos| u64::try_from(nanos.0).unwrap_or(0));
        let all = [
            (Measure::Requests, self.requests),
            (Measure::InputTokens, self.input_tokens),
            (Measure::OutputTokens, self.output_tokens),
            (Measure::Tokens, self.tokens),
            (Measure::Cost, cost),
            (Measure::Concurrency, self.concurrency),
        ];
        all.into_iter().filter_map(|(measure, amount)| Some((measure, amount?)))
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for RateLimit {}
