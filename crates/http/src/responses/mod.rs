//! OpenAI's responses, which are stored (OpenAI API reference, responses): noted when they are made, and shown, gone
//! on from, cancelled and deleted at the provider that has them.
//!
//! Where the provider that replies stores none, Baton stores them itself ([`stored`]), for its time and up to a size: such
//! a response can be gone on from with any model. What else only a provider can store ([`needs`]) is refused before a
//! model is asked.

pub mod compact;
mod needs;
mod recording;
pub mod socket;
mod stored;

use crate::count::{self, Counter};
use crate::headers::RequestHeaders;
use crate::reply::{ReplyObserver, ReplyOptions, respond};
use crate::{HttpState, exchange, objects, upstream};
use axum::extract::{Path, State};
use axum::response::Response;
use baton_dialect::framing::splice;
use baton_dialect::responses::context::{self, Items};
use baton_engine::ModelSelector;
use baton_model::entity::ProviderObjectKind;
use baton_model::{Caller, Capability, Code, ModelId, PublicError, RequestId};
use baton_tasks::compute;
use baton_web::parse::ParsedRequest;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use recording::ResponseRecorder;
use std::sync::Arc;

/// `POST /v1/responses`: as every request to a model, but that the request may go on from an earlier response, and the
/// response may be stored.
///
/// # Errors
/// What the client is told if no reply begins.
pub async fn create(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    const API: ClientApi = ClientApi::Responses;
    // The same order as in `exchange::serve`: cheap refusals first.
    let headers = RequestHeaders::read(&inbound.parts.headers)?;
    state.web.engine.limits().check(&inbound.caller)?;
    let bytes = inbound.read_body().await?;
    // Before the request is parsed, because what it goes on from becomes part of its body.
    let prepared = prepare(&state, &inbound.caller, bytes.clone(), &inbound.id).await?;
    prepared.check_outputs()?;
    let body = prepared.body.clone();
    let mut request = exchange::read(API, Capability::Chat, &state, &inbound.parts.headers, body).await?;
    prepared.bind(&state, &inbound.caller, &mut request).await?;
    let mut options = ReplyOptions::new(&state, API, Capability::Chat, &inbound, &request);
    // The original bytes: the reply repeats what the client sent, not what Baton added.
    options.request = bytes;
    options.observer = prepared.recorder.map(|recorder| Arc::new(recorder) as Arc<dyn ReplyObserver>);
    let call = exchange::call(API, Capability::Chat, inbound, headers, request)?;
    Ok(respond(&state.web.engine, call, options).await?)
}

/// `POST /v1/responses/input_tokens`: how many tokens the prompt of such a request has.
///
/// # Errors
/// If the request can't be read, or its model can't be used.
pub async fn input_tokens(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    const API: ClientApi = ClientApi::Responses;
    let headers = RequestHeaders::read(&inbound.parts.headers)?;
    state.web.engine.limits().check(&inbound.caller)?;
    let bytes = inbound.read_body().await?;
    let prepared = prepare(&state, &inbound.caller, bytes, &inbound.id).await?;
    let body = prepared.body.clone();
    let mut request = exchange::read(API, Capability::TokenCount, &state, &inbound.parts.headers, body.clone()).await?;
    prepared.bind(&state, &inbound.caller, &mut request).await?;
    match count::counter(&state, &inbound.caller, &request.selector, API)? {
        Counter::Provider => {
            let options = ReplyOptions::new(&state, API, Capability::TokenCount, &inbound, &request);
            let call = exchange::call(API, Capability::TokenCount, inbound, headers, request)?;
            Ok(respond(&state.web.engine, call, options).await?)
        }
        Counter::Baton(model) => Ok(count::count_here(&state, API, body, model, &inbound.caller).await?),
    }
}

/// `GET` and `DELETE /v1/responses/{id}`. With `stream=true` its events, as they come.
pub async fn one(
    State(state): State<HttpState>,
    Path(response): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &response, "", inbound).await
}

/// `POST /v1/responses/{id}/cancel`.
pub async fn cancel(
    State(state): State<HttpState>,
    Path(response): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &response, "/cancel", inbound).await
}

/// `GET /v1/responses/{id}/input_items`.
pub async fn input_items(
    State(state): State<HttpState>,
    Path(response): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &response, "/input_items", inbound).await
}

async fn forward(state: &HttpState, response: &str, below: &str, mut inbound: Inbound) -> Result<Response, Refused> {
    if let Some(found) = state.conversations.find(&inbound.caller, response).await? {
        return Ok(stored::serve(state, found, &inbound.parts.method, below, inbound.query()).await?);
    }
    let path = format!("/responses/{}{below}", upstream::encoded(response));
    Ok(objects::stream(state, &mut inbound, ProviderObjectKind::Response, response, &path).await?)
}

/// A request that is about to be served.
struct Prepared {
    /// Its body, with all that it goes on from.
    body: Bytes,
    /// The model that replied before, where the request names none.
    model: Option<ModelId>,
    /// A call of a tool in what it goes on from, whose result it does not say.
    open_call: Option<String>,
    /// What records the response; `None` where the client wants none stored.
    recorder: Option<ResponseRecorder>,
    needs: needs::Needs,
}

/// Reads what a request goes on from, and writes it out in full where Baton stores that itself.
///
/// # Errors
/// If a field has the wrong type, or the earlier response is another's.
async fn prepare(state: &HttpState, caller: &Caller, body: Bytes, id: &RequestId) -> Result<Prepared, PublicError> {
    let scanned = compute(body.len(), || Ok::<_, PublicError>(context::open_compactions(splice::scan(body)?)?))?;
    let mut needs = needs::read(&scanned)?;
    let earlier = match &needs.previous {
        Some(previous) => {
            let found = state.conversations.find(caller, previous).await;
            found.map_err(|error| error.at("previous_response_id"))?
        }
        None => None,
    };
    // What can't be read is refused by whoever reads the request.
    let said = compute(scanned.bytes.len(), || Items::of_request(&scanned, |number| format!("msg_{id}_in{number}")));
    let (mut body, mut model, mut open_call) = (scanned.bytes.clone(), None, None);
    let mut all = said.clone().unwrap_or_default();
    if let Some(earlier) = earlier {
        let before = Items::parse(earlier.input.as_bytes())?.then(Items::of_response(earlier.response.as_bytes())?);
        all = before.then(said?);
        open_call = all.call_without_output();
        needs.mark_complete();
        let kept_there = needs::keeps_responses(state, caller, &scanned, &earlier.model);
        // Encrypted reasoning and item ids of one provider are refused by another. What is left is said again in
        // full.
        let items = if kept_there { all.clone().without_provider_state() } else { all.clone() };
        body = context::continue_conversation(&scanned, &items);
        model = Some(earlier.model);
    }
    let recorder = needs.store.then(|| {
        ResponseRecorder::new(state.provider_objects.clone(), state.conversations.clone(), caller.clone(), &all)
    });
    Ok(Prepared { body, model, open_call, recorder, needs })
}

impl Prepared {
    /// # Errors
    /// If a call of a tool has no result. In OpenAI's words: other vendors would refuse it in theirs, naming what this client
    /// never wrote.
    fn check_outputs(&self) -> Result<(), PublicError> {
        let Some(call) = &self.open_call else { return Ok(()) };
        let message = format!("No tool output found for function call {call}.");
        Err(PublicError::new(Code::InvalidRequest, message).at("input"))
    }

    /// Sees to it that what needs something kept goes to the one provider that can serve it.
    ///
    /// # Errors
    /// If no provider that keeps it can be asked.
    async fn bind(&self, state: &HttpState, caller: &Caller, request: &mut ParsedRequest) -> Result<(), PublicError> {
        if let (Some(model), ModelSelector::Default) = (&self.model, &request.selector) {
            request.selector = ModelSelector::Model(model.to_string());
        }
        if self.needs.is_bound() { needs::bind(state, caller, &self.needs, request).await } else { Ok(()) }
    }
}
