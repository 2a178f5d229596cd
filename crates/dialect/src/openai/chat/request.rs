//! A chat request, read and written.

use super::{messages_read, messages_write, tools};
use crate::effective_options::effective_options;
use crate::json::{self, object};
use crate::openai::options;
use crate::turns::{self, TurnRules};
use crate::{EncodedBody, ReadError};
use baton_model::{ChatRequest, Dialect, Target};

/// Reads a client's request.
pub(super) fn read(body: &[u8]) -> Result<ChatRequest, ReadError> {
    json::read(body, |root| {
        let mut request = options::read(root, &["messages", "tools", "tool_choice"])?;
        tools::read(&mut request, root)?;
        request.messages = messages_read::read(root.require("messages")?, &mut request.extensions)?;
        Ok(request)
    })
}

/// Writes a request for a provider.
pub(super) fn write(request: &ChatRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    let quirks = &target.model.quirks;
    let (effective, mut dropped) = effective_options(request, target)?;
    // The client's tools are not copied into the effective options: schemas may be large.
    let tools = if request.tools.is_empty() { &effective.tools } else { &request.tools };
    let marks = quirks.cache_marks == Some(true);
    let rules = TurnRules { dialect: Dialect::OpenAi, earlier_calls: false };
    let turns = turns::order(&request.messages, rules, &mut dropped);
    let body = object(|o| {
        o.string("model", target.upstream());
        let writer = messages_write::OpenAiMessagesWriter::new(&effective.extensions, quirks, &mut dropped);
        o.array("messages", |a| writer.write(&turns, a));
        tools::write(tools, &effective, marks, o, &mut dropped);
        options::write(&effective, quirks, o, &mut dropped);
        // Not among the options, because a completion says it as a number.
        if let Some(alternatives) = effective.logprobs {
            o.bool("logprobs", true);
            o.maybe_integer("top_logprobs", Some(alternatives).filter(|count| *count > 0));
        }
        options::write_stream(&effective, quirks, o);
    });
    Ok(EncodedBody { dropped, ..EncodedBody::json(body) })
}
