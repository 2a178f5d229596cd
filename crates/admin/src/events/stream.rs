//! `GET /api/events`.

use super::listener::Listener;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, Refused};
use axum::extract::State;
use axum::response::IntoResponse;
use baton_model::{Code, EventKind, PublicError};
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;

/// What `after` is for everything that is kept.
const OLDEST: &str = "oldest";

/// Streams events as server-sent events: `id` is the event's id, `event` its type, `data` the CloudEvent. The stream
/// begins now, or after a given event, so that a disconnected client can continue without missing events that are still
/// stored (`events.keep`). A caller restricted to a project gets only the events of that project. The stream ends when
/// the node stops or the key is revoked; then connect again.
#[utoipa::path(get, path = "/api/events", tag = "events", params(
    ("after" = Option<String>, Query, description = "The id of the last event that the client has received, or `oldest`; by default, only new events are sent"),
    ("types" = Option<String>, Query, description = "Only these types, separated by commas: `model.updated,key.revoked`"),
    ("Last-Event-ID" = Option<String>, Header, description = "Like `after`, and takes precedence over it; browsers send it automatically"),
), responses(
    (status = 200, description = "Events; comments while there are none", body = String, content_type = "text/event-stream"),
    (status = 400, description = "The event to continue after is not in the stream, or no longer stored", body = ErrorBody),
))]
pub async fn stream(State(admin): State<Admin>, Viewer(caller): Viewer, parts: Parts) -> ApiResult {
    let mut params = QueryParams::read(&parts.uri)?;
    let after = params.take("after");
    let types = types(&mut params);
    params.finish()?;
    let seen = parts.headers.get("last-event-id").map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let project = caller.confined_to().map(str::to_owned);
    // `Last-Event-ID` first. After a break a browser opens the same address again, where `after` is still the place
    // it began at.
    let after = seen.filter(|id| !id.is_empty()).or(after);
    // Before the reply begins, so that an unknown event is a 400 and not a stream that ends.
    let position = position(&admin, after, project.as_deref()).await?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
        // Proxies that would gather the stream into one piece (nginx) are asked not to.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Listener::new(admin, parts, types, project, position).into_body()).into_response())
}

/// The types asked for.
pub fn types(params: &mut QueryParams) -> Option<Vec<EventKind>> {
    let expected = format!("types separated by commas: {}", known_types());
    params.parse("types", &expected, |text| text.split(',').map(|name| EventKind::lookup(name.trim())).collect())
}

/// The names of all types, for messages.
pub fn known_types() -> String {
    EventKind::ALL.map(EventKind::name).join(", ")
}

/// Where the stream begins.
async fn position(admin: &Admin, after: Option<String>, project: Option<&str>) -> Result<u64, Refused> {
    let events = admin.store.events();
    match after.as_deref() {
        None => Ok(events.last_position().await?),
        // Positions begin at 1.
        Some(OLDEST) => Ok(0),
        Some(id) => match events.position_of(id, project).await? {
            Some(position) => Ok(position),
            None => Err(PublicError::new(
                Code::InvalidRequest,
                "the event to continue after is not in the stream, or no longer stored (`events.keep`); use \
                 `?after=oldest` for all stored events, or leave out `after` and Last-Event-ID for new events only",
            )
            .at("after")
            .into()),
        },
    }
}
