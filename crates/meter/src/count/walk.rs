//! Walks over everything of a request that the model reads.

use super::media;
use baton_model::Operation;
use baton_model::chat::{ChatRequest, Message, MessageRole, OutputFormat, Part, PartKind, Tool};
use baton_model::operation::{FormPart, Prompt};

/// Something that the model reads.
pub(super) enum Piece<'a> {
    /// A text, to be counted.
    Text(&'a str),
    /// Tokens, known exactly.
    Tokens(u64),
    /// Tokens, about.
    Estimated(u64),
}

const PER_MESSAGE: u64 = 3;
const PER_NAME: u64 = 1;
const PRIMING: u64 = 3;
/// What surrounds a function's definition, in the form that models read.
const PER_TOOL: u64 = 8;

/// A receiver of pieces.
type Visit<'v> = dyn FnMut(Piece<'_>) + 'v;

pub(super) fn operation(operation: &Operation, visit: &mut Visit<'_>) {
    match operation {
        Operation::Chat(request) => chat(request, visit),
        Operation::Completion(request) => {
            request.prompts.iter().for_each(|prompt| self::prompt(prompt, visit));
            for text in [&request.suffix, &request.system].into_iter().flatten() {
                visit(Piece::Text(text));
            }
            request.images.iter().for_each(|image| visit(Piece::Estimated(media::image(image))));
        }
        Operation::Embedding(request) => request.input.iter().for_each(|prompt| self::prompt(prompt, visit)),
        Operation::Image(request) => {
            visit(Piece::Text(&request.prompt));
            // No tokens, but it marks the count as an estimate: vendors put words of their own around such a prompt,
            // or bill it otherwise.
            visit(Piece::Estimated(0));
        }
        Operation::ImageForm(request) => request.parts.iter().for_each(|part| form_part(part, visit)),
        Operation::Transcription(request) => {
            visit(Piece::Estimated(media::audio(request.file.len(), &request.filename)));
            for (_, prompt) in request.fields.iter().filter(|(name, _)| name == "prompt") {
                visit(Piece::Text(prompt));
            }
        }
        Operation::Speech(request) => {
            visit(Piece::Text(&request.input));
            visit(Piece::Estimated(0));
        }
    }
}

/// Of the fields beside images and masks only the prompt is read.
fn form_part(part: &FormPart, visit: &mut Visit<'_>) {
    if part.filename.is_some() {
        visit(Piece::Estimated(media::IMAGE));
    } else if part.name == "prompt" {
        visit(Piece::Text(&String::from_utf8_lossy(&part.content)));
    }
}

fn prompt(prompt: &Prompt, visit: &mut Visit<'_>) {
    match prompt {
        Prompt::Text(text) => visit(Piece::Text(text)),
        Prompt::Tokens(tokens) => visit(Piece::Tokens(tokens.len() as u64)),
    }
}

fn chat(request: &ChatRequest, visit: &mut Visit<'_>) {
    for message in &request.messages {
        self::message(message, visit);
    }
    for tool in &request.tools {
        self::tool(tool, visit);
    }
    if let OutputFormat::Schema(schema) = &request.output {
        visit(Piece::Text(&schema.schema.0));
        visit(Piece::Estimated(PER_TOOL));
    }
    visit(Piece::Tokens(PRIMING));
}

fn message(message: &Message, visit: &mut Visit<'_>) {
    visit(Piece::Tokens(PER_MESSAGE));
    // The cookbook counts the role as text of its own.
    visit(Piece::Text(role(message.role)));
    if let Some(name) = &message.name {
        visit(Piece::Tokens(PER_NAME));
        visit(Piece::Text(name));
    }
    parts(&message.parts, visit);
}

fn role(role: MessageRole) -> &'static str {
    match role {
        MessageRole::System => "system",
        MessageRole::Developer => "developer",
        MessageRole::User => "user",
        MessageRole::Assistant => "assistant",
        MessageRole::Tool => "tool",
    }
}

fn parts(parts: &[Part], visit: &mut Visit<'_>) {
    for part in parts {
        match &part.kind {
            PartKind::Text { text, .. } | PartKind::Refusal(text) => visit(Piece::Text(text)),
            PartKind::Image(image) => visit(Piece::Estimated(media::image(image))),
            PartKind::Audio { data, format } => {
                visit(Piece::Estimated(media::audio(media::decoded(data), format)));
            }
            PartKind::Document(document) => {
                if let Some(text) = media::document_text(document) {
                    visit(Piece::Text(text));
                }
                visit(Piece::Estimated(media::document(document)));
            }
            PartKind::Reasoning(reasoning) => {
                visit(Piece::Text(&reasoning.text));
                // Encrypted reasoning can't be counted. About four bytes make a token, as in text.
                let redacted = reasoning.redacted.as_ref().map_or(0, |data| media::decoded(data) as u64 / 4);
                visit(Piece::Estimated(redacted));
            }
            PartKind::ToolCall(call) => {
                visit(Piece::Text(&call.name));
                visit(Piece::Text(&call.arguments));
                visit(Piece::Estimated(PER_TOOL));
            }
            PartKind::ToolResult(result) => {
                self::parts(&result.parts, visit);
                visit(Piece::Estimated(PER_TOOL));
            }
            PartKind::Other { json, .. } => {
                visit(Piece::Text(&json.0));
                visit(Piece::Estimated(0));
            }
        }
    }
}

fn tool(tool: &Tool, visit: &mut Visit<'_>) {
    match tool {
        Tool::Function { name, description, parameters, .. } => {
            visit(Piece::Text(name));
            visit(Piece::Text(description.as_deref().unwrap_or_default()));
            visit(Piece::Text(parameters.as_ref().map_or("", |schema| &schema.0)));
        }
        Tool::Other { json, .. } => visit(Piece::Text(&json.0)),
    }
    visit(Piece::Estimated(PER_TOOL));
}
