//! Errors as values: whose fault, whether to try again, and what the caller is told.

mod public;

pub use public::{Cause, Code, PublicError, Tried, UpstreamBody};

use std::time::Duration;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller's: another model would refuse it as well.
    Caller,
    /// The provider's.
    Upstream,
    /// Baton's own, or its operator's (a wrong provider key).
    Gateway,
}

/// Whether to try again, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It would fail again anywhere.
    Never,
    /// The same target, after that time if the provider named one; then the next.
    SameTarget(Option<Duration>),
    /// Another target.
    NextTarget,
}

/// What went wrong at a provider, in the terms that all formats share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong.
    InvalidRequest,
    /// The prompt does not fit the model's context window.
    ContextLength,
    /// The provider's filter refused the prompt.
    ContentFiltered,
    /// The provider does not accept Baton's key.
    Authentication,
    /// The key may not do this.
    Permission,
    /// The account has no money left.
    Billing,
    /// The model or path does not exist there.
    NotFound,
    /// The body is too large.
    TooLarge,
    /// Too many requests or tokens.
    RateLimited,
    /// It has no capacity.
    Overloaded,
    /// It broke.
    Internal,
    /// It took too long: to connect, to the first byte, between bytes, or in all.
    Timeout,
    /// It could not be reached: no such host, refused, TLS, reset.
    Unreachable,
    /// It replied with something that is not its format: HTML, truncated JSON, an endless line, a redirect.
    Protocol,
    /// Nothing was sent, because the ledger can't record it now.
    Unrecorded,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::InvalidRequest,
        Self::ContextLength,
        Self::ContentFiltered,
        Self::Authentication,
        Self::Permission,
        Self::Billing,
        Self::NotFound,
        Self::TooLarge,
        Self::RateLimited,
        Self::Overloaded,
        Self::Internal,
        Self::Timeout,
        Self::Unreachable,
        Self::Protocol,
        Self::Unrecorded,
    ];

    /// The name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextLength => "context_length",
            Self::ContentFiltered => "content_filtered",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::Billing => "billing",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Internal => "internal",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Protocol => "protocol",
            Self::Unrecorded => "unrecorded",
        }
    }

    /// The kind of that [name](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whose fault it is.
    pub fn fault(self) -> Fault {
        match self {
            Self::InvalidRequest | Self::ContextLength | Self::ContentFiltered | Self::TooLarge => Fault::Caller,
            // Baton's key and Baton's name for the model: no caller can mend these.
            Self::Authentication | Self::Permission | Self::Billing | Self::NotFound | Self::Unrecorded => {
                Fault::Gateway
            }
            Self::RateLimited
            | Self::Overloaded
            | Self::Internal
            | Self::Timeout
            | Self::Unreachable
            | Self::Protocol => Fault::Upstream,
        }
    }

    /// Whether to try again, and where. A prompt too long for one model may fit the next, so it moves on.
    pub fn retry(self, after: Option<Duration>) -> Retry {
        match self {
            // What can't be recorded for one target can't be for another.
            Self::InvalidRequest | Self::ContentFiltered | Self::Unrecorded => Retry::Never,
            // These pass, often within a second.
            Self::RateLimited | Self::Overloaded | Self::Internal | Self::Unreachable => Retry::SameTarget(after),
            // Not at the same target again: it would refuse once more, or (a timeout) take as long again and be
            // billed twice.
            Self::ContextLength
            // How large a body may be differs from provider to provider.
            | Self::TooLarge
            | Self::Authentication
            | Self::Permission
            | Self::Billing
            | Self::NotFound
            | Self::Timeout
            | Self::Protocol => Retry::NextTarget,
        }
    }

    /// The code that the caller sees when no other target is left.
    pub fn code(self) -> Code {
        match self {
            Self::InvalidRequest => Code::InvalidRequest,
            Self::ContextLength => Code::TokenLimitExceeded,
            Self::ContentFiltered => Code::ContentFiltered,
            Self::Authentication | Self::Permission => Code::ProviderAuthenticationError,
            Self::TooLarge => Code::PayloadTooLarge,
            Self::RateLimited => Code::RateLimitExceeded,
            Self::Overloaded | Self::Unrecorded => Code::Overloaded,
            Self::Timeout => Code::RequestTimeout,
            Self::Unreachable => Code::ProviderNotAvailable,
            Self::Billing | Self::NotFound | Self::Internal | Self::Protocol => Code::ProviderError,
        }
    }
}

/// An error as a provider told it, read from its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamError {
    /// What it means.
    pub kind: ErrorKind,
    /// The provider's message.
    pub message: String,
    /// The provider's own code or type (`context_length_exceeded`, `overloaded_error`).
    pub code: Option<String>,
    /// The field it complains about (OpenAI's `param`).
    pub param: Option<String>,
}
