//! Completions, embeddings, judgements and the list of models.

use super::chat::usage;
use super::{CREATED, event, forced_refusal, invalid, model};
use crate::call::{SimPlan, SimRefusal, SimRequest};
use crate::journal::BilledTokens;
use crate::play::Script;
use crate::reply::{SimEnd, SimPrompt, SimReply, reply_to};
use crate::tokens;
use serde_json::{Value, json};

/// The length of a vector where none is asked for.
const DIMENSIONS: u64 = 8;

/// `POST /v1/completions`.
pub(super) fn completion(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let json = call.json;
    let prompts = inputs(&json["prompt"]).ok_or_else(|| invalid("prompt", "Invalid 'prompt'."))?;
    let stops = match &json["stop"] {
        Value::String(stop) => vec![stop.clone()],
        Value::Array(stops) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let n = json["n"].as_u64().unwrap_or(1);
    let said = |prompt: &String| {
        // The vendor's default is 16.
        let max_tokens = Some(json["max_tokens"].as_u64().unwrap_or(16));
        reply_to(&SimPrompt {
            model: model.clone(),
            text: prompt.clone(),
            stops: stops.clone(),
            max_tokens,
            ..SimPrompt::default()
        })
    };
    let replies: Vec<SimReply> = prompts.iter().flat_map(|(prompt, _)| (0..n).map(move |_| said(prompt))).collect();
    let billed = BilledTokens { input: prompts.iter().map(|(_, tokens)| tokens).sum(), ..BilledTokens::default() };
    let output = replies.iter().map(|sim_reply| sim_reply.tokens().0).sum();
    let reply = |choices: Value| {
        let id = format!("cmpl-sim-{}", call.number);
        json!({ "id": id, "object": "text_completion", "created": CREATED, "model": model, "choices": choices })
    };
    let choice = |index: usize, text: &str, end: Option<&SimEnd>| json!({ "text": text, "index": index, "logprobs": null, "finish_reason": end.map(finish) });
    if json["stream"].as_bool() != Some(true) {
        let billed = BilledTokens { output, ..billed };
        let choices =
            replies.iter().enumerate().map(|(index, sim_reply)| choice(index, &sim_reply.text, Some(&sim_reply.end)));
        let mut body = reply(choices.collect());
        body["usage"] = usage(billed);
        return Ok(plan_json(&body, billed));
    }
    let mut pieces = Vec::new();
    let mut after = Vec::new();
    for (index, sim_reply) in replies.iter().enumerate() {
        let tokens = tokens::split(&sim_reply.text).into_iter();
        pieces.extend(tokens.map(|token| (event(&reply(json!([choice(index, token, None)]))), 1)));
        after.push(event(&reply(json!([choice(index, "", Some(&sim_reply.end))]))));
    }
    if json["stream_options"]["include_usage"].as_bool() == Some(true) {
        let mut last = reply(json!([]));
        last["usage"] = usage(BilledTokens { output, ..billed });
        after.push(event(&last));
    }
    after.push("data: [DONE]\n\n".into());
    let script = Script {
        content_type: "text/event-stream",
        before: Vec::new(),
        pieces,
        reasoning: replies.iter().map(|sim_reply| sim_reply.tokens().1).sum(),
        after,
        error: event(&super::error_json(&forced_refusal(500))),
        garbage: "data: {\"id\": oops\n\n".into(),
    };
    Ok(SimPlan::Stream { script, billed })
}

fn finish(end: &SimEnd) -> &'static str {
    if *end == SimEnd::Length { "length" } else { "stop" }
}

/// `POST /v1/embeddings`. A vector is made of the text's bytes, of length one.
pub(super) fn embeddings(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let json = call.json;
    let inputs = inputs(&json["input"]).filter(|inputs| inputs.iter().all(|(text, _)| !text.is_empty()));
    let inputs = inputs.ok_or_else(|| invalid("input", "'input' must be a non-empty string or array of them."))?;
    let length = json["dimensions"].as_u64().unwrap_or(DIMENSIONS);
    let base64 = json["encoding_format"] == "base64";
    let data = inputs.iter().enumerate().map(|(index, (text, _))| {
        let vector = vector(text, length);
        let embedding = if base64 { json!(base64_of(&vector)) } else { json!(vector) };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    });
    let billed = BilledTokens { input: inputs.iter().map(|(_, tokens)| tokens).sum(), ..BilledTokens::default() };
    let usage = json!({ "prompt_tokens": billed.input, "total_tokens": billed.input });
    Ok(plan_json(
        &json!({ "object": "list", "data": data.collect::<Vec<_>>(), "model": model, "usage": usage }),
        billed,
    ))
}

pub(crate) fn vector(text: &str, length: u64) -> Vec<f32> {
    let length = usize::try_from(length.clamp(1, 4096)).unwrap_or(8);
    // Not of zeros: an empty text would have no length that its vector could be divided by.
    let mut vector = vec![1.0_f32; length];
    for (place, byte) in text.bytes().enumerate() {
        if let Some(slot) = vector.get_mut(place % length) {
            *slot += f32::from(byte);
        }
    }
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / norm).collect()
}

/// Little-endian, as the vendor's SDK reads it.
fn base64_of(vector: &[f32]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let sign = SIGNS.get((word >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place <= group.len() { char::from(sign) } else { '=' });
        }
    }
    text
}

/// `GET /v1/models`.
pub(super) fn models(call: &SimRequest<'_>) -> SimPlan {
    let model = |id: &String| json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "sim" });
    let data: Vec<_> = call.options.models.iter().map(model).collect();
    plan_json(&json!({ "object": "list", "data": data }), BilledTokens::default())
}

/// Texts or token lists: each as text, with its length in tokens.
fn inputs(value: &Value) -> Option<Vec<(String, u64)>> {
    let ids = |value: &Value| -> Option<(String, u64)> {
        let ids = value.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?;
        let n = u64::try_from(ids.len()).ok()?;
        (n > 0).then(|| (format!("{ids:?}"), n))
    };
    match value {
        Value::String(text) => Some(vec![(text.clone(), tokens::count(text))]),
        Value::Array(items) if items.first().is_some_and(Value::is_number) => Some(vec![ids(value)?]),
        Value::Array(items) if !items.is_empty() => {
            let read = |item: &Value| match item.as_str() {
                Some(text) => Some((text.to_owned(), tokens::count(text))),
                None => ids(item),
            };
            items.iter().map(read).collect()
        }
        _ => None,
    }
}

pub(super) fn plan_json(body: &Value, billed: BilledTokens) -> SimPlan {
    SimPlan::Whole { content_type: "application/json", body: body.to_string().into_bytes(), billed }
}

/// `POST /v1/moderations`: whatever speaks of harm is flagged. It costs nothing.
pub(super) fn moderation(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let flagged = call.json["input"].to_string().contains("harm");
    let result = json!({ "flagged": flagged, "categories": { "violence": flagged }, "category_scores": {} });
    Ok(plan_json(&json!({ "id": "modr-sim", "model": model, "results": [result] }), BilledTokens::default()))
}

/// `POST /v1/rerank`, as Jina has it: the documents that hold the query come first.
pub(super) fn rerank(call: &SimRequest<'_>) -> Result<SimPlan, SimRefusal> {
    let model = model(call)?;
    let query = call.json["query"].as_str().ok_or_else(|| invalid("query", "Missing required parameter: 'query'."))?;
    let documents = call.json["documents"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |document: &serde_json::Value| document.as_str().unwrap_or_default().to_owned();
    let score = |document: &serde_json::Value| if text(document).contains(query) { 0.9 } else { 0.1 };
    let mut scored: Vec<(usize, f64)> = documents.iter().map(score).enumerate().collect();
    scored.sort_by(|one, other| other.1.total_cmp(&one.1));
    let results = scored.into_iter().map(|(index, score)| json!({ "index": index, "relevance_score": score }));
    let input = documents.iter().map(|document| tokens::count(&text(document)) + tokens::count(query)).sum();
    let billed = BilledTokens { input, ..BilledTokens::default() };
    let usage = json!({ "total_tokens": billed.input });
    Ok(plan_json(&json!({ "model": model, "results": results.collect::<Vec<_>>(), "usage": usage }), billed))
}
