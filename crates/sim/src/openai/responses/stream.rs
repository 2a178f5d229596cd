//! The events of a streamed response (OpenAI API reference, streaming events).

use super::response::response;
use crate::call::SimRequest;
use crate::openai::forced_refusal;
use crate::play::Script;
use crate::reply::{SimEnd, SimReply};
use crate::tokens;
use serde_json::{Value, json};

/// Events in order, numbered.
#[derive(Default)]
struct Events {
    written: Vec<(String, u64)>,
    number: u64,
}

impl Events {
    fn push(&mut self, kind: &str, fields: Value, tokens: u64) {
        let mut event = json!({ "type": kind, "sequence_number": self.number });
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
        self.written.push((frame(kind, &event), tokens));
        self.number += 1;
    }
}

pub(super) fn script(
    call: &SimRequest<'_>,
    model: &str,
    output: &[Value],
    sim_reply: &SimReply,
    body: &Value,
) -> Script {
    let mut events = Events::default();
    let begun = response(call, model, &[], None, None);
    events.push("response.created", json!({ "response": begun }), 0);
    events.push("response.in_progress", json!({ "response": begun }), 0);
    // Taken out and not begun anew: the numbers go on through the whole stream.
    let before = events.written.drain(..).map(|(event, _)| event).collect();
    for (index, item) in output.iter().enumerate() {
        match item["type"].as_str() {
            Some("reasoning") => reasoning(&mut events, index, item, sim_reply),
            Some("message") => message(&mut events, index, item),
            _ => function_call(&mut events, index, item),
        }
    }
    let pieces = std::mem::take(&mut events.written);
    let end = if sim_reply.end == SimEnd::Length { "response.incomplete" } else { "response.completed" };
    events.push(end, json!({ "response": body }), 0);
    let refusal = forced_refusal(500);
    let error = json!({ "type": "error", "code": "server_error", "message": refusal.message, "param": null });
    Script {
        content_type: "text/event-stream; charset=utf-8",
        before,
        pieces,
        reasoning: sim_reply.tokens().1,
        after: events.written.into_iter().map(|(event, _)| event).collect(),
        error: frame("error", &error),
        garbage: "event: response.output_text.delta\ndata: {\"type\": oops\n\n".into(),
    }
}

fn reasoning(events: &mut Events, index: usize, item: &Value, sim_reply: &SimReply) {
    let mut opening = item.clone();
    opening["summary"] = json!([]);
    events.push("response.output_item.added", json!({ "output_index": index, "item": opening }), 0);
    let at = json!({ "item_id": item["id"], "output_index": index, "summary_index": 0 });
    let with = |name: &str, value: Value| {
        let mut fields = at.clone();
        fields[name] = value;
        fields
    };
    if let Some(text) = item["summary"][0]["text"].as_str() {
        let part = |text: &str| with("part", json!({ "type": "summary_text", "text": text }));
        events.push("response.reasoning_summary_part.added", part(""), 0);
        for token in tokens::split(text) {
            events.push("response.reasoning_summary_text.delta", with("delta", json!(token)), 1);
        }
        events.push("response.reasoning_summary_text.done", with("text", json!(text)), 0);
        events.push("response.reasoning_summary_part.done", part(text), 0);
    }
    // A piece of reasoning costs what it costs, shown or not.
    let hidden = if item["summary"][0].is_null() { tokens::count(&sim_reply.reasoning) } else { 0 };
    events.push("response.output_item.done", json!({ "output_index": index, "item": item }), hidden);
}

fn message(events: &mut Events, index: usize, item: &Value) {
    let mut opening = item.clone();
    opening["status"] = json!("in_progress");
    opening["content"] = json!([]);
    events.push("response.output_item.added", json!({ "output_index": index, "item": opening }), 0);
    let at = json!({ "item_id": item["id"], "output_index": index, "content_index": 0 });
    let with = |name: &str, value: Value| {
        let mut fields = at.clone();
        fields[name] = value;
        fields
    };
    let part = &item["content"][0];
    let text = part["text"].as_str().unwrap_or_default();
    let mut empty = part.clone();
    empty["text"] = json!("");
    events.push("response.content_part.added", with("part", empty), 0);
    for token in tokens::split(text) {
        let mut delta = with("delta", json!(token));
        delta["logprobs"] = json!([]);
        events.push("response.output_text.delta", delta, 1);
    }
    let mut done = with("text", json!(text));
    done["logprobs"] = json!([]);
    events.push("response.output_text.done", done, 0);
    events.push("response.content_part.done", with("part", part.clone()), 0);
    events.push("response.output_item.done", json!({ "output_index": index, "item": item }), 0);
}

fn function_call(events: &mut Events, index: usize, item: &Value) {
    let mut opening = item.clone();
    opening["status"] = json!("in_progress");
    opening["arguments"] = json!("");
    events.push("response.output_item.added", json!({ "output_index": index, "item": opening }), 0);
    let arguments = item["arguments"].as_str().unwrap_or_default();
    let cost = tokens::count(&format!("{} {arguments}", item["name"].as_str().unwrap_or_default()));
    let at = json!({ "item_id": item["id"], "output_index": index });
    // Cut in the middle, so that neither piece is JSON by itself.
    let mut middle = arguments.len() / 2;
    while !arguments.is_char_boundary(middle) {
        middle += 1;
    }
    let (first, second) = arguments.split_at(middle);
    for (piece, cost) in [(first, 0), (second, cost)] {
        let mut delta = at.clone();
        delta["delta"] = json!(piece);
        events.push("response.function_call_arguments.delta", delta, cost);
    }
    let mut done = at;
    done["name"] = item["name"].clone();
    done["arguments"] = json!(arguments);
    events.push("response.function_call_arguments.done", done, 0);
    events.push("response.output_item.done", json!({ "output_index": index, "item": item }), 0);
}

fn frame(kind: &str, event: &Value) -> String {
    format!("event: {kind}\ndata: {event}\n\n")
}
