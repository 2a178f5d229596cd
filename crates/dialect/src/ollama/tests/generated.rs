//! Generated requests come back as they were, and readers survive anything.

use super::{read, with_levels, write};
use crate::testing::{chat_request, target};
use baton_model::chat::{
    ChatRequest, Effort, Image, Json, MediaSource, Message, MessageRole, OutputFormat, Part, PartKind,
    ReasoningOptions, Tool, ToolChoice,
};
use baton_model::{Capability, Detail, Dialect};
use proptest::prelude::*;
use std::collections::HashMap;

/// Whether one of its tools has to be called.
fn demands_call(request: &ChatRequest) -> bool {
    let functions = request.tools.iter().filter_map(|tool| match tool {
        Tool::Function { name, .. } => Some(name),
        Tool::Other { .. } => None,
    });
    match &request.tool_choice {
        Some(ToolChoice::Required) => functions.count() > 0,
        Some(ToolChoice::Tool(wanted)) => functions.into_iter().any(|name| name == wanted),
        _ => false,
    }
}

/// What reading back a written request gives: what this format has fewer words for, in those.
fn as_said_here(request: &ChatRequest) -> ChatRequest {
    let mut said = ChatRequest {
        tool_choice: None,
        parallel_tool_calls: None,
        n: None,
        end_user: None,
        service_tier: None,
        verbosity: None,
        ..request.clone()
    };
    if request.tool_choice == Some(ToolChoice::None) {
        said.tools.clear();
    }
    for tool in &mut said.tools {
        if let Tool::Function { strict, parameters, .. } = tool {
            *strict = None;
            parameters.get_or_insert(Json(r#"{"type":"object","properties":{}}"#.into()));
        }
    }
    said.output = match said.output {
        OutputFormat::Text => OutputFormat::Unspecified,
        OutputFormat::Schema(mut schema) => {
            (schema.name, schema.description, schema.strict) = (None, None, None);
            OutputFormat::Schema(schema)
        }
        other => other,
    };
    said.reasoning = said.reasoning.map(|reasoning| match reasoning.effort {
        // A model with levels has none for this.
        Some(Effort::None) => ReasoningOptions { effort: Some(Effort::Low), ..reasoning },
        Some(Effort::Minimal) => ReasoningOptions { effort: Some(Effort::Low), ..reasoning },
        Some(Effort::XHigh) => ReasoningOptions { effort: Some(Effort::Max), ..reasoning },
        _ => reasoning,
    });
    let mut called = HashMap::new();
    said.messages = request.messages.iter().map(|message| message_as_said_here(message, &mut called)).collect();
    said
}

fn message_as_said_here(message: &Message, called: &mut HashMap<String, String>) -> Message {
    let separator = if message.role == MessageRole::Assistant { "" } else { "\n" };
    let (mut reasoning_part, mut text, mut images, mut rest) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for part in &message.parts {
        let image = |data: &String| {
            let source = MediaSource::Base64 { media_type: String::new(), data: data.clone() };
            Part::from(PartKind::Image(Image { source, detail: None }))
        };
        match part.kind.clone() {
            PartKind::Text { text: more, .. } => text.push(more),
            PartKind::Reasoning(more) => reasoning_part.push_str(&more.text),
            PartKind::Image(Image { source: MediaSource::Base64 { data, .. }, .. }) | PartKind::Audio { data, .. } => {
                images.push(image(&data));
            }
            PartKind::ToolCall(call) => {
                called.insert(call.id.clone(), call.name.clone());
                rest.push(PartKind::ToolCall(call).into());
            }
            PartKind::ToolResult(mut result) => {
                result.name = called.get(&result.call_id).cloned();
                rest.push(PartKind::ToolResult(result).into());
            }
            _ => {}
        }
    }
    let reasoning_part = baton_model::chat::Reasoning { text: reasoning_part, ..Default::default() };
    let reasoning_part = (!reasoning_part.text.is_empty()).then(|| PartKind::Reasoning(reasoning_part).into());
    let text = (!text.is_empty()).then(|| Part::text(text.join(separator)));
    let role = if message.role == MessageRole::Developer { MessageRole::System } else { message.role };
    Message { role, name: None, parts: reasoning_part.into_iter().chain(images).chain(text).chain(rest).collect() }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(request in chat_request()) {
        let (written, _) = write(&request, &target(with_levels()));
        let mut read_back = read(&written);
        if demands_call(&request) {
            // Said by the schema of the reply, which takes the place of the client's own.
            prop_assert!(written.contains(r#""required":["name","arguments"]"#));
            read_back.output = as_said_here(&request).output;
        }
        prop_assert_eq!(read_back, as_said_here(&request));
        // And what this format can say, it says again without a loss.
        let said = as_said_here(&request);
        let (written, dropped) = write(&said, &target(with_levels()));
        prop_assert_eq!(read(&written), said);
        prop_assert_eq!(dropped, []);
    }

    #[test]
    fn readers_survive_anything(bytes: Vec<u8>, frame in r#"[{}\[\]",:a-z0-9]{0,40}\n"#) {
        for capability in Capability::ALL {
            let Some(codec) = crate::codec(Dialect::Ollama, capability) else { continue };
            let _ = (codec.read_request(&bytes), codec.read_reply(&bytes));
            for detail in [Detail::Full, Detail::MeterOnly] {
                let Some(mut reader) = codec.stream_reader(detail) else { continue };
                let _ = (reader.push(&bytes), reader.push(frame.as_bytes()), reader.finish());
            }
        }
    }
}
