//! What every door does: identify the caller, read the request, let the engine serve it, write the answer.

use crate::answer;
use crate::body::read_body;
use crate::door::Door;
use crate::failure::Failure;
use crate::headers::{self, Wishes};
use crate::{Doors, form, identify, responses};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use baton_dialect::framing::splice;
use baton_dialect::glance::{self, Glance, glance};
use baton_dialect::{codec, native};
use baton_engine::{Call, Content, Trace, Wanted};
use baton_model::record::Attribution;
use baton_model::{Caller, Capability, Code, Dialect, PublicError, RequestId};
use baton_provider::Form;
use baton_tasks::compute;
use bytes::Bytes;
use http::request::Parts;
use std::sync::Arc;

/// Serves one request at a door.
pub async fn serve(door: Door, capability: Capability, State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let trace = headers::trace(request.headers(), &doors.engine);
    let context = headers::value(&trace.context().to_string());
    let mut response = match exchange(door, capability, &doors, request, &id, trace).await {
        Ok(response) => response,
        Err(error) => {
            tracing::debug!(request.id = %id, door = door.name(), error.code = error.code.name(), error.message = error.message, "refused");
            Failure { door, error, id }.into_response()
        }
    };
    response.headers_mut().insert("traceparent", context);
    response
}

async fn exchange(
    door: Door,
    capability: Capability,
    doors: &Doors,
    request: Request,
    id: &RequestId,
    trace: Trace,
) -> Result<Response, PublicError> {
    let arrived = doors.engine.clock().now();
    let (parts, body) = request.into_parts();
    let caller = identify::caller(doors, &parts).await?;
    let wishes = Wishes::read(&parts.headers)?;
    let bytes = read_body(&caller, body, doors.settings.max_body_bytes).await?;
    let request = if door == Door::Responses { bytes.clone() } else { Bytes::new() };
    let (asked, keep) = match door {
        Door::Responses => {
            let prepared = responses::prepare(doors, &caller, bytes, id).await?;
            let mut asked = read(door, capability, doors, &parts, prepared.body.clone()).await?;
            prepared.bind(doors, &caller, &mut asked).await?;
            (asked, prepared.keep)
        }
        _ => (read(door, capability, doors, &parts, bytes).await?, None),
    };
    let mut asked = asked;
    let names = answer::Wanted {
        door,
        capability,
        form: asked.form,
        include_usage: asked.include_usage,
        base64: asked.base64,
        request,
        keep,
        id: id.clone(),
        arrived,
        keep_alive: doors.settings.keep_alive,
        clock: Arc::clone(doors.engine.clock()),
    };
    let strict = wishes.strict || caller.strict;
    let attribution = attribution(&caller, &wishes, std::mem::take(&mut asked.attribution))?;
    let call = Call {
        id: id.clone(),
        arrived,
        trace,
        caller,
        attribution,
        door: door.name(),
        dialect: door.dialect(),
        capability,
        wanted: asked.wanted,
        form: asked.form,
        max_output_tokens: asked.max_output_tokens,
        deterministic: asked.deterministic,
        cache: wishes.cache,
        fallbacks: wishes.fallbacks.or(asked.fallbacks),
        strict,
        timeout: wishes.timeout,
        headers: headers::passed_on(&parts.headers),
        query: parts.uri.query().map(str::to_owned),
        content: asked.content,
        status: door.status(),
    };
    let answer = doors.engine.serve(call).await?;
    answer::respond(answer, names).await
}

/// A request as a door read it.
pub struct Asked {
    /// Which model.
    pub wanted: Wanted,
    /// Whether a stream.
    pub form: Form,
    /// Whether usage inside the stream.
    pub include_usage: bool,
    /// Whether vectors as base64.
    pub base64: bool,
    /// The output limit.
    pub max_output_tokens: Option<u64>,
    /// Whether determinism.
    pub deterministic: bool,
    /// Fallbacks in place of the model's own.
    pub fallbacks: Option<Vec<baton_model::ModelId>>,
    /// On whose behalf, as the body says.
    pub attribution: Attribution,
    /// What was sent.
    pub content: Content,
}

/// Reads a request: a form where the capability has one, else JSON.
///
/// # Errors
/// `invalid_request` naming the field.
pub async fn read(
    door: Door,
    capability: Capability,
    doors: &Doors,
    parts: &Parts,
    bytes: Bytes,
) -> Result<Asked, PublicError> {
    match form::read(door, capability, doors, &parts.headers, &bytes).await? {
        Some(asked) => Ok(asked),
        None => compute(bytes.len(), || json(door, capability, bytes)),
    }
}

/// Reads a JSON request.
///
/// # Errors
/// `invalid_request` naming the field.
pub fn json(door: Door, capability: Capability, bytes: Bytes) -> Result<Asked, PublicError> {
    let mut body = splice::scan(bytes)?;
    let mut envelope = native::Envelope::default();
    if door == Door::Native {
        (envelope, body) = native::unwrap(&body)?;
        glance::check(door.dialect(), capability, &body.bytes)?;
    }
    headers::at_most(headers::MOST_FALLBACKS, envelope.fallbacks.as_ref().map_or(0, Vec::len), "fallbacks")?;
    let facts = glance(door.dialect(), capability, &body)?;
    let Glance { model, stream, include_usage, max_output_tokens, deterministic, base64 } = facts;
    let wanted = match (model, envelope.provider) {
        (Some(model), _) => Wanted::Model(model),
        (None, Some(provider)) => Wanted::Provider(provider),
        (None, None) => Wanted::Default,
    };
    let attribution = Attribution {
        project: envelope.project_id,
        user: envelope.user_id,
        task: envelope.task_id,
        metadata: envelope.metadata,
        ..Attribution::default()
    };
    Ok(Asked {
        wanted,
        form: if stream { Form::Stream } else { Form::Whole },
        include_usage,
        base64,
        max_output_tokens,
        deterministic,
        fallbacks: envelope.fallbacks,
        attribution,
        content: Content::json(body, reader(door.dialect(), capability)?),
    })
}

/// The function that reads the meaning of a body.
fn reader(dialect: Dialect, capability: Capability) -> Result<baton_engine::call::Read, PublicError> {
    let codec = codec(dialect, capability)
        .ok_or_else(|| PublicError::new(Code::Internal, format!("{dialect} has no {capability}")))?;
    Ok(Box::new(move |bytes| {
        glance::check(dialect, capability, bytes)?;
        Ok(codec.read_request(bytes)?)
    }))
}

/// On whose behalf: the key's own project and user win over what the client says.
///
/// # Errors
/// `permission_denied` if the client names a project that its key may not book on.
fn attribution(caller: &Caller, wishes: &Wishes, body: Attribution) -> Result<Attribution, PublicError> {
    let own = |own: &Option<Arc<str>>| own.as_ref().map(|text| text.to_string());
    for (project, field) in [(&body.project, "project_id"), (&wishes.project, "x-baton-project")] {
        let Some(project) = project.as_deref().filter(|project| !caller.may_book_on(project)) else { continue };
        let message = format!("{field}: this key may not book requests on the project `{project}`");
        return Err(PublicError::new(Code::PermissionDenied, message).at(field));
    }
    Ok(Attribution {
        key: caller.key.clone(),
        project: own(&caller.project).or(body.project).or_else(|| wishes.project.clone()),
        user: own(&caller.user).or(body.user).or_else(|| wishes.user.clone()),
        task: body.task,
        tags: wishes.tags.clone(),
        metadata: body.metadata,
    })
}
