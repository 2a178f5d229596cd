//! What can go wrong at a provider.

use baton_model::fault::{Code, ErrorKind, Fault, PublicError, Retry, UpstreamBody, UpstreamError};
use std::time::Duration;

/// A failed call. It says, without anyone reading its text, whose fault it is, whether to try again, and which kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.name())]
pub struct ProviderError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// What the provider said, or what happened to the connection. Never holds a key.
    pub message: String,
    /// The provider's own code.
    pub code: Option<String>,
    /// The field it complains about.
    pub param: Option<String>,
    /// When the provider says it is worth trying again.
    pub retry_after: Option<Duration>,
    /// The provider's error reply as it came, if there was one.
    pub upstream: Option<UpstreamBody>,
}

impl ProviderError {
    /// An error of that kind that no reply told.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, param: None, retry_after: None, upstream: None }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.kind.fault()
    }

    /// Whether to try again, and where.
    pub fn retry(&self) -> Retry {
        self.kind.retry(self.retry_after)
    }
}

impl From<UpstreamError> for ProviderError {
    fn from(error: UpstreamError) -> Self {
        let UpstreamError { kind, message, code, param } = error;
        Self { kind, message, code, param, retry_after: None, upstream: None }
    }
}

impl From<ProviderError> for PublicError {
    fn from(error: ProviderError) -> Self {
        let code = error.kind.code();
        let message = match code {
            // It is Baton's key that was refused: the caller can do nothing but ask the operator.
            Code::ProviderAuthenticationError => {
                format!("the provider refused Baton's credentials; its operator must check the key ({})", error.message)
            }
            _ => error.message,
        };
        let mut public = Self::new(code, message);
        public.param = error.param;
        public.retry_after = error.retry_after;
        public.upstream = error.upstream;
        public
    }
}
