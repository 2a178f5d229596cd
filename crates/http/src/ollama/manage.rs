//! What changes the models of a server: pull, push, create, copy, delete, blobs. They go to the Ollama behind as they
//! are, for admins; afterwards its list is taken over.

use crate::{HttpState, headers, query, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_model::entity::Role;
use baton_model::{Actor, Code, PublicError};
use baton_provider_api::{Forward, Forwarded, ReplyForm};
use baton_web::{ClientApi, Inbound, Refused};
use futures::{StreamExt, stream};
use http::Method;

/// Passes the request on.
///
/// # Errors
/// If the caller is no admin, or there is no reply.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    // Before anything else: a pull fills a disk, and a deletion takes the model from everybody.
    if inbound.caller.role != Role::Admin {
        return Err(PublicError::new(Code::PermissionDenied, "only admins may change the models of a server").into());
    }
    let snapshot = state.web.engine.registry().snapshot();
    let provider = upstream::choose_provider(&snapshot, &inbound.caller, &inbound.parts.headers, "ollama")?;
    let body = inbound.read_body().await?;
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
    let reply = if changes && reply.status < 300 {
        then_discover(reply, state.clone(), provider.id().to_string(), by)
    } else {
        reply
    };
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
