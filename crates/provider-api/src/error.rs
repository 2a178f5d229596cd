//! What can go wrong at a provider.

use baton_model::fault::{Cause, Code, ErrorKind, Fault, PublicError, Retry, UpstreamBody, UpstreamError};
use std::time::Duration;

/// A failed call. It says, without anyone reading its text, whose fault it is, whether to try again, and which kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.name())]
pub struct ProviderError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The provider's own message, or a sentence about the connection. Callers see it, so it never holds a key, an address
    /// or the text of a library.
    pub message: String,
    /// The provider's own code.
    pub code: Option<String>,
    /// The field it complains about.
    pub param: Option<String>,
    /// When the provider says it is worth trying again.
    pub retry_after: Option<Duration>,
    /// The provider's error reply as it came, if there was one.
    pub upstream: Option<UpstreamBody>,
    /// The error of a library behind it, for the log; never shown to a caller.
    pub cause: Option<Cause>,
    /// Whether the provider may bill the call although it failed: the request was sent, and nobody knows what became of
    /// it. Such a call is recorded at its estimated cost.
    pub may_be_billed: bool,
}

impl ProviderError {
    /// An error of that kind without a reply of the provider.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        // Mostly the provider has refused before it did any work.
        let may_be_billed = false;
        Self { kind, message, code: None, param: None, retry_after: None, upstream: None, cause: None, may_be_billed }
    }

    /// The same for a call that the provider may bill.
    #[must_use]
    pub fn maybe_billed(self) -> Self {
        Self { may_be_billed: true, ..self }
    }

    /// The same with the error that led to it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// The error with its causes, for logs and for operators.
    pub fn chain(&self) -> String {
        match &self.cause {
            Some(cause) => format!("{self}: {}", cause.chain()),
            None => self.to_string(),
        }
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
        Self { code, param, ..Self::new(kind, message) }
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
        public.cause = error.cause;
        public
    }
}
