//! Faults that users of such services have reported, as data: what a client of some format sends, to which vendor, and
//! what leaves. The simulation refuses what the vendor would.

use crate::setup::{Pair, collect, model, visible};
use baton_dialect::{codec, framing::splice};
use baton_model::chat::PartKind;
use baton_model::entity::Limits;
use baton_model::{Capability, Detail, Dialect, Operation, Quirks, Target};
use baton_provider_api::{Frame, Mode, OutgoingRequest, ProviderError, ReplyForm};
use baton_sim::Kind;
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;

const CASES: &str = include_str!("reported/cases.json");

fn dialect(name: &str) -> Dialect {
    Dialect::ALL.into_iter().find(|dialect| dialect.name() == name).unwrap()
}

/// What came of a request: the body that left, the warnings, the frames.
type Outcome = Result<(Value, Vec<String>, Vec<Frame>), ProviderError>;

/// Sends a case's request: as it came where the vendor speaks the client's format, else translated.
async fn send(pair: &Pair, case: &Value, quirks: &Quirks, stream: bool, strict: bool) -> Outcome {
    let client = dialect(case["client"].as_str().unwrap());
    let mut body = case["request"].clone();
    body["stream"] = stream.into();
    let mut of = model(case["model"].as_str().unwrap());
    (of.quirks, of.max_tokens) = (quirks.clone(), Some(4096));
    let target = Target::new(Arc::new(of));
    let dialect = pair.provider.dialect(Capability::Chat, client, &target.model).unwrap();
    let exact = splice::scan(Bytes::from(body.to_string())).unwrap();
    let operation: Operation = codec(client, Capability::Chat).unwrap().read_request(&exact.bytes).unwrap();
    let outgoing = OutgoingRequest {
        target: &target,
        capability: Capability::Chat,
        dialect,
        mode: if dialect == client { Mode::Passthrough(&exact) } else { Mode::Translated(&operation) },
        size: 0,
        strict,
        form: if stream { ReplyForm::Stream } else { ReplyForm::Whole },
        detail: Detail::Full,
        headers: &[],
        query: None,
        timeout: None,
    };
    let mut exchange = pair.provider.send(outgoing).await?;
    let mut frames = Vec::new();
    while let Some(frame) = exchange.frames.next().await {
        frames.push(frame?);
    }
    Ok((pair.sim.requests().last().unwrap().json(), exchange.dropped, frames))
}

/// Who speaks for a vendor.
fn sim(kind: &str) -> Kind {
    match kind {
        "anthropic" => Kind::Anthropic,
        "ollama" => Kind::Ollama,
        _ => Kind::OpenAi,
    }
}

fn quirks(case: &Value) -> Quirks {
    let text = |name: &str| case["quirks"][name].as_str().unwrap_or_default().to_owned();
    Quirks {
        system_anywhere: case["quirks"]["system_anywhere"].as_bool(),
        reasoning: match text("reasoning").as_str() {
            "budget" => baton_model::entity::ReasoningStyle::Budget,
            "adaptive" => baton_model::entity::ReasoningStyle::Adaptive,
            "unsupported" => baton_model::entity::ReasoningStyle::Unsupported,
            _ => baton_model::entity::ReasoningStyle::Unspecified,
        },
        reasoning_history: match text("reasoning_history").as_str() {
            "none" => baton_model::entity::ReasoningHistory::None,
            _ => baton_model::entity::ReasoningHistory::Unspecified,
        },
        limits: Limits {
            call_id: case["quirks"]["call_id"].as_u64().and_then(|most| most.try_into().ok()),
            ..Limits::default()
        },
        ..Quirks::default()
    }
}

#[tokio::test]
async fn reported_faults_do_not_come_back() {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    for case in &cases {
        let (kind, named) = (case["kind"].as_str().unwrap(), case["case"].as_str().unwrap());
        let name = case["model"].as_str().unwrap();
        let strict = case["lenient"] != true;
        let change = |options: baton_sim::SimOptions| baton_sim::SimOptions { strict, ..options.model(name) };
        let pair = Pair::with(sim(kind), change, |config| config.kind = kind.into()).await;
        for stream in [false, true] {
            let outcome = send(&pair, case, &quirks(case), stream, false).await;
            let (sent, warnings, frames) = outcome.unwrap_or_else(|error| panic!("{named}: {}", error.message));
            for (path, expected) in case["sent"].as_object().unwrap() {
                let found = sent.pointer(path).unwrap_or(&Value::Null);
                assert_eq!(found, expected, "{named}, {path} of {sent}");
            }
            for field in case["warned"].as_array().into_iter().flatten() {
                let field = field.as_str().unwrap();
                assert!(warnings.iter().any(|warning| warning.starts_with(field)), "{named}: {field} of {warnings:?}");
            }
            if let Some(called) = case["called"].as_str() {
                let parts = collect(&frames).choices[0].parts.clone();
                let mut calls = parts.iter().filter_map(|part| match &part.kind {
                    PartKind::ToolCall(call) => Some(call.name.as_str()),
                    _ => None,
                });
                assert_eq!(calls.next(), Some(called), "{named}");
                assert!(visible(&frames).contains(&format!("\"{called}\"")), "{named}");
            }
        }
        let warned = case["warned"].as_array().is_some_and(|fields| !fields.is_empty());
        let refused = send(&pair, case, &quirks(case), false, true).await.is_err();
        // What is lost is a reason to refuse a strict request; a name that comes back is none.
        assert!(refused || !warned, "{named}: a strict request must be refused");
    }
}

/// A name that fits is found again in history, choice and tools, and it is the same each time.
#[tokio::test]
async fn a_tool_has_one_name_in_all_of_a_request() {
    let long = "mcp__warehouse_inventory_reports__list_every_item_with_stock_below_threshold_v2";
    let case = json!({ "client": "anthropic", "model": "gpt-4o", "request": {
        "model": "m", "max_tokens": 50,
        "tools": [{ "name": long, "input_schema": { "type": "object", "properties": {} } }],
        "tool_choice": { "type": "tool", "name": long },
        "messages": [
            { "role": "user", "content": "Hello" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "toolu_1", "name": long, "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "toolu_1", "content": "none" }] },
        ],
    } });
    let pair = Pair::new(Kind::OpenAi).await;
    let (sent, ..) = send(&pair, &case, &Quirks::default(), false, true).await.unwrap();
    let names = ["/tools/0/function/name", "/tool_choice/function/name", "/messages/1/tool_calls/0/function/name"]
        .map(|path| sent.pointer(path).and_then(Value::as_str).unwrap().to_owned());
    assert!(names.iter().all(|name| *name == names[0] && name.len() == 64), "{names:?}");
}
