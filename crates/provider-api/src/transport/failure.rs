//! What went wrong on the way, in fixed sentences that a person can act on.
//!
//! Callers see the sentence: it names the provider and the phase. The log gets the cause: host, port and the errors of
//! the libraries, never path, query, header or body.

use super::client::RequestError;
use super::connect::ConnectTooSlow;
use super::encoding::ContentEncoding;
use crate::error::ProviderError;
use baton_model::fault::ErrorKind;
use std::error::Error;
use std::io;
use std::time::Duration;

/// Where it went wrong, and how.
#[derive(Debug, thiserror::Error)]
#[error("connection to {place}")]
struct ConnectionError {
    place: String,
    source: Box<dyn Error + Send + Sync>,
}

/// A request that got no head. `peer` is the server as callers know it, `place` its host and port.
pub(super) fn of_request(error: RequestError, peer: &str, place: &str, connect: Duration) -> ProviderError {
    let (kind, message) = match find::<hyper::Error>(&error).filter(|_| error.is_connected()) {
        Some(error) => describe_closed(error, peer, "before it replied"),
        None => describe_unconnected(&error, peer, connect),
    };
    with_cause(kind, message, place, error)
}

/// A connection that failed; `when` says how far the call had got.
pub(super) fn of_connection(error: hyper::Error, peer: &str, place: &str, when: &str) -> ProviderError {
    let (kind, message) = describe_closed(&error, peer, when);
    // Its reply had begun, so the provider did the work.
    with_cause(kind, message, place, error).maybe_billed()
}

/// A body that is not compressed as its head says, or whose end is missing.
pub(super) fn of_encoding(encoding: ContentEncoding, peer: &str, place: &str, error: io::Error) -> ProviderError {
    let message = format!("{peer} sent a body that can't be decoded as {}, though its head says so", encoding.name());
    with_cause(ErrorKind::Protocol, message, place, error).maybe_billed()
}

fn describe_unconnected(error: &RequestError, peer: &str, connect: Duration) -> (ErrorKind, String) {
    if find::<ConnectTooSlow>(error).is_some() {
        let message = format!("{peer} can't be reached: no connection within {} (connect)", seconds(connect));
        return (ErrorKind::Timeout, message);
    }
    let io = chain(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let reason = match (tls(error), io) {
        // Before the I/O errors below, because rustls wraps its own in them.
        (Some(rustls::Error::InvalidCertificate(_)), _) => "the certificate was not accepted",
        (Some(_), _) => "the TLS handshake failed",
        // The resolver's error has no kind of its own.
        _ if chain(error).any(|cause| cause.to_string().starts_with("dns error")) => "the name could not be resolved",
        (_, Some(io::ErrorKind::ConnectionRefused)) => "the connection was refused",
        (_, Some(io::ErrorKind::ConnectionReset)) => "the connection was reset",
        (_, Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable)) => "there is no route to it",
        _ => "the connection failed",
    };
    (ErrorKind::Unreachable, format!("{peer} can't be reached: {reason}"))
}

fn describe_closed(error: &hyper::Error, peer: &str, when: &str) -> (ErrorKind, String) {
    let io =
        |kind| chain(error).any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == kind));
    if error.is_parse() {
        (ErrorKind::Protocol, format!("{peer} did not reply with HTTP"))
    } else if io(io::ErrorKind::ConnectionReset) {
        (ErrorKind::Unreachable, format!("{peer} reset the connection {when}"))
    } else if io(io::ErrorKind::InvalidData) {
        (ErrorKind::Protocol, format!("{peer} sent a malformed body"))
    } else {
        (ErrorKind::Unreachable, format!("{peer} closed the connection {when}"))
    }
}

fn with_cause(
    kind: ErrorKind,
    message: String,
    place: &str,
    error: impl Error + Send + Sync + 'static,
) -> ProviderError {
    // Host and port alone. The path may hold an id and the query a key.
    let cause = ConnectionError { place: place.to_owned(), source: Box::new(error) };
    ProviderError::new(kind, message).with_cause(cause)
}

/// No first piece in time.
pub(super) fn first_token(peer: &str, time: Duration) -> ProviderError {
    ProviderError::new(
        ErrorKind::Timeout,
        format!("{peer} did not begin to reply within {} (first_token)", seconds(time)),
    )
    // The request was sent. A provider that is slow goes on with it and bills it.
    .maybe_billed()
}

/// No next piece in time.
pub(super) fn idle(peer: &str, time: Duration) -> ProviderError {
    ProviderError::new(ErrorKind::Timeout, format!("{peer} sent nothing for {} (idle)", seconds(time))).maybe_billed()
}

/// The whole took too long.
pub(super) fn total(peer: &str, time: Duration) -> ProviderError {
    ProviderError::new(ErrorKind::Timeout, format!("{peer} took longer than {} (total)", seconds(time))).maybe_billed()
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// TLS errors come inside I/O errors, sometimes two deep.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    chain(error).find_map(|cause| {
        let mut inner = cause;
        while let Some(io) = inner.downcast_ref::<io::Error>() {
            inner = io.get_ref()?;
        }
        inner.downcast_ref()
    })
}
