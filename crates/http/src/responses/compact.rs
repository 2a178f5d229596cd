//! `POST /v1/responses/compact`: a conversation made shorter, by the provider where it has the endpoint, else by Baton: the
//! model is asked for a summary.

use super::{Prepared, needs, prepare};
use crate::headers::RequestHeaders;
use crate::reply::{ReplyOptions, respond};
use crate::{HttpState, exchange, upstream};
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice::{self, Editor};
use baton_dialect::responses::aside::write_compaction;
use baton_dialect::responses::context::Items;
use baton_model::chat::PartKind;
use baton_model::event::CollectedReply;
use baton_model::{Capability, PublicError, Usage};
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use futures::StreamExt;

const API: ClientApi = ClientApi::Responses;

/// What a model is asked that makes a conversation shorter.
const ASK: &str = "Write a summary of the conversation so far for an assistant that will continue it without seeing it. \
    Keep what it needs: the task, decisions and their reasons, facts, names, file paths, commands, results of tools, \
    what is done and what is left. Reply with the summary alone.";

/// Makes a conversation shorter.
///
/// # Errors
/// What the client is told if no reply begins.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    let headers = RequestHeaders::read(&inbound.parts.headers)?;
    state.web.engine.limits().check(&inbound.caller)?;
    let bytes = inbound.read_body().await?;
    let prepared = prepare(&state, &inbound.caller, bytes, &inbound.id).await?;
    let read = |capability, body| exchange::read(API, capability, &state, &inbound.parts.headers, body);
    let mut request = read(Capability::Compaction, prepared.body.clone()).await?;
    prepared.bind(&state, &inbound.caller, &mut request).await?;
    if needs::is_served(&state, &inbound.caller, &request.selector, Capability::Compaction)? {
        let options = ReplyOptions::new(&state, API, Capability::Compaction, &inbound, &request);
        let call = exchange::call(API, Capability::Compaction, inbound, headers, request)?;
        return Ok(respond(&state.web.engine, call, options).await?);
    }
    let said =
        Items::of_request(&splice::scan(prepared.body.clone())?, |number| format!("msg_{}_in{number}", inbound.id))?;
    let mut request = read(Capability::Chat, ask(&prepared, &said)?).await?;
    // Again, because this is another request, whose fallbacks are those of its body.
    prepared.bind(&state, &inbound.caller, &mut request).await?;
    let (id, created) = (inbound.id.to_string(), inbound.arrived.seconds());
    let call = exchange::call(API, Capability::Chat, inbound, headers, request)?;
    let reply = state.web.engine.serve(call).await?;
    let (head, mut frames) = (reply.head, reply.frames);
    let mut events = Vec::new();
    while let Some(frame) = frames.next().await {
        events.extend(frame?.events);
    }
    let (summary, used) = summary(&CollectedReply::collect(&events));
    let kept: Vec<&str> = said.iter().filter(|item| is_user_message(item)).collect();
    let mut response = upstream::json(write_compaction(&format!("resp_{id}"), created, &kept, &summary, &used));
    let clock = state.web.engine.clock();
    crate::headers::describe(response.headers_mut(), &head, API, &**clock);
    Ok(response)
}

/// The request for a summary: the conversation, and what is asked of it.
fn ask(prepared: &Prepared, said: &Items) -> Result<Bytes, PublicError> {
    let body = splice::scan(prepared.body.clone())?;
    let ask = Items::parse(
        serde_json::json!([{ "type": "message", "role": "user", "content": ASK }]).to_string().as_bytes(),
    )?;
    let mut editor = Editor::new(&body);
    editor.set("input", said.clone().then(ask).to_json());
    // It is read here, as a whole, and nobody asks for it later.
    for (name, value) in [("stream", "false"), ("store", "false")] {
        editor.set(name, value);
    }
    Ok(editor.finish())
}

fn summary(reply: &CollectedReply) -> (String, Usage) {
    let parts = reply.choices.iter().take(1).flat_map(|choice| &choice.parts);
    let text = parts.filter_map(|part| match &part.kind {
        PartKind::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    (text.collect(), reply.usage.clone().unwrap_or_default())
}

fn is_user_message(item: &str) -> bool {
    splice::scan(Bytes::copy_from_slice(item.as_bytes())).is_ok_and(|item| {
        item.value("role") == Some(b"\"user\"") && item.value("type").is_none_or(|type_| type_ == b"\"message\"")
    })
}
