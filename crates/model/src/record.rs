//! What is kept of a request: one record, with each attempt.

use crate::capability::Capability;
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::fault::{Code, ErrorKind};
use crate::id::{KeyId, ModelId, ProviderId, RequestId};
use crate::price::Cost;
use crate::usage::{Usage, UsageOrigin};

/// One request, complete. Its id is unique, so that writing it twice changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRecord {
    /// The request's id.
    pub id: RequestId,
    /// When its head arrived.
    pub arrived: Timestamp,
    /// When its last byte left, or the client did.
    pub finished: Timestamp,
    /// When the first content left; `None` if none did.
    pub first_content: Option<Timestamp>,
    /// The client API that it came through: `native`, `openai`, `anthropic`, `ollama`.
    pub api: String,
    /// The capability.
    pub capability: Capability,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The requested model, as the client wrote it.
    pub requested: String,
    /// The model that served it, or was tried last; `None` if none was tried.
    pub served: Option<ModelId>,
    /// That model's provider.
    pub provider: Option<ProviderId>,
    /// On whose behalf.
    pub attribution: Attribution,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status of the reply to the client.
    pub status: u16,
    /// The error that the client saw.
    pub error: Option<(Code, String)>,
    /// What the response cache did.
    pub cache: CacheUse,
    /// Each attempt, in order; none for a cached reply or one refused before any provider was called.
    pub attempts: Vec<AttemptRecord>,
}

impl RequestRecord {
    /// What all attempts cost together; unpriced if any that consumed something is.
    pub fn cost(&self) -> Cost {
        self.attempts
            .iter()
            .map(|attempt| attempt.cost)
            .try_fold(crate::Nanos::ZERO, |sum, cost| cost.known().map(|nanos| sum + nanos))
            .map_or(Cost::Unpriced, Cost::Known)
    }

    /// The usage of the attempt that replied (the last).
    pub fn usage(&self) -> Usage {
        self.attempts.last().map(|attempt| attempt.usage.clone()).unwrap_or_default()
    }

    /// Whether any of its numbers is estimated.
    pub fn is_estimated(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.origin == UsageOrigin::Estimated && !attempt.usage.is_empty())
    }
}

/// On whose behalf a request is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribution {
    /// The key.
    pub key: Option<KeyId>,
    /// The project.
    pub project: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The task (`task_id`).
    pub task: Option<String>,
    /// Tags (`x-baton-tags`).
    pub tags: Vec<String>,
    /// The client's metadata, a JSON object.
    pub metadata: Option<Json>,
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
        [Self::Completed, Self::Failed, Self::Cancelled, Self::Interrupted]
            .into_iter()
            .find(|outcome| outcome.name() == name)
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
        [Self::Bypass, Self::Miss, Self::Hit].into_iter().find(|cache| cache.name() == name)
    }
}

/// One attempt at one model.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// The model tried.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The provider's name for it.
    pub upstream: String,
    /// When it was sent.
    pub started: Timestamp,
    /// When its last byte came, or it was given up.
    pub finished: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, in a kind and a sentence: the reason why the next was tried.
    pub error: Option<(ErrorKind, String)>,
    /// What it consumed.
    pub usage: Usage,
    /// Whether the provider said so.
    pub origin: UsageOrigin,
    /// What it cost, at the price of this model.
    pub cost: Cost,
}
