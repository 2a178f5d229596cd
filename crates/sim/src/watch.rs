//! What other processes may ask about a simulated provider: the requests that it has seen.

use crate::journal::{RecordedRequest, SimJournal};
use axum::body::Body;
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Serves paths under `/_sim/`; nothing for others. These requests are not remembered themselves.
pub(crate) async fn serve_watch(journal: &SimJournal, uri: &Uri) -> Option<Response> {
    let path = uri.path().strip_prefix("/_sim/")?;
    let text = uri.query().and_then(|query| query.strip_prefix("containing=")).unwrap_or_default();
    let seen = match path {
        "requests" => journal.requests().into_iter().filter(|seen| seen.contains(text)).collect(),
        "over" => journal.finished_requests(text).await,
        _ => return Some(reply(StatusCode::NOT_FOUND, &Value::Null)),
    };
    Some(reply(StatusCode::OK, &seen.iter().map(request_json).collect()))
}

fn request_json(seen: &RecordedRequest) -> Value {
    let headers: Map<_, _> = seen.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "method": seen.method,
        "path": seen.path,
        "query": seen.query,
        "headers": headers,
        "body": seen.json(),
        "billed": {
            "input": seen.billed.input,
            "cache_read": seen.billed.cache_read,
            "cache_write": seen.billed.cache_write,
            "output": seen.billed.output,
            "reasoning": seen.billed.reasoning,
        },
        "complete": seen.complete,
        "disconnected": seen.disconnected,
    })
}

fn reply(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
