//! `POST /v1/messages/count_tokens`: exact where a provider of this format counts, else Baton's own count.

use super::answer;
use crate::body::read_body;
use crate::door::Door;
use crate::{Doors, exchange, headers, identify, upstream};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use baton_dialect::anthropic::count_tokens;
use baton_dialect::framing::splice;
use baton_dialect::glance;
use baton_engine::Wanted;
use baton_meter::count;
use baton_model::{Caller, Capability, Code, Dialect, Model, Operation, PublicError};
use baton_tasks::blocking;
use bytes::Bytes;
use std::sync::Arc;

/// Counts the tokens of a prompt.
pub async fn serve(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let read = async {
        let caller = identify::caller(&doors, &parts).await?;
        let bytes = read_body(&caller, body, doors.settings.max_body_bytes).await?;
        let model = model(&doors, &caller, &bytes)?;
        Ok((bytes, model))
    };
    let (bytes, model) = match read.await {
        Ok(read) => read,
        Err(error) => return answer(Err(error), id),
    };
    if let Counted::ByProvider = model {
        let request = Request::from_parts(parts, Body::from(bytes));
        return exchange::serve(Door::Anthropic, Capability::TokenCount, State(doors), request).await;
    }
    let Counted::Here(model) = model else { return answer(Err(uncounted()), id) };
    let name = model.id.clone();
    let counted = blocking("token_count", move || here(&bytes, &model)).await;
    let counted = counted.unwrap_or_else(|| Err(uncounted())).map(|tokens| {
        let mut response = upstream::json(count_tokens::write_reply(tokens).body.to_vec(), &id);
        response.headers_mut().insert("x-baton-model", headers::value(name.as_str()));
        response
    });
    answer(counted, id)
}

/// Who counts.
enum Counted {
    ByProvider,
    Here(Arc<Model>),
}

fn model(doors: &Doors, caller: &Caller, bytes: &Bytes) -> Result<Counted, PublicError> {
    let body = splice::scan(bytes.clone())?;
    let wanted = glance::glance(Dialect::Anthropic, Capability::TokenCount, &body)?.model;
    let wanted = wanted.map_or(Wanted::Default, Wanted::Model);
    let snapshot = doors.engine.registry().snapshot();
    let model = snapshot.get(&wanted, Capability::Chat)?;
    if !caller.may_use(&model.id) {
        let message = format!("this key may not use the model `{}`", model.id);
        return Err(PublicError::new(Code::PermissionDenied, message).at("model"));
    }
    let provider = snapshot.providers.get(&model.provider);
    let asked = provider.and_then(|provider| provider.dialect(Capability::TokenCount, Dialect::Anthropic, model));
    Ok(if asked.is_some() { Counted::ByProvider } else { Counted::Here(Arc::clone(model)) })
}

fn here(bytes: &[u8], model: &Model) -> Result<u64, PublicError> {
    glance::check(Dialect::Anthropic, Capability::TokenCount, bytes)?;
    let request = count_tokens::read_request(bytes)?;
    Ok(count::operation(&Operation::Chat(Box::new(request)), model).tokens)
}

fn uncounted() -> PublicError {
    PublicError::new(Code::Internal, "the prompt could not be counted")
}
