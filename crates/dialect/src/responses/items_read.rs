//! Items read as messages: what the model does in a row is one turn.

use super::options::extension;
use super::{parts, reasoning};
use crate::json::{JsonFault, Node};
use baton_model::Dialect;
use baton_model::chat::{Extension, Message, MessageRole, Part, PartKind, ToolCall, ToolResult};

/// Reads `instructions` and `input`. Members that only this format knows go to `extensions`, with the path of the part
/// that they belong to.
pub(super) fn read(root: &Node<'_>, extensions: &mut Vec<Extension>) -> Result<Vec<Message>, JsonFault> {
    let mut conversation = Conversation { messages: Vec::new(), extensions };
    if let Some(instructions) = root.get("instructions") {
        match instructions.as_str() {
            Some(text) if text.is_empty() => {}
            Some(text) => conversation.turn(MessageRole::System).push(Part::text(text)),
            // A response shows them as items, which some clients send again.
            None => conversation.items(instructions)?,
        }
    }
    match root.get("input") {
        None => {}
        Some(input) => match input.as_str() {
            Some(text) => {
                let parts = conversation.turn(MessageRole::User);
                parts.extend((!text.is_empty()).then(|| Part::text(text)));
            }
            None => conversation.items(input)?,
        },
    }
    Ok(conversation.messages)
}

struct Conversation<'e> {
    messages: Vec<Message>,
    extensions: &'e mut Vec<Extension>,
}

impl Conversation<'_> {
    fn items(&mut self, input: &Node<'_>) -> Result<(), JsonFault> {
        for item in input.items().map_err(|_| input.expected_fault("a string or an array"))? {
            self.item(item)?;
        }
        Ok(())
    }

    fn item(&mut self, node: &Node<'_>) -> Result<(), JsonFault> {
        let type_ = match node.get("type") {
            Some(type_) => type_.string()?,
            // The short form of a message has a role and no type.
            None if node.get("role").is_some() => "message".to_owned(),
            None => return Err(node.require("type").err().unwrap_or_else(|| node.expected_fault("an item"))),
        };
        match type_.as_str() {
            "message" => self.message(node),
            "function_call" => {
                let call = PartKind::ToolCall(ToolCall {
                    id: node.require("call_id")?.string()?,
                    name: node.require("name")?.string()?,
                    arguments: node.require("arguments")?.string()?,
                });
                self.add(MessageRole::Assistant, call, node, &["call_id", "name", "arguments"])
            }
            "function_call_output" => {
                let mut result = ToolResult { call_id: node.require("call_id")?.string()?, ..ToolResult::default() };
                let path = self.next_path(MessageRole::Tool);
                parts::read_all(node.require("output")?, &path, 0, &mut result.parts, self.extensions)?;
                self.add(MessageRole::Tool, PartKind::ToolResult(result), node, &["call_id", "output"])
            }
            "reasoning" => {
                let reasoning = PartKind::Reasoning(reasoning::read(node)?);
                self.turn(MessageRole::Assistant).push(reasoning.into());
                Ok(())
            }
            _ => {
                let role = match node.get("role") {
                    Some(role) => read_role(role)?,
                    // What a client sends back for calls of the model, such as `custom_tool_call_output`.
                    None if type_.ends_with("_output") || type_.ends_with("_response") => MessageRole::User,
                    None => MessageRole::Assistant,
                };
                let other = PartKind::Other { dialect: Dialect::Responses, json: node.json() };
                self.turn(role).push(other.into());
                Ok(())
            }
        }
    }

    fn message(&mut self, node: &Node<'_>) -> Result<(), JsonFault> {
        let role = read_role(node.require("role")?)?;
        let (turn, from) = self.next_position(role);
        let path = format!("messages[{turn}]");
        // Most messages are one part. An empty vector would grow to four, and a part is larger than most texts.
        let mut parts = Vec::with_capacity(1);
        if let Some(content) = node.get("content") {
            parts::read_all(content, &path, from, &mut parts, self.extensions)?;
        }
        self.members(node, &format!("{path}.content[{from}].message"), &["role", "content"])?;
        self.turn(role).extend(parts);
        Ok(())
    }

    fn add(&mut self, role: MessageRole, kind: PartKind, node: &Node<'_>, read: &[&str]) -> Result<(), JsonFault> {
        let (turn, place) = self.next_position(role);
        self.members(node, &format!("messages[{turn}].content[{place}]"), read)?;
        self.turn(role).push(kind.into());
        Ok(())
    }

    /// Members of an item that nothing else reads.
    fn members(&mut self, node: &Node<'_>, path: &str, read: &[&str]) -> Result<(), JsonFault> {
        for (name, value) in node.members()? {
            let name = name.as_ref();
            if !read.contains(&name) && !["type", "id", "status"].contains(&name) && !value.is_null() {
                self.extensions.push(extension(format!("{path}.{name}"), value));
            }
        }
        Ok(())
    }

    /// Whether something of that role goes on with the last turn: the model's items do.
    fn continues_turn(&self, role: MessageRole) -> bool {
        role == MessageRole::Assistant && self.messages.last().is_some_and(|last| last.role == role)
    }

    /// Where the next part of that role will stand: its turn, and its number there.
    fn next_position(&self, role: MessageRole) -> (usize, usize) {
        match self.messages.last() {
            Some(last) if self.continues_turn(role) => (self.messages.len() - 1, last.parts.len()),
            _ => (self.messages.len(), 0),
        }
    }

    fn next_path(&self, role: MessageRole) -> String {
        let (turn, place) = self.next_position(role);
        format!("messages[{turn}].content[{place}]")
    }

    /// The parts of the turn that something of that role belongs to, begun if it is a new one.
    fn turn(&mut self, role: MessageRole) -> &mut Vec<Part> {
        if !self.continues_turn(role) {
            self.messages.push(Message { role, name: None, parts: Vec::new() });
        }
        let last = self.messages.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "there is a last one: the line above saw to it")]
        &mut self.messages[last].parts
    }
}

fn read_role(node: &Node<'_>) -> Result<MessageRole, JsonFault> {
    Ok(match node.string()?.as_str() {
        "system" => MessageRole::System,
        "developer" => MessageRole::Developer,
        "user" => MessageRole::User,
        "assistant" => MessageRole::Assistant,
        _ => return Err(node.expected_fault("system, developer, user or assistant")),
    })
}
