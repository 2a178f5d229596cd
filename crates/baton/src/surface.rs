//! Every path that one Baton serves: the request APIs, the management API, health, metrics, the documentation.

use crate::port_paths::PortPaths;
use crate::{nodes, telemetry};
use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, USER_AGENT, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use baton_admin::Admin;
use baton_engine::{Engine, metrics_text};
use baton_http::{HttpState, ModelPaths, wrong_path};
use baton_kv::Notices;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use tower::ServiceExt as _;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, Info, Object, OpenApiBuilder, PathsBuilder, ResponseBuilder};
use utoipa_swagger_ui::SwaggerUi;

/// What is served where.
pub struct Ports {
    /// Everything, for whom asks from within this process.
    pub all: PortPaths,
    /// What the main port serves: everything, unless management has a port of its own.
    pub main: PortPaths,
    /// What the port for management serves.
    pub management: PortPaths,
}

impl Ports {
    /// With management on a port of its own or not.
    pub fn new(state: HttpState, admin: Admin, notices: Arc<dyn Notices>, apart: bool) -> Self {
        let engine = state.web.engine.clone();
        let models = Some(Arc::new(ModelPaths::new(state.clone())));
        let health = baton_admin::health(admin.clone());
        let requests = baton_http::router(state);
        let management = baton_admin::router(admin)
            // Before the merges, so that it is around the management API alone: no request to a model changes what
            // other nodes hold.
            .layer(from_fn_with_state(notices, nodes::announce_changes))
            .merge(Router::new().route("/metrics", get(metrics)).with_state(engine))
            .merge(health.clone());
        let pages = documentation();
        let router = add_common_routes(requests.clone().merge(management.clone()), &pages);
        let all = PortPaths::new(models.clone(), router);
        let main = match apart {
            // With health in any case: load balancers ask at the port to which they send requests.
            true => PortPaths::new(models, add_common_routes(requests.merge(health), &pages)),
            false => all.clone(),
        };
        Self { all, main, management: PortPaths::new(None, add_common_routes(management, &pages)) }
    }
}

/// With what every port has.
fn add_common_routes(paths: Router, pages: &Router) -> Router {
    let paths = paths
        .route("/", get(front))
        .route("/health/live", get(|| async { "ok" }))
        .merge(pages.clone())
        .method_not_allowed_fallback(wrong_path::wrong_method);
    let known = paths.clone().fallback(wrong_path::unknown_path);
    paths.fallback(move |request: Request| unknown_path(known, request))
}

/// The pages that show the description of the API.
fn documentation() -> Router {
    let header = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    // Written once: anyone may ask for it, as often as they like.
    let description = Bytes::from(serde_json::to_vec(&description()).unwrap_or_default());
    let shown = move || async move { ([(CONTENT_TYPE, "application/json")], description) };
    Router::from(SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json")))
        .route("/openapi.json", get(shown))
        .layer(header(CONTENT_SECURITY_POLICY, PAGES_MAY))
        // For browsers that don't know `frame-ancestors`.
        .layer(header(X_FRAME_OPTIONS, "DENY"))
        .layer(header(REFERRER_POLICY, "no-referrer"))
}

/// What the pages may load and do: their own scripts and styles, and requests to this Baton. The policy holds for whatever
/// a description could smuggle into them, too. One style that Swagger UI puts into the page is refused by it, which nobody
/// sees.
const PAGES_MAY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What this is and where to go on. Browsers are sent to the documentation.
async fn front(headers: HeaderMap) -> Response {
    let reads = |header: &HeaderValue| header.to_str().is_ok_and(|header| header.contains("text/html"));
    if headers.get_all(ACCEPT).iter().any(reads) {
        // Not permanent: browsers would remember it for whatever runs on this port next.
        return Redirect::temporary("/docs").into_response();
    }
    // Clients of Ollama look here whether it is running, and some of them compare the sentence.
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if agent.to_ascii_lowercase().starts_with("ollama") {
        return "Ollama is running".into_response();
    }
    let description = json!({
        "name": "baton",
        "version": env!("CARGO_PKG_VERSION"),
        "description": env!("CARGO_PKG_DESCRIPTION"),
        "links": { "docs": "/docs", "openapi": "/openapi.json", "health": "/health/live", "models": "/v1/models" },
    });
    ([(CONTENT_TYPE, "application/json")], description.to_string()).into_response()
}

/// The description of the whole API.
pub fn description() -> utoipa::openapi::OpenApi {
    let mut description = baton_admin::description(baton_http::describe::describe());
    description.merge(service());
    description
}

/// The paths that belong to no API: nobody has to sign in for them.
fn service() -> utoipa::openapi::OpenApi {
    let path = |id: &str, summary: &str, description: &str, media_type: &str| {
        // Only the front is JSON; its fields are for people.
        let kind = if media_type == "application/json" { Type::Object } else { Type::String };
        let content = ContentBuilder::new().schema(Some(Object::with_type(kind))).build();
        let response = ResponseBuilder::new().description(description).content(media_type, content);
        let operation = OperationBuilder::new()
            .operation_id(Some(id))
            .tag("service")
            .summary(Some(summary))
            .response("200", response);
        PathItem::new(HttpMethod::Get, operation)
    };
    let paths = PathsBuilder::new()
        .path("/", path("get_front", "Describes this service", "Its name, its version and links", "application/json"))
        .path("/health/live", path("get_health_live", "Reports that the process is alive", "`ok`", "text/plain"))
        .path(
            "/metrics",
            path("get_metrics", "Shows the metrics", "In Prometheus' text format, or OpenMetrics", "text/plain"),
        );
    OpenApiBuilder::new().info(Info::new("Service", "")).paths(paths).build()
}

/// In the OpenMetrics format, with exemplars, for who asks for it; else in Prometheus' older one, which has none.
async fn metrics(State(engine): State<Engine>, headers: HeaderMap) -> Response {
    let text = telemetry::metrics::text(&engine).await;
    let accepts =
        |header: &HeaderValue| header.to_str().is_ok_and(|header| header.contains("application/openmetrics-text"));
    if headers.get_all(ACCEPT).iter().any(accepts) {
        ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
    } else {
        ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics_text::to_older_format(&text))
            .into_response()
    }
}

/// A path that nobody serves; but one that ends in a slash is the path without it.
async fn unknown_path(paths: Router, request: Request) -> Response {
    match without_slash(request.uri()) {
        // `/docs/` and the like are served as they stand, so this is never asked of them.
        Some(uri) => {
            let (mut parts, body) = request.into_parts();
            parts.uri = uri;
            match paths.oneshot(Request::from_parts(parts, body)).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
        None => wrong_path::unknown_path(OriginalUri(request.uri().clone()), request.headers().clone()).await,
    }
}

/// The address without the slashes at the end of its path; `None` if there is none.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().trim_end_matches('/');
    if path.is_empty() || path.len() == uri.path().len() {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    parts.path_and_query = Some(format!("{path}{query}").parse().ok()?);
    Uri::from_parts(parts).ok()
}
