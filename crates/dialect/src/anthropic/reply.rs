//! A whole reply, written. (It is read as the blocks of a stream: [`super::stream`].)
//!
//! Reference: Anthropic API reference, `Message`.

use super::arguments::arguments;
use super::citations::write_citations;
use super::usage;
use crate::ReplyContext;
use crate::json::{Array, Object, object};
use baton_model::Dialect;
use baton_model::chat::{Part, PartKind};
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent};

/// Why a reply is complete, from its word.
pub(super) fn read_finish(word: &str) -> FinishReason {
    match word {
        "end_turn" => FinishReason::Stop,
        "stop_sequence" => FinishReason::StopSequence,
        "max_tokens" => FinishReason::Length,
        "model_context_window_exceeded" => FinishReason::ContextWindow,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        // Both ask the client to send the turn back, for the model to go on.
        "pause_turn" | "compaction" => FinishReason::Pause,
        _ => FinishReason::Other(word.to_owned()),
    }
}

/// The word for it. Clients check it against the reference's, so that no other is ever said.
pub(super) fn finish_name(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop | FinishReason::Other(_) => "end_turn",
        FinishReason::StopSequence => "stop_sequence",
        FinishReason::Length => "max_tokens",
        FinishReason::ContextWindow => "model_context_window_exceeded",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter | FinishReason::Refusal => "refusal",
        FinishReason::Pause => "pause_turn",
    }
}

/// Writes a whole reply for a client: the first choice, as the format has one.
pub(super) fn write(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let reply = CollectedReply::collect(events);
    let choice = reply.choices.first();
    object(|o| {
        o.string("id", reply.started.id.as_deref().unwrap_or(&context.id));
        o.string("type", "message").string("role", "assistant");
        o.string("model", reply.started.model.as_deref().unwrap_or(&context.model));
        o.array("content", |a| {
            for part in choice.map(|choice| choice.parts.as_slice()).unwrap_or_default() {
                write_block(part, a);
            }
        });
        o.string("stop_reason", choice.and_then(|choice| choice.finish.as_ref()).map_or("end_turn", finish_name));
        write_stop(choice.and_then(|choice| choice.stop_sequence.as_deref()), o);
        o.object("usage", |o| usage::write(&reply.usage.clone().unwrap_or_default(), o));
    })
}

/// Writes `stop_sequence`, which is always there.
pub(super) fn write_stop(stop: Option<&str>, o: &mut Object<'_>) {
    match stop {
        Some(stop) => o.string("stop_sequence", stop),
        None => o.null("stop_sequence"),
    };
}

fn write_block(part: &Part, a: &mut Array<'_>) {
    match &part.kind {
        PartKind::Text { text, citations } if !text.is_empty() => drop(a.object(|o| {
            o.string("type", "text").string("text", text);
            write_citations(citations, o);
        })),
        PartKind::Refusal(text) if !text.is_empty() => {
            a.object(|o| {
                o.string("type", "text").string("text", text);
            });
        }
        PartKind::Reasoning(reasoning) => drop(a.object(|o| match &reasoning.redacted {
            Some(data) => o.string("type", "redacted_thinking").string("data", data).end(),
            None => {
                o.string("type", "thinking").string("thinking", &reasoning.text);
                // Required by the reference; reasoning of other providers has none.
                o.string("signature", reasoning.signature.as_deref().unwrap_or_default());
            }
        })),
        PartKind::ToolCall(call) => drop(a.object(|o| {
            o.string("type", "tool_use").string("id", &call.id).string("name", &call.name);
            o.raw("input", arguments(&call.arguments).text());
        })),
        PartKind::Other { dialect: Dialect::Anthropic, json } => drop(a.raw(&json.0)),
        // Of an empty text nothing is written: the API would refuse it when it comes back.
        _ => {}
    }
}
