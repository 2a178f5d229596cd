//! Who asks: the credentials of a request become a [`Caller`].

use crate::Web;
use axum::extract::ConnectInfo;
use baton_auth::{Credentials, Origin};
use baton_model::{Actor, Caller, Clock as _, Code, PublicError, RequestId, SystemClock};
use http::Version;
use http::request::Parts;
use http::uri::Authority;
use rand::RngCore as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a part of Baton that makes requests of its own (commands from the bus) puts into their extensions. Nothing that
/// comes over the network can set it.
#[derive(Debug, Clone)]
pub struct Internal {
    /// Who asks, if no credentials are sent along.
    pub caller: Option<Caller>,
    /// The command that the request carries out.
    pub command: Option<String>,
}

/// A new request id: a UUIDv7, so that ids sort by time, those of one millisecond in the order in which they were made.
pub fn request_id() -> RequestId {
    /// Milliseconds, and below them a counter of [`COUNTER`] bits: of the last id.
    static LAST: AtomicU64 = AtomicU64::new(0);
    const COUNTER: u32 = 12;
    /// A clock that was ahead by more has been set right since.
    const AHEAD: u64 = 10_000 << COUNTER;
    let now = u64::try_from(SystemClock.now().0 / 1000).unwrap_or_default() << COUNTER;
    let next = |last: u64| if last > now + AHEAD { now } else { now.max(last + 1) };
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    let stamp = next(last.unwrap_or_else(|last| last));
    // By the thread's own generator: the library would ask the system for each.
    let mut below = [0; 10];
    let (counter, chance) = below.split_at_mut(2);
    counter.copy_from_slice(&(stamp as u16 & ((1 << COUNTER) - 1)).to_be_bytes());
    rand::rng().fill_bytes(chance);
    let id = uuid::Builder::from_unix_timestamp_millis(stamp >> COUNTER, &below).into_uuid();
    RequestId::from(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()))
}

/// The caller of a request.
///
/// # Errors
/// `authentication_error` with what was expected; `rate_limit_exceeded` where too many were wrong.
pub async fn caller(web: &Web, parts: &Parts) -> Result<Caller, PublicError> {
    let credentials = credentials(web, parts)?;
    let internal = parts.extensions.get::<Internal>().and_then(|internal| internal.caller.as_ref());
    // Credentials win: a command may carry a key with fewer rights than the bus has.
    if let (None, Some(caller)) = (&credentials, internal) {
        return Ok(caller.clone());
    }
    let origin = Origin { peer: peer(parts), client: address(web, parts) };
    if credentials.is_none() && web.keys.is_development_admin(origin.peer) {
        // The development mode means the operator, and not what the operator's browser or proxy let in.
        check_origin(parts).map_err(|why| PublicError::new(Code::AuthenticationError, why))?;
    }
    let caller = web.keys.authenticate(credentials, origin).await.map_err(|error| {
        let error = PublicError::from(error);
        match error.code {
            Code::RateLimitExceeded => web.engine.count_refused_credentials(false),
            Code::AuthenticationError | Code::PermissionDenied => web.engine.count_refused_credentials(true),
            // The database, or the issuer of tokens: nothing is wrong with the credentials.
            _ => {}
        }
        error
    })?;
    // A user of several projects says with each request in which of them it acts.
    Ok(match parts.headers.get("x-baton-project").and_then(|project| project.to_str().ok()) {
        Some(project) => web.keys.in_project(caller, project.trim()),
        None => caller,
    })
}

/// What a request shows of itself.
///
/// # Errors
/// If credentials are malformed, even where none are needed: the client meant to identify itself.
fn credentials<'r>(web: &Web, parts: &'r Parts) -> Result<Option<Credentials<'r>>, PublicError> {
    /// Said once: SDKs send theirs with every request.
    static SAID: Once = Once::new();
    let origin = Origin { peer: peer(parts), client: address(web, parts) };
    let shown = Credentials::read(&parts.headers)?;
    Ok(shown.filter(|shown| {
        let is_placeholder = web.keys.is_placeholder(shown, origin);
        if is_placeholder {
            SAID.call_once(|| {
                tracing::warn!(
                    "placeholder API keys are ignored: in development, requests from this machine need no key"
                );
            });
        }
        !is_placeholder
    }))
}

/// Who makes a change, for the audit log.
pub fn actor(web: &Web, parts: &Parts, caller: &Caller) -> Actor {
    let request = parts.extensions.get::<RequestId>().cloned();
    let internal = parts.extensions.get::<Internal>();
    let mut actor = Actor::caller(caller, address(web, parts), request);
    // Whoever showed nothing and is not vouched for is there by the development mode.
    if internal.is_none() && matches!(credentials(web, parts), Ok(None)) {
        actor.name = "loopback".to_owned();
    }
    actor.command = internal.and_then(|internal| internal.command.clone());
    actor
}

/// The address of the client, behind whatever trusted proxies; `None` if it is not known.
pub fn address(web: &Web, parts: &Parts) -> Option<IpAddr> {
    peer(parts).and_then(|peer| web.proxies.client(peer, &parts.headers))
}

/// The other end of the connection.
fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|connected| connected.0.ip())
}

/// Whether a request that comes from this machine was made by someone elsewhere: a web page open in a browser here (it
/// says so in `Origin` and `Sec-Fetch-Site`), a page whose name was pointed at this machine (DNS rebinding: the host is
/// not a loopback name), or whoever stands behind a proxy here.
fn check_origin(parts: &Parts) -> Result<(), String> {
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    let host = text("host").or_else(|| parts.uri.authority().map(Authority::as_str));
    if let Some(host) = host.filter(|host| !is_loopback(host)) {
        return Err(format!(
            "a request to the host `{host}` needs an API key; without a key, use 127.0.0.1 or localhost"
        ));
    }
    let own = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        host.is_some_and(|host| authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)))
    };
    if let Some(origin) = text("origin").filter(|origin| !own(origin)) {
        return Err(format!("a request from a web page of another origin (`{origin}`) needs an API key"));
    }
    if text("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
        return Err("a request from a web page of another site needs an API key".to_owned());
    }
    if parts.headers.keys().any(|name| is_written_by_proxies(name.as_str())) {
        return Err("a request through a proxy needs an API key".to_owned());
    }
    // A proxy may add no header at all. But nginx, as it comes, asks by HTTP/1.0, which no client of today does.
    if parts.version < Version::HTTP_11 {
        return Err("an HTTP/1.0 request needs an API key, because it may come through a proxy".to_owned());
    }
    Ok(())
}

/// Whether a header tells that a proxy, a load balancer or a content delivery network passed the request on.
fn is_written_by_proxies(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-forwarded-for",
        "x-original-host",
        "x-envoy-external-address",
        "true-client-ip",
        "fastly-client-ip",
        "cf-connecting-ip",
        "cf-ray",
        "cdn-loop",
    ];
    name.starts_with("x-forwarded") || NAMES.contains(&name)
}

/// Whether a `Host` names this machine in a way that no other can claim.
pub fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name.ends_with(".localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, is_written_by_proxies, request_id};
    use uuid::{Uuid, Variant};

    #[test]
    fn ids_are_of_their_version_and_in_order() {
        let ids: Vec<String> = (0..10_000).map(|_| request_id().to_string()).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 36));
        let id: Uuid = ids.last().and_then(|id| id.parse().ok()).unwrap_or_default();
        assert_eq!((id.get_version_num(), id.get_variant()), (7, Variant::RFC4122));
        // Less than a minute from what the library makes.
        let seconds = |id: Uuid| id.get_timestamp().map_or(0, |time| time.to_unix().0);
        assert!(seconds(Uuid::now_v7()).abs_diff(seconds(id)) < 60);
    }

    #[test]
    fn headers_that_only_proxies_write() {
        for name in ["via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-prefix", "x-real-ip"] {
            assert!(is_written_by_proxies(name), "{name}");
        }
        for name in ["host", "origin", "x-request-id", "traceparent", "x-baton-user", "x-stainless-lang", "cookie"] {
            assert!(!is_written_by_proxies(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_this_machine_has() {
        for host in ["127.0.0.1:8080", "127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:8080", "baton.localhost:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1:8080", "[::2]", "?"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
