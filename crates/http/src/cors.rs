//! Which web pages may call the client APIs (CORS): what a browser asks before it lets a page of another origin do so.
//!
//! It is no protection of Baton, which asks every request for its key. Pages use a key that they were given, so no
//! credentials of the browser (cookies) are let in.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use baton_web::identify::is_loopback;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ORIGIN, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may remember what it was told; none does for longer.
const MAX_AGE: Duration = Duration::from_secs(7200);

/// What a page may read of a reply's headers beside the few that browsers always show.
pub const EXPOSED: [&str; 28] = [
    "x-request-id",
    "request-id",
    "traceparent",
    "x-baton-model",
    "x-baton-provider",
    "x-baton-cache",
    "x-baton-cost",
    "x-baton-attempts",
    "x-baton-warning",
    "x-baton-error",
    "x-should-retry",
    "retry-after",
    "retry-after-ms",
    "llm_provider-request-id",
    "llm_provider-x-request-id",
    "llm_provider-x-ratelimit-limit-requests",
    "llm_provider-x-ratelimit-limit-tokens",
    "llm_provider-x-ratelimit-remaining-requests",
    "llm_provider-x-ratelimit-remaining-tokens",
    "llm_provider-x-ratelimit-reset-requests",
    "llm_provider-x-ratelimit-reset-tokens",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "www-authenticate",
];

/// The origins whose pages may call the client APIs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// None: no reply says anything about origins.
    #[default]
    None,
    /// Those of this machine, whatever their port.
    Loopback,
    /// These.
    Listed(Vec<HeaderValue>),
    /// Every one.
    Any,
}

impl CorsOrigins {
    /// Puts what browsers ask for around paths. Outside of everything else there: the question comes without a key, and
    /// a page has to be able to read an error too.
    pub(crate) fn allow<S: Clone + Send + Sync + 'static>(&self, routes: Router<S>) -> Router<S> {
        let origins = match self {
            Self::None => return routes,
            Self::Loopback => AllowOrigin::predicate(|origin, _| is_on_this_machine(origin)),
            Self::Listed(origins) => AllowOrigin::list(origins.iter().cloned()),
            Self::Any => AllowOrigin::any(),
        };
        let layer = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            // Those that are asked for: each SDK sends headers of its own, and Baton ignores what it does not know.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(EXPOSED.map(HeaderName::from_static))
            .max_age(MAX_AGE);
        // The errors for wrong methods lie inside too: browsers ask with one of their own.
        routes.layer(layer).layer(from_fn(only_for_pages))
    }
}

impl CorsOrigins {
    /// What the layer says to those who are no pages: that a reply to a page may be another, so that caches keep them apart.
    pub(crate) fn describe_to_programs(&self, headers: &mut HeaderMap) {
        let depends_on = match self {
            Self::None => return,
            Self::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                "access-control-request-headers"
            }
            Self::Loopback | Self::Listed(_) => "origin, access-control-request-headers",
        };
        headers.append(VARY, HeaderValue::from_static(depends_on));
    }
}

/// Programs need not be told which headers pages can read.
async fn only_for_pages(request: Request, next: Next) -> Response {
    let is_page = request.headers().contains_key(ORIGIN);
    let mut response = next.run(request).await;
    if !is_page {
        response.headers_mut().remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    }
    response
}

/// Whether a page came from this machine.
fn is_on_this_machine(origin: &HeaderValue) -> bool {
    let authority =
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).filter(|(scheme, _)| is_web(scheme));
    authority.is_some_and(|(_, authority)| is_loopback(authority))
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine() {
        for origin in ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8000", "https://localhost"] {
            assert!(is_on_this_machine(&HeaderValue::from_static(origin)), "{origin}");
        }
        for origin in ["null", "https://evil.example", "http://localhost.evil.example", "file://localhost", "localhost"]
        {
            assert!(!is_on_this_machine(&HeaderValue::from_static(origin)), "{origin}");
        }
    }
}
