//! A request, read and written.

use super::{items_read, items_write, options, tools};
use crate::effective_options::effective_options;
use crate::json::{self, object};
use crate::reasoning_origin::is_from_responses;
use crate::turns::{self, TurnRules};
use crate::{EncodedBody, ReadError};
use baton_model::chat::{Message, PartKind};
use baton_model::{ChatRequest, Dialect, Target};

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
pub(super) fn write(request: &ChatRequest, target: &Target) -> Result<EncodedBody, ReadError> {
    let quirks = &target.model.quirks;
    let (effective, mut dropped) = effective_options(request, target)?;
    let given = if request.tools.is_empty() { &effective.tools } else { &request.tools };
    // The call may stand in an earlier response that the provider keeps.
    let earlier = |name: &str| request.extensions.iter().any(|extension| extension.path == name);
    let earlier_calls = earlier("previous_response_id") || earlier("conversation");
    let turns = turns::order(&request.messages, TurnRules { dialect: Dialect::Responses, earlier_calls }, &mut dropped);
    let body = object(|o| {
        o.string("model", target.upstream());
        items_write::ItemsWriter::new(&effective.extensions, quirks, &mut dropped).write(&turns, o);
        tools::write(given, &effective, o, &mut dropped);
        options::write(&effective, quirks, o, &mut dropped);
        options::write_include(&effective, quirks, request.messages.iter().any(carries_reasoning), o);
    });
    Ok(EncodedBody { dropped, ..EncodedBody::json(body) })
}

/// Whether a turn holds a piece of reasoning of a provider of this format.
fn carries_reasoning(message: &Message) -> bool {
    message.parts.iter().any(|part| match &part.kind {
        PartKind::Reasoning(reasoning) => is_from_responses(reasoning),
        _ => false,
    })
}
