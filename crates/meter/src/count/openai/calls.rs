//! Calls of functions and their results.
//!
//! A call is a message to the function, with its arguments as compact JSON; its result is a message from it. Calls made
//! at once are one call of `multi_tool_use.parallel` in a chat completion, and their results are one list; in a response
//! each stays a message.

use super::framing::PER_MESSAGE;
use super::{Counter, Rule};
use crate::count::Section;
use baton_model::chat::{Message, MessageRole, Part, PartKind, ToolCall, ToolResult};
use serde_json::Value;
use std::collections::HashMap;

/// What a list of results has around it.
const RESULTS: u64 = 8;

/// What is known of the calls of a conversation: each call's function, and whether it was made with others.
pub(super) struct Calls<'m> {
    made: HashMap<&'m str, (&'m str, bool)>,
}

impl<'m> Calls<'m> {
    /// Calls of a turn were made together, if the API joins such calls at all.
    pub(super) fn of(messages: &'m [Message], joined: bool) -> Self {
        let mut made = HashMap::new();
        for message in messages {
            let calls = || message.parts.iter().filter_map(call);
            let together = joined && calls().count() > 1;
            made.extend(calls().map(|call| (call.id.as_str(), (call.name.as_str(), together))));
        }
        Self { made }
    }

    fn name<'r>(&'r self, result: &'r ToolResult) -> &'r str {
        // A result without an id names its function itself.
        self.made.get(result.call_id.as_str()).map_or(result.name.as_deref().unwrap_or_default(), |(name, _)| name)
    }

    fn together(&self, result: &ToolResult) -> bool {
        self.made.get(result.call_id.as_str()).is_some_and(|(_, together)| *together)
    }
}

impl Counter {
    /// Adds the calls of a turn.
    pub(super) fn calls(&mut self, parts: &[Part]) {
        let legacy = parts.iter().filter_map(|part| match &part.kind {
            PartKind::Other { json, .. } => legacy(&json.0),
            _ => None,
        });
        let mut all: Vec<(String, String)> = legacy.collect();
        all.extend(parts.iter().filter_map(call).map(|call| (call.name.clone(), call.arguments.clone())));
        if !self.joined {
            for (name, arguments) in &all {
                self.call(&format!(" to=functions.{name}"), &compact(arguments));
            }
            return;
        }
        let (recipient, text) = match all.as_slice() {
            [] => return,
            [(name, arguments)] => (format!(" to=functions.{name}"), compact(arguments)),
            many => {
                let uses = many.iter().map(|(name, arguments)| {
                    let arguments = compact(arguments);
                    let arguments = if arguments.is_empty() { "{}" } else { &arguments };
                    format!("{{\"recipient_name\":\"functions.{name}\",\"parameters\":{arguments}}}")
                });
                let uses = uses.collect::<Vec<_>>().join(",");
                (" to=multi_tool_use.parallel".to_owned(), format!("{{\"tool_uses\":[{uses}]}}"))
            }
        };
        self.call(&recipient, &text);
    }

    /// Adds one message to a function.
    fn call(&mut self, recipient: &str, text: &str) {
        self.uses(Rule::Calls, false);
        let header = PER_MESSAGE + self.tokenizer.count("assistant") + self.tokenizer.count(recipient);
        self.breakdown.add(Section::Framing, header + self.framing.call);
        self.breakdown.add(Section::Messages, self.tokenizer.count(text));
    }

    /// Adds a result that stands alone, and whatever of the others is no text.
    pub(super) fn result(&mut self, result: &ToolResult, section: Section, calls: &Calls<'_>) {
        self.uses(Rule::Calls, false);
        let mut text = String::new();
        self.parts(&result.parts, section, &mut text, calls);
        if calls.together(result) {
            return;
        }
        let header = self.tokenizer.count(&format!("functions.{}", calls.name(result)));
        self.breakdown.add(Section::Framing, PER_MESSAGE + header);
        self.breakdown.add(section, self.tokenizer.count(&text));
    }

    /// Adds the results of calls made at once, one list for those that follow one another.
    pub(super) fn results_together(&mut self, messages: &[Message], calls: &Calls<'_>) {
        let mut texts: Vec<String> = Vec::new();
        for message in messages {
            let results = message.parts.iter().filter_map(|part| match &part.kind {
                PartKind::ToolResult(result) if calls.together(result) => Some(text_of(result)),
                _ => None,
            });
            if message.role != MessageRole::Tool {
                self.list(&texts);
                texts.clear();
            }
            texts.extend(results);
        }
        self.list(&texts);
    }

    fn list(&mut self, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        let json = format!("[{}]", texts.iter().map(|text| ascii_json(text)).collect::<Vec<_>>().join(", "));
        self.breakdown.add(Section::Framing, RESULTS);
        self.breakdown.add(Section::Messages, self.tokenizer.count(&json));
    }
}

fn call(part: &Part) -> Option<&ToolCall> {
    match &part.kind {
        PartKind::ToolCall(call) => Some(call),
        _ => None,
    }
}

/// The call in a member `function_call` of a message, the form before there were tools: its name and arguments.
pub(super) fn legacy(json: &str) -> Option<(String, String)> {
    // Most parts of one format alone are no such call, and need not be parsed.
    if !json.contains("\"function_call\"") {
        return None;
    }
    let value: Value = serde_json::from_str(json).ok()?;
    let call = value.get("function_call")?;
    let text = |key: &str| call.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("name")?, text("arguments").unwrap_or_default()))
}

fn text_of(result: &ToolResult) -> String {
    let texts = result.parts.iter().filter_map(|part| match &part.kind {
        PartKind::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// JSON without white space; anything else as it is.
fn compact(json: &str) -> String {
    serde_json::from_str::<Value>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

/// A string of JSON in ASCII alone.
fn ascii_json(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    for character in Value::from(text).to_string().chars() {
        if character.is_ascii() {
            json.push(character);
        } else {
            let mut units = [0; 2];
            json.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    json
}
