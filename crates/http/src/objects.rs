//! Objects that providers keep for their callers, one at a time and in lists: only the owner reaches them.

use crate::batch_results::record_results;
use crate::list_query::{LONGEST_LIST, ListQuery};
use crate::upstream::{self, ProviderReply};
use crate::{HttpState, headers, query};
use axum::response::Response;
use baton_control::provider_objects::{Near, NewProviderObject};
use baton_model::entity::{ProviderObject, ProviderObjectKind};
use baton_model::{Caller, Code, ModelId, ProviderId, PublicError, Timestamp, bounds};
use baton_provider_api::{Forward, Provider, ReplyForm};
use baton_web::{ClientApi, Inbound};
use bytes::Bytes;
use chrono::DateTime;
use futures::{StreamExt, TryStreamExt};
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// How many of a list are asked for at once.
const AT_ONCE: usize = 8;
/// The most of a list: each is asked for.
const MOST: usize = 100;

/// An object, and the provider that keeps it.
pub struct FoundObject {
    /// The object.
    pub object: ProviderObject,
    /// Its provider.
    pub provider: Arc<dyn Provider>,
}

/// The object of that name, if the caller may see it.
///
/// # Errors
/// `not_found`, or that its provider is not configured any more.
pub async fn find(
    state: &HttpState,
    caller: &Caller,
    kind: ProviderObjectKind,
    object: &str,
) -> Result<FoundObject, PublicError> {
    // All callers share Baton's key at the provider, so it is this lookup that keeps them apart.
    let object = state.provider_objects.get(caller, kind, object).await?;
    let provider = upstream::provider(&state.web.engine.registry().snapshot(), &object.provider)?;
    Ok(FoundObject { object, provider })
}

/// Forwards a request about an object to its provider, and reads the whole reply. An object that was deleted there is
/// forgotten here.
///
/// # Errors
/// If the caller may not see the object, or there is no reply.
pub async fn forward(
    state: &HttpState,
    inbound: &mut Inbound,
    kind: ProviderObjectKind,
    object: &str,
    path: &str,
) -> Result<(FoundObject, ProviderReply), PublicError> {
    let found = find(state, &inbound.caller, kind, object).await?;
    // After the lookup: a caller without access to the object makes Baton read no body.
    let body = inbound.read_body().await?;
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let query = query::forwarded(api(kind), inbound.query());
    let whole = upstream::send_request(found.provider.as_ref(), request(inbound, path, &query, body, &headers)).await?;
    forget_if_gone(state, inbound, &found, whole.status).await?;
    Ok((found, whole))
}

/// The same, and the reply goes on to the client as it comes.
///
/// # Errors
/// As of [`forward`].
pub async fn stream(
    state: &HttpState,
    inbound: &mut Inbound,
    kind: ProviderObjectKind,
    object: &str,
    path: &str,
) -> Result<Response, PublicError> {
    let found = find(state, &inbound.caller, kind, object).await?;
    let body = inbound.read_body().await?;
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let query = query::forwarded(api(kind), inbound.query());
    let request = Forward { form: ReplyForm::Stream, ..request(inbound, path, &query, body, &headers) };
    let reply = upstream::send(found.provider.as_ref(), request).await?;
    forget_if_gone(state, inbound, &found, reply.status).await?;
    // Results of a batch: of Anthropic's its own, of OpenAI's a file that the batch has made. What a caller has uploaded is
    // none, whatever it looks like, or anybody could write into the ledger.
    let reply = match (&found.object.made_by, kind) {
        (_, ProviderObjectKind::MessageBatch) => record_results(state, &found.object, object, reply),
        (Some(batch), _) => record_results(state, &found.object, batch, reply),
        (None, _) => reply,
    };
    Ok(upstream::stream(reply, found.provider.id()))
}

/// The API whose clients have objects of a kind.
fn api(kind: ProviderObjectKind) -> ClientApi {
    match kind {
        ProviderObjectKind::File | ProviderObjectKind::Batch => ClientApi::OpenAi,
        ProviderObjectKind::MessageBatch => ClientApi::Anthropic,
        ProviderObjectKind::Response => ClientApi::Responses,
    }
}

fn request<'a>(
    inbound: &'a Inbound,
    path: &'a str,
    query: &'a Option<String>,
    body: Bytes,
    headers: &'a [(String, String)],
) -> Forward<'a> {
    Forward {
        query: query.as_deref(),
        // A request without a body has no media type.
        content_type: upstream::content_type(&inbound.parts).filter(|_| !body.is_empty()),
        body,
        ..upstream::request_without_body(inbound.parts.method.clone(), path, headers)
    }
}

async fn forget_if_gone(
    state: &HttpState,
    inbound: &Inbound,
    found: &FoundObject,
    status: u16,
) -> Result<(), PublicError> {
    // A 404 to a deletion means that the provider has lost it already.
    if inbound.parts.method == Method::DELETE && matches!(status, 200..300 | 404) {
        state.provider_objects.forget(&found.object).await?;
    }
    Ok(())
}

/// Notes the object that a reply says was made; does nothing for an error.
///
/// # Errors
/// If it can't be noted: then nobody would come to it again.
pub async fn note_object(
    state: &HttpState,
    caller: &Caller,
    kind: ProviderObjectKind,
    provider: &ProviderId,
    model: Option<&ModelId>,
    reply: &ProviderReply,
) -> Result<(), PublicError> {
    #[derive(Deserialize)]
    struct Object {
        id: String,
        #[serde(default)]
        expires_at: Value,
    }
    if !reply.is_success() {
        return Ok(());
    }
    let object: Object = serde_json::from_slice(&reply.body).map_err(|_| {
        PublicError::new(
            Code::ProviderError,
            format!("the reply of `{provider}` does not contain the id of the created object"),
        )
    })?;
    // A batch is kept longer than its time to run, which is what vendors mean by this field there.
    let expires_at = moment(&object.expires_at).filter(|_| kind == ProviderObjectKind::File);
    let made = NewProviderObject { kind, object: &object.id, provider, model, expires_at };
    match state.provider_objects.note_object(caller, made).await {
        // The same was made before, as some services do with the same file: whose it is stays as it is.
        Err(error) if error.code == Code::Conflict => Ok(()),
        kept => kept.map(drop),
    }
}

/// Seconds since 1970 (OpenAI) or RFC 3339 (Anthropic).
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok()?.timestamp(),
        other => other.as_i64()?,
    };
    seconds.checked_mul(1_000_000).map(Timestamp)
}

/// A page of the objects that the caller may see, each as its provider shows it now, newest first; and whether there are
/// more. What a provider has no more is forgotten. `path` is the provider's collection: `/files`.
///
/// # Errors
/// If the object to begin at is not known, or a provider does not respond.
pub async fn list(
    state: &HttpState,
    inbound: &Inbound,
    kind: ProviderObjectKind,
    path: &str,
) -> Result<(Vec<Bytes>, bool), PublicError> {
    let (caller, query) = (&inbound.caller, ListQuery::read(inbound.query(), LONGEST_LIST)?);
    let limit = query.limit.min(MOST);
    let from = match query.after.as_deref().or(query.before.as_deref()) {
        // Looked up as the caller: an id of somebody else is no place to page from.
        Some(object) => Some(state.provider_objects.get(caller, kind, object).await?.id),
        None => None,
    };
    let near = match (&from, &query.after) {
        (None, _) => Near::Newest,
        (Some(id), Some(_)) => Near::OlderThan(id),
        (Some(id), None) => Near::NewerThan(id),
    };
    // One more than shown tells whether there is another page, without counting.
    let one_more = u64::try_from(limit + 1).unwrap_or(u64::MAX);
    let mut objects = state.provider_objects.list(caller, kind, near, one_more).await?;
    let more = objects.len() > limit;
    match near {
        // The list is newest first, so the one too many, the farthest from where the page begins, is at the front.
        Near::NewerThan(_) => drop(objects.drain(..objects.len().saturating_sub(limit))),
        Near::Newest | Near::OlderThan(_) => objects.truncate(limit),
    }
    // A page that becomes too long ends where the next one goes on from: away from where it began.
    let reversed = matches!(near, Near::NewerThan(_));
    if reversed {
        objects.reverse();
    }
    let headers = &headers::headers_to_forward(&inbound.parts.headers);
    let shown = futures::stream::iter(objects).map(|object| async move { show(state, &object, path, headers).await });
    // In order and bounded: a long list must not open a hundred connections at once.
    let mut shown = shown.buffered(AT_ONCE);
    let (mut page, mut bytes, mut cut) = (Vec::new(), 0, false);
    while let Some(object) = shown.try_next().await? {
        bytes += object.as_ref().map_or(0, Bytes::len);
        if bytes > bounds::PAGE {
            cut = true;
            break;
        }
        page.extend(object);
    }
    if reversed {
        page.reverse();
    }
    Ok((page, more || cut))
}

/// One as its provider shows it; `None` if that has it no more.
async fn show(
    state: &HttpState,
    object: &ProviderObject,
    path: &str,
    headers: &[(String, String)],
) -> Result<Option<Bytes>, PublicError> {
    // What a provider keeps that is gone is still there, only not to be had: the others are.
    let Ok(provider) = upstream::provider(&state.web.engine.registry().snapshot(), &object.provider) else {
        return Ok(None);
    };
    let path = format!("{path}/{}", upstream::encoded(&object.object));
    let asking = upstream::request_without_body(Method::GET, &path, headers);
    let reply = upstream::ask_within(provider.as_ref(), asking, bounds::LISTED_OBJECT).await?;
    match reply.status {
        200 => Ok(Some(reply.body)),
        // Deleted there by other means, or expired.
        404 => {
            state.provider_objects.forget(object).await?;
            Ok(None)
        }
        status => Err(PublicError::new(
            Code::ProviderError,
            format!("`{}` replied {status} for the {} `{}`", object.provider, object.kind.name(), object.object),
        )),
    }
}
