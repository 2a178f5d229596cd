//! What is asked beside a response: how many tokens its prompt has, and that a conversation be made shorter.
//!
//! Reference: OpenAI API reference, responses: input tokens (`POST /v1/responses/input_tokens`), compact
//! (`POST /v1/responses/compact`, whose output is the user's messages and an item of type `compaction`).

use super::{request, usage};
use crate::json::{self, Node, object, quoted};
use crate::openai_usage;
use crate::rename_model::rename_model;
use crate::{Codec, EncodedBody, ReadError, RewrittenRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::{Body, Operation, ReplyEvent, Target, Usage};

/// The codec of `POST /v1/responses/input_tokens`. Its replies are only passed through: a count that Baton makes itself is
/// written by [`write_count`].
#[derive(Debug)]
pub(super) struct InputTokensCodec;

/// The codec of `POST /v1/responses/compact`, which is only passed through.
#[derive(Debug)]
pub(super) struct CompactCodec;

impl Codec for InputTokensCodec {
    fn read_request(&self, body: &[u8]) -> Result<Operation, ReadError> {
        request::read(body).map(|request| Operation::Chat(Box::new(request)))
    }

    /// The model's name alone: whatever else is changed would change what is counted.
    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        // Counting is free: the count must not become usage, which would be priced.
        json::read(body, |root| root.require("input_tokens").and_then(Node::integer::<u64>))?;
        Ok(vec![ReplyEvent::Ended])
    }
}

impl Codec for CompactCodec {
    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        json::read(body, |root| {
            let used = root.get("usage").filter(|usage| usage.is_object()).map(openai_usage::read);
            Ok(used.map(ReplyEvent::Usage).into_iter().chain([ReplyEvent::Ended]).collect())
        })
    }
}

/// A count for a client.
pub fn write_count(input_tokens: u64) -> EncodedBody {
    EncodedBody::json(object(|o| {
        o.string("object", "response.input_tokens").integer("input_tokens", input_tokens);
    }))
}

/// What begins the content of a compaction that Baton made. Those of the vendor are encrypted, and only it reads them.
const OWN: &str = "baton1:";

/// A conversation made shorter by Baton: what the user said, and a summary in place of all the rest. `id` and `created`
/// (seconds since 1970) are the reply's.
pub fn write_compaction(id: &str, created: i64, kept: &[&str], summary: &str, used: &Usage) -> Vec<u8> {
    object(|o| {
        o.string("id", id).string("object", "response.compaction").integer("created_at", created);
        o.array("output", |a| {
            for item in kept {
                a.raw(item);
            }
            a.object(|o| {
                o.string("id", &format!("cmp_{id}")).string("type", "compaction");
                o.string("encrypted_content", &format!("{OWN}{}", STANDARD.encode(summary)));
            });
        });
        o.object("usage", |o| usage::write(used, o));
    })
}

/// An item that Baton made shorter, as a message that every model reads; `None` for any other item.
pub fn open_compaction(item: &str) -> Option<String> {
    if !item.contains(OWN) {
        return None;
    }
    let node = Node::parse(item.as_bytes()).ok()?;
    if node.get("type")?.as_str()? != "compaction" {
        return None;
    }
    let packed = node.get("encrypted_content")?.as_str()?;
    let summary = String::from_utf8(STANDARD.decode(packed.strip_prefix(OWN)?).ok()?).ok()?;
    let text = format!("Summary of the conversation so far:\n\n{summary}");
    let message = object(|o| {
        o.string("type", "message").string("role", "user").raw("content", &quoted(&text));
    });
    String::from_utf8(message).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::UsageClass;

    #[test]
    fn a_summary_comes_back_as_a_message() {
        let used = Usage::default().with(UsageClass::Input, 9).with(UsageClass::Output, 4);
        let kept = r#"{"role":"user","content":"Hi"}"#;
        let written = write_compaction("resp_1", 5, &[kept], "They said \"Hi\".", &used);
        let reply: serde_json::Value = serde_json::from_slice(&written).unwrap();
        let item = reply.pointer("/output/1").unwrap();
        let opened: serde_json::Value = serde_json::from_str(&open_compaction(&item.to_string()).unwrap()).unwrap();
        assert_eq!(opened.get("content").unwrap(), "Summary of the conversation so far:\n\nThey said \"Hi\".");
        assert_eq!(reply.pointer("/usage/total_tokens").unwrap(), 13);
        assert_eq!(reply.pointer("/output/0/content").unwrap(), "Hi");
        // The vendor's own stay as they are, and so does what only looks like one.
        for other in [
            r#"{"type":"compaction","encrypted_content":"gAAAA"}"#,
            r#"{"type":"compaction","encrypted_content":"baton1:%%"}"#,
            r#"{"type":"message","content":"baton1:aGk="}"#,
            "baton1:",
        ] {
            assert_eq!(open_compaction(other), None, "{other}");
        }
    }

    #[test]
    fn usage_of_a_compaction_is_read_and_that_of_a_count_is_not() {
        let body = br#"{"object":"response.compaction","output":[],"usage":{"input_tokens":9,"output_tokens":4}}"#;
        let events = CompactCodec.read_reply(body).unwrap();
        assert!(matches!(events.as_slice(), [ReplyEvent::Usage(used), ReplyEvent::Ended] if used.output_tokens() == 4));
        let count = write_count(7);
        assert_eq!(InputTokensCodec.read_reply(&count.body).unwrap(), [ReplyEvent::Ended]);
        assert!(InputTokensCodec.read_reply(b"{}").is_err());
    }
}
