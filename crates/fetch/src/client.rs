//! The client.

use crate::guard::AddressGuard;
use crate::request::matches_type;
use crate::{FetchError, FetchReply, FetchRequest};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::header::CONTENT_TYPE;
use ipnet::IpNet;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Response, Url};
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

/// A client of side calls. Cheap to clone; connections are shared by clones.
#[derive(Debug, Clone)]
pub struct FetchClient {
    /// Or why there is none: told by each call, so that a machine without certificates can do everything else.
    inner: Result<reqwest::Client, String>,
    guard: Option<AddressGuard>,
    limits: FetchLimits,
}

/// Bounds of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// The most time, from resolving the name to the last byte.
    pub time: Duration,
    /// The most bytes of a reply's body.
    pub bytes: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), bytes: 1 << 20 }
    }
}

impl FetchClient {
    /// For addresses that the operator has chosen. Proxies of the environment are used.
    pub fn trusted() -> Self {
        Self::new(reqwest::Client::builder(), None)
    }

    /// For addresses that somebody else has chosen: connects only to the public internet and to these networks, and
    /// never through a proxy, which would resolve names by itself.
    pub fn guarded(allowed: Vec<IpNet>) -> Self {
        let guard = AddressGuard::new(allowed);
        Self::new(reqwest::Client::builder().no_proxy().dns_resolver(guard.clone()), Some(guard))
    }

    fn new(builder: ClientBuilder, guard: Option<AddressGuard>) -> Self {
        // A redirect could lead to an address that the guard would have to check again, so none is followed.
        let builder = builder.redirect(Policy::none()).user_agent(concat!("baton/", env!("CARGO_PKG_VERSION")));
        let inner = builder.build().map_err(|error| chain(&error));
        Self { inner, guard, limits: FetchLimits::default() }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: FetchLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Makes the call. A reply of any status is a reply.
    ///
    /// # Errors
    ///
    /// If the address is none or not permitted, nobody responds there in time, or too much or something else comes.
    pub async fn send(&self, request: FetchRequest) -> Result<FetchReply, FetchError> {
        let inner = self.inner.as_ref().map_err(|reason| FetchError::Setup(reason.clone()))?;
        let url = parse(&request.url)?;
        if let Some(guard) = &self.guard {
            // Numeric hosts never reach the resolver, so they are checked here.
            guard.check(&url)?;
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let exchange = self.exchange(inner, url, request, &host);
        // Around everything: resolving the name and reading the body count too.
        match tokio::time::timeout(self.limits.time, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::TimedOut { host, limit: self.limits.time }),
        }
    }

    async fn exchange(
        &self,
        inner: &reqwest::Client,
        url: Url,
        request: FetchRequest,
        host: &str,
    ) -> Result<FetchReply, FetchError> {
        let call = inner.request(request.method, url).headers(request.headers).body(request.body);
        let response = call.send().await.map_err(|error| failure(&error, host))?;
        let (status, headers) = (response.status(), response.headers().clone());
        // The type of an error page says nothing about what was asked for.
        if status.is_success() && !request.types.is_empty() {
            let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("no type");
            if !matches_type(found, &request.types) {
                let expected = request.types.join(" or ");
                return Err(FetchError::Type { host: host.to_owned(), found: found.to_owned(), expected });
            }
        }
        let body = collect(response, host, self.limits.bytes, request.cut).await?;
        Ok(FetchReply { status, headers, body })
    }
}

/// The body, as far as it is taken.
async fn collect(response: Response, host: &str, limit: usize, cut: bool) -> Result<Bytes, FetchError> {
    let mut body = BytesMut::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| failure(&error, host))?;
        let room = limit - body.len();
        // Counted as it comes: `content-length` is only what the other side says.
        match piece.get(..room) {
            // There is just enough room, or too little.
            Some(start) if piece.len() > room => {
                if !cut {
                    return Err(FetchError::TooLarge { host: host.to_owned(), limit });
                }
                body.extend_from_slice(start);
                break;
            }
            _ => body.extend_from_slice(&piece),
        }
    }
    Ok(body.freeze())
}

fn parse(text: &str) -> Result<Url, FetchError> {
    // What was given may hold a password; only an address that has none is repeated.
    let wrong = |url: &str, expected| Err(FetchError::Address { url: url.to_owned(), expected });
    let Ok(url) = Url::parse(text) else { return wrong("…", "must be http:// or https:// and a host") };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("…", "must not contain a user name or password");
    }
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return wrong(url.scheme(), "must be http:// or https:// and a host");
    }
    Ok(url)
}

/// A failure below HTTP. What the guard refused is found in its causes.
fn failure(error: &reqwest::Error, host: &str) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    // The resolver's error comes wrapped in several of the HTTP client.
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<FetchError>() {
            return refused.clone();
        }
        cause = inner.source();
    }
    FetchError::Unreachable { host: host.to_owned(), reason: reason(error).to_owned() }
}

/// Why, in words that name neither libraries nor the address with its query.
fn reason(error: &(dyn Error + 'static)) -> &'static str {
    let causes = || std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    let io = causes().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    // Neither the resolver's error nor the one of TLS has a kind of its own.
    let begins = |text: &str| causes().any(|cause| cause.to_string().starts_with(text));
    match io {
        _ if begins("invalid peer certificate") => "its certificate is not accepted",
        _ if begins("dns error") => "its name can't be resolved",
        Some(ErrorKind::ConnectionRefused) => "the connection was refused",
        Some(ErrorKind::ConnectionReset) => "the connection was reset",
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => "there is no route to it",
        _ => "the connection failed",
    }
}

fn chain(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
