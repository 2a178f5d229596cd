//! A connection to a provider: what all of them share on the way out.

mod forward;
mod headers;
mod prepare;

pub(crate) use prepare::refuse_request;

use crate::reply_reader::{self, ReplyReader, ReplySource};
use crate::secret::SecretValue;
use baton_dialect::profile::ToolNames;
use baton_dialect::{Codec, codec};
use baton_model::fault::{ErrorKind, UpstreamBody};
use baton_model::{Capability, Detail, Dialect, ProviderId, Quirks, Target};
use baton_provider_api::transport::{BaseUrl, CallBounds, HttpReply, HttpRequest, headers as reply_headers};
use baton_provider_api::{
    Exchange, OutgoingRequest, ProviderError, ProviderSettings, Recording, ReplyForm, Transport, check_strict,
};
use baton_tasks::compute;
use bytes::Bytes;
use headers::{accept_header, join_queries, merge_headers, without_other_vendors};
use http::{HeaderMap, HeaderValue, Method, header};
use prepare::{PreparedBody, prepare, with_quirks};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::borrow::Cow;
use std::time::Duration;

/// The most of an error reply that is kept.
const ERROR_BYTES: usize = 256 << 10;

/// How long anything but a model's reply may take.
const ASIDE: Duration = Duration::from_secs(30);

/// The most of a model list that is read.
const LIST_BYTES: usize = 32 << 20;

/// A configured connection to a provider.
pub(crate) struct ProviderClient {
    pub(crate) id: ProviderId,
    pub(crate) transport: Transport,
    pub(crate) base_url: BaseUrl,
    /// Credentials and whatever the operator sends along; they win over the client's headers.
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<SecretValue>,
    pub(crate) key: Option<SecretValue>,
    pub(crate) settings: ProviderSettings,
    pub(crate) quirks: Quirks,
}

impl ProviderClient {
    /// Sends a request to a path, and reads the head of the reply.
    pub(crate) async fn call(
        &self,
        outgoing: OutgoingRequest<'_>,
        path: &str,
        defaults: &[(&'static str, &'static str)],
    ) -> Result<Exchange, ProviderError> {
        let dialect = outgoing.dialect;
        let codec = codec_of(dialect, outgoing.capability)?;
        let PreparedBody { body, content_type, hide_usage, dropped, names, call_in_text } =
            compute(outgoing.size, || prepare(codec, &outgoing, &self.quirks))?;
        // Only now: what is dropped is known once the codec has written the body.
        check_strict(outgoing.strict, &dropped)?;
        let mut headers = merge_headers(&self.headers, &without_other_vendors(outgoing.headers, dialect), defaults);
        // After merging: neither the client nor the operator decides what this body is.
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::ACCEPT, accept_header(outgoing.form, dialect));
        let query = join_queries(self.query.as_ref(), outgoing.query);
        let request = HttpRequest {
            peer: self.peer(),
            method: Method::POST,
            base_url: &self.base_url,
            path,
            query: query.as_deref(),
            headers,
            body,
            bounds: CallBounds::of(&self.settings, outgoing.form, outgoing.timeout),
        };
        let reply = self.transport.send(request).await?;
        let mut reply = self.accept(reply, dialect, &names).await?;

        let mut content_type = reply.content_type().to_owned();
        let mut form = reply_reader::form(outgoing.form, dialect, outgoing.capability, &content_type, reply.peer())?;
        let mut first = None;
        if outgoing.form == ReplyForm::Stream && form == ReplyForm::Whole && outgoing.capability == Capability::Chat {
            // Some services send a stream and call it JSON.
            first = reply.next_piece().await?;
            if first.as_deref().is_some_and(reply_reader::begins_stream) {
                form = ReplyForm::Stream;
            }
        }
        // A stream that is put together is what the format's whole replies are.
        if form == ReplyForm::Whole && content_type.starts_with("text/event-stream") {
            content_type = "application/json".to_owned();
        }
        let headers = reply_headers::select_for_client(reply.headers());
        let reader = ReplyReader {
            codec,
            dialect,
            capability: outgoing.capability,
            form,
            detail: outgoing.detail,
            hide_usage,
            names,
            call_in_text,
            max_frame_bytes: self.settings.max_frame_bytes,
            max_reply_bytes: self.settings.max_reply_bytes,
        };
        let frames = reader.frames(ReplySource::Reply(first, Box::new(reply)));
        Ok(Exchange { dialect, form, hide_usage, content_type, headers, dropped, frames })
    }

    /// Plays a recorded reply.
    pub(crate) fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError> {
        // A recording is read by the code that reads a socket, so a cached reply can't differ from a fresh one.
        let Recording { dialect, capability, form, ref content_type, hide_usage, ref body } = *recording;
        let reader = ReplyReader {
            codec: codec_of(dialect, capability)?,
            dialect,
            capability,
            form,
            detail,
            hide_usage,
            // A recording has the client's names, and calls in their place: it was made behind the reader.
            names: ToolNames::default(),
            call_in_text: None,
            max_frame_bytes: self.settings.max_frame_bytes,
            max_reply_bytes: self.settings.max_reply_bytes,
        };
        let frames = reader.frames(ReplySource::Recorded(Some(body.clone())));
        let content_type = content_type.clone();
        Ok(Exchange { dialect, form, hide_usage, content_type, headers: Vec::new(), dropped: Vec::new(), frames })
    }

    /// Asks for a JSON document: model lists, token counts.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        dialect: Dialect,
        path: &str,
        query: Option<&str>,
        body: Option<Vec<u8>>,
        defaults: &[(&'static str, &'static str)],
    ) -> Result<T, ProviderError> {
        self.send_side_call(dialect, path, query, body.map(Bytes::from), defaults, |bytes| {
            serde_json::from_slice(bytes)
        })
        .await
    }

    /// The same, read with `read`.
    pub(crate) async fn send_side_call<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        dialect: Dialect,
        path: &str,
        query: Option<&str>,
        body: Option<Bytes>,
        defaults: &[(&'static str, &'static str)],
        read: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, ProviderError> {
        let mut headers = merge_headers(&self.headers, &[], defaults);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let query = join_queries(self.query.as_ref(), query);
        let request = HttpRequest {
            peer: self.peer(),
            method: if body.is_some() { Method::POST } else { Method::GET },
            base_url: &self.base_url,
            path,
            query: query.as_deref(),
            headers,
            body: body.unwrap_or_default(),
            bounds: CallBounds::of(&self.settings, ReplyForm::Whole, Some(ASIDE)),
        };
        let reply = self.accept(self.transport.send(request).await?, dialect, &ToolNames::default()).await?;
        let peer = reply.peer().to_owned();
        let bytes = reply.collect(LIST_BYTES).await?;
        // Neither the address nor the text of the parser: callers see the message. Both are in the cause, which is
        // logged.
        read(&bytes).map_err(|error| {
            let message = format!("{peer} replied to {path} with an unexpected document");
            ProviderError::new(ErrorKind::Protocol, message).with_cause(error)
        })
    }

    /// The provider as messages name it, which callers see: its id, and not its address.
    fn peer(&self) -> String {
        format!("provider `{}`", self.id)
    }

    /// The target as this provider has it: with the quirks of the vendor, where the model says nothing.
    pub(crate) fn with_vendor_quirks<'t>(&self, target: &'t Target) -> Cow<'t, Target> {
        with_quirks(target, &self.quirks)
    }

    /// An endpoint that this provider does not have. The engine asks only for what
    /// [`Provider::dialect`](baton_provider_api::Provider::dialect) offers; should it not, the call fails and nothing else.
    pub(crate) fn not_served(&self, capability: Capability) -> ProviderError {
        ProviderError::new(ErrorKind::Internal, format!("{} does not serve {capability}", self.peer()))
    }

    /// Lets a good reply pass, and makes an error of every other, which has the client's names of tools.
    async fn accept(&self, reply: HttpReply, dialect: Dialect, names: &ToolNames) -> Result<HttpReply, ProviderError> {
        let status = reply.status();
        // It is a success, but no reply to anything that is asked here.
        if status == http::StatusCode::NO_CONTENT {
            return Err(ProviderError::new(
                ErrorKind::Protocol,
                format!("{} replied without content (204)", reply.peer()),
            ));
        }
        if status.is_success() {
            return Ok(reply);
        }
        let retry_after = reply.retry_after();
        let (headers, content_type) =
            (reply_headers::select_for_client(reply.headers()), reply.content_type().to_owned());
        // Errors while reading an error are passed over: its status says enough.
        let body = reply.collect_start(ERROR_BYTES).await;
        let told = names.restore_error(baton_dialect::error::read(dialect, status.as_u16(), &body));
        let body = names.restore_error_body(body);
        let mut error = ProviderError::from(told);
        error.retry_after = retry_after;
        error.upstream = self.forwardable(&body).map(|body| UpstreamBody {
            dialect,
            status: status.as_u16(),
            content_type,
            headers,
            body,
        });
        // Providers repeat a rejected key in their message.
        if let Some(key) = &self.key {
            error.message = key.redact(&error.message);
        }
        Err(error)
    }

    /// An error reply as a client may see it: without the key; `None` for pages of proxies.
    fn forwardable(&self, body: &Bytes) -> Option<Bytes> {
        // A page of a proxy is not in the client's format, and may show the inside of a network.
        serde_json::from_slice::<IgnoredAny>(body).ok()?;
        let redacted = self.key.as_ref().zip(std::str::from_utf8(body).ok()).map(|(key, text)| key.redact(text));
        Some(redacted.map_or_else(|| body.clone(), Bytes::from))
    }
}

fn codec_of(dialect: Dialect, capability: Capability) -> Result<&'static dyn Codec, ProviderError> {
    codec(dialect, capability).ok_or_else(|| {
        let message = format!("{} is not available in the {} format", capability.name(), dialect.name());
        ProviderError::new(ErrorKind::Internal, message)
    })
}
