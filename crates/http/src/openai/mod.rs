//! What OpenAI's door has beside requests for models: files and batches, which a provider keeps.

pub mod batches;
pub mod files;
mod lines;

use crate::body::read_body;
use crate::door::Door;
use crate::failure::Failure;
use crate::kept::{self, Kept};
use crate::upstream::{self, Whole};
use crate::{Doors, headers, identify};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use baton_model::entity::HoldingKind;
use baton_model::{PublicError, RequestId};
use baton_provider::Forward;
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// An answer, or an error in this door's shape.
fn answer(result: Result<Response, PublicError>, id: RequestId) -> Response {
    result.unwrap_or_else(|error| Failure { door: Door::OpenAi, error, id }.into_response())
}

/// Passes a request on to the provider that keeps an object, and reads the whole answer.
///
/// # Errors
/// If the caller may not see it, or there is no answer.
async fn pass(
    doors: &Doors,
    kind: HoldingKind,
    object: &str,
    path: &str,
    request: Request,
) -> Result<(Kept, Whole), PublicError> {
    let (parts, body) = request.into_parts();
    let caller = identify::caller(doors, &parts).await?;
    let kept = kept::find(doors, &caller, kind, object).await?;
    let body = read_body(&caller, body, doors.settings.max_body_bytes).await?;
    let headers = headers::passed_on(&parts.headers);
    let content_type = upstream::content_type(&parts).filter(|_| !body.is_empty());
    let query = parts.uri.query();
    let forward = Forward { query, content_type, body, ..upstream::asking(parts.method.clone(), path, &headers) };
    let told = upstream::ask(kept.provider.as_ref(), forward).await?;
    if parts.method == Method::DELETE && (told.is_good() || told.status == 404) {
        doors.holdings.forget(&kept.holding).await?;
    }
    Ok((kept, told))
}

/// `{object: "list", data, has_more, first_id, last_id}`.
fn page(items: &[Bytes], more: bool) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let id = |item: Option<&Bytes>| item.and_then(|item| serde_json::from_slice::<Id>(item).ok()).map(|item| item.id);
    let (first, last) = (json!(id(items.first())), json!(id(items.last())));
    let mut body = b"{\"object\":\"list\",\"data\":[".to_vec();
    body.extend_from_slice(&items.join(&b","[..]));
    body.extend_from_slice(format!("],\"first_id\":{first},\"last_id\":{last},\"has_more\":{more}}}").as_bytes());
    body
}
