//! The line to a provider: what all of them share on the way out.

mod forward;

use crate::reading::{self, Source};
use crate::secret::Secret;
use baton_dialect::{Codec, ReadError, codec};
use baton_model::fault::{ErrorKind, UpstreamBody};
use baton_model::{Capability, Detail, Dialect, ProviderId, Quirks, Target};
use baton_provider::transport::{BaseUrl, Bounds, Reply, Request, headers};
use baton_provider::{Exchange, Form, Lane, Outgoing, ProviderError, Recording, Settings, Transport};
use baton_tasks::compute;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// The most of an error reply that is kept.
const ERROR_BYTES: usize = 256 << 10;

/// How long anything but a model's answer may take.
const ASIDE: Duration = Duration::from_secs(30);

/// The most of a model list that is read.
const LIST_BYTES: usize = 32 << 20;

/// A configured connection to a provider.
pub(crate) struct Line {
    pub(crate) id: ProviderId,
    pub(crate) transport: Transport,
    pub(crate) base_url: BaseUrl,
    /// Credentials and whatever the operator sends along; they win over the client's headers.
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<String>,
    pub(crate) key: Option<Secret>,
    pub(crate) settings: Settings,
    pub(crate) quirks: Quirks,
}

/// A request body, ready to go.
struct Prepared {
    body: Bytes,
    content_type: String,
    hide_usage: bool,
    dropped: Vec<String>,
}

impl Line {
    /// Sends a request to a path, and reads the head of the reply.
    pub(crate) async fn call(
        &self,
        outgoing: Outgoing<'_>,
        path: &str,
        defaults: &[(&'static str, &'static str)],
    ) -> Result<Exchange, ProviderError> {
        let dialect = outgoing.dialect;
        let codec = codec_of(dialect, outgoing.capability)?;
        let Prepared { body, content_type, hide_usage, dropped } =
            compute(outgoing.size, || prepare(codec, &outgoing, &self.quirks))?;
        let strict = outgoing.strict || self.suited(outgoing.target).model.quirks.strict == Some(true);
        if strict && !dropped.is_empty() {
            return Err(unsayable(&dropped));
        }
        let mut headers = self.merged(&spoken(outgoing.headers, dialect), defaults);
        headers.insert(header::CONTENT_TYPE, value(&content_type)?);
        headers.insert(header::ACCEPT, accepted(outgoing.form, dialect));
        let query = joined(self.query.as_deref(), outgoing.query);
        let request = Request {
            method: Method::POST,
            base_url: &self.base_url,
            path,
            query: query.as_deref(),
            headers,
            body,
            bounds: Bounds::of(&self.settings, outgoing.form, outgoing.timeout),
        };
        let reply = self.transport.send(request).await?;
        let mut reply = self.accept(reply, dialect).await?;

        let content_type = reply.content_type().to_owned();
        let mut form = reading::form(outgoing.form, dialect, outgoing.capability, &content_type, reply.place())?;
        let mut first = None;
        if outgoing.form == Form::Stream && form == Form::Whole && outgoing.capability == Capability::Chat {
            // Some services send a stream and call it JSON.
            first = reply.piece().await?;
            if first.as_deref().is_some_and(reading::begins_stream) {
                form = Form::Stream;
            }
        }
        let headers = headers::telling(reply.headers());
        let reading = reading::Reading {
            codec,
            dialect,
            capability: outgoing.capability,
            form,
            detail: outgoing.detail,
            hide_usage,
            max_frame_bytes: self.settings.max_frame_bytes,
            max_reply_bytes: self.settings.max_reply_bytes,
        };
        let frames = reading.frames(Source::Reply(first, Box::new(reply)));
        Ok(Exchange { dialect, form, hide_usage, content_type, headers, dropped, frames })
    }

    /// Plays a recorded reply.
    pub(crate) fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError> {
        let Recording { dialect, capability, form, ref content_type, hide_usage, ref body } = *recording;
        let reading = reading::Reading {
            codec: codec_of(dialect, capability)?,
            dialect,
            capability,
            form,
            detail,
            hide_usage,
            max_frame_bytes: self.settings.max_frame_bytes,
            max_reply_bytes: self.settings.max_reply_bytes,
        };
        let frames = reading.frames(Source::Recorded(Some(body.clone())));
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
        self.aside(dialect, path, query, body.map(Bytes::from), defaults, |bytes| serde_json::from_slice(bytes)).await
    }

    /// The same, read with `read`.
    pub(crate) async fn aside<T, E: Display>(
        &self,
        dialect: Dialect,
        path: &str,
        query: Option<&str>,
        body: Option<Bytes>,
        defaults: &[(&'static str, &'static str)],
        read: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<T, ProviderError> {
        let mut headers = self.merged(&[], defaults);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let query = joined(self.query.as_deref(), query);
        let request = Request {
            method: if body.is_some() { Method::POST } else { Method::GET },
            base_url: &self.base_url,
            path,
            query: query.as_deref(),
            headers,
            body: body.unwrap_or_default(),
            bounds: Bounds::of(&self.settings, Form::Whole, Some(ASIDE)),
        };
        let reply = self.accept(self.transport.send(request).await?, dialect).await?;
        let place = reply.place().to_owned();
        let bytes = reply.collect(LIST_BYTES).await?;
        read(&bytes).map_err(|error| {
            ProviderError::new(ErrorKind::Protocol, format!("{place} answered {path} with something else: {error}"))
        })
    }

    /// The target as this provider has it: with the quirks of the vendor, where the model says nothing.
    pub(crate) fn suited<'t>(&self, target: &'t Target) -> Cow<'t, Target> {
        with_quirks(target, &self.quirks)
    }

    /// Lets a good reply pass, and makes an error of every other.
    async fn accept(&self, reply: Reply, dialect: Dialect) -> Result<Reply, ProviderError> {
        let status = reply.status();
        if status == http::StatusCode::NO_CONTENT {
            return Err(ProviderError::new(ErrorKind::Protocol, format!("{} answered nothing (204)", reply.place())));
        }
        if status.is_success() {
            return Ok(reply);
        }
        let retry_after = reply.retry_after();
        let (headers, content_type) = (headers::telling(reply.headers()), reply.content_type().to_owned());
        let body = reply.collect_start(ERROR_BYTES).await;
        let mut error = ProviderError::from(baton_dialect::error::read(dialect, status.as_u16(), &body));
        error.retry_after = retry_after;
        error.upstream = self.forwardable(&body).map(|body| UpstreamBody {
            dialect,
            status: status.as_u16(),
            content_type,
            headers,
            body,
        });
        if let Some(key) = &self.key {
            error.message = key.redact(&error.message);
        }
        Err(error)
    }

    /// An error reply as a client may see it: without the key; `None` for pages of proxies.
    fn forwardable(&self, body: &Bytes) -> Option<Bytes> {
        serde_json::from_slice::<IgnoredAny>(body).ok()?;
        let redacted = self.key.as_ref().zip(std::str::from_utf8(body).ok()).map(|(key, text)| key.redact(text));
        Some(redacted.map_or_else(|| body.clone(), Bytes::from))
    }

    /// Defaults, then the client's headers, then ours.
    fn merged(&self, client: &[(String, String)], defaults: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(client.len() + defaults.len() + self.headers.len() + 4);
        for (name, value) in defaults {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        for (name, value) in client {
            let name = HeaderName::try_from(name.as_str()).ok().filter(|name| !is_ours(name));
            if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        for (name, value) in &self.headers {
            let both = headers.get(name).filter(|_| name == "anthropic-beta").and_then(|client| both(value, client));
            headers.insert(name, both.unwrap_or_else(|| value.clone()));
        }
        headers
    }
}

/// Puts the request into bytes, in its lane.
fn prepare(codec: &dyn Codec, outgoing: &Outgoing<'_>, quirks: &Quirks) -> Result<Prepared, ProviderError> {
    let target = with_quirks(outgoing.target, quirks);
    match outgoing.lane {
        Lane::Exact(body) => {
            let rewritten = codec.rewrite(body, &target).map_err(refused)?;
            Ok(Prepared {
                body: rewritten.body,
                content_type: "application/json".into(),
                hide_usage: rewritten.hide_usage,
                dropped: rewritten.dropped.into_iter().map(said).collect(),
            })
        }
        Lane::Translated(operation) => {
            let written = codec.write_request(operation, &target).map_err(refused)?;
            Ok(Prepared {
                body: written.body,
                content_type: written.content_type,
                hide_usage: false,
                dropped: written.dropped.into_iter().map(said).collect(),
            })
        }
    }
}

/// The target with the vendor's peculiarities under the model's own.
fn with_quirks<'a>(target: &'a Target, vendor: &Quirks) -> Cow<'a, Target> {
    let quirks = vendor.overlaid_by(&target.model.quirks);
    if quirks == target.model.quirks {
        return Cow::Borrowed(target);
    }
    let mut model = (*target.model).clone();
    model.quirks = quirks;
    Cow::Owned(Target { model: Arc::new(model), ..target.clone() })
}

fn codec_of(dialect: Dialect, capability: Capability) -> Result<&'static dyn Codec, ProviderError> {
    codec(dialect, capability).ok_or_else(|| {
        let message = format!("{} is not served in the {} format", capability.name(), dialect.name());
        ProviderError::new(ErrorKind::Internal, message)
    })
}

pub(crate) fn refused(error: ReadError) -> ProviderError {
    let mut refused = ProviderError::new(ErrorKind::InvalidRequest, error.to_string());
    refused.param = Some(error.path).filter(|path| !path.is_empty());
    refused
}

/// What becomes of a strict request of which something can't be said: each item is `field: why`.
fn unsayable(dropped: &[String]) -> ProviderError {
    let message = format!("the request is strict, and this can't be said to the model: {}", dropped.join("; "));
    let field = dropped.first().and_then(|dropped| dropped.split(": ").next()).map(str::to_owned);
    ProviderError { param: field, ..ProviderError::new(ErrorKind::InvalidRequest, message) }
}

fn said(dropped: baton_dialect::Dropped) -> String {
    format!("{}: {}", dropped.field, dropped.reason)
}

fn accepted(form: Form, dialect: Dialect) -> HeaderValue {
    HeaderValue::from_static(match (form, dialect) {
        (Form::Whole, _) => "*/*",
        (Form::Stream, Dialect::OpenAi | Dialect::Responses | Dialect::Anthropic) => "text/event-stream, */*",
        (Form::Stream, Dialect::Ollama) => "application/x-ndjson, */*",
    })
}

/// The client's headers without those that speak of another vendor's API: a fallback may lead there.
fn spoken(client: &[(String, String)], dialect: Dialect) -> Vec<(String, String)> {
    let foreign: &[&str] = match dialect {
        Dialect::OpenAi | Dialect::Responses => &["anthropic-"],
        Dialect::Anthropic => &["openai-"],
        Dialect::Ollama => &["anthropic-", "openai-"],
    };
    let own = |name: &str| !foreign.iter().any(|vendor| name.starts_with(vendor));
    client.iter().filter(|(name, _)| own(name)).cloned().collect()
}

/// Headers that no client decides.
fn is_ours(name: &HeaderName) -> bool {
    const OURS: [&str; 14] = [
        "accept",
        "accept-encoding",
        "api-key",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "x-api-key",
    ];
    OURS.contains(&name.as_str())
}

/// Two lists in one header.
fn both(ours: &HeaderValue, client: &HeaderValue) -> Option<HeaderValue> {
    let (ours, client) = (ours.to_str().ok()?, client.to_str().ok()?);
    let new =
        client.split(',').map(str::trim).filter(|item| !item.is_empty() && !ours.split(',').any(|o| o.trim() == *item));
    let all: Vec<_> = std::iter::once(ours).chain(new).collect();
    HeaderValue::from_str(&all.join(",")).ok()
}

fn joined<'a>(ours: Option<&'a str>, client: Option<&'a str>) -> Option<Cow<'a, str>> {
    match (ours, client.filter(|query| !query.is_empty())) {
        (Some(ours), Some(client)) => Some(Cow::Owned(format!("{ours}&{client}"))),
        (one, other) => one.or(other).map(Cow::Borrowed),
    }
}

fn value(text: &str) -> Result<HeaderValue, ProviderError> {
    HeaderValue::from_str(text)
        .map_err(|_| ProviderError::new(ErrorKind::Internal, "the media type holds characters that no header may hold"))
}
