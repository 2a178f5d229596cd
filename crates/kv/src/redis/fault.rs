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
            (_, Some("NOAUTH")) => "wants a password: write redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST",
            (_, Some("WRONGPASS")) | (ErrorKind::AuthenticationFailed, _) => {
                "does not accept the user or the password in the address"
            }
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
                "does not let this user do that: allow it the commands, keys and channels that begin with the prefix"
            }
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => "is a replica and takes no writes: name the primary",
            _ if error.is_connection_refusal() => "refuses connections: is it running there?",
            _ if error.is_timeout() => "does not respond in time",
            _ => return Self(format!("Redis at {place}: {error}")),
        };
        Self(format!("Redis at {place} {advice}"))
    }
}
