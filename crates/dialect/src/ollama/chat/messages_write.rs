//! Messages written: each a text with its images, one for each tool result.

use crate::Dropped;
use crate::json::{Array, Object};
use crate::ollama::calls;
use crate::turns::Turn;
use baton_model::chat::{
    Document, Extension, Image, Json, MediaSource, MessageRole, Part, PartKind, Reasoning, ToolCall, ToolResult,
};
use baton_model::entity::ReasoningStyle;
use baton_model::{Dialect, Quirks};
use std::collections::HashMap;

/// Writes the conversation. What is not supported goes to `dropped`.
pub(super) struct OllamaMessagesWriter<'r> {
    /// Whether reasoning is sent back.
    reasoning: bool,
    /// Whether it was said that cache marks are not known.
    mark_dropped: bool,
    /// Members that only this format knows, by the path of what they belong to.
    extensions: HashMap<&'r str, Vec<(&'r str, &'r Json)>>,
    /// The names of the calls so far, by id.
    called: HashMap<&'r str, &'r str>,
    dropped: &'r mut Vec<Dropped>,
}

/// What one message comes to.
#[derive(Default)]
struct MessageContent<'r> {
    texts: Vec<String>,
    images: Vec<&'r str>,
    reasoning_texts: Vec<&'r str>,
    /// With the paths of their parts.
    calls: Vec<(String, &'r ToolCall)>,
}

impl<'r> OllamaMessagesWriter<'r> {
    pub(super) fn new(extensions: &'r [Extension], quirks: &Quirks, dropped: &'r mut Vec<Dropped>) -> Self {
        let mut members: HashMap<_, Vec<_>> = HashMap::new();
        for extension in extensions.iter().filter(|extension| extension.dialect == Dialect::Ollama) {
            let place = extension.path.rsplit_once('.').filter(|(owner, _)| owner.starts_with("messages["));
            if let Some((owner, name)) = place {
                members.entry(owner).or_default().push((name, &extension.value));
            }
        }
        Self {
            reasoning: quirks.reasoning != ReasoningStyle::Unsupported && !quirks.refuses("thinking"),
            mark_dropped: false,
            extensions: members,
            called: HashMap::new(),
            dropped,
        }
    }

    pub(super) fn write(mut self, turns: &'r [Turn<'r>], a: &mut Array<'_>) {
        for message in turns {
            let path = format!("messages[{}]", message.message);
            let parts = message.parts.iter().map(|placed| (placed.place, placed.part.as_ref()));
            let (results, rest): (Vec<_>, Vec<_>) =
                parts.partition(|(_, part)| matches!(part.kind, PartKind::ToolResult(_)));
            for (place, part) in &results {
                if let PartKind::ToolResult(result) = &part.kind {
                    self.mark(part);
                    self.write_result(result, &path, &format!("{path}.content[{place}]"), a);
                }
            }
            // A message of results alone has been said with them.
            if message.role != MessageRole::Tool || !rest.is_empty() {
                self.turn(message, &rest, &path, a);
            }
        }
    }

    fn turn(&mut self, message: &Turn<'_>, parts: &[(usize, &'r Part)], path: &str, a: &mut Array<'_>) {
        if message.name.is_some() {
            self.drop(format!("{path}.name"), "not supported by ollama");
        }
        let (role, assistant) = match message.role {
            MessageRole::System | MessageRole::Developer => ("system", false),
            MessageRole::User | MessageRole::Tool => ("user", false),
            MessageRole::Assistant => ("assistant", true),
        };
        let said = self.collect_content(parts, assistant, path);
        for (_, call) in &said.calls {
            // Of two calls with one id the later counts, as in Ollama's own OpenAI-compatible endpoint.
            self.called.insert(&call.id, &call.name);
        }
        a.object(|o| {
            o.string("role", role);
            // A reply's texts are pieces of one; others stand each for itself.
            self.content(&said, if assistant { "" } else { "\n" }, o);
            if !said.reasoning_texts.is_empty() {
                o.string("thinking", &said.reasoning_texts.concat());
            }
            if !said.calls.is_empty() {
                o.array("tool_calls", |a| {
                    for (index, (part, call)) in said.calls.iter().enumerate() {
                        self.call(call, part, index, path, a);
                    }
                });
            }
            self.members(path, o);
        });
    }

    /// `path` is the message's, `part` the result's own.
    fn write_result(&mut self, result: &'r ToolResult, path: &str, part: &str, a: &mut Array<'_>) {
        if result.is_error == Some(true) {
            self.drop(format!("{part}.is_error"), "not supported by ollama");
        }
        let parts: Vec<_> = result.parts.iter().enumerate().collect();
        let said = self.collect_content(&parts, false, part);
        // Models' templates name a result by its tool. OpenAI and Anthropic refer to the call alone, so its name is
        // looked up.
        let name = result.name.as_deref().or_else(|| self.called.get(result.call_id.as_str()).copied());
        a.object(|o| {
            o.string("role", "tool");
            self.content(&said, "\n", o);
            o.maybe_string("tool_name", name);
            o.maybe_string("tool_call_id", Some(result.call_id.as_str()).filter(|id| !id.is_empty()));
            self.members(path, o);
        });
    }

    fn content(&self, said: &MessageContent<'_>, separator: &str, o: &mut Object<'_>) {
        o.string("content", &said.texts.join(separator));
        write_image_data(&said.images, o);
    }

    fn call(&mut self, call: &ToolCall, part: &str, index: usize, path: &str, a: &mut Array<'_>) {
        a.object(|o| {
            if !calls::write(call, index, o) {
                self.drop(format!("{part}.arguments"), "not a JSON object: sent as a string inside one");
            }
            self.members(&format!("{path}.tool_calls[{index}]"), o);
        });
    }

    fn members(&self, path: &str, o: &mut Object<'_>) {
        for (name, value) in self.extensions.get(path).into_iter().flatten() {
            o.json(name, value);
        }
    }

    /// Sorts the parts of one message.
    fn collect_content(&mut self, parts: &[(usize, &'r Part)], assistant: bool, path: &str) -> MessageContent<'r> {
        let mut said = MessageContent::default();
        for (place, part) in parts {
            self.mark(part);
            let path = format!("{path}.content[{place}]");
            match &part.kind {
                PartKind::Text { text, citations } => {
                    if !citations.is_empty() {
                        self.drop(format!("{path}.citations"), "not supported by ollama");
                    }
                    said.texts.push(text.clone());
                }
                PartKind::Refusal(text) => said.texts.push(text.clone()),
                PartKind::Image(image) => match image_data(image) {
                    Ok(data) => {
                        if image.detail.is_some() {
                            self.drop(format!("{path}.detail"), "not supported by ollama");
                        }
                        said.images.push(data);
                    }
                    Err(reason) => self.drop(path, reason),
                },
                // Where Ollama's own OpenAI-compatible endpoint puts audio, too.
                PartKind::Audio { data, .. } => said.images.push(data),
                PartKind::Document(document) => self.document(document, path, &mut said),
                PartKind::Reasoning(reasoning) if assistant => self.reasoning_text(reasoning, &path, &mut said),
                PartKind::ToolCall(call) if assistant => said.calls.push((path, call)),
                PartKind::Other { dialect, .. } => self.drop(path, &format!("specific to {dialect}")),
                PartKind::Reasoning(_) | PartKind::ToolCall(_) | PartKind::ToolResult(_) => {
                    self.drop(path, "not allowed in this role");
                }
            }
        }
        said
    }

    fn reasoning_text(&mut self, reasoning: &'r Reasoning, path: &str, said: &mut MessageContent<'r>) {
        if !self.reasoning {
            self.drop(path, "refused by the model");
            return;
        }
        if reasoning.redacted.is_some() {
            self.drop(path, "encrypted reasoning is not supported by ollama");
        } else if reasoning.signature.is_some() {
            self.drop(format!("{path}.signature"), "not supported by ollama");
        }
        if !reasoning.text.is_empty() {
            said.reasoning_texts.push(&reasoning.text);
        }
    }

    fn document(&mut self, document: &Document, path: String, said: &mut MessageContent<'r>) {
        let MediaSource::Text(text) = &document.source else {
            return self.drop(path, "documents are not supported by ollama");
        };
        // The format has no documents, but a text reads the same in the message.
        said.texts.push(match &document.title {
            Some(title) => format!("{title}\n\n{text}"),
            None => text.clone(),
        });
        self.drop(path, "a text document sent as text");
    }

    /// Marks are hints, and a conversation may have many: one line says it for all.
    fn mark(&mut self, part: &Part) {
        if part.cache.is_some() && !std::mem::replace(&mut self.mark_dropped, true) {
            self.drop("cache_control", "not supported by ollama");
        }
    }

    fn drop(&mut self, field: impl Into<String>, reason: &str) {
        self.dropped.push(Dropped::new(field, reason));
    }
}

/// Writes the images of a completion.
pub(in crate::ollama) fn write_images(images: &[Image], o: &mut Object<'_>, dropped: &mut Vec<Dropped>) {
    let mut data = Vec::with_capacity(images.len());
    for (place, image) in images.iter().enumerate() {
        match image_data(image) {
            Ok(image) => data.push(image),
            Err(reason) => dropped.push(Dropped::new(format!("images[{place}]"), reason)),
        }
    }
    write_image_data(&data, o);
}

fn write_image_data(images: &[&str], o: &mut Object<'_>) {
    if !images.is_empty() {
        o.array("images", |a| {
            for image in images {
                a.string(image);
            }
        });
    }
}

/// The base64 of an image, or why there is none.
fn image_data(image: &Image) -> Result<&str, &'static str> {
    match &image.source {
        MediaSource::Base64 { data, .. } => Ok(data),
        MediaSource::Url(url) => {
            let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
            data.map(|(_, data)| data).ok_or("image URLs are not supported by ollama")
        }
        MediaSource::Text(_) | MediaSource::File { .. } => Err("an image stored at another provider"),
    }
}
