//! Message batches (Anthropic API reference, message batches): passed to the provider of this format that owns them.
//!
//! The models that the requests name are checked and named as the provider does; everything else goes as it came. In
//! answers only `results_url` changes: it would lead to the vendor, where Baton's keys mean nothing. It becomes a path,
//! which the official SDKs resolve against their base URL.

use super::answer;
use super::models::Asked;
use crate::body::read_body;
use crate::named::Named;
use crate::upstream::Whole;
use crate::{Doors, headers, identify, kept, spans, upstream};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Code, ModelId, PublicError};
use baton_provider::{Form, Forward, Provider};
use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

const KIND: HoldingKind = HoldingKind::MessageBatch;
const PATH: &str = "/v1/messages/batches";

/// `POST /v1/messages/batches`.
pub async fn create(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let made = async {
        let caller = identify::caller(&doors, &parts).await?;
        let bytes = read_body(&caller, body, doors.settings.max_body_bytes).await?;
        let Meant { body, provider, model } = meant(&doors, &caller, &parts, bytes)?;
        let headers = headers::passed_on(&parts.headers);
        let forward = Forward {
            query: parts.uri.query(),
            content_type: Some("application/json"),
            body,
            ..upstream::asking(Method::POST, PATH, &headers)
        };
        let made = upstream::ask(provider.as_ref(), forward).await?;
        kept::keep(&doors, &caller, KIND, provider.id(), model.as_ref(), &made).await?;
        Ok(upstream::whole(local(made), provider.id(), &id))
    };
    answer(made.await, id.clone())
}

/// `GET /v1/messages/batches`.
pub async fn list(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let listed = async {
        let caller = identify::caller(&doors, &parts).await?;
        let asked = Asked::read(parts.uri.query())?;
        let headers = headers::passed_on(&parts.headers);
        let (items, more) =
            kept::list(&doors, &caller, KIND, &asked, |batch| format!("{PATH}/{batch}"), &headers).await?;
        Ok(upstream::json(page(&items, more), &id))
    };
    answer(listed.await, id.clone())
}

/// `GET` and `DELETE /v1/messages/batches/{id}`.
pub async fn one(State(doors): State<Doors>, Path(batch): Path<String>, request: Request) -> Response {
    pass(&doors, &batch, "", request).await
}

/// `POST /v1/messages/batches/{id}/cancel`.
pub async fn cancel(State(doors): State<Doors>, Path(batch): Path<String>, request: Request) -> Response {
    pass(&doors, &batch, "/cancel", request).await
}

/// `GET /v1/messages/batches/{id}/results`: a line each, as they come.
pub async fn results(State(doors): State<Doors>, Path(batch): Path<String>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let passed = async {
        let caller = identify::caller(&doors, &parts).await?;
        let kept = kept::find(&doors, &caller, KIND, &batch).await?;
        let headers = headers::passed_on(&parts.headers);
        let path = format!("{PATH}/{}/results", upstream::encoded(&batch));
        let forward =
            Forward { query: parts.uri.query(), form: Form::Stream, ..upstream::asking(Method::GET, &path, &headers) };
        let results = upstream::send(kept.provider.as_ref(), forward).await?;
        Ok(upstream::stream(results, kept.provider.id(), &id))
    };
    answer(passed.await, id.clone())
}

async fn pass(doors: &Doors, batch: &str, below: &str, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let passed = async {
        let caller = identify::caller(doors, &parts).await?;
        let kept = kept::find(doors, &caller, KIND, batch).await?;
        let body = read_body(&caller, body, doors.settings.max_body_bytes).await?;
        let headers = headers::passed_on(&parts.headers);
        let path = format!("{PATH}/{}{below}", upstream::encoded(batch));
        let content_type = upstream::content_type(&parts).filter(|_| !body.is_empty());
        let query = parts.uri.query();
        let forward = Forward { query, content_type, body, ..upstream::asking(parts.method.clone(), &path, &headers) };
        let told = upstream::ask(kept.provider.as_ref(), forward).await?;
        if parts.method == Method::DELETE && (told.is_good() || told.status == 404) {
            doors.holdings.forget(&kept.holding).await?;
        }
        Ok(upstream::whole(local(told), kept.provider.id(), &id))
    };
    answer(passed.await, id.clone())
}

/// A batch as it goes out, and to whom.
struct Meant {
    body: Bytes,
    provider: Arc<dyn Provider>,
    model: Option<ModelId>,
}

fn meant(doors: &Doors, caller: &Caller, parts: &Parts, bytes: Bytes) -> Result<Meant, PublicError> {
    #[derive(Deserialize)]
    struct Batch<'a> {
        #[serde(borrow)]
        requests: Vec<Entry<'a>>,
    }
    #[derive(Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        params: Params<'a>,
    }
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
    }
    let batch: Batch<'_> = serde_json::from_slice(&bytes).map_err(|error| {
        PublicError::new(Code::InvalidRequest, format!("requests: expected a list, each with `params.model`: {error}"))
            .at("requests")
    })?;
    let snapshot = doors.engine.registry().snapshot();
    let mut named = Named::new(&snapshot, caller);
    let mut places = Vec::with_capacity(batch.requests.len());
    for (number, entry) in batch.requests.iter().enumerate() {
        let place = format!("requests.{number}.params.model");
        let name: String = serde_json::from_str(entry.params.model.get())
            .map_err(|_| PublicError::new(Code::InvalidRequest, format!("{place}: expected a string")).at(&place))?;
        let upstream = named.upstream(&name, &place)?;
        if let Some(span) = spans::of(entry.params.model, &bytes).filter(|_| upstream != name) {
            places.push((span, serde_json::Value::from(upstream).to_string()));
        }
    }
    let provider = match named.provider() {
        Some(id) => upstream::provider(&snapshot, id)?,
        None => upstream::choose(&snapshot, caller, &parts.headers, "anthropic")?,
    };
    if provider.kind() != "anthropic" {
        let message = format!("requests: `{}` has no message batches: only Anthropic's API does", provider.id());
        return Err(PublicError::new(Code::InvalidRequest, message).at("requests"));
    }
    Ok(Meant { body: spans::replace(&bytes, &places), provider, model: named.only().map(|model| model.id.clone()) })
}

/// The answer with a `results_url` at this door.
fn local(answer: Whole) -> Whole {
    Whole { body: with_own_url(&answer.body), ..answer }
}

fn with_own_url(body: &Bytes) -> Bytes {
    #[derive(Deserialize)]
    struct Batch<'a> {
        id: String,
        #[serde(borrow)]
        results_url: &'a RawValue,
    }
    let Ok(batch) = serde_json::from_slice::<Batch<'_>>(body) else { return body.clone() };
    let place = spans::of(batch.results_url, body).filter(|_| batch.results_url.get() != "null");
    let url = serde_json::Value::from(format!("{PATH}/{}/results", upstream::encoded(&batch.id))).to_string();
    spans::replace(body, &place.map(|place| (place, url)).into_iter().collect::<Vec<_>>())
}

/// `{data, has_more, first_id, last_id}`.
fn page(items: &[Bytes], more: bool) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let id = |item: Option<&Bytes>| item.and_then(|item| serde_json::from_slice::<Id>(item).ok()).map(|item| item.id);
    let (first, last) = (serde_json::json!(id(items.first())), serde_json::json!(id(items.last())));
    let data = items.iter().map(with_own_url).collect::<Vec<_>>().join(&b","[..]);
    let mut body = b"{\"data\":[".to_vec();
    body.extend_from_slice(&data);
    body.extend_from_slice(format!("],\"has_more\":{more},\"first_id\":{first},\"last_id\":{last}}}").as_bytes());
    body
}
