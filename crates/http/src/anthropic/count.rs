//! `POST /v1/messages/count_tokens`: exact where a provider of this format counts, else Baton's own count.

use crate::{HttpState, exchange, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_dialect::anthropic::count_tokens;
use baton_dialect::framing::splice;
use baton_dialect::peek;
use baton_engine::ModelSelector;
use baton_meter::count;
use baton_model::{Caller, Capability, Code, Dialect, Model, Operation, PublicError};
use baton_tasks::{blocking, compute};
use baton_web::headers::value;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use std::sync::Arc;

/// Counts the tokens of a prompt.
///
/// # Errors
/// If the request can't be read, or its model can't be used.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    let bytes = inbound.read_body().await?;
    match compute(bytes.len(), || counter(&state, &inbound.caller, &bytes))? {
        Counter::Provider => {
            // Through the pipeline, though vendors bill nothing for it: limits, the circuit and the record apply to
            // it as well.
            let again = inbound.with_body(bytes);
            exchange::serve(ClientApi::Anthropic, Capability::TokenCount, State(state), again).await
        }
        Counter::Baton(model) => {
            let name = model.id.clone();
            // Counting a megabyte takes long enough to delay other requests on an async thread.
            let counted = blocking("token_count", move || count_here(&bytes, &model)).await;
            let tokens = counted.unwrap_or_else(|| Err(count_error()))?;
            let mut response = upstream::json(count_tokens::write_reply(tokens).body.to_vec());
            response.headers_mut().insert("x-baton-model", value(name.as_str()));
            Ok(response)
        }
    }
}

/// Who counts.
enum Counter {
    /// The provider of the model, by an endpoint of its own.
    Provider,
    /// Baton itself.
    Baton(Arc<Model>),
}

fn counter(state: &HttpState, caller: &Caller, bytes: &Bytes) -> Result<Counter, PublicError> {
    let body = splice::scan(bytes.clone())?;
    let selector = peek::peek(Dialect::Anthropic, Capability::TokenCount, &body)?.model;
    let selector = selector.map_or(ModelSelector::Default, ModelSelector::Model);
    let snapshot = state.web.engine.registry().snapshot();
    let model = snapshot.find(caller, &selector, Capability::Chat)?;
    let provider = snapshot.providers.get(&model.provider);
    let asked = provider.and_then(|provider| provider.dialect(Capability::TokenCount, Dialect::Anthropic, model));
    Ok(if asked.is_some() { Counter::Provider } else { Counter::Baton(Arc::clone(model)) })
}

fn count_here(bytes: &[u8], model: &Model) -> Result<u64, PublicError> {
    // The same checks as a request to a model has, so that a body that counts can also be sent.
    peek::check(Dialect::Anthropic, Capability::TokenCount, bytes)?;
    let request = count_tokens::read_request(bytes)?;
    Ok(count::operation(&Operation::Chat(Box::new(request)), model).tokens)
}

fn count_error() -> PublicError {
    PublicError::new(Code::Internal, "the prompt could not be counted")
}
