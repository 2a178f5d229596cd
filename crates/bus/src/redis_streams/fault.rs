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
        (_, Some("NOAUTH")) => setup("requires a password: use redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST"),
        (_, Some("WRONGPASS")) | (ErrorKind::AuthenticationFailed, _) => {
            setup("does not accept the user or the password in the address")
        }
        // Only replies go to keys that others name, so trying again would never help.
        (_, Some("WRONGTYPE")) => {
            BusError::Refused(format!("Redis at {place} has a value of another type under that name"))
        }
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
            setup("does not permit this to the user: allow the commands and keys of streams")
        }
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
            setup("is a replica and does not accept writes: use the primary")
        }
        (_, Some("OOM")) => setup("is out of memory: raise its maxmemory"),
        _ if error.is_connection_refusal() => away("refuses connections: is it running there?"),
        _ if error.is_timeout() => away("does not respond in time"),
        (_, Some(code)) => away(&format!("replied {code} {}", error.detail().unwrap_or_default())),
        _ if error.is_io_error() => away("can't be reached"),
        _ => away("sent an unexpected reply"),
    }
}
