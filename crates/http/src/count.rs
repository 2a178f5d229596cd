//! The tokens of a prompt, for the APIs that have an endpoint for it: exact where a provider of the format counts, else
//! Baton's own count.

use crate::{HttpState, exchange, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice;
use baton_dialect::{codec, count, peek};
use baton_engine::ModelSelector;
use baton_model::{Caller, Capability, Code, Model, PublicError};
use baton_tasks::{blocking, compute};
use baton_web::headers::value;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use std::sync::Arc;

/// Who counts.
pub enum Counter {
    /// The provider of the model, by an endpoint of its own.
    Provider,
    /// Baton itself.
    Baton(Arc<Model>),
}

/// `POST /v1/messages/count_tokens`.
///
/// # Errors
/// If the request can't be read, or its model can't be used.
pub async fn messages(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    const API: ClientApi = ClientApi::Anthropic;
    // Before the body, as for every request to a model.
    state.web.engine.limits().check(&inbound.caller)?;
    let bytes = inbound.read_body().await?;
    let named = compute(bytes.len(), || {
        let body = splice::scan(bytes.clone())?;
        peek::peek(API.dialect(), Capability::TokenCount, &body).map(|hints| hints.model)
    })?;
    let selector = named.map_or(ModelSelector::Default, ModelSelector::Model);
    match counter(&state, &inbound.caller, &selector, API)? {
        Counter::Provider => {
            // Through the pipeline, though vendors bill nothing for it: limits, the circuit and the record apply to
            // it as well.
            let again = inbound.with_body(bytes);
            exchange::serve(API, Capability::TokenCount, &state, again).await
        }
        Counter::Baton(model) => Ok(count_here(&state, API, bytes, model, &inbound.caller).await?),
    }
}

/// Who counts the prompt of a request for a model.
///
/// # Errors
/// If the model can't be used.
pub fn counter(
    state: &HttpState,
    caller: &Caller,
    selector: &ModelSelector,
    api: ClientApi,
) -> Result<Counter, PublicError> {
    let snapshot = state.web.engine.registry().snapshot();
    let model = snapshot.find(caller, selector, Capability::Chat)?;
    let provider = snapshot.providers.get(&model.provider);
    let asked = provider.and_then(|provider| provider.dialect(Capability::TokenCount, api.dialect(), model));
    Ok(if asked.is_some() { Counter::Provider } else { Counter::Baton(Arc::clone(model)) })
}

/// The reply with Baton's own count.
///
/// # Errors
/// If the request is not of the API's format.
pub async fn count_here(
    state: &HttpState,
    api: ClientApi,
    body: Bytes,
    model: Arc<Model>,
    caller: &Caller,
) -> Result<Response, PublicError> {
    let (name, key) = (model.id.clone(), caller.key.clone());
    let calibration = Arc::clone(state.web.engine.calibration());
    let count = move || {
        // The same checks as a request to a model has, so that a body that counts can also be sent.
        peek::check(api.dialect(), Capability::TokenCount, &body)?;
        let codec = codec(api.dialect(), Capability::TokenCount).ok_or_else(count_error)?;
        Ok(calibration.count(&codec.read_request(&body)?, &model, api.dialect(), key.as_ref()).tokens)
    };
    // Counting a megabyte takes long enough to delay other requests on an async thread.
    let tokens = blocking("token_count", count).await.unwrap_or_else(|| Err(count_error()))?;
    let mut response = upstream::json(count::write_reply(api.dialect(), tokens).body.to_vec());
    response.headers_mut().insert("x-baton-model", value(name.as_str()));
    Ok(response)
}

fn count_error() -> PublicError {
    PublicError::new(Code::Internal, "the prompt could not be counted")
}
