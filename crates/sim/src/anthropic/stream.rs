//! The events of a stream (Anthropic API reference, streaming messages).

use super::reply::{call_id, id, redacted_block, stop, usage, with_output};
use super::{error_json, forced_refusal};
use crate::call::SimRequest;
use crate::journal::BilledTokens;
use crate::play::Script;
use crate::reply::SimReply;
use crate::seal::seal;
use crate::tokens;
use serde_json::{Value, json};

pub(super) fn script(call: &SimRequest<'_>, model: &str, sim_reply: &SimReply, billed: BilledTokens) -> Script {
    let message = json!({
        "id": id(call),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        // The vendor's first event already counts an output token. The last report replaces it and is not added to
        // it.
        "usage": usage(BilledTokens { output: 1, ..billed }),
    });
    let before =
        // The ping carries nothing, and comes before any content: a reader must pass over it.
        vec![event(&json!({ "type": "message_start", "message": message })), event(&json!({ "type": "ping" }))];
    let (reason, sequence) = stop(&sim_reply.end);
    let end = json!({
        "type": "message_delta",
        "delta": { "stop_reason": reason, "stop_sequence": sequence },
        "usage": usage(with_output(billed, sim_reply)),
    });
    Script {
        content_type: "text/event-stream; charset=utf-8",
        before,
        pieces: stream_pieces(call, sim_reply),
        reasoning: sim_reply.tokens().1,
        after: vec![event(&end), event(&json!({ "type": "message_stop" }))],
        error: event(&error_json(&forced_refusal(529), call.number)),
        garbage: "event: content_block_delta\ndata: {\"type\": oops\n\n".into(),
    }
}

/// The blocks, one after the other: start, deltas, stop. A delta is a token; what opens and closes a block goes along
/// with its neighbour.
fn stream_pieces(call: &SimRequest<'_>, sim_reply: &SimReply) -> Vec<(String, u64)> {
    let mut pieces = Vec::new();
    let mut index = 0;
    if let Some(block) = redacted_block(sim_reply) {
        let start = event(&json!({ "type": "content_block_start", "index": index, "content_block": block }));
        let stop = event(&json!({ "type": "content_block_stop", "index": index }));
        pieces.push((start + &stop, tokens::count(&sim_reply.reasoning)));
        index += 1;
    } else if !sim_reply.reasoning.is_empty() {
        let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
        let deltas =
            tokens::split(&sim_reply.reasoning).into_iter().map(|t| json!({ "type": "thinking_delta", "thinking": t }));
        let sign = json!({ "type": "signature_delta", "signature": seal(&sim_reply.reasoning) });
        pieces.extend(content(index, &block, deltas.map(|delta| (delta, 1)).chain([(sign, 0)])));
        index += 1;
    }
    if !sim_reply.text.is_empty() {
        let block = json!({ "type": "text", "text": "" });
        let deltas = tokens::split(&sim_reply.text).into_iter().map(|t| json!({ "type": "text_delta", "text": t }));
        pieces.extend(content(index, &block, deltas.map(|delta| (delta, 1))));
        index += 1;
    }
    for (place, (name, input)) in sim_reply.calls.iter().enumerate() {
        let block = json!({ "type": "tool_use", "id": call_id(call, place), "name": name, "input": {} });
        let input = input.to_string();
        let cost = tokens::count(&format!("{name} {input}"));
        // Cut in the middle, so that a piece is no JSON by itself. A reader has to join before it parses.
        let mut middle = input.len() / 2;
        while !input.is_char_boundary(middle) {
            middle += 1;
        }
        let (first, second) = input.split_at(middle);
        let delta = |text: &str| json!({ "type": "input_json_delta", "partial_json": text });
        // The vendor begins each tool's input with an empty piece.
        pieces.extend(content(index, &block, [(delta(""), 0), (delta(first), 0), (delta(second), cost)]));
        index += 1;
    }
    pieces
}

fn content(index: u32, block: &Value, deltas: impl IntoIterator<Item = (Value, u64)>) -> Vec<(String, u64)> {
    let start = event(&json!({ "type": "content_block_start", "index": index, "content_block": block }));
    let stop = event(&json!({ "type": "content_block_stop", "index": index }));
    let delta =
        |(delta, tokens)| (event(&json!({ "type": "content_block_delta", "index": index, "delta": delta })), tokens);
    let mut pieces: Vec<_> = deltas.into_iter().map(delta).collect();
    if let Some((first, _)) = pieces.first_mut() {
        first.insert_str(0, &start);
    }
    if let Some((last, _)) = pieces.last_mut() {
        last.push_str(&stop);
    }
    pieces
}

fn event(value: &Value) -> String {
    let kind = value["type"].as_str().unwrap_or_default();
    format!("event: {kind}\ndata: {value}\n\n")
}
