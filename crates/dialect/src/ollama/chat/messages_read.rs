//! Messages read: a text, images, reasoning, tool calls and results.

use crate::json::{JsonFault, Node};
use crate::ollama::calls;
use crate::ollama::options::extension;
use crate::open_calls::OpenCalls;
use crate::openai_media::data_url;
use baton_model::chat::{
    Extension, Image, MediaSource, Message, MessageRole, Part, PartKind, Reasoning, ToolCall, ToolResult,
};

/// Reads `messages`. Members that only this format knows go to `extensions`, with their whole path.
pub(super) fn read(messages: &Node<'_>, extensions: &mut Vec<Extension>) -> Result<Vec<Message>, JsonFault> {
    let mut reader = Reader { open: OpenCalls::default(), extensions };
    let messages = messages.items()?.iter().enumerate();
    messages.map(|(place, message)| reader.message(message, place)).collect()
}

struct Reader<'r> {
    /// Older clients send neither ids nor what a result refers to, and other formats need both.
    open: OpenCalls,
    extensions: &'r mut Vec<Extension>,
}

impl Reader<'_> {
    fn message(&mut self, node: &Node<'_>, place: usize) -> Result<Message, JsonFault> {
        let word = node.require("role")?;
        let role = match word.string()?.to_lowercase().as_str() {
            "system" => MessageRole::System,
            "developer" => MessageRole::Developer,
            "user" => MessageRole::User,
            "assistant" => MessageRole::Assistant,
            "tool" => MessageRole::Tool,
            _ => return Err(word.expected_fault("system, user, assistant or tool")),
        };
        let mut parts = read_content(node)?;
        if role == MessageRole::Tool {
            parts = vec![PartKind::ToolResult(self.read_result(node, parts)?).into()];
        } else {
            for (index, call) in items(node, "tool_calls")?.iter().enumerate() {
                let call = self.call(call, place, index)?;
                self.open.push(call.id.clone(), call.name.clone());
                parts.push(PartKind::ToolCall(call).into());
            }
        }
        const READ: [&str; 7] = ["role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"];
        for (name, value) in node.members()? {
            if !READ.contains(&name.as_ref()) && !value.is_null() {
                self.extensions.push(extension(format!("messages[{place}].{name}"), value));
            }
        }
        Ok(Message { role, name: None, parts })
    }

    fn call(&mut self, node: &Node<'_>, place: usize, index: usize) -> Result<ToolCall, JsonFault> {
        let function = node.require("function")?;
        for (name, value) in node.members()? {
            if !["id", "type", "function"].contains(&name.as_ref()) && !value.is_null() {
                self.extensions.push(extension(format!("messages[{place}].tool_calls[{index}].{name}"), value));
            }
        }
        let id = node.get("id").map(Node::string).transpose()?.filter(|id| !id.is_empty());
        Ok(ToolCall {
            // Made of the place in the conversation, so that the next turn, which sends all of it again, gets the
            // same ids and finds the provider's prompt cache.
            id: id.unwrap_or_else(|| calls::make_id(index, &format!("m{place}"))),
            name: function.require("name")?.string()?,
            arguments: calls::read_arguments(function.get("arguments")),
        })
    }

    fn read_result(&mut self, node: &Node<'_>, parts: Vec<Part>) -> Result<ToolResult, JsonFault> {
        let text = |name: &str| node.get(name).map(Node::string).transpose();
        let (id, name) = (text("tool_call_id")?, text("tool_name")?);
        let answered = match (&id, &name) {
            (Some(id), _) => self.open.take_by_id(id),
            (None, Some(name)) => self.open.take_by_name(name),
            // The results follow the calls in order.
            (None, None) => self.open.take_first(),
        };
        let call_id = id.or(answered).unwrap_or_default();
        Ok(ToolResult { call_id, name, parts, is_error: None })
    }
}

/// What a message says. The server puts images before the text, so they stand there.
fn read_content(node: &Node<'_>) -> Result<Vec<Part>, JsonFault> {
    let text =
        |name: &str| node.get(name).map(Node::string).transpose().map(|text| text.filter(|text| !text.is_empty()));
    // Most messages are one text. An empty vector would grow to four parts, and a part is larger than most texts.
    let mut parts = Vec::with_capacity(1);
    if let Some(reasoning) = text("thinking")? {
        parts.push(PartKind::Reasoning(Reasoning { text: reasoning, ..Reasoning::default() }).into());
    }
    parts.extend(read_images(node)?.into_iter().map(|image| Part::from(PartKind::Image(image))));
    parts.extend(text("content")?.map(Part::text));
    Ok(parts)
}

/// The `images` of a message, or of a completion.
pub(in crate::ollama) fn read_images(node: &Node<'_>) -> Result<Vec<Image>, JsonFault> {
    let images = items(node, "images")?.iter().map(|image| {
        let data = image.string()?;
        // The reference wants bare base64; browsers make whole addresses of it.
        let bare = |data| MediaSource::Base64 { media_type: String::new(), data };
        let source = data_url(&data).unwrap_or_else(|| bare(data));
        Ok(Image { source, detail: None })
    });
    images.collect()
}

fn items<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<&'n [Node<'a>], JsonFault> {
    node.get(name).map_or(Ok(&[]), Node::items)
}
