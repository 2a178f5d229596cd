//! What changes the models of a server: pull, push, create, copy, delete, blobs. They go to the Ollama behind, for
//! admins; afterwards its list is taken over.

use super::named::{ModelName, Place};
use crate::{HttpState, headers, query, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice;
use baton_engine::Snapshot;
use baton_model::entity::Role;
use baton_model::{Actor, Caller, Code, Model, PublicError};
use baton_provider_api::{Forward, Forwarded, Provider, ReplyForm};
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Method;
use std::sync::Arc;

/// Pushes, creates or copies a model, or asks for a blob or uploads one.
///
/// # Errors
/// If the caller is no admin, the model is another vendor's, or there is no reply.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    require_admin(&inbound.caller)?;
    let snapshot = state.web.engine.registry().snapshot();
    // A blob is a file, and what is created has no place yet.
    let fields: &[&str] = match inbound.parts.uri.path() {
        "/api/push" => &["model", "name"],
        "/api/copy" => &["source"],
        _ => &[],
    };
    let body = inbound.read_body().await?;
    let target = find_target(&snapshot, &inbound, body, fields)?;
    pass_on(state, &inbound, target).await
}

/// Deletes a model of an Ollama.
///
/// # Errors
/// If the caller is no admin, the model is another vendor's, or there is no reply.
pub async fn delete(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    require_admin(&inbound.caller)?;
    let snapshot = state.web.engine.registry().snapshot();
    let body = inbound.read_body().await?;
    let target = find_target(&snapshot, &inbound, body, &["model", "name"])?;
    pass_on(state, &inbound, target).await
}

/// Whether the caller may change the models of a server.
///
/// # Errors
/// `permission_denied` if not.
// Asked before anything else: a pull fills a disk, and a deletion takes the model from everybody.
pub fn require_admin(caller: &Caller) -> Result<(), PublicError> {
    if caller.role == Role::Admin {
        return Ok(());
    }
    Err(PublicError::new(Code::PermissionDenied, "only admins may change the models of a server"))
}

/// The Ollama that a request goes to, and its body there.
pub struct Target {
    /// The server.
    pub provider: Arc<dyn Provider>,
    /// The body, with the model's name as the server has it.
    pub body: Bytes,
}

/// The server that has the model in one of these fields, else the one that the header or the configuration chooses.
///
/// # Errors
/// If the model is at a provider of another kind, or no server is chosen.
pub fn find_target(
    snapshot: &Snapshot,
    inbound: &Inbound,
    body: Bytes,
    fields: &[&'static str],
) -> Result<Target, PublicError> {
    // Who names a server means that server's own names.
    let by_header = inbound.parts.headers.contains_key("x-baton-provider");
    if !by_header && !fields.is_empty() {
        let scanned = splice::scan(body.clone())?;
        // A request without a name is the server's to refuse.
        if let Ok(named) = ModelName::read(&scanned, fields) {
            match named.find(snapshot, &inbound.caller) {
                Place::Ollama(model) => {
                    let provider = upstream::provider(snapshot, &model.provider)?;
                    return Ok(Target { provider, body: named.rename(&scanned, model) });
                }
                Place::Elsewhere(model) => return Err(not_at_an_ollama(model)),
                Place::Unknown => {}
            }
        }
    }
    let provider = upstream::choose_provider(snapshot, &inbound.caller, &inbound.parts.headers, "ollama")?;
    Ok(Target { provider, body })
}

fn not_at_an_ollama(model: &Model) -> PublicError {
    let (id, provider) = (&model.id, &model.provider);
    let message = format!(
        "the model `{id}` is served by `{provider}`, which is no Ollama: Baton can only list, show and run it here; \
         `DELETE /api/models/{id}` or its entry in baton.toml takes it out of Baton"
    );
    PublicError::new(Code::InvalidRequest, message).at("model")
}

/// The server's reply, after which its list is taken over.
///
/// # Errors
/// If there is no reply.
pub async fn pass_on(state: HttpState, inbound: &Inbound, target: Target) -> Result<Response, Refused> {
    let Target { provider, body } = target;
    let (by, parts) = (inbound.actor(), &inbound.parts);
    let headers = headers::headers_to_forward(&parts.headers);
    let content_type = upstream::content_type(parts).filter(|_| !body.is_empty());
    let query = query::forwarded(ClientApi::Ollama, parts.uri.query());
    let forward = Forward {
        query: query.as_deref(),
        content_type,
        body,
        form: ReplyForm::Stream,
        ..upstream::request_without_body(parts.method.clone(), parts.uri.path(), &headers)
    };
    let reply = upstream::send(provider.as_ref(), forward).await?;
    // A blob is a file for a model that a later request creates.
    let changes = parts.method != Method::HEAD && !parts.uri.path().starts_with("/api/blobs/");
    let reply =
        if changes && reply.status < 300 { then_discover(reply, state, provider.id().to_string(), by) } else { reply };
    Ok(upstream::stream(reply, provider.id()))
}

/// The same reply, at whose end the server's list is taken over.
fn then_discover(reply: Forwarded, state: HttpState, provider: String, by: Actor) -> Forwarded {
    // At the end and not at once: a pull streams its progress for minutes, and the model is there only then.
    let after = stream::once(async move {
        if let Err(error) = state.models.discover(Some(&provider), false, &by).await {
            tracing::warn!(provider.id = provider, %error, "the changed list of models could not be registered");
        }
    });
    let body = reply.body.chain(after.filter_map(|()| async { None })).boxed();
    Forwarded { body, ..reply }
}
