//! A chat request, read and written.

use super::{forced, messages_read, messages_write, tools};
use crate::effective_options::effective_options;
use crate::json::{self, object};
use crate::ollama::options;
use crate::turns::{self, TurnRules};
use crate::{Dropped, EncodedBody, ReadError};
use baton_model::chat::{OutputFormat, Schema};
use baton_model::{ChatRequest, Dialect, Quirks, Target};

/// Reads a client's request. One without messages only loads the model.
pub(super) fn read(body: &[u8]) -> Result<ChatRequest, ReadError> {
    json::read(body, |root| {
        let mut request = options::read(root, &["messages", "tools"])?;
        if let Some(list) = root.get("tools") {
            request.tools = tools::read(list)?;
        }
        if let Some(messages) = root.get("messages") {
            request.messages = messages_read::read(messages, &mut request.extensions)?;
        }
        Ok(request)
    })
}

/// Writes a request for a provider.
pub(super) fn write(request: &ChatRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    let (mut effective, mut dropped) = effective_options(request, target)?;
    let tools = if request.tools.is_empty() { &effective.tools.clone() } else { &request.tools };
    let forced = forced::demand(tools, &effective).filter(|_| may_have_schema(&target.model.quirks));
    let call_in_text = forced.map(|(schema, call)| {
        if !matches!(effective.output, OutputFormat::Unspecified | OutputFormat::Text) {
            dropped.push(Dropped::new("response_format", "a tool has to be called, so the reply is a call"));
        }
        effective.output = OutputFormat::Schema(Schema { schema, name: None, description: None, strict: None });
        // Said by the schema.
        effective.tool_choice = None;
        call
    });
    let rules = TurnRules { dialect: Dialect::Ollama, earlier_calls: false };
    let turns = turns::order(&request.messages, rules, &mut dropped);
    let body = object(|o| {
        o.string("model", target.upstream());
        let writer =
            messages_write::OllamaMessagesWriter::new(&effective.extensions, &target.model.quirks, &mut dropped);
        o.array("messages", |a| writer.write(&turns, a));
        tools::write(tools, &effective, o, &mut dropped);
        options::write(&effective, target, o, &mut dropped);
    });
    Ok(EncodedBody { dropped, call_in_text, ..EncodedBody::json(body) })
}

/// Whether the model takes schemas for its reply.
fn may_have_schema(quirks: &Quirks) -> bool {
    quirks.json_schema != Some(false) && !quirks.refuses("response_format")
}
