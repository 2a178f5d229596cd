//! What is wrong with Redis, for people.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What is wrong, and what to do about it. Names no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RedisFault(String);

impl RedisFault {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }

    /// An error of the Redis at that place (`HOST:PORT`).
    pub(super) fn of(error: &RedisError, place: &str) -> Self {
        let advice = match (error.kind(), error.code()) {
            (_, Some("NOAUTH")) => "requires a password: use redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST",
            (_, Some("WRONGPASS")) | (ErrorKind::AuthenticationFailed, _) => {
                "does not accept the user or the password in the address"
            }
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
                "does not permit this to the user: allow the commands, and keys and channels that begin with the prefix"
            }
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
                "is a replica and does not accept writes: use the primary"
            }
            _ if error.is_connection_refusal() => "refuses connections: is it running there?",
            _ if error.is_timeout() => "does not respond in time",
            (_, Some(code)) => {
                return Self(format!("Redis at {place} replied {code} {}", error.detail().unwrap_or_default()));
            }
            _ if error.is_io_error() => "can't be reached",
            _ => "sent an unexpected reply",
        };
        Self(format!("Redis at {place} {advice}"))
    }
}
