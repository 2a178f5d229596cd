//! What is wrong with Redis, for people.

use crate::BusError;
use redis::{Client, ErrorKind, RedisError, ServerErrorKind};

/// Where that is, without credentials.
pub(super) fn server_name(client: &Client) -> String {
    client.get_connection_info().addr().to_string()
}

/// An error of the Redis at that place (`HOST:PORT`).
pub(super) fn bus_error(error: &RedisError, place: &str) -> BusError {
    let setup = |advice: &str| BusError::Setup(format!("Redis at {place} {advice}"));
    let away = |what: &str| BusError::Away(format!("Redis at {place} {what}"));
    match (error.kind(), error.code()) {
        (_, Some("NOAUTH")) => setup("wants a password: write redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST"),
        (_, Some("WRONGPASS")) | (ErrorKind::AuthenticationFailed, _) => {
            setup("does not accept the user or the password in the address")
        }
        // Only replies go to keys that others name, so trying again would never help.
        (_, Some("WRONGTYPE")) => BusError::Refused(format!("Redis at {place} keeps something else under that name")),
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
            setup("does not let this user do that: allow it the commands and keys of streams")
        }
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
            setup("is a replica and takes no writes: name the primary")
        }
        (_, Some("OOM")) => setup("has no memory left: raise its maxmemory"),
        _ if error.is_connection_refusal() => away("refuses connections: is it running there?"),
        _ if error.is_timeout() => away("does not respond in time"),
        _ => BusError::Away(format!("Redis at {place}: {error}")),
    }
}
