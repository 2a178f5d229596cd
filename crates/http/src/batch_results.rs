//! Reads the results of a batch on their way to the client, so that what they used is recorded. A line each, in the shapes of
//! OpenAI (API reference, batch, "the request output object") and Anthropic (API reference, retrieve message batch results).

use crate::HttpState;
use baton_dialect::codec;
use baton_engine::BatchedReply;
use baton_model::entity::ProviderObject;
use baton_model::price::Factor;
use baton_model::{Capability, Dialect, ReplyEvent, Usage};
use baton_provider_api::Forwarded;
use baton_tasks::compute;
use bytes::Bytes;
use futures::{StreamExt, stream};
use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The longest line that is read. Longer ones go to the client all the same, and are missing in the ledger.
const LONGEST_LINE: usize = 16 << 20;

/// The reply with its lines recorded as they pass; `batch` is the provider's name of the batch whose results these are.
pub fn record_results(state: &HttpState, object: &ProviderObject, batch: &str, reply: Forwarded) -> Forwarded {
    if !(200..300).contains(&reply.status) {
        return reply;
    }
    let lines =
        Lines { state: state.clone(), object: object.clone(), batch: batch.to_owned(), rest: Vec::new(), skip: false };
    let body = stream::unfold(Some((reply.body, lines)), |state| async move {
        let (mut body, mut lines) = state?;
        match body.next().await {
            Some(Ok(piece)) => {
                // Before the piece leaves: a client that has the results must find them in the ledger.
                lines.take(&piece).await;
                Some((Ok(piece), Some((body, lines))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => {
                lines.finish().await;
                None
            }
        }
    });
    Forwarded { body: body.boxed(), ..reply }
}

/// The lines of a stream, as far as they have come.
struct Lines {
    state: HttpState,
    object: ProviderObject,
    batch: String,
    rest: Vec<u8>,
    /// Whether the line that is coming is too long.
    skip: bool,
}

impl Lines {
    async fn take(&mut self, piece: &Bytes) {
        let mut piece = &piece[..];
        while let Some(end) = memchr(b'\n', piece) {
            let (line, behind) = piece.split_at(end);
            self.grow(line);
            self.finish().await;
            piece = behind.get(1..).unwrap_or_default();
        }
        self.grow(piece);
    }

    fn grow(&mut self, piece: &[u8]) {
        if self.rest.len() + piece.len() > LONGEST_LINE {
            if !self.skip {
                tracing::warn!(batch = self.batch, "a result of a batch is too long to be recorded");
            }
            self.skip = true;
            self.rest.clear();
        }
        if !self.skip {
            self.rest.extend_from_slice(piece);
        }
    }

    /// What its project is charged at present, as a multiple of the cost.
    fn charge_factor(&self) -> Option<Factor> {
        let project = self.object.owner.project.as_deref()?;
        self.state.web.keys.rules_of(project)?.charge_factor
    }

    /// The line is complete.
    async fn finish(&mut self) {
        let line = std::mem::take(&mut self.rest);
        let skipped = std::mem::take(&mut self.skip);
        if skipped || line.is_empty() {
            return;
        }
        let Some(found) = compute(line.len(), || read(&line)) else { return };
        let reply = BatchedReply {
            batch: self.batch.clone(),
            entry: found.entry,
            provider: self.object.provider.clone(),
            model: self.object.model.clone(),
            upstream: found.model,
            capability: found.capability,
            usage: found.usage,
            charge_factor: self.charge_factor(),
            owner: self.object.owner.clone(),
            made: self.object.created_at,
        };
        self.state.web.engine.record_batched(reply).await;
    }
}

/// What a line says that is billed.
#[derive(Debug, PartialEq)]
struct BilledLine {
    entry: String,
    model: String,
    capability: Capability,
    usage: Usage,
}

#[derive(Deserialize)]
struct Line<'l> {
    custom_id: String,
    /// OpenAI's.
    #[serde(borrow)]
    response: Option<OpenAiResponse<'l>>,
    /// Anthropic's.
    #[serde(borrow)]
    result: Option<AnthropicResult<'l>>,
}

#[derive(Deserialize)]
struct OpenAiResponse<'l> {
    #[serde(borrow)]
    body: Option<&'l RawValue>,
}

#[derive(Deserialize)]
struct AnthropicResult<'l> {
    #[serde(borrow)]
    message: Option<&'l RawValue>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    model: String,
    #[serde(default)]
    object: String,
}

/// What a line says; `None` if it is none, or nothing was billed: errors, and requests that expired or were cancelled.
fn read(line: &[u8]) -> Option<BilledLine> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let (dialect, body) = match (line.response, line.result) {
        (Some(response), _) => (Dialect::OpenAi, response.body?),
        (None, Some(result)) => (Dialect::Anthropic, result.message?),
        (None, None) => return None,
    };
    let named: Named = serde_json::from_str(body.get()).ok()?;
    let (dialect, capability) = match (dialect, named.object.as_str()) {
        (Dialect::OpenAi, "response") => (Dialect::Responses, Capability::Chat),
        (Dialect::OpenAi, "text_completion") => (Dialect::OpenAi, Capability::Completion),
        (Dialect::OpenAi, "list") => (Dialect::OpenAi, Capability::Embedding),
        (dialect, _) => (dialect, Capability::Chat),
    };
    let events = codec(dialect, capability)?.read_reply(body.get().as_bytes()).ok()?;
    let mut usage = Usage::default();
    for event in &events {
        if let ReplyEvent::Usage(reported) = event {
            usage.update(reported);
        }
    }
    (!usage.is_empty()).then_some(BilledLine { entry: line.custom_id, model: named.model, capability, usage })
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::UsageClass;

    fn check(line: &str, expected: Option<(&str, Capability, u64, u64)>) {
        let found = read(line.as_bytes());
        let found = found.as_ref().map(|found| {
            let amount = |class| found.usage.get(class);
            (found.model.as_str(), found.capability, amount(UsageClass::Input), amount(UsageClass::Output))
        });
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn what_is_billed_of_a_line_is_read() {
        check(
            r#"{"id":"batch_req_1","custom_id":"a","response":{"status_code":200,"request_id":"r","body":{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}},"error":null}"#,
            Some(("gpt-4o-2024-08-06", Capability::Chat, 10, 5)),
        );
        check(
            r#"{"custom_id":"a","response":{"status_code":200,"body":{"object":"list","model":"text-embedding-3-small","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"usage":{"prompt_tokens":8,"total_tokens":8}}}}"#,
            Some(("text-embedding-3-small", Capability::Embedding, 8, 0)),
        );
        check(
            r#"{"custom_id":"a","result":{"type":"succeeded","message":{"id":"m","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5,"service_tier":"batch"}}}}"#,
            Some(("claude-haiku-4-5", Capability::Chat, 10, 5)),
        );
        for nothing in [
            "",
            "no json",
            "{}",
            r#"{"custom_id":"a"}"#,
            r#"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o"}}"#,
            r#"{"custom_id":"a","response":{"status_code":400,"body":{"error":{"message":"no"}}}}"#,
            r#"{"custom_id":"a","result":{"type":"errored","error":{"type":"error"}}}"#,
            r#"{"custom_id":"a","result":{"type":"expired"}}"#,
        ] {
            check(nothing, None);
        }
    }
}
