//! Passing a request on, and its reply back, without reading either.

use super::ProviderClient;
use super::headers::{content_type_header, join_queries, merge_headers};
use baton_provider_api::transport::{CallBounds, HttpReply, HttpRequest, headers as reply_headers};
use baton_provider_api::{Forward, Forwarded, ProviderError};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderValue, header};

/// The most of an error reply that is passed on.
const ERROR_BYTES: usize = 256 << 10;

impl ProviderClient {
    /// Sends a request to a path, and gives the reply as it comes, whatever its status.
    pub(crate) async fn forward(
        &self,
        forward: Forward<'_>,
        path: &str,
        defaults: &[(&'static str, &'static str)],
    ) -> Result<Forwarded, ProviderError> {
        let Forward { method, path: _, query, headers: theirs, content_type, body, form, timeout } = forward;
        let mut sent = merge_headers(&self.headers, theirs, defaults);
        // A file may be of any type.
        sent.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(content_type) = content_type {
            sent.insert(header::CONTENT_TYPE, content_type_header(content_type)?);
        }
        let query = join_queries(self.query.as_ref(), query);
        let request = HttpRequest {
            peer: self.peer(),
            method,
            base_url: &self.base_url,
            path,
            query: query.as_deref(),
            headers: sent,
            body,
            bounds: CallBounds::of(&self.settings, form, timeout),
        };
        let reply = self.transport.send(request).await?;
        let status = reply.status();
        let content_type = reply.content_type().to_owned();
        let mut passed_on = reply_headers::select_for_client(reply.headers());
        // Beside those of a chat: the name under which a client saves a file, and when it may come again.
        passed_on.extend(
            ["retry-after", "retry-after-ms", "content-disposition"]
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), reply.headers().get(name)?.to_str().ok()?.to_owned()))),
        );
        // An error is short and may hold the key, so it is read whole; anything else streams.
        let body = if status.is_success() { stream_pieces(reply) } else { self.error_body(reply).await };
        Ok(Forwarded { status: status.as_u16(), content_type, headers: passed_on, body })
    }

    /// An error reply, in which a provider may repeat the key.
    async fn error_body(&self, reply: HttpReply) -> BoxStream<'static, Result<Bytes, ProviderError>> {
        let bytes = reply.collect_start(ERROR_BYTES).await;
        let redacted = self.key.as_ref().zip(std::str::from_utf8(&bytes).ok()).map(|(key, text)| key.redact(text));
        let bytes = redacted.map_or(bytes, Bytes::from);
        stream::once(async { Ok(bytes) }).boxed()
    }
}

fn stream_pieces(reply: HttpReply) -> BoxStream<'static, Result<Bytes, ProviderError>> {
    stream::unfold(Some(reply), |reply| async move {
        let mut reply = reply?;
        match reply.next_piece().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(reply))),
            Ok(None) => None,
            // The status has left already, so an error on the way can only end the body.
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}
