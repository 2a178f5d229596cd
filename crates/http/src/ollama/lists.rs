//! `GET /api/tags`, `/api/ps`, `/api/version`.

use super::{Details, digest, modified, tagged};
use crate::{HttpState, headers, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_engine::Snapshot;
use baton_model::{Caller, Capability, Model, ModelStatus, PublicError};
use baton_provider_api::Provider;
use baton_web::{Inbound, Refused};
use futures::future::join_all;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The version of Ollama whose API this is; clients ask it to know what they may use.
const VERSION: &str = "0.9.3";

/// What this API can ask of a model.
const LISTED: [Capability; 3] = [Capability::Chat, Capability::Completion, Capability::Embedding];

/// A model in a list.
#[derive(Serialize)]
struct Listed<'m> {
    name: String,
    model: String,
    modified_at: String,
    /// Bytes; not known here.
    size: u64,
    digest: String,
    details: Details<'m>,
}

impl<'m> Listed<'m> {
    fn new(model: &'m Model) -> Self {
        let name = tagged(model);
        Self {
            model: name.clone(),
            name,
            modified_at: modified(model),
            size: 0,
            digest: digest(model),
            details: Details::of(model),
        }
    }
}

/// `GET /api/tags`.
pub async fn tags(State(state): State<HttpState>, inbound: Inbound) -> Result<Response, Refused> {
    let snapshot = state.web.engine.registry().snapshot();
    // Programs offer each model of the list for chats, or for embeddings. They have nothing for images or audio.
    let usable = |model: &&Arc<Model>| model.capabilities.iter().any(|capability| LISTED.contains(capability));
    let models = visible_models(&snapshot, &inbound.caller).filter(usable);
    let models: Vec<Listed<'_>> = models.map(|model| Listed::new(model)).collect();
    Ok(upstream::json(write_json(&json!({ "models": models }))?))
}

/// `GET /api/ps`: what the Ollama servers behind Baton have loaded, by the names that it has here.
pub async fn running(State(state): State<HttpState>, inbound: Inbound) -> Result<Response, Refused> {
    let snapshot = state.web.engine.registry().snapshot();
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let servers = snapshot.providers.values().filter(|provider| provider.kind() == "ollama");
    // At once and not one after the other: one server that is away must not add its timeout to the others.
    let asked = servers.map(|server| list_loaded(server.as_ref(), &snapshot, &inbound.caller, &headers));
    let models: Vec<Value> = join_all(asked).await.concat();
    Ok(upstream::json(write_json(&json!({ "models": models }))?))
}

/// `GET /api/version`. Clients ask it before they have credentials.
pub async fn version() -> Response {
    upstream::json(format!("{{\"version\":\"{VERSION}\"}}").into_bytes())
}

/// The models that a caller may use.
fn visible_models<'s>(snapshot: &'s Snapshot, caller: &Caller) -> impl Iterator<Item = &'s Arc<Model>> {
    let models = snapshot.models.values();
    models.filter(|model| model.status != ModelStatus::Inactive && caller.may_use(model))
}

/// What a server has loaded; nothing if it does not say.
async fn list_loaded(
    server: &dyn Provider,
    snapshot: &Snapshot,
    caller: &Caller,
    headers: &[(String, String)],
) -> Vec<Value> {
    let asked = upstream::send_request(server, upstream::request_without_body(Method::GET, "/api/ps", headers)).await;
    let Ok(told) =
        // A server that is away has nothing loaded; the others are still listed.
        asked.inspect_err(|error| tracing::debug!(provider.id = %server.id(), %error, "the list of loaded models could not be read"))
    else {
        return Vec::new();
    };
    let entries = serde_json::from_slice::<Value>(&told.body).ok();
    let entries = entries.as_ref().and_then(|list| list["models"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let named = |entry: &Value| {
        let upstream = entry["model"].as_str().or_else(|| entry["name"].as_str())?;
        let model = visible_models(snapshot, caller).find(|model| {
            // Matched by server and name: two servers may have loaded the same model.
            model.provider == *server.id()
                && (model.upstream == upstream || format!("{}:latest", model.upstream) == upstream)
        })?;
        let mut entry = entry.clone();
        let fields = entry.as_object_mut()?;
        fields.insert("name".into(), tagged(model).into());
        fields.insert("model".into(), tagged(model).into());
        // As in the other list: clients look there for what is loaded.
        fields.insert("digest".into(), digest(model).into());
        Some(entry)
    };
    entries.iter().filter_map(named).collect()
}

fn write_json(value: &Value) -> Result<Vec<u8>, PublicError> {
    serde_json::to_vec(value).map_err(|_| PublicError::new(baton_model::Code::Internal, "the list can't be written"))
}
