//! Why a bus did not do something.

/// Why a bus did not do something, by what the caller can do about it. Messages name no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// It can't be reached, or did not respond in time: try again later.
    #[error("{0}")]
    Away(String),
    /// It is there, but not set up for this; the message says what an operator has to do. Try again later.
    #[error("{0}")]
    Setup(String),
    /// Too many commands wait: try again later.
    #[error("{0} commands are waiting, the maximum")]
    Full(u64),
    /// It will never take this one: don't try again.
    #[error("{0}")]
    Refused(String),
}
