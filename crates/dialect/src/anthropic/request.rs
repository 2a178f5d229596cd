//! A messages request, read and written.

use super::messages_write::MessagesWriter;
use super::reasoning::Plan;
use super::{messages_read, options, tools};
use crate::json::{self, object};
use crate::settle::settle;
use crate::{ReadError, Written};
use baton_model::chat::Role;
use baton_model::{ChatRequest, Target};

/// What a request is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be answered.
    Answer,
    /// To have its tokens counted: options about the answer are refused there.
    Count,
}

/// Reads a client's request. `max_tokens` may be missing: it is filled in from what is known of the model.
pub(super) fn read(body: &[u8]) -> Result<ChatRequest, ReadError> {
    json::read(body, |root| {
        let mut request = options::read(root, &["system", "messages", "tools", "tool_choice"])?;
        tools::read(&mut request, root)?;
        let (messages, extensions) = (&mut request.messages, &mut request.extensions);
        if let Some(system) = root.get("system") {
            messages_read::read_turn(Role::System, system, messages, extensions)?;
        }
        messages_read::read(root.require("messages")?, messages, extensions)?;
        Ok(request)
    })
}

/// Writes a request for a provider.
pub(super) fn write(request: &ChatRequest, target: &Target, purpose: Purpose) -> Result<Written, ReadError> {
    let (settled, mut dropped) = settle(request, target)?;
    let tools = if request.tools.is_empty() { &settled.tools } else { &request.tools };
    let plan = Plan::new(&settled, target, tools::is_forced(&settled, tools), &mut dropped);
    let mut unsaid = Vec::new();
    let mut writer = MessagesWriter::new(&settled.extensions, &target.model.quirks, &mut unsaid);
    let mut conversation = writer.regroup(&request.messages)?;
    let body = object(|o| {
        o.string("model", target.upstream());
        conversation.write(&mut writer, o);
        tools::write(tools, &settled, o, &mut dropped);
        options::write(&settled, &plan, purpose, o, &mut dropped);
    });
    dropped.extend(unsaid);
    Ok(Written { dropped, ..Written::json(body) })
}
