//! A request, read and written.

use super::{items_read, items_write, options, tools};
use crate::json::{self, object};
use crate::proof::is_of_responses;
use crate::settle::settle;
use crate::{ReadError, Written};
use baton_model::chat::{Message, PartKind};
use baton_model::{ChatRequest, Target};

/// Reads a client's request.
pub(super) fn read(body: &[u8]) -> Result<ChatRequest, ReadError> {
    json::read(body, |root| {
        let mut request = options::read(root)?;
        tools::read(&mut request, root)?;
        request.messages = items_read::read(root, &mut request.extensions)?;
        Ok(request)
    })
}

/// Writes a request for a provider.
pub(super) fn write(request: &ChatRequest, target: &Target) -> Result<Written, ReadError> {
    let quirks = &target.model.quirks;
    let (settled, mut dropped) = settle(request, target)?;
    let given = if request.tools.is_empty() { &settled.tools } else { &request.tools };
    let body = object(|o| {
        o.string("model", target.upstream());
        items_write::ItemsWriter::new(&settled.extensions, quirks, &mut dropped).write(&request.messages, o);
        tools::write(given, &settled, o, &mut dropped);
        options::write(&settled, quirks, o, &mut dropped);
        options::write_include(&settled, quirks, request.messages.iter().any(carries_thoughts), o);
    });
    Ok(Written { dropped, ..Written::json(body) })
}

/// Whether a turn holds a thought of a provider of this format.
fn carries_thoughts(message: &Message) -> bool {
    message.parts.iter().any(|part| match &part.kind {
        PartKind::Reasoning(thought) => is_of_responses(thought),
        _ => false,
    })
}
