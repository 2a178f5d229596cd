//! Message batches (Anthropic API reference, message batches): passed to the provider of this format that owns them.
//!
//! The models that the requests name are checked and named as the provider does; everything else goes as it came. In
//! replies only `results_url` changes: it would lead to the vendor, where Baton's keys mean nothing. It becomes a path,
//! which the official SDKs resolve against their base URL.

use crate::batch_models::BatchModels;
use crate::upstream::ProviderReply;
use crate::{HttpState, headers, objects, query, spans, upstream};
use axum::extract::{Path, State};
use axum::response::Response;
use baton_model::entity::ProviderObjectKind;
use baton_model::{Code, ModelId, PublicError};
use baton_provider_api::{Forward, Provider};
use baton_tasks::compute;
use baton_web::parse::json_problem;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

const KIND: ProviderObjectKind = ProviderObjectKind::MessageBatch;
const PATH: &str = "/v1/messages/batches";

/// `POST /v1/messages/batches`.
pub async fn create(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    let bytes = inbound.read_body().await?;
    let Batch { body, provider, model } = compute(bytes.len(), || read_batch(&state, &inbound, bytes))?;
    // Before the provider is asked: a batch that was made there runs and is billed, whether or not it is noted here.
    state.provider_objects.check_quota(&inbound.caller, KIND).await?;
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let query = query::forwarded(ClientApi::Anthropic, inbound.query());
    let forward = Forward {
        query: query.as_deref(),
        content_type: Some("application/json"),
        body,
        ..upstream::request_without_body(Method::POST, PATH, &headers)
    };
    let made = upstream::send_request(provider.as_ref(), forward).await?;
    objects::note_object(&state, &inbound.caller, KIND, provider.id(), model.as_ref(), &made).await?;
    Ok(upstream::respond_whole(local(made), provider.id()))
}

/// `GET /v1/messages/batches`.
pub async fn list(State(state): State<HttpState>, inbound: Inbound) -> Result<Response, Refused> {
    let (items, more) = objects::list(&state, &inbound, KIND, PATH).await?;
    Ok(upstream::json(page(&items, more)))
}

/// `GET` and `DELETE /v1/messages/batches/{id}`.
pub async fn one(
    State(state): State<HttpState>,
    Path(batch): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &batch, "", inbound).await
}

/// `POST /v1/messages/batches/{id}/cancel`.
pub async fn cancel(
    State(state): State<HttpState>,
    Path(batch): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &batch, "/cancel", inbound).await
}

/// `GET /v1/messages/batches/{id}/results`: a line each, as they come.
pub async fn results(
    State(state): State<HttpState>,
    Path(batch): Path<String>,
    mut inbound: Inbound,
) -> Result<Response, Refused> {
    let path = format!("{PATH}/{}/results", upstream::encoded(&batch));
    Ok(objects::stream(&state, &mut inbound, KIND, &batch, &path).await?)
}

async fn forward(state: &HttpState, batch: &str, below: &str, mut inbound: Inbound) -> Result<Response, Refused> {
    let path = format!("{PATH}/{}{below}", upstream::encoded(batch));
    let (found, reply) = objects::forward(state, &mut inbound, KIND, batch, &path).await?;
    Ok(upstream::respond_whole(local(reply), found.provider.id()))
}

/// A batch as it goes out, and to whom.
struct Batch {
    body: Bytes,
    provider: Arc<dyn Provider>,
    model: Option<ModelId>,
}

fn read_batch(state: &HttpState, inbound: &Inbound, bytes: Bytes) -> Result<Batch, PublicError> {
    #[derive(Deserialize)]
    struct Requests<'a> {
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
        // Borrowed as text, because only a borrowed value tells where in the body it stands.
        model: &'a RawValue,
    }
    let batch: Requests<'_> = serde_json::from_slice(&bytes).map_err(|error| {
        let problem = json_problem(&error);
        PublicError::new(Code::InvalidRequest, format!("requests: each entry requires `params.model`: {problem}"))
            .at("requests")
    })?;
    // One snapshot for the whole batch: its models must not change provider half-way.
    let snapshot = state.web.engine.registry().snapshot();
    let mut models = BatchModels::new(&snapshot, &inbound.caller);
    let mut places = Vec::with_capacity(batch.requests.len());
    for (number, entry) in batch.requests.iter().enumerate() {
        let place = format!("requests.{number}.params.model");
        let name: String = serde_json::from_str(entry.params.model.get())
            .map_err(|_| PublicError::new(Code::InvalidRequest, format!("{place}: must be a string")).at(&place))?;
        let upstream = models.upstream(&name, &place)?;
        // Untouched where the names agree, so that most bodies go out byte for byte.
        if let Some(span) = spans::of(entry.params.model, &bytes).filter(|_| upstream != name) {
            places.push((span, serde_json::Value::from(upstream).to_string()));
        }
    }
    let provider = match models.provider() {
        Some(id) => upstream::provider(&snapshot, id)?,
        None => upstream::choose_provider(&snapshot, &inbound.caller, &inbound.parts.headers, "anthropic")?,
    };
    if provider.kind() != "anthropic" {
        let message =
            format!("requests: `{}` does not support message batches; only Anthropic's API does", provider.id());
        return Err(PublicError::new(Code::InvalidRequest, message).at("requests"));
    }
    Ok(Batch {
        body: spans::replace(&bytes, &places),
        provider,
        model: models.single_model().map(|model| model.id.clone()),
    })
}

/// The reply with a `results_url` on this server.
fn local(reply: ProviderReply) -> ProviderReply {
    ProviderReply { body: with_own_url(&reply.body), ..reply }
}

fn with_own_url(body: &Bytes) -> Bytes {
    #[derive(Deserialize)]
    struct Batch<'a> {
        id: String,
        #[serde(borrow)]
        results_url: &'a RawValue,
    }
    // Errors and deletions have no `results_url`, and pass as they are.
    let Ok(batch) = serde_json::from_slice::<Batch<'_>>(body) else { return body.clone() };
    // Null until the batch has ended, and null it stays: clients take an address for "ended".
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
