//! What the caller is told. Each client API writes it in its own shape.

use crate::chat::Json;
use crate::dialect::Dialect;
use crate::id::{ModelId, ProviderId};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// The codes of Baton's own API. Other formats have their own words for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request is wrong: 400.
    InvalidRequest,
    /// The prompt does not fit: 400.
    TokenLimitExceeded,
    /// A filter refused it: 400.
    ContentFiltered,
    /// No key, or not one that is known: 401.
    AuthenticationError,
    /// The budget is spent: 402.
    BudgetExceeded,
    /// Known, but not allowed: 403.
    PermissionDenied,
    /// No such model: 404.
    ModelNotFound,
    /// No such path or thing: 404.
    NotFound,
    /// It is not done that way (GET for POST …): 405.
    MethodNotAllowed,
    /// The body arrived too slowly: 408.
    BodyTimeout,
    /// It exists already, or others depend on it: 409.
    Conflict,
    /// What `If-Match` named is no longer so: 412.
    PreconditionFailed,
    /// The body is too large: 413.
    PayloadTooLarge,
    /// The body is encoded in a way that nothing here decodes: 415.
    UnsupportedMediaType,
    /// Fields of a management call are wrong: 422, each named in the details.
    ValidationError,
    /// Too many requests or tokens: 429.
    RateLimitExceeded,
    /// The provider failed or replied with nonsense: 502.
    ProviderError,
    /// The provider refused Baton's key: 502.
    ProviderAuthenticationError,
    /// The provider can't be reached: 503.
    ProviderNotAvailable,
    /// No capacity: 503.
    Overloaded,
    /// It took too long: 504.
    RequestTimeout,
    /// Baton's own bug: 500, with the request's id and nothing else.
    Internal,
}

impl Code {
    /// All of them, in the order of their statuses.
    pub const ALL: [Self; 22] = [
        Self::InvalidRequest,
        Self::TokenLimitExceeded,
        Self::ContentFiltered,
        Self::AuthenticationError,
        Self::BudgetExceeded,
        Self::PermissionDenied,
        Self::ModelNotFound,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTimeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationError,
        Self::RateLimitExceeded,
        Self::Internal,
        Self::ProviderError,
        Self::ProviderAuthenticationError,
        Self::ProviderNotAvailable,
        Self::Overloaded,
        Self::RequestTimeout,
    ];

    /// The code of that [word](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::TokenLimitExceeded => "token_limit_exceeded",
            Self::ContentFiltered => "content_filtered",
            Self::AuthenticationError => "authentication_error",
            Self::BudgetExceeded => "budget_exceeded",
            Self::PermissionDenied => "permission_denied",
            Self::ModelNotFound => "model_not_found",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::BodyTimeout => "body_timeout",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::ValidationError => "validation_error",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::ProviderError => "provider_error",
            Self::ProviderAuthenticationError => "provider_authentication_error",
            Self::ProviderNotAvailable => "provider_not_available",
            Self::Overloaded => "overloaded",
            Self::RequestTimeout => "request_timeout",
            Self::Internal => "internal_error",
        }
    }

    /// Whether the sentence of such an error may repeat what the caller sent, so that it is for the caller alone and stays
    /// out of logs and traces.
    pub fn quotes_the_caller(self) -> bool {
        // Each is named, so that a new code does not get into logs unasked.
        match self {
            Self::InvalidRequest
            | Self::TokenLimitExceeded
            | Self::ContentFiltered
            | Self::AuthenticationError
            | Self::PermissionDenied
            | Self::ModelNotFound
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::BodyTimeout
            | Self::Conflict
            | Self::PreconditionFailed
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::ValidationError => true,
            Self::BudgetExceeded
            | Self::RateLimitExceeded
            | Self::ProviderError
            | Self::ProviderAuthenticationError
            | Self::ProviderNotAvailable
            | Self::Overloaded
            | Self::RequestTimeout
            | Self::Internal => false,
        }
    }

    /// The HTTP status in Baton's own API.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::TokenLimitExceeded | Self::ContentFiltered => 400,
            Self::AuthenticationError => 401,
            Self::BudgetExceeded => 402,
            Self::PermissionDenied => 403,
            Self::ModelNotFound | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::BodyTimeout => 408,
            Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::ValidationError => 422,
            Self::RateLimitExceeded => 429,
            Self::Internal => 500,
            Self::ProviderError | Self::ProviderAuthenticationError => 502,
            Self::ProviderNotAvailable | Self::Overloaded => 503,
            Self::RequestTimeout => 504,
        }
    }
}

/// An error as the caller is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicError {
    /// Which.
    pub code: Code,
    /// A message for people.
    pub message: String,
    /// The field it complains about.
    pub param: Option<String>,
    /// More, for programs: name and JSON value.
    pub details: Vec<(&'static str, Json)>,
    /// When it is worth trying again.
    pub retry_after: Option<Duration>,
    /// The provider's own error, as it came; forwarded unchanged to a client that speaks the same dialect.
    pub upstream: Option<UpstreamBody>,
    /// What was tried before; for the headers of the reply.
    pub tried: Option<Box<Tried>>,
    /// What led to it, in the words of a library; never shown to the caller.
    pub cause: Option<Cause>,
}

/// What was tried before a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tried {
    /// How many attempts were made.
    pub attempts: usize,
    /// The model and the provider of the last.
    pub last: Option<(ModelId, ProviderId)>,
    /// What the client should know.
    pub warnings: Vec<String>,
}

/// The error behind a [`PublicError`]: for the log, which gets it once, where the error becomes a response or an attempt
/// ends, because only there the request's id is at hand.
#[derive(Debug, Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

/// An error reply of a provider, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamBody {
    /// The format it is written in.
    pub dialect: Dialect,
    /// Its HTTP status; 200 where the error came inside a reply that had begun well.
    pub status: u16,
    /// Its media type.
    pub content_type: String,
    /// Its headers that may matter to the client (rate limits, request ids): lower-case name and value.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub body: Bytes,
}

impl UpstreamBody {
    /// A reply in JSON, without headers.
    pub fn json(dialect: Dialect, status: u16, body: Bytes) -> Self {
        Self { dialect, status, content_type: "application/json".into(), headers: Vec::new(), body }
    }
}

impl PublicError {
    /// What of it may stand in logs and traces beside the code: the sentence, unless it may repeat what the caller sent.
    pub fn loggable(&self) -> Option<&str> {
        (!self.code.quotes_the_caller()).then_some(self.message.as_str())
    }

    /// An error with a code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            param: None,
            details: Vec::new(),
            retry_after: None,
            upstream: None,
            tried: None,
            cause: None,
        }
    }

    /// The same, naming the field.
    #[must_use]
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// The same with the error that led to it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// The same with one more detail.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, Json(value.into())));
        self
    }
}

impl std::fmt::Display for PublicError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for PublicError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let Cause(cause) = self.cause.as_ref()?;
        Some(cause.as_ref())
    }
}

// === impl Cause ===

impl Cause {
    /// The cause that is this error, with whatever led to it.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }

    /// The whole chain, outermost first: `the database failed: Execution Error: …`.
    pub fn chain(&self) -> String {
        let first: &dyn std::error::Error = self.0.as_ref();
        let errors = std::iter::successors(Some(first), |error| error.source());
        errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }
}

/// Errors are compared by what callers see, so every cause is like every other.
impl PartialEq for Cause {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Cause {}
