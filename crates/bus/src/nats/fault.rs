//! What is wrong with NATS, for people.

use super::address::NatsServers;
use crate::{BusError, BusSettings};
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectError, ConnectErrorKind};
use std::error::Error;

/// JetStream as the settings want it.
pub(super) fn context(client: Client, settings: &BusSettings) -> Context {
    ContextBuilder::new().timeout(settings.timeout).ack_timeout(settings.timeout).build(client)
}

/// The code that JetStream gave, if the error came from there.
pub(super) fn code(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    let mut next = Some(error);
    // The code is wrapped by errors of the client, at a depth that differs by operation.
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<jetstream::Error>() {
            return Some(error.error_code());
        }
        next = error.source();
    }
    None
}

pub(super) fn jetstream_off(address: &NatsServers) -> String {
    format!("NATS at {address} responds, but JetStream is off: start nats-server with -js")
}

/// What JetStream said, where that means that it is off.
pub(super) fn is_off(code: ErrorCode) -> bool {
    code == ErrorCode::JETSTREAM_NOT_ENABLED || code == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
}

pub(super) fn connecting(error: &ConnectError, address: &NatsServers) -> BusError {
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => BusError::Setup(format!(
            "NATS at {address} requires other credentials: use nats://USER:PASSWORD@HOST or nats://TOKEN@HOST"
        )),
        ConnectErrorKind::TimedOut => BusError::Away(format!("NATS at {address} does not respond in time")),
        ConnectErrorKind::Io if is_refused(error) => {
            BusError::Away(format!("NATS at {address} refuses connections: is it running there?"))
        }
        ConnectErrorKind::Dns => BusError::Away(format!("the name of NATS at {address} can't be resolved")),
        ConnectErrorKind::Tls => BusError::Setup(format!(
            "the TLS handshake with NATS at {address} failed: check its certificate, and tls:// in the address"
        )),
        _ => BusError::Away(format!("the connection to NATS at {address} failed")),
    }
}

fn is_refused(error: &ConnectError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        next = error.source();
    }
    false
}
