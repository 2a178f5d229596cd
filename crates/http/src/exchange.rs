//! What every request API does: read the request, let the engine serve it, write the reply.

use crate::headers::{self, RequestHeaders};
use crate::reply::{ReplyOptions, respond};
use crate::{HttpState, form, query};
use axum::response::Response;
use baton_engine::policy::missing_run;
use baton_engine::{Call, CallOptions, HeadSent, Identity, Routing};
use baton_model::record::{Attribution, RUN_TAG};
use baton_model::{Caller, Capability, Code, PublicError, Wire};
use baton_tasks::compute;
use baton_web::bounds;
use baton_web::parse::{ParsedRequest, parse_json};
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;

/// Serves one request of an API.
///
/// # Errors
/// What the client is told if no reply begins.
pub async fn serve(
    api: ClientApi,
    capability: Capability,
    state: &HttpState,
    mut inbound: Inbound,
) -> Result<Response, Refused> {
    // Before the body: a header that means nothing is reported without reading megabytes.
    let headers = RequestHeaders::read(&inbound.parts.headers)?;
    // A request that would find no place is not even read: refusing has to cost less than serving.
    state.web.engine.limits().check(&inbound.caller)?;
    let bytes = inbound.read_body().await?;
    let request = read(api, capability, state, &inbound.parts.headers, bytes).await?;
    let options = ReplyOptions::new(state, api, capability, &inbound, &request);
    let call = call(api, capability, inbound, headers, request)?;
    Ok(respond(&state.web.engine, call, options).await?)
}

/// The call that a parsed request makes.
///
/// # Errors
/// `permission_denied` if the client names a project that its credentials may not book on.
pub fn call(
    api: ClientApi,
    capability: Capability,
    inbound: Inbound,
    headers: RequestHeaders,
    request: ParsedRequest,
) -> Result<Call, PublicError> {
    let run = run(&inbound, &headers)?;
    let attribution = attribution(&inbound.caller, &headers, run, request.attribution)?;
    let caller = inbound.caller_in(attribution.project.as_deref());
    let Inbound { id, trace, arrived, parts, hold, .. } = inbound;
    Ok(Call {
        wire: Wire::new(api.dialect(), capability),
        routing: Routing {
            selector: request.selector,
            // The header comes first: it can be set where a client's library has no field for it.
            fallbacks: headers.fallbacks.or(request.fallbacks),
            strict: headers.strict || caller.strict,
            timeout: headers.timeout,
            max_cost: headers.max_cost,
            run_budget: headers.run_budget,
        },
        options: CallOptions {
            form: request.form,
            max_output_tokens: request.max_output_tokens,
            deterministic: request.deterministic,
            cache: headers.cache,
            headers: headers::headers_to_forward(&parts.headers),
            query: query::forwarded(api, parts.uri.query()),
            head_sent: HeadSent::default(),
        },
        // The memory that was counted for the body stays counted for as long as the body lives.
        content: request.content.with_hold(hold),
        identity: Identity { id, arrived, trace, caller, attribution, api: api.name(), status: api.status() },
    })
}

/// Reads a request: a form where the capability has one, else JSON.
///
/// # Errors
/// `invalid_request` naming the field.
pub async fn read(
    api: ClientApi,
    capability: Capability,
    state: &HttpState,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Result<ParsedRequest, PublicError> {
    match form::read(api, capability, state, headers, &bytes).await? {
        Some(request) => Ok(request),
        None => compute(bytes.len(), || parse_json(api, capability, bytes)),
    }
}

/// The run of a request: as the client calls it, else its trace, where somebody counts runs.
///
/// # Errors
/// If it gives a budget to a run that has no name.
fn run(inbound: &Inbound, headers: &RequestHeaders) -> Result<Option<String>, PublicError> {
    let trace = || inbound.trace.parent.map(|parent| parent.trace.to_string());
    match (&headers.run, headers.run_budget) {
        (Some(run), _) => Ok(Some(run.clone())),
        (None, Some(_)) => trace().map(Some).ok_or_else(missing_run),
        // Each name is kept with its record, so nobody's trace is kept for nothing.
        (None, None) => Ok(trace().filter(|_| inbound.counts_runs())),
    }
}

/// On whose behalf: the key's own project and user win over what the client says.
///
/// # Errors
/// `invalid_request` if the body says more than is kept; `permission_denied` if the client names a project that its key
/// may not book on.
fn attribution(
    caller: &Caller,
    headers: &RequestHeaders,
    run: Option<String>,
    body: Attribution,
) -> Result<Attribution, PublicError> {
    let own = |own: &Option<Arc<str>>| own.as_ref().map(|text| text.to_string());
    // All of this goes into the record, which is kept for months.
    bounds::attribution(&body)?;
    for (project, field) in [(&body.project, "project_id"), (&headers.project, "x-baton-project")] {
        let Some(project) = project.as_deref().filter(|project| !caller.may_book_on(project)) else { continue };
        let message = format!("{field}: this key may not attribute requests to the project `{project}`");
        return Err(PublicError::new(Code::PermissionDenied, message).at(field));
    }
    Ok(Attribution {
        key: caller.key.clone(),
        // The key's own project comes first, or a client could book on somebody else's budget.
        project: own(&caller.project).or(body.project).or_else(|| headers.project.clone()),
        user: own(&caller.user).or(body.user).or_else(|| headers.user.clone()),
        task: body.task,
        // With its run, by which the ledger finds it again.
        tags: headers.tags.iter().cloned().chain(run.map(|run| format!("{RUN_TAG}{run}"))).collect(),
        metadata: body.metadata,
    })
}
