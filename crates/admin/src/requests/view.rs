//! The description of a request's record; [`baton_store::record`] writes it.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestsView {
    /// The requests, newest first.
    #[schema(value_type = Vec<RecordSchema>)]
    pub items: Vec<Box<RawValue>>,
    /// The value of `cursor` for the next page; null: this is the last page.
    pub next_cursor: Option<String>,
}

/// One request with each attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RequestRecord)]
pub struct RecordSchema {
    /// The request's id, as in `x-request-id`.
    id: String,
    /// When its head arrived.
    arrived_at: String,
    /// When its last byte was sent.
    finished_at: String,
    /// When the first content was sent; null: none was sent.
    first_content_at: Option<String>,
    /// From arrival to the last byte.
    latency_ms: u64,
    /// `native`, `openai`, `anthropic` or `ollama`.
    api: String,
    /// The capability.
    capability: String,
    /// Whether it was a stream.
    stream: bool,
    /// The requested model, as the client wrote it.
    requested: String,
    /// The model that served it, or that was tried last.
    model: Option<String>,
    /// That model's provider.
    provider: Option<String>,
    /// The key's id.
    key_id: Option<String>,
    /// The project that it is attributed to.
    project_id: Option<String>,
    /// The user that it is attributed to.
    user_id: Option<String>,
    /// The task.
    task_id: Option<String>,
    /// `x-baton-tags`.
    tags: Vec<String>,
    /// The client's metadata.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    /// `completed`, `failed`, `cancelled` or `interrupted`.
    outcome: String,
    /// The HTTP status of the reply to the client.
    status: u16,
    /// The error that the client got: `{code, message}`.
    #[schema(value_type = Option<Object>)]
    error: Option<Box<RawValue>>,
    /// `hit`, `miss` or `bypass`.
    cache: String,
    /// The usage of the attempt that succeeded, by class.
    #[schema(value_type = Object)]
    tokens: Option<Box<RawValue>>,
    /// What all attempts cost, in exact decimal dollars; null: unpriced.
    cost: Option<f64>,
    /// Whether any of its numbers is estimated.
    estimated: bool,
    /// Each attempt, in order.
    attempts: Vec<AttemptSchema>,
}

/// One request with each attempt, and the feedback on its reply.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JudgedRequestRecord)]
pub struct JudgedRecordSchema {
    #[serde(flatten)]
    record: RecordSchema,
    /// The feedback on its reply, oldest first.
    feedback: Vec<super::feedback::FeedbackView>,
}

/// One attempt at one model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptRecord)]
pub struct AttemptSchema {
    /// The model tried.
    model: String,
    /// Its provider.
    provider: String,
    /// The provider's name for it.
    upstream: String,
    /// When it was sent.
    started_at: String,
    /// When its last byte arrived.
    finished_at: String,
    /// `completed`, `failed`, `cancelled` or `interrupted`.
    outcome: String,
    /// What went wrong: `{kind, message}`.
    #[schema(value_type = Option<Object>)]
    error: Option<Box<RawValue>>,
    /// Its usage, by class.
    #[schema(value_type = Object)]
    tokens: Option<Box<RawValue>>,
    /// The service tier, where the provider names one.
    service_tier: Option<String>,
    /// `reported` by the provider, or `estimated`.
    usage: String,
    /// Its cost, in exact decimal dollars; null: unpriced.
    cost: Option<f64>,
}
