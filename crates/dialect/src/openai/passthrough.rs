//! Endpoints that no other format has: moderations, and rerank in the shape of Cohere and Jina. Requests and replies go
//! as they came, but for the model's name; of a reply only its usage is read.
//!
//! References: OpenAI API reference, moderations; Jina API reference, reranker (`usage.total_tokens`), whose shape
//! other services share. Cohere bills by search (`meta.billed_units.search_units`) and reports no tokens.

use crate::json::{self, Node};
use crate::rename_model::rename_model;
use crate::{Codec, ReadError, RewrittenRequest};
use baton_model::event::ReplyEvent;
use baton_model::{Body, Target, Usage, UsageClass};

/// The codec of such an endpoint. Without the optional methods of [`Codec`], as there is nothing to translate to.
#[derive(Debug)]
pub struct PassthroughOnlyCodec;

impl Codec for PassthroughOnlyCodec {
    fn rewrite<'b>(&self, body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
        Ok(rename_model(body, target))
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let tokens = json::read(body, |root| {
            let usage = root.get("usage");
            let tokens = ["total_tokens", "prompt_tokens"].iter().find_map(|name| usage?.get(name));
            tokens.map(Node::integer).transpose()
        })?;
        let usage = tokens.map(|tokens: u64| ReplyEvent::Usage(Usage::default().with(UsageClass::Input, tokens)));
        // Cohere bills by search and reports no tokens: no usage is better than a wrong one.
        Ok(usage.into_iter().chain([ReplyEvent::Ended]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_where_it_is_told() {
        let check = |body: &str, tokens: Option<u64>| {
            let usage = tokens.map(|tokens| ReplyEvent::Usage(Usage::default().with(UsageClass::Input, tokens)));
            let expected = usage.into_iter().chain([ReplyEvent::Ended]).collect();
            assert_eq!(PassthroughOnlyCodec.read_reply(body.as_bytes()), Ok(expected), "{body}");
        };
        check(r#"{"results":[],"usage":{"total_tokens":7}}"#, Some(7));
        check(r#"{"results":[],"meta":{"billed_units":{"search_units":1}}}"#, None);
        check(r#"{"results":[{"flagged":false}]}"#, None);
        assert!(PassthroughOnlyCodec.read_reply(b"[").is_err());
    }
}
