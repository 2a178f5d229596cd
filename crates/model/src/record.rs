//! What is kept of a request: one record, with each attempt. To add a field: a line in the struct, its place in the journal
//! (`schema/journal/compact.rs`, which says how), and its column in the ledger (`crates/store/src/ledger/row.rs`). Events, the
//! API and its description have it then.

use crate::capability::Capability;
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::fault::{Code, ErrorKind, PublicError};
use crate::id::{KeyId, ModelId, ProviderId, RequestId};
use crate::money::Nanos;
use crate::price::{Cost, Factor};
use crate::usage::{Usage, UsageOrigin};

/// One request, complete. Its id is unique, so that writing it twice changes nothing.
// Not read and written as it stands: `schema::record` says why, and adds what follows from the fields.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema), serde(remote = "Self"))]
pub struct RequestRecord {
    /// The request's id, as in `x-request-id`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: RequestId,
    /// When its head arrived.
    #[cfg_attr(feature = "schema", serde(rename = "arrived_at"), schema(value_type = String))]
    pub arrived: Timestamp,
    /// When its last byte left, or the client did.
    #[cfg_attr(feature = "schema", serde(rename = "finished_at"), schema(value_type = String))]
    pub finished: Timestamp,
    /// When the first content left; null if none did.
    #[cfg_attr(feature = "schema", serde(rename = "first_content_at"), schema(value_type = Option<String>))]
    pub first_content: Option<Timestamp>,
    /// The client API that it came through: `native`, `openai`, `responses`, `anthropic` or `ollama`;
    /// `batch` for a reply of a batch at a provider.
    // Journals of a program before an update may still have its older name.
    #[cfg_attr(feature = "schema", serde(alias = "door"))]
    pub api: String,
    /// The capability.
    #[cfg_attr(
        feature = "schema",
        serde(deserialize_with = "crate::schema::record::asked"),
        schema(value_type = String)
    )]
    pub capability: Capability,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The requested model, as the client wrote it.
    #[cfg_attr(feature = "schema", serde(serialize_with = "crate::schema::record::sentence"))]
    pub requested: String,
    /// The model that served it, or was tried last; null if none was tried.
    #[cfg_attr(feature = "schema", serde(rename = "model"), schema(value_type = Option<String>))]
    pub served: Option<ModelId>,
    /// That model's provider.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub provider: Option<ProviderId>,
    /// On whose behalf.
    #[cfg_attr(feature = "schema", serde(flatten, skip_deserializing), schema(inline))]
    pub attribution: Attribution,
    /// How it ended: `completed`, `failed`, `cancelled` or `interrupted`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub outcome: Outcome,
    /// The HTTP status of the reply to the client.
    pub status: u16,
    /// The error that the client saw: `{code, message}`.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Object>))]
    pub error: Option<RequestError>,
    /// What the response cache did: `hit`, `miss` or `bypass`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cache: CacheUse,
    /// What its project is charged for it, as a multiple of what it cost; null: the cost.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<f64>))]
    pub charge_factor: Option<Factor>,
    /// Each attempt, in order; none for a cached reply or one refused before any provider was called.
    #[cfg_attr(feature = "schema", serde(skip_serializing))]
    pub attempts: Vec<AttemptRecord>,
}

/// The error that the client of a request saw.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize))]
pub struct RequestError {
    /// Its code.
    pub code: Code,
    /// The sentence.
    #[cfg_attr(feature = "schema", serde(serialize_with = "crate::schema::record::sentence"))]
    pub message: String,
}

impl RequestRecord {
    /// What all attempts cost together; unpriced if any that consumed something is.
    pub fn cost(&self) -> Cost {
        self.attempts
            .iter()
            .map(|attempt| attempt.cost)
            // One attempt without a cost makes the sum unknown: a part would look like the whole.
            .try_fold(Nanos::ZERO, |sum, cost| cost.known().map(|nanos| sum + nanos))
            .map_or(Cost::Unpriced, Cost::Known)
    }

    /// What its project is charged for all attempts together; unpriced if any that consumed something is.
    pub fn charge(&self) -> Cost {
        let Some(factor) = self.charge_factor else { return self.cost() };
        // Rounded for each attempt, as the ledger's sums are.
        let charges = self.attempts.iter().map(|attempt| attempt.cost.known().map(|cost| factor.of(cost)));
        charges
            .reduce(|sum, charge| Some(sum? + charge?))
            .unwrap_or(Some(Nanos::ZERO))
            .map_or(Cost::Unpriced, Cost::Known)
    }

    /// The usage of the attempt that replied (the last).
    pub fn usage(&self) -> Usage {
        self.attempts.last().map(|attempt| attempt.usage.clone()).unwrap_or_default()
    }

    /// Whether any of its numbers is estimated.
    pub fn is_estimated(&self) -> bool {
        // An attempt that consumed nothing is called estimated too, and says nothing of the numbers.
        self.attempts.iter().any(|attempt| attempt.origin == UsageOrigin::Estimated && !attempt.usage.is_empty())
    }
}

impl From<&PublicError> for RequestError {
    fn from(error: &PublicError) -> Self {
        Self { code: error.code, message: error.message.clone() }
    }
}

/// On whose behalf a request is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema))]
pub struct Attribution {
    /// The key's id.
    #[cfg_attr(feature = "schema", serde(rename = "key_id"), schema(value_type = Option<String>))]
    pub key: Option<KeyId>,
    /// The project that it is attributed to.
    #[cfg_attr(feature = "schema", serde(rename = "project_id"))]
    pub project: Option<String>,
    /// The user that it is attributed to.
    #[cfg_attr(feature = "schema", serde(rename = "user_id"))]
    pub user: Option<String>,
    /// The task.
    #[cfg_attr(feature = "schema", serde(rename = "task_id"))]
    pub task: Option<String>,
    /// `x-baton-tags`.
    pub tags: Vec<String>,
    /// The client's metadata, a JSON object.
    #[cfg_attr(
        feature = "schema",
        serde(default, with = "crate::schema::json::one_line"),
        schema(value_type = Option<Object>)
    )]
    pub metadata: Option<Json>,
}

/// What the tag of a run begins with: the run of a request is kept with its tags.
pub const RUN_TAG: &str = "run:";

impl Attribution {
    /// The run that the request belongs to.
    pub fn run(&self) -> Option<&str> {
        self.tags.iter().find_map(|tag| tag.strip_prefix(RUN_TAG))
    }
}

/// How a request, or an attempt, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The reply is complete.
    Completed,
    /// It failed.
    Failed,
    /// The client left.
    Cancelled,
    /// The process ended while it was under way.
    Interrupted,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The word in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// The outcome of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// What the response cache did for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CacheUse {
    /// It was not asked.
    #[default]
    Bypass,
    /// It had nothing.
    Miss,
    /// It replied, or another identical request under way did.
    Hit,
}

impl CacheUse {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bypass, Self::Miss, Self::Hit];

    /// The word in records and in `x-baton-cache`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Miss => "miss",
            Self::Hit => "hit",
        }
    }

    /// The use of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cache| cache.name() == name)
    }
}

/// One attempt at one model.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema))]
pub struct AttemptRecord {
    /// The model tried.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub model: ModelId,
    /// Its provider.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub provider: ProviderId,
    /// The provider's name for it.
    pub upstream: String,
    /// The provider's own id of the request; null if it named none.
    #[cfg_attr(feature = "schema", serde(default))]
    pub upstream_request_id: Option<String>,
    /// When it was sent.
    #[cfg_attr(feature = "schema", serde(rename = "started_at"), schema(value_type = String))]
    pub started: Timestamp,
    /// When its last byte came, or it was given up.
    #[cfg_attr(feature = "schema", serde(rename = "finished_at"), schema(value_type = String))]
    pub finished: Timestamp,
    /// How it ended: `completed`, `failed`, `cancelled` or `interrupted`.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub outcome: Outcome,
    /// What went wrong, the reason why the next was tried: `{kind, message}`.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Object>))]
    pub error: Option<AttemptError>,
    /// What it consumed.
    #[cfg_attr(feature = "schema", serde(flatten), schema(inline))]
    pub usage: Usage,
    /// Where that is from: `reported` by the provider, or `estimated`.
    #[cfg_attr(feature = "schema", serde(rename = "usage"), schema(value_type = String))]
    pub origin: UsageOrigin,
    /// What it cost at the price of this model, in exact decimal dollars; null: unpriced.
    #[cfg_attr(feature = "schema", serde(default), schema(value_type = Option<f64>))]
    pub cost: Cost,
    /// Why its cost is not known; null if it is.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"))]
    pub unpriced: Option<String>,
}

impl AttemptRecord {
    /// An attempt that was just sent to a model: all that is known of it if its process ends before the reply. What the provider
    /// billed for it is not known.
    pub fn interrupted(model: ModelId, provider: ProviderId, upstream: impl Into<String>, started: Timestamp) -> Self {
        Self {
            model,
            provider,
            upstream: upstream.into(),
            upstream_request_id: None,
            started,
            finished: started,
            outcome: Outcome::Interrupted,
            error: None,
            usage: Usage::default(),
            origin: UsageOrigin::Estimated,
            cost: Cost::Unpriced,
            unpriced: None,
        }
    }
}

/// What went wrong in an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize))]
pub struct AttemptError {
    /// The kind.
    pub kind: ErrorKind,
    /// The sentence.
    #[cfg_attr(feature = "schema", serde(serialize_with = "crate::schema::record::sentence"))]
    pub message: String,
}
