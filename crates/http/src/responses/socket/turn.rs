//! One `response.create`, from its message to the last of its events.

use super::memory::Memory;
use crate::HttpState;
use crate::responses::create;
use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::Utf8Bytes;
use baton_dialect::framing::splice::{self, Editor};
use baton_dialect::framing::{Framing, Splitter, sse};
use baton_dialect::peek;
use baton_dialect::responses::context::{Items, continue_conversation};
use baton_dialect::{ReplyContext, codec};
use baton_engine::ModelSelector;
use baton_model::event::{FinishReason, ReplyEvent, ReplyStart};
use baton_model::{Caller, Capability, Code, Dialect, PublicError, RequestId};
use baton_tasks::compute;
use baton_web::identify::request_id;
use baton_web::{ClientApi, Inbound};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http_body_util::BodyExt;
use serde_json::value::RawValue;
use std::sync::Arc;

/// A `response.create` that was read.
pub(super) struct Create {
    /// Its `stream_id`: requests of one lane wait for each other.
    pub(super) lane: Option<String>,
    /// The body that `POST /v1/responses` would have.
    body: Bytes,
    previous: Option<String>,
    /// Whether the model is asked; a client that only prepares a conversation says no.
    generates: bool,
}

/// What a request comes to.
pub(super) enum Output {
    /// An event, as JSON.
    Event(Utf8Bytes),
    /// Nothing yet.
    Alive,
    /// The last: its lane is free.
    Ended(Option<String>),
}

impl Create {
    /// Reads a message.
    ///
    /// # Errors
    /// `invalid_request` naming the field; with the lane, if that could be read.
    pub(super) fn read(message: Bytes) -> Result<Self, (Option<String>, PublicError)> {
        let wrong = |field: &'static str, expected: &str| {
            PublicError::new(Code::InvalidRequest, format!("{field}: {expected}")).at(field)
        };
        let body = compute(message.len(), || splice::scan(message)).map_err(|error| (None, error.into()))?;
        let text = |name: &'static str| match body.value(name).filter(|value| *value != b"null") {
            None => Ok(None),
            Some(value) => {
                serde_json::from_slice::<String>(value).map(Some).map_err(|_| wrong(name, "must be a string"))
            }
        };
        let lane = text("stream_id").map_err(|error| (None, error))?;
        let read = || {
            match text("type")?.as_deref() {
                Some("response.create") => {}
                Some("response.steer") => return Err(wrong("type", "`response.steer` is not supported")),
                _ => return Err(wrong("type", "must be `response.create`")),
            }
            if body.value("background") == Some(b"true") {
                return Err(wrong("background", "is not supported over a WebSocket"));
            }
            let previous = text("previous_response_id")?;
            let generates = match body.value("generate") {
                None | Some(b"null" | b"true") => true,
                Some(b"false") => false,
                Some(_) => return Err(wrong("generate", "must be true or false")),
            };
            Ok((previous, generates))
        };
        let (previous, generates) = read().map_err(|error| (lane.clone(), error))?;
        let mut editor = Editor::new(&body);
        for name in ["type", "stream_id", "generate"] {
            editor.remove(name);
        }
        // The events are the messages, whatever the client says.
        editor.set("stream", "true");
        let body = editor.finish();
        Ok(Self { lane, body, previous, generates })
    }
}

/// A message that was no request: the error, and nothing else.
pub(super) fn refused(lane: Option<String>, error: PublicError) -> BoxStream<'static, Output> {
    // Its lane may have a request under way, which goes on: so it ends none.
    let id = request_id();
    // Nothing else is recorded of it: in the log the id that the client was told is found.
    tracing::debug!(request.id = %id, error = error.code.name(), "a message of a websocket was no request");
    let event = Output::Event(describe(&error, &id, lane.as_deref()));
    stream::iter([event]).boxed()
}

/// Serves a request.
pub(super) fn run(
    state: HttpState,
    opened: Arc<Inbound>,
    memory: Arc<Memory>,
    create: Create,
) -> BoxStream<'static, Output> {
    let output = async_stream::stream! {
        let lane = create.lane.clone();
        match begin(&state, &opened, &memory, create).await {
            Err((id, error)) => yield Output::Event(describe(&error, &id, lane.as_deref())),
            Ok(Begun { body, said, caller }) => {
                let mut events = events(body);
                let mut completed = None;
                while let Some(event) = events.next().await {
                    match event {
                        None => yield Output::Alive,
                        Some(event) => {
                            completed = find_completed(&event).or(completed);
                            yield Output::Event(with_lane(event, lane.as_deref()));
                        }
                    }
                }
                // Before its lane is free: the next request there may go on from this response.
                if let Some((id, reply)) = completed {
                    remember(&state, &caller, &memory, id, said.then(reply));
                }
            }
        }
        yield Output::Ended(lane);
    };
    output.boxed()
}

/// A reply that begins.
struct Begun {
    body: Body,
    /// All that is said to the model.
    said: Items,
    /// Who asks; the response is remembered in memory of theirs.
    caller: Caller,
}

async fn begin(
    state: &HttpState,
    opened: &Inbound,
    memory: &Memory,
    create: Create,
) -> Result<Begun, (RequestId, PublicError)> {
    let before = create.previous.as_deref().and_then(|previous| memory.find(previous));
    let body = create.body;
    // Until then it has no id of its own.
    let inbound = opened.again(body.clone()).await.map_err(|error| (opened.id.clone(), error))?;
    let id = inbound.id.clone();
    let written = compute(body.len(), || {
        let scanned = splice::scan(body)?;
        let said = Items::of_request(&scanned, |number| format!("msg_{id}_in{number}"))?;
        Ok::<_, PublicError>(match before {
            None => (scanned.bytes.clone(), said),
            Some(before) => {
                let all = before.then(said);
                (continue_conversation(&scanned, &all), all)
            }
        })
    });
    let (body, said) = written.map_err(|error| (inbound.id.clone(), error))?;
    let caller = inbound.caller.clone();
    if !create.generates {
        let reply = prepare_only(state, &inbound, body, create.previous.as_deref());
        return reply.map(|body| Begun { body, said, caller }).map_err(|error| (id, error));
    }
    match self::create(State(state.clone()), inbound.with_body(body)).await {
        Ok(response) => Ok(Begun { body: response.into_body(), said, caller }),
        Err(refused) => Err((id, refused.into_error())),
    }
}

/// The empty response to a request that asks no model: its id is what the next request goes on from.
fn prepare_only(
    state: &HttpState,
    inbound: &Inbound,
    body: Bytes,
    previous: Option<&str>,
) -> Result<Body, PublicError> {
    let scanned = splice::scan(body)?;
    // Where the connection remembered it, all of it is in the body by now, and the field is gone.
    if let Some(previous) = previous.filter(|_| scanned.value("previous_response_id").is_some()) {
        let message = format!("previous_response_id: `{previous}` was not made on this connection");
        return Err(PublicError::new(Code::NotFound, message).at("previous_response_id"));
    }
    let hints = peek::peek(Dialect::Responses, Capability::Chat, &scanned)?;
    let selector = hints.model.map_or(ModelSelector::Default, ModelSelector::Model);
    let snapshot = state.web.engine.registry().snapshot();
    let model = snapshot.find(&inbound.caller, &selector, Capability::Chat)?;
    let context = ReplyContext {
        id: inbound.id.to_string(),
        model: model.id.to_string(),
        created: inbound.arrived.seconds(),
        request: scanned.bytes.clone(),
        ..ReplyContext::default()
    };
    let writer = codec(Dialect::Responses, Capability::Chat).and_then(|codec| codec.stream_writer(context));
    let mut writer = writer.ok_or_else(|| PublicError::new(Code::Internal, "responses have no streams"))?;
    let events = [
        ReplyEvent::Started(ReplyStart::default()),
        ReplyEvent::Usage(baton_model::Usage::default()),
        ReplyEvent::Finished { choice: 0, reason: FinishReason::Stop, stop_sequence: None },
        ReplyEvent::Ended,
    ];
    Ok(Body::from(events.iter().map(|event| writer.push(event)).collect::<Vec<_>>().concat()))
}

/// The events of a stream, as JSON; `None` for a comment, which says that it goes on.
fn events(mut body: Body) -> BoxStream<'static, Option<Bytes>> {
    let events = async_stream::stream! {
        // The frames are Baton's own, or were bounded when they came from the provider.
        let mut splitter = Splitter::new(Framing::Sse, usize::MAX);
        let mut frames = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else { continue };
            if splitter.push(data, &mut frames).is_err() {
                break;
            }
            for frame in frames.drain(..) {
                yield sse::parse(&frame).data.map(|data| Bytes::copy_from_slice(&data));
            }
        }
    };
    events.boxed()
}

/// Id and output of the response that ends well with an event.
fn find_completed(event: &[u8]) -> Option<(String, Items)> {
    #[derive(serde::Deserialize)]
    struct Ended<'e> {
        r#type: String,
        #[serde(borrow)]
        response: Option<&'e RawValue>,
    }
    // Most events are deltas, and are not parsed for this.
    memchr::memmem::find(event, b"\"response\"")?;
    let ended: Ended<'_> = serde_json::from_slice(event).ok()?;
    let response = ended.response.filter(|_| matches!(&*ended.r#type, "response.completed" | "response.incomplete"))?;
    let body = splice::scan(Bytes::copy_from_slice(response.get().as_bytes())).ok()?;
    let id = serde_json::from_slice(body.value("id")?).ok()?;
    Some((id, Items::of_response(&body.bytes).ok()?))
}

/// Remembers a response, if there is memory for it: else the client has to say all of it again.
fn remember(state: &HttpState, caller: &Caller, memory: &Memory, id: String, items: Items) {
    let bytes = items.iter().map(|item| item.len() as u64).sum();
    if let Ok(hold) = state.web.engine.limits().hold_bytes(caller, bytes) {
        memory.keep(id, items, hold);
    }
}

/// The event with the name of its lane, where the request has one.
fn with_lane(event: Bytes, lane: Option<&str>) -> Utf8Bytes {
    let event = match lane.map(|lane| (lane, splice::scan(event.clone()))) {
        Some((lane, Ok(body))) => {
            let mut editor = Editor::new(&body);
            editor.set("stream_id", serde_json::Value::from(lane).to_string());
            editor.finish()
        }
        _ => event,
    };
    // Events are JSON, and so UTF-8.
    Utf8Bytes::try_from(event).unwrap_or_default()
}

/// An error as an event: what `POST` would reply, and the status that it would have.
fn describe(error: &PublicError, id: &RequestId, lane: Option<&str>) -> Utf8Bytes {
    let reply = ClientApi::Responses.error(error, id.as_str());
    let body = splice::scan(reply.body.clone()).ok();
    let inner = body.as_ref().and_then(|body| body.value("error")).unwrap_or(b"null");
    let inner = std::str::from_utf8(inner).unwrap_or("null");
    let event = format!(r#"{{"type":"error","status":{},"error":{inner}}}"#, reply.status);
    with_lane(Bytes::from(event), lane)
}
