//! Messages read: roles and content blocks.
//!
//! Reference: Anthropic API reference, `MessageParam` and `ContentBlockParam`. The results of tools, which stand in a
//! user's turn here, become a turn of their own.

use super::extension::extension;
use super::{cache, media};
use crate::json::{JsonFault, Node};
use baton_model::Dialect;
use baton_model::chat::{Extension, Message, MessageRole, Part, PartKind, Reasoning, ToolCall, ToolResult};

/// Reads `messages` behind those there are. Unknown members of blocks go to `extensions`, under the path that the block
/// has among all of these messages.
pub(super) fn read(
    messages: &Node<'_>,
    into: &mut Vec<Message>,
    extensions: &mut Vec<Extension>,
) -> Result<(), JsonFault> {
    for message in messages.items()? {
        let role = message.require("role")?;
        let role = match role.string()?.as_str() {
            "user" => MessageRole::User,
            "assistant" => MessageRole::Assistant,
            "system" => MessageRole::System,
            _ => return Err(role.expected_fault("user or assistant")),
        };
        let place = into.len();
        read_turn(role, message.require("content")?, into, extensions)?;
        for (name, value) in message.members()? {
            if !["role", "content"].contains(&name.as_ref()) && !value.is_null() {
                extensions.push(extension(format!("messages[{place}].{name}"), value));
            }
        }
    }
    Ok(())
}

/// Reads the content of one turn: a string or blocks.
pub(super) fn read_turn(
    role: MessageRole,
    content: &Node<'_>,
    into: &mut Vec<Message>,
    extensions: &mut Vec<Extension>,
) -> Result<(), JsonFault> {
    into.push(Message { role, name: None, parts: Vec::new() });
    if let Some(text) = content.as_str() {
        if let (false, Some(message)) = (text.is_empty(), into.last_mut()) {
            message.parts.push(Part::text(text));
        }
        return Ok(());
    }
    for block in content.items().map_err(|_| content.expected_fault("a string or an array"))? {
        let is_result =
            role == MessageRole::User && block.get("type").and_then(Node::as_str).as_deref() == Some("tool_result");
        let role = if is_result { MessageRole::Tool } else { role };
        // The other formats give results a role of their own, so they get a message of their own. The empty message
        // begun above takes the role of its first block.
        match into.last_mut() {
            Some(last) if last.role == role => {}
            Some(last) if last.parts.is_empty() => last.role = role,
            _ => into.push(Message { role, name: None, parts: Vec::new() }),
        }
        // At least one is there: the turn's own, begun above.
        let place = into.len() - 1;
        if let Some(message) = into.last_mut() {
            let path = format!("messages[{place}].content[{}]", message.parts.len());
            message.parts.push(read_block(block, &path, extensions)?);
        }
    }
    Ok(())
}

fn read_block(node: &Node<'_>, path: &str, extensions: &mut Vec<Extension>) -> Result<Part, JsonFault> {
    let text = |name: &str| node.require(name)?.string();
    let (kind, members): (_, &[&str]) = match text("type")?.as_str() {
        "text" => {
            let citations = node.get("citations").map(Node::items).transpose()?.unwrap_or_default();
            let citations = citations.iter().map(|citation| (Dialect::Anthropic, citation.json())).collect();
            (Some(PartKind::Text { text: text("text")?, citations }), &["text", "citations"])
        }
        "image" => (media::read_image(node)?, &["source"]),
        "document" => (media::read_document(node)?, &["source", "title", "context", "citations"]),
        "thinking" => {
            // Reasoning of other providers has no signature. The SDKs' types require one, so clients send back an
            // empty one.
            let signature = node.get("signature").map(Node::string).transpose()?.filter(|proof| !proof.is_empty());
            let reasoning = Reasoning { text: text("thinking")?, signature, redacted: None };
            (Some(PartKind::Reasoning(reasoning)), &["thinking", "signature"])
        }
        "redacted_thinking" => {
            let reasoning = Reasoning { redacted: Some(text("data")?), ..Reasoning::default() };
            (Some(PartKind::Reasoning(reasoning)), &["data"])
        }
        "tool_use" => {
            let input = node.require("input")?;
            input.members()?;
            // Kept as text: parsing would change numbers such as 1.50, and prompt caches key on exact bytes.
            let call = ToolCall { id: text("id")?, name: text("name")?, arguments: input.text().to_owned() };
            (Some(PartKind::ToolCall(call)), &["id", "name", "input"])
        }
        "tool_result" => (Some(read_result(node, path, extensions)?), &["tool_use_id", "content", "is_error"]),
        _ => (None, &[]),
    };
    let Some(kind) = kind else {
        return Ok(PartKind::Other { dialect: Dialect::Anthropic, json: node.json() }.into());
    };
    for (name, value) in node.members()? {
        let read = ["type", cache::MEMBER].contains(&name.as_ref()) || members.contains(&name.as_ref());
        if !read && !value.is_null() {
            extensions.push(extension(format!("{path}.{name}"), value));
        }
    }
    Ok(Part { kind, cache: cache::read(node)? })
}

fn read_result(node: &Node<'_>, path: &str, extensions: &mut Vec<Extension>) -> Result<PartKind, JsonFault> {
    let mut result = ToolResult {
        call_id: node.require("tool_use_id")?.string()?,
        is_error: node.get("is_error").map(Node::bool).transpose()?,
        ..ToolResult::default()
    };
    if let Some(content) = node.get("content") {
        if let Some(text) = content.as_str() {
            result.parts.extend((!text.is_empty()).then(|| Part::text(text)));
        } else {
            let blocks = content.items().map_err(|_| content.expected_fault("a string or an array"))?;
            for (place, block) in blocks.iter().enumerate() {
                result.parts.push(read_block(block, &format!("{path}.content[{place}]"), extensions)?);
            }
        }
    }
    Ok(PartKind::ToolResult(result))
}
