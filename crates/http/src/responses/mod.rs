//! Responses that a provider keeps (OpenAI API reference, responses): noted when they are made, and asked for, gone on
//! from, cancelled and deleted at the provider that has them.
//!
//! Baton keeps none itself. Where the provider that answers keeps none either, the answer says `"store": false`, and a
//! request that can't do without ([`needed`]) is refused before anyone is asked.

mod keep;
mod needed;

pub(crate) use keep::Keep;

use crate::door::Door;
use crate::failure::Failure;
use crate::{Doors, exchange, headers, identify, kept, upstream};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Dialect, PublicError};
use baton_provider::{Form, Forward};
use bytes::Bytes;
use http::Method;

/// `GET` and `DELETE /v1/responses/{id}`. With `stream=true` its events, as they come.
pub async fn one(State(doors): State<Doors>, Path(response): Path<String>, request: Request) -> Response {
    pass(&doors, &response, "", request).await
}

/// `POST /v1/responses/{id}/cancel`.
pub async fn cancel(State(doors): State<Doors>, Path(response): Path<String>, request: Request) -> Response {
    pass(&doors, &response, "/cancel", request).await
}

/// `GET /v1/responses/{id}/input_items`.
pub async fn input_items(State(doors): State<Doors>, Path(response): Path<String>, request: Request) -> Response {
    pass(&doors, &response, "/input_items", request).await
}

async fn pass(doors: &Doors, response: &str, below: &str, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let passed = async {
        let caller = identify::caller(doors, &parts).await?;
        let kept = kept::find(doors, &caller, HoldingKind::Response, response).await?;
        let body = exchange::collect(body, doors.settings.max_body_bytes).await?;
        let headers = headers::passed_on(&parts.headers);
        let path = format!("/responses/{}{below}", upstream::encoded(response));
        let content_type = upstream::content_type(&parts).filter(|_| !body.is_empty());
        let forward = Forward {
            query: parts.uri.query(),
            content_type,
            body,
            form: Form::Stream,
            ..upstream::asking(parts.method.clone(), &path, &headers)
        };
        let told = upstream::send(kept.provider.as_ref(), forward).await?;
        // What the provider has no more, nobody can ask for again.
        if parts.method == Method::DELETE && matches!(told.status, 200..300 | 404) {
            doors.holdings.forget(&kept.holding).await?;
        }
        Ok(upstream::stream(told, kept.provider.id(), &id))
    };
    let result: Result<Response, PublicError> = passed.await;
    result.unwrap_or_else(|error| Failure { door: Door::Responses, error, id: id.clone() }.into_response())
}

/// What is to be known of a request before it is served: whether its answer is to be noted, and that it goes to the one
/// provider that can serve it.
///
/// # Errors
/// If it needs something that is kept, and nobody who keeps it can be asked.
pub(crate) async fn prepare(
    doors: &Doors,
    caller: &Caller,
    body: &Bytes,
    asked: &mut exchange::Asked,
) -> Result<Option<Keep>, PublicError> {
    let needs = needed::read(body)?;
    if needs.bound() {
        needed::bind(doors, caller, &needs, asked).await?;
    }
    Ok(needs.store.then(|| Keep::new(doors.holdings.clone(), caller.clone())))
}

/// Whether a reply in that format is one that its provider may have kept.
pub(crate) fn may_be_kept(dialect: Dialect) -> bool {
    dialect == Dialect::Responses
}
