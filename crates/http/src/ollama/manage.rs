//! What changes the models of a server: pull, push, create, copy, delete, blobs. They go to the Ollama behind as they
//! are, for admins; afterwards its list is taken over.

use super::answer;
use crate::body::read_body;
use crate::{Doors, headers, identify, upstream};
use axum::extract::{Request, State};
use axum::response::Response;
use baton_model::entity::Role;
use baton_model::{Actor, Code, PublicError, RequestId};
use baton_provider::{Form, Forward, Forwarded};
use futures::{StreamExt, stream};
use http::Method;

/// Passes the request on.
pub async fn serve(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    answer(pass(&doors, request, &id).await, id)
}

async fn pass(doors: &Doors, request: Request, id: &RequestId) -> Result<Response, PublicError> {
    let (parts, body) = request.into_parts();
    let caller = identify::caller(doors, &parts).await?;
    if caller.role != Role::Admin {
        return Err(PublicError::new(Code::PermissionDenied, "only admins change the models of a server"));
    }
    let snapshot = doors.engine.registry().snapshot();
    let provider = upstream::choose(&snapshot, &caller, &parts.headers, "ollama")?;
    let body = read_body(&caller, body, doors.settings.max_body_bytes).await?;
    let headers = headers::passed_on(&parts.headers);
    let content_type = upstream::content_type(&parts).filter(|_| !body.is_empty());
    let forward = Forward {
        query: parts.uri.query(),
        content_type,
        body,
        form: Form::Stream,
        ..upstream::asking(parts.method.clone(), parts.uri.path(), &headers)
    };
    let told = upstream::send(provider.as_ref(), forward).await?;
    let changes = parts.method != Method::HEAD && !parts.uri.path().starts_with("/api/blobs/");
    let told = if changes && told.status < 300 {
        let by = identify::actor(doors, &parts, &caller);
        then_discover(told, doors.clone(), provider.id().to_string(), by)
    } else {
        told
    };
    Ok(upstream::stream(told, provider.id(), id))
}

/// The same answer, at whose end the server's list is taken over.
fn then_discover(told: Forwarded, doors: Doors, provider: String, by: Actor) -> Forwarded {
    let after = stream::once(async move {
        if let Err(error) = doors.directory.discover(Some(&provider), false, &by).await {
            tracing::warn!(provider.id = provider, %error, "the changed list of models was not taken over");
        }
    });
    let body = told.body.chain(after.filter_map(|()| async { None })).boxed();
    Forwarded { body, ..told }
}
