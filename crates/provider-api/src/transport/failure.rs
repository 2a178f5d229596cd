//! What went wrong on the way, in sentences that a person can act on.
//!
//! A sentence names host and port, never path, query, header or body.

use super::connect::TooSlow;
use crate::error::ProviderError;
use baton_model::fault::ErrorKind;
use hyper_util::client::legacy;
use std::error::Error;
use std::io;
use std::time::Duration;

/// A request that got no head.
pub(super) fn of_request(error: &legacy::Error, place: &str, connect: Duration) -> ProviderError {
    if !error.is_connect() {
        return match find::<hyper::Error>(error) {
            Some(error) => of_connection(error, place, "before it replied"),
            None => unreachable(format!("no reply from {place}: {}", root(error))),
        };
    }
    if find::<TooSlow>(error).is_some() {
        let message = format!("no connection to {place} within {} (connect)", seconds(connect));
        return ProviderError::new(ErrorKind::Timeout, message);
    }
    // Before the I/O errors below, because rustls wraps its own in them.
    if let Some(error) = tls(error) {
        return unreachable(format!("TLS with {place} failed: {error}"));
    }
    if chain(error).any(|cause| cause.to_string().starts_with("dns error")) {
        return unreachable(format!("host of {place} not found: {}", root(error)));
    }
    match chain(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => unreachable(format!("connection refused by {place}")),
        Some(io::ErrorKind::ConnectionReset) => unreachable(format!("connection reset by {place}")),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            unreachable(format!("no route to {place}"))
        }
        _ => unreachable(format!("no connection to {place}: {}", root(error))),
    }
}

/// A connection that failed; `when` says how far the call had got.
pub(super) fn of_connection(error: &hyper::Error, place: &str, when: &str) -> ProviderError {
    if error.is_parse() {
        return ProviderError::new(ErrorKind::Protocol, format!("{place} did not reply in HTTP: {error}"));
    }
    let reset = chain(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
    });
    if reset {
        return unreachable(format!("connection reset by {place} {when}"));
    }
    if let Some(io) = find::<io::Error>(error).filter(|io| io.kind() == io::ErrorKind::InvalidData) {
        return ProviderError::new(ErrorKind::Protocol, format!("{place} sent a malformed body: {io}"));
    }
    unreachable(format!("{place} closed the connection {when}: {}", root(error)))
}

/// No first piece in time.
pub(super) fn first_token(place: &str, time: Duration) -> ProviderError {
    ProviderError::new(
        ErrorKind::Timeout,
        format!("{place} did not begin to reply within {} (first_token)", seconds(time)),
    )
}

/// No next piece in time.
pub(super) fn idle(place: &str, time: Duration) -> ProviderError {
    ProviderError::new(ErrorKind::Timeout, format!("{place} sent nothing for {} (idle)", seconds(time)))
}

/// The whole took too long.
pub(super) fn total(place: &str, time: Duration) -> ProviderError {
    ProviderError::new(ErrorKind::Timeout, format!("{place} took longer than {} (total)", seconds(time)))
}

fn unreachable(message: String) -> ProviderError {
    ProviderError::new(ErrorKind::Unreachable, message)
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

fn root(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}
