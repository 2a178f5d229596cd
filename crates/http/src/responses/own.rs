//! The responses that Baton keeps itself, as OpenAI shows its own (OpenAI API reference, responses: get, delete, cancel,
//! list input items).

use crate::anthropic::models::{Asked, parameter};
use crate::{Doors, upstream};
use axum::response::Response;
use baton_dialect::responses::context::{Items, id_of};
use baton_model::entity::KeptResponse;
use baton_model::{Code, PublicError, RequestId};
use http::Method;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

/// What is asked of a response: the method, and what stands below its address.
pub(super) async fn serve(
    doors: &Doors,
    kept: KeptResponse,
    method: &Method,
    below: &str,
    query: Option<&str>,
    id: &RequestId,
) -> Result<Response, PublicError> {
    let body = match (method, below) {
        (&Method::DELETE, "") => {
            doors.responses.forget(&kept.id).await?;
            json!({ "id": kept.id, "object": "response", "deleted": true }).to_string()
        }
        (_, "") if parameter(query, &["stream"]).as_deref() == Some("true") => {
            let message = "stream: only a response that is made in the background can be streamed again";
            return Err(PublicError::new(Code::InvalidRequest, message).at("stream"));
        }
        (_, "") => kept.response,
        (_, "/cancel") => {
            let message = "only a response that is made in the background can be cancelled";
            return Err(PublicError::new(Code::InvalidRequest, message));
        }
        _ => list(&kept, query)?,
    };
    Ok(upstream::json(body.into_bytes(), id))
}

/// A page of input items.
#[derive(Serialize)]
struct Page<'p> {
    object: &'static str,
    data: Vec<&'p RawValue>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// `order` (`desc` unless `asc`), `after` an item's id, `limit`.
fn list(kept: &KeptResponse, query: Option<&str>) -> Result<String, PublicError> {
    let wrong = |field: &str, expected: &str, got: &str| {
        PublicError::new(Code::InvalidRequest, format!("{field}: expected {expected}, got `{got}`")).at(field)
    };
    let Asked { limit, after, .. } = Asked::read(query)?;
    let ascending = match parameter(query, &["order"]).as_deref() {
        Some("asc") => true,
        None | Some("desc") => false,
        Some(other) => return Err(wrong("order", "`asc` or `desc`", other)),
    };
    let input = Items::parse(kept.input.as_bytes())?;
    let mut items: Vec<&str> = input.iter().collect();
    if !ascending {
        items.reverse();
    }
    if let Some(after) = after {
        let place = items.iter().position(|item| id_of(item).as_deref() == Some(after.as_str()));
        let place = place.ok_or_else(|| wrong("after", "the id of an input item", &after))?;
        items.drain(..=place);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let unreadable = |_| PublicError::new(Code::Internal, "the kept input can't be read");
    let data = items.iter().map(|item| serde_json::from_str(item)).collect::<Result<_, _>>().map_err(unreadable)?;
    let (first_id, last_id) = (items.first().copied().and_then(id_of), items.last().copied().and_then(id_of));
    serde_json::to_string(&Page { object: "list", data, first_id, last_id, has_more }).map_err(unreadable)
}
