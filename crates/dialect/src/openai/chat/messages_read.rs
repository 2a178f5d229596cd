//! Messages read: roles, content parts, tool calls and results.

use crate::json::{JsonFault, JsonValue, Node, object};
use crate::openai::extension::extension;
use crate::openai_cache as cache;
use crate::openai_media::data_url;
use baton_model::Dialect;
use baton_model::chat::{
    Document, Extension, Image, Json, MediaSource, Message, MessageRole, Part, PartKind, Reasoning, ToolCall,
    ToolResult,
};

/// Reads `messages`. Unknown members of parts and calls go to `extensions`, with their whole path.
pub(super) fn read(messages: &Node<'_>, extensions: &mut Vec<Extension>) -> Result<Vec<Message>, JsonFault> {
    let mut all = Vec::with_capacity(messages.items()?.len());
    for (place, message) in messages.items()?.iter().enumerate() {
        all.push(read_message(message, &format!("messages[{place}]"), extensions)?);
    }
    Ok(all)
}

fn read_message(node: &Node<'_>, path: &str, extensions: &mut Vec<Extension>) -> Result<Message, JsonFault> {
    let role = node.require("role")?;
    let name = node.get("name").map(Node::string).transpose()?;
    match role.string()?.as_str() {
        "tool" => {
            // Some services do without; the results then follow the calls in order.
            let call_id = node.get("tool_call_id").map(Node::string).transpose()?;
            read_result(node, call_id.unwrap_or_default(), name, path, extensions)
        }
        // The older form of the same: a call of that name, without an id.
        "function" => read_result(node, String::new(), name, path, extensions),
        "system" => read_turn(MessageRole::System, node, name, path, extensions),
        "developer" => read_turn(MessageRole::Developer, node, name, path, extensions),
        "user" => read_turn(MessageRole::User, node, name, path, extensions),
        "assistant" => read_turn(MessageRole::Assistant, node, name, path, extensions),
        _ => Err(role.expected_fault("system, developer, user, assistant or tool")),
    }
}

fn read_turn(
    role: MessageRole,
    node: &Node<'_>,
    name: Option<String>,
    path: &str,
    extensions: &mut Vec<Extension>,
) -> Result<Message, JsonFault> {
    // Most messages are one text. An empty vector would grow to four parts, and a part is larger than most texts.
    let mut parts = Vec::with_capacity(1);
    // First: the model thinks before it speaks, and formats that keep the order want it so.
    read_reasoning(node, &mut parts)?;
    if let Some(content) = node.get("content") {
        read_content(content, path, &mut parts, extensions)?;
    }
    mark_last(node, &mut parts)?;
    if let Some(refusal) = node.get("refusal") {
        parts.push(PartKind::Refusal(refusal.string()?).into());
    }
    if let Some(calls) = node.get("tool_calls") {
        for (place, call) in calls.items()?.iter().enumerate() {
            parts.push(read_call(call, &format!("{path}.tool_calls[{place}]"), extensions)?.into());
        }
    }
    read_own_members(node, &mut parts)?;
    Ok(Message { role, name, parts })
}

fn read_result(
    node: &Node<'_>,
    call_id: String,
    name: Option<String>,
    path: &str,
    extensions: &mut Vec<Extension>,
) -> Result<Message, JsonFault> {
    let mut result = ToolResult { call_id, name, ..ToolResult::default() };
    if let Some(content) = node.get("content") {
        read_content(content, &format!("{path}.content[0]"), &mut result.parts, extensions)?;
    }
    let mut parts = vec![PartKind::ToolResult(result).into()];
    mark_last(node, &mut parts)?;
    read_own_members(node, &mut parts)?;
    Ok(Message { role: MessageRole::Tool, name: None, parts })
}

/// A mark on the message itself is one on its last part.
fn mark_last(node: &Node<'_>, parts: &mut [Part]) -> Result<(), JsonFault> {
    if let (Some(mark), Some(last)) = (cache::read(node)?, parts.last_mut()) {
        last.cache = Some(mark);
    }
    Ok(())
}

/// Members of a message that nothing else reads: kept as one part each, an object without `type`.
fn read_own_members(node: &Node<'_>, parts: &mut Vec<Part>) -> Result<(), JsonFault> {
    const READ: [&str; 9] = [
        "role",
        "name",
        "content",
        "refusal",
        "tool_calls",
        "tool_call_id",
        "reasoning_content",
        "reasoning",
        "thinking_blocks",
    ];
    for (name, value) in node.members()? {
        // Clients send a reply's message back with all its members, the empty ones too.
        let says_nothing = matches!(value.value(), JsonValue::Null)
            || matches!(value.value(), JsonValue::Array(items) if items.is_empty());
        if says_nothing || READ.contains(&name.as_ref()) || cache::MEMBERS.contains(&name.as_ref()) {
            continue;
        }
        parts.push(other(object(|o| {
            o.raw(name, value.text());
        })));
    }
    Ok(())
}

fn other(json: Vec<u8>) -> Part {
    PartKind::Other { dialect: Dialect::OpenAi, json: Json(String::from_utf8(json).unwrap_or_default()) }.into()
}

/// Reads reasoning in the members that compatible services use for it.
fn read_reasoning(node: &Node<'_>, parts: &mut Vec<Part>) -> Result<(), JsonFault> {
    if let Some(blocks) = node.get("thinking_blocks") {
        let said = node.get("reasoning_content").and_then(Node::string_or_none).unwrap_or_default();
        parts
            .extend(reasoning_texts(blocks, &said)?.into_iter().map(|reasoning| PartKind::Reasoning(reasoning).into()));
        return Ok(());
    }
    if let Some(text) = node.get("reasoning_content").or_else(|| node.get("reasoning")).and_then(Node::as_str)
        && !text.is_empty()
    {
        parts.push(PartKind::Reasoning(Reasoning { text: text.into_owned(), ..Reasoning::default() }).into());
    }
    Ok(())
}

/// Reads `thinking_blocks`. `said` is what all of them say together: of a stream, the first has its text there alone.
fn reasoning_texts(blocks: &Node<'_>, said: &str) -> Result<Vec<Reasoning>, JsonFault> {
    let mut reasoning_texts = Vec::new();
    for block in blocks.items()? {
        let text = |name: &str| block.get(name).map(Node::string).transpose();
        reasoning_texts.push(Reasoning {
            text: text("thinking")?.unwrap_or_default(),
            signature: text("signature")?,
            redacted: text("data")?,
        });
    }
    let told: usize = reasoning_texts.iter().map(|reasoning| reasoning.text.len()).sum();
    let first = reasoning_texts.first_mut().filter(|first| first.text.is_empty() && first.redacted.is_none());
    if let (Some(first), Some(text)) = (first, said.len().checked_sub(told).and_then(|end| said.get(..end))) {
        first.text = text.to_owned();
    }
    Ok(reasoning_texts)
}

/// Reads a string or an array of parts. An empty string is no part.
fn read_content(
    content: &Node<'_>,
    path: &str,
    parts: &mut Vec<Part>,
    extensions: &mut Vec<Extension>,
) -> Result<(), JsonFault> {
    if let Some(text) = content.as_str() {
        if !text.is_empty() {
            parts.push(Part::text(text));
        }
        return Ok(());
    }
    let items = content.items().map_err(|_| content.expected_fault("a string or an array"))?;
    parts.reserve_exact(items.len());
    for (place, item) in items.iter().enumerate() {
        parts.push(read_part(item, &format!("{path}.content[{place}]"), extensions)?);
    }
    Ok(())
}

fn read_part(node: &Node<'_>, path: &str, extensions: &mut Vec<Extension>) -> Result<Part, JsonFault> {
    let (kind, member) = match node.require("type")?.string()?.as_str() {
        "text" => {
            let text = node.require("text")?.string()?;
            (PartKind::Text { text, citations: Vec::new() }, "text")
        }
        "refusal" => (PartKind::Refusal(node.require("refusal")?.string()?), "refusal"),
        "image_url" => (PartKind::Image(read_image(node.require("image_url")?)?), "image_url"),
        // Mistral takes a bare string, which does not tell the format: that stays as it is.
        "input_audio" if node.get("input_audio").is_none_or(Node::is_object) => {
            let audio = node.require("input_audio")?;
            let (data, format) = (audio.require("data")?.string()?, audio.require("format")?.string()?);
            (PartKind::Audio { data, format }, "input_audio")
        }
        "file" => (PartKind::Document(read_file(node.require("file")?)?), "file"),
        _ => return Ok(PartKind::Other { dialect: Dialect::OpenAi, json: node.json() }.into()),
    };
    for (name, value) in node.members()? {
        if name != "type" && name != member && !cache::MEMBERS.contains(&name.as_ref()) && !value.is_null() {
            extensions.push(extension(format!("{path}.{name}"), value));
        }
    }
    Ok(Part { kind, cache: cache::read(node)? })
}

fn read_image(node: &Node<'_>) -> Result<Image, JsonFault> {
    // Mistral takes a bare string.
    let url = if node.is_object() { node.require("url")?.string()? } else { node.string()? };
    let source = data_url(&url).unwrap_or(MediaSource::Url(url));
    Ok(Image { source, detail: node.get("detail").map(Node::string).transpose()? })
}

fn read_file(node: &Node<'_>) -> Result<Document, JsonFault> {
    let title = node.get("filename").map(Node::string).transpose()?;
    let source = match (node.get("file_data"), node.get("file_id")) {
        (Some(data), _) => {
            let data = data.string()?;
            // Some clients send the base64 without `data:…` in front, and so without its type.
            data_url(&data).unwrap_or(MediaSource::Base64 { media_type: String::new(), data })
        }
        (None, Some(id)) => MediaSource::File { dialect: Dialect::OpenAi, id: id.string()? },
        (None, None) => return Err(node.fault("requires file_data or file_id")),
    };
    Ok(Document { source, title, context: None, citations: None })
}

fn read_call(node: &Node<'_>, path: &str, extensions: &mut Vec<Extension>) -> Result<PartKind, JsonFault> {
    let Some(function) = node.get("function") else {
        // A custom tool's call has no `function`, but it must say what it is.
        node.require("type")?;
        return Ok(PartKind::Other { dialect: Dialect::OpenAi, json: node.json() });
    };
    for (name, value) in node.members()? {
        if !["id", "type", "index", "function"].contains(&name.as_ref()) && !value.is_null() {
            extensions.push(extension(format!("{path}.{name}"), value));
        }
    }
    let arguments = function.get("arguments");
    Ok(PartKind::ToolCall(ToolCall {
        id: node.get("id").map(Node::string).transpose()?.unwrap_or_default(),
        name: function.require("name")?.string()?,
        // Meant to be JSON in a string; some clients send the object itself.
        arguments: arguments.map(|node| node.string().unwrap_or_else(|_| node.text().to_owned())).unwrap_or_default(),
    }))
}
