//! Recorded requests with the number of prompt tokens that was reported for them.

use crate::corpus::exchange::{self, Exchange, chat};
use crate::corpus::replies;
use baton_meter::{Tokenizer, count};
use baton_model::chat::{ChatRequest, OutputFormat, Part, PartKind, Tool};
use baton_model::event::CollectedReply;
use baton_model::{Detail, Dialect, Model, ModelSource, Operation};
use std::path::Path;

/// A request and its reported number.
pub struct Pair {
    pub id: String,
    pub model: Model,
    pub dialect: Dialect,
    pub family: Tokenizer,
    /// The row of the table.
    pub kind: String,
    pub operation: Operation,
    pub tokens: u64,
    /// Which half a cross-validation puts it into: the same for all turns of a conversation.
    pub half: bool,
    /// Whether it may be learned from: the number is that of the prompt alone.
    pub fit: bool,
}

/// Reads all pairs of a folder of recordings.
///
/// # Errors
/// If the recordings can't be read.
pub fn read(folder: &Path) -> anyhow::Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    exchange::each(folder, |exchange| pairs.extend(pair(&exchange)))?;
    Ok(pairs)
}

fn pair(exchange: &Exchange) -> Option<Pair> {
    const UNSUITED: [&str; 3] = ["synthetic_request", "truncated", "compaction"];
    if exchange.status != 200 || exchange.features.iter().any(|feature| UNSUITED.contains(&feature.as_str())) {
        return None;
    }
    let dialect = exchange.dialect()?;
    let operation = chat(dialect)?.read_request(exchange.request.as_bytes()).ok()?;
    let Operation::Chat(request) = &operation else { return None };
    // The rest of the prompt is at the provider.
    let kept = ["previous_response_id", "conversation", "prompt"];
    if request.extensions.iter().any(|field| kept.contains(&field.path.as_str())) {
        return None;
    }
    let events = if exchange.stream {
        replies::stream(dialect, Detail::Full, exchange.response.as_bytes()).ok()?
    } else {
        chat(dialect)?.read_reply(exchange.response.as_bytes()).ok()?
    };
    let reply = CollectedReply::collect(&events);
    let tokens = reply.usage.map(|usage| usage.input_tokens()).filter(|tokens| *tokens > 0)?;
    let model = Model { source: ModelSource::Config, ..Model::new(request.model.as_str(), "corpus") };
    let family = count::tokenizer(&model);
    let kind = kind(request, family, exchange.official, dialect);
    // What a service's own tools read is in the reported number too.
    let fit = !kind.ends_with("server tools");
    Some(Pair { dialect, id: exchange.id.clone(), half: half(request), model, family, kind, tokens, fit, operation })
}

/// The row of the table that a request belongs to.
fn kind(request: &ChatRequest, family: Tokenizer, official: bool, dialect: Dialect) -> String {
    let vendor = match family.name() {
        "o200k" | "cl100k" if official && dialect != Dialect::Anthropic => "OpenAI",
        "o200k" | "cl100k" => "OpenAI's models elsewhere",
        "claude" | "claude-new" if official && dialect == Dialect::Anthropic => "Anthropic",
        "claude" | "claude-new" => "Claude elsewhere",
        "gemini" => "Gemini",
        "mistral" => "Mistral",
        "llama" => "Llama",
        "qwen" => "Qwen",
        "deepseek" => "DeepSeek",
        "grok" => "Grok",
        "glm" => "GLM",
        _ => "others",
    };
    let parts = || request.messages.iter().flat_map(|message| flat(&message.parts));
    let has = |test: fn(&PartKind) -> bool| parts().any(|part| test(&part.kind));
    let what = if request.tools.iter().any(|tool| matches!(tool, Tool::Other { .. })) {
        "server tools"
    } else if has(|kind| matches!(kind, PartKind::Document(_) | PartKind::Audio { .. })) {
        "documents, audio"
    } else if has(|kind| matches!(kind, PartKind::Image(_))) {
        "images"
    } else if matches!(request.output, OutputFormat::Schema(_)) {
        "JSON schema"
    } else if has(|kind| matches!(kind, PartKind::ToolCall(_) | PartKind::ToolResult(_))) {
        "tool conversations"
    } else if !request.tools.is_empty() {
        "tools"
    } else {
        "plain"
    };
    format!("{vendor}, {what}")
}

/// The parts of a message and of the results in it.
fn flat(parts: &[Part]) -> impl Iterator<Item = &Part> {
    parts.iter().flat_map(|part| {
        let inner: &[Part] = match &part.kind {
            PartKind::ToolResult(result) => &result.parts,
            _ => &[],
        };
        std::iter::once(part).chain(inner)
    })
}

/// A half by the beginning of the conversation, so that its later turns are in the same.
fn half(request: &ChatRequest) -> bool {
    let texts = request.messages.iter().take(2).flat_map(|message| &message.parts);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in texts {
        if let PartKind::Text { text, .. } = &part.kind {
            for byte in text.bytes().take(400) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    (hash >> 32) & 1 == 0
}
