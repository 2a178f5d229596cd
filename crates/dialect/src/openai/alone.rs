//! Endpoints that no other format has: moderations, and rerank in the shape of Cohere and Jina. Requests and replies go
//! as they came, but for the model's name; of a reply only its usage is read.
//!
//! References: OpenAI API reference, moderations; Jina API reference, reranker (`usage.total_tokens`), whose shape other
//! services share. Cohere bills by search (`meta.billed_units.search_units`) and reports no tokens.

use crate::framing::splice::Editor;
use crate::json::{self, Node};
use crate::{Codec, Detail, Names, ReadError, Reader, Rewritten, Writer, Written};
use baton_model::event::Event;
use baton_model::{Body, Operation, PublicError, Target, Usage, UsageClass};
use bytes::Bytes;

/// The codec of such an endpoint, by its name.
#[derive(Debug)]
pub struct Alone(pub &'static str);

impl Codec for Alone {
    /// There is nothing that it could be translated to.
    fn read_request(&self, _body: &[u8]) -> Result<Operation, ReadError> {
        Err(super::not_served(self.0))
    }

    fn write_request(&self, _operation: &Operation, _target: &Target) -> Result<Written, ReadError> {
        Err(super::not_served(self.0))
    }

    fn rewrite(&self, body: &Body, target: &Target) -> Result<Rewritten, ReadError> {
        let mut editor = Editor::new(body);
        let model = json::quoted(target.upstream());
        if editor.get("model") != Some(&model) {
            editor.set("model", model);
        }
        Ok(Rewritten { body: editor.finish(), hide_usage: false, dropped: Vec::new() })
    }

    fn read_reply(&self, body: &[u8]) -> Result<Vec<Event>, ReadError> {
        let tokens = json::read(body, |root| {
            let usage = root.get("usage");
            let tokens = ["total_tokens", "prompt_tokens"].iter().find_map(|name| usage?.get(name));
            tokens.map(Node::integer).transpose()
        })?;
        let usage = tokens.map(|tokens: u64| Event::Usage(Usage::default().with(UsageClass::Input, tokens)));
        Ok(usage.into_iter().chain([Event::Ended]).collect())
    }

    /// What is only ever forwarded is never written.
    fn write_reply(&self, _events: &[Event], _names: &Names) -> Written {
        Written::json(b"{}".to_vec())
    }

    fn reader(&self, _detail: Detail) -> Box<dyn Reader> {
        Box::new(NoStream(self.0))
    }

    fn writer(&self, _names: Names) -> Box<dyn Writer> {
        Box::new(NoStream(self.0))
    }
}

/// These endpoints don't stream.
#[derive(Debug)]
struct NoStream(&'static str);

impl Reader for NoStream {
    fn push(&mut self, _frame: &[u8]) -> Result<Vec<Event>, ReadError> {
        Err(ReadError::new("", format!("{} has no stream", self.0)))
    }

    fn finish(&mut self) -> Vec<Event> {
        Vec::new()
    }
}

impl Writer for NoStream {
    fn push(&mut self, _event: &Event) -> Bytes {
        Bytes::new()
    }

    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes {
        super::error::write(error, request_id).body.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_where_it_is_told() {
        let check = |body: &str, tokens: Option<u64>| {
            let usage = tokens.map(|tokens| Event::Usage(Usage::default().with(UsageClass::Input, tokens)));
            let expected = usage.into_iter().chain([Event::Ended]).collect();
            assert_eq!(Alone("rerank").read_reply(body.as_bytes()), Ok(expected), "{body}");
        };
        check(r#"{"results":[],"usage":{"total_tokens":7}}"#, Some(7));
        check(r#"{"results":[],"meta":{"billed_units":{"search_units":1}}}"#, None);
        check(r#"{"results":[{"flagged":false}]}"#, None);
        assert!(Alone("rerank").read_reply(b"[").is_err());
    }
}
