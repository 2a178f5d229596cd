//! A messages request, read and written.

use super::blocks_write::BlockWriter;
use super::conversation::GroupedConversation;
use super::purpose::Purpose;
use super::reasoning::ThinkingPlan;
use super::{messages_read, options, tools};
use crate::effective_options::effective_options;
use crate::json::{self, object};
use crate::{EncodedBody, ReadError};
use baton_model::chat::MessageRole;
use baton_model::{ChatRequest, Target};

/// Reads a client's request. `max_tokens` may be missing: it is filled in from what is known of the model.
pub(super) fn read(body: &[u8]) -> Result<ChatRequest, ReadError> {
    json::read(body, |root| {
        let mut request = options::read(root, &["system", "messages", "tools", "tool_choice"])?;
        tools::read(&mut request, root)?;
        let (messages, extensions) = (&mut request.messages, &mut request.extensions);
        // Before the messages: the paths of extensions count places among all of them.
        if let Some(system) = root.get("system") {
            messages_read::read_turn(MessageRole::System, system, messages, extensions)?;
        }
        messages_read::read(root.require("messages")?, messages, extensions)?;
        Ok(request)
    })
}

/// Writes a request for a provider.
pub(super) fn write(request: &ChatRequest, target: &Target, purpose: Purpose) -> Result<EncodedBody, ReadError> {
    let (effective, mut dropped) = effective_options(request, target)?;
    // `effective` has tools only where a default gives some: the request's own are not copied.
    let tools = if request.tools.is_empty() { &effective.tools } else { &request.tools };
    let mut unsaid = Vec::new();
    let mut writer = BlockWriter::new(&effective.extensions, &target.model.quirks, &mut unsaid);
    let mut conversation = GroupedConversation::regroup(&request.messages, &mut writer)?;
    let excluded = match (tools::is_forced(&effective, tools), conversation.is_begun_answer()) {
        (true, _) => Some("not together with a tool that must be called"),
        (false, true) => Some("not together with an answer that was begun"),
        (false, false) => None,
    };
    let plan = ThinkingPlan::unless(&effective, target, excluded, &mut dropped);
    let body = object(|o| {
        o.string("model", target.upstream());
        conversation.write(&mut writer, o);
        tools::write(tools, &effective, o, &mut dropped);
        options::write(&effective, &plan, purpose, o, &mut dropped);
    });
    // Two lists, because conversation and options are written into one object at a time.
    dropped.extend(unsaid);
    Ok(EncodedBody { dropped, ..EncodedBody::json(body) })
}
