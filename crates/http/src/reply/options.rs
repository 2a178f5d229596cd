//! What writing a reply needs to know of its request, and the head that every response has.

use super::observer::ReplyObserver;
use crate::HttpState;
use crate::headers;
use axum::body::Body;
use axum::response::Response;
use baton_dialect::client_tools::ClientTools;
use baton_dialect::{Codec, ReplyContext, StreamWriter, codec, native};
use baton_engine::{HeadSent, Reply, ReplyHead};
use baton_model::record::CacheUse;
use baton_model::{Capability, Clock, Code, PublicError, RequestId, Timestamp, Wire};
use baton_provider_api::{Frame, ReplyForm};
use baton_web::headers::value;
use baton_web::parse::ParsedRequest;
use baton_web::{ClientApi, Inbound};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use http::header::CONTENT_TYPE;
use std::sync::Arc;
use std::time::Duration;

/// What writing a reply needs to know of its request.
pub struct ReplyOptions {
    /// The API in whose format it is written.
    pub api: ClientApi,
    /// What was asked.
    pub capability: Capability,
    /// Whether it was a stream.
    pub form: ReplyForm,
    /// Whether with usage inside the stream.
    pub include_usage: bool,
    /// Whether vectors as base64.
    pub base64: bool,
    /// The client's request, for formats whose replies repeat it; empty for others.
    pub request: Bytes,
    /// What the client's request says of its tools.
    pub tools: ClientTools,
    /// What watches the reply.
    pub observer: Option<Arc<dyn ReplyObserver>>,
    /// The model as the client named it.
    pub requested: String,
    /// Whether the client has a head already.
    pub head_sent: HeadSent,
    /// The request's id.
    pub id: RequestId,
    /// When it arrived.
    pub arrived: Timestamp,
    /// Silence after which a comment is sent.
    pub keep_alive: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A reply that a provider is still asked for.
pub(super) type PendingReply = BoxFuture<'static, Result<Reply, PublicError>>;

/// The frames of a reply.
pub(super) type Frames = BoxStream<'static, Result<Frame, PublicError>>;

/// Whether a reply's bytes go out as they came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplyMode {
    /// The provider speaks the client's format and was asked the same.
    Passthrough,
    /// Each event is written in the client's format.
    Translated,
}

// === impl ReplyOptions ===

impl ReplyOptions {
    /// What the reply to a parsed request needs; nothing watches it.
    pub fn new(
        state: &HttpState,
        api: ClientApi,
        capability: Capability,
        inbound: &Inbound,
        request: &ParsedRequest,
    ) -> Self {
        Self {
            api,
            capability,
            form: request.form,
            include_usage: request.include_usage,
            base64: request.base64,
            request: Bytes::new(),
            tools: request.content.body().map(|body| ClientTools::of_request(api.dialect(), body)).unwrap_or_default(),
            observer: None,
            requested: String::new(),
            head_sent: HeadSent::default(),
            id: inbound.id.clone(),
            arrived: inbound.arrived,
            keep_alive: state.web.keep_alive,
            clock: Arc::clone(state.web.engine.clock()),
        }
    }

    pub(super) fn codec(&self) -> Result<&'static dyn Codec, PublicError> {
        let dialect = self.api.dialect();
        codec(dialect, self.capability)
            .ok_or_else(|| PublicError::new(Code::Internal, format!("{dialect} has no {}", self.capability)))
    }

    /// Whether a reply has the client's format. Format and capability count: chat that serves a completion has the same format
    /// and other bytes.
    pub(super) fn passes(&self, head: &ReplyHead) -> bool {
        head.wire() == Wire::new(self.api.dialect(), self.capability)
    }

    /// What writes the error of a stream to which nobody has replied; `None` where the format has no streams of this kind.
    pub(super) fn failure_writer(&self) -> Option<Box<dyn StreamWriter>> {
        self.codec().ok()?.stream_writer(self.early_context())
    }

    pub(super) fn context(&self, head: &ReplyHead) -> ReplyContext {
        let (model, input_tokens) = (head.model.to_string(), head.input_tokens);
        ReplyContext { model, input_tokens, ..self.early_context() }
    }

    /// What is known of a reply before there is one.
    fn early_context(&self) -> ReplyContext {
        ReplyContext {
            id: self.id.to_string(),
            model: self.requested.clone(),
            // The arrival and not the present, so that all chunks of a stream have the same `created`.
            created: self.arrived.seconds(),
            include_usage: self.include_usage,
            base64: self.base64,
            request: self.request.clone(),
            tools: self.tools.clone(),
            stored: self.observer.as_ref().is_some_and(|observer| observer.stores()),
            ..ReplyContext::default()
        }
    }

    /// A reply of an endpoint whose replies only pass through, or that never streams.
    pub(super) fn unwritable_error(&self) -> PublicError {
        let message = format!("a reply of {} is not written in the {} format", self.capability, self.api.dialect());
        PublicError::new(Code::Internal, message)
    }

    /// What Baton's own API tells beside the reply.
    pub(super) fn summary(&self, head: &ReplyHead) -> native::Summary {
        native::Summary {
            request_id: self.id.clone(),
            model_id: head.model.clone(),
            provider: head.provider.clone(),
            latency_ms: u64::try_from(self.clock.now().since(self.arrived).as_millis()).unwrap_or(u64::MAX),
            cost: head.bill.get().copied().unwrap_or_default(),
            cached: head.cache == CacheUse::Hit,
            attempts: u32::try_from(head.attempts).unwrap_or(u32::MAX),
        }
    }
}

/// A response with the headers that say who replied, and how.
pub(super) fn with_headers(body: Body, content_type: &str, head: &ReplyHead, options: &ReplyOptions) -> Response {
    let mut response = with_content_type(body, content_type);
    headers::describe(response.headers_mut(), head, options.api, &*options.clock);
    response
}

/// A response of which no more is known than its media type.
pub(super) fn with_content_type(body: Body, content_type: &str) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, value(content_type));
    response
}
