//! Whatever a client says, what leaves is accepted by the vendor: requests of any order and any names, in every format.

use crate::setup::{Pair, model};
use baton_model::chat::{
    ChatRequest, Document, Effort, Image, Json, MediaSource, Message, MessageRole, OutputFormat, Part, PartKind,
    Reasoning, ReasoningOptions, Schema, Tool, ToolCall, ToolChoice, ToolResult,
};
use baton_model::entity::{ChatApi, ReasoningStyle};
use baton_model::{Capability, Detail, Dialect, Operation, Quirks, Target};
use baton_provider_api::{Mode, OutgoingRequest, ReplyForm};
use baton_sim::Kind;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;

/// What is asked: the vendor, its model, and what of it differs.
fn targets() -> Vec<(Kind, &'static str, Quirks)> {
    let quirks = |reasoning| Quirks { reasoning, ..Quirks::default() };
    let responses = Quirks { api: ChatApi::Responses, ..quirks(ReasoningStyle::Unsupported) };
    vec![
        (Kind::OpenAi, "gpt-4o", quirks(ReasoningStyle::Unsupported)),
        (Kind::OpenAi, "gpt-4o", responses),
        (Kind::Anthropic, "claude-sonnet-4-5", quirks(ReasoningStyle::Budget)),
        (Kind::Ollama, "llama3.2", quirks(ReasoningStyle::Unsupported)),
    ]
}

const NAMES: [&str; 5] = [
    "look_up",
    "files.read",
    "mcp__warehouse_inventory_reports__list_every_item_with_stock_below_threshold_v2",
    "天気/今日",
    "mcp__a_server_with_a_very_long_name_indeed__and_a_tool_with_a_name_that_is_even_longer_than_that_of_the_server_that_it_stands_on_v1",
];

const IDS: [&str; 5] =
    ["call_1", "", "chatcmpl-tool-0123456789abcdef0123456789abcdef", "a.b:c/1", "functions.look_up:0"];

const TEXTS: [&str; 4] = ["Hello.", "", "  ", "Two\nlines"];

fn text() -> impl Strategy<Value = Part> {
    select(&TEXTS[..]).prop_map(Part::text)
}

fn image() -> impl Strategy<Value = Part> {
    select(&["image/jpg", "image/jpeg", "image/tiff", "image/svg+xml", ""][..]).prop_map(|media_type| {
        let source = MediaSource::Base64 { media_type: media_type.into(), data: "/9j/4AAQSkZJRg==".into() };
        PartKind::Image(Image { source, detail: None }).into()
    })
}

fn audio() -> impl Strategy<Value = Part> {
    let formats = select(&["wav", "mp3", "ogg", "audio/x"][..]);
    formats.prop_map(|format| PartKind::Audio { data: "AAAA".into(), format: format.into() }.into())
}

fn document() -> impl Strategy<Value = Part> {
    let types = ["application/pdf", "text/csv", "application/json", "application/zip", "application/msword"];
    select(types.to_vec()).prop_map(|media_type| {
        let source = MediaSource::Base64 { media_type: media_type.into(), data: "c29tZSB0ZXh0".into() };
        PartKind::Document(Document { source, title: Some("a".into()), context: None, citations: None }).into()
    })
}

/// Schemas of which each vendor refuses something.
const SCHEMAS: [&str; 9] = [
    "{}",
    r#"{"type":"object"}"#,
    r#"{"properties":{"q":{"type":"string"}}}"#,
    r#"{"type":"object","properties":{"q":{"type":"string","minLength":1,"format":"uri"}},"required":["q"]}"#,
    r#"{"type":"object","properties":{"q":{"type":"array","items":{"type":"object","properties":{"r":{"type":"integer","minimum":1,"maximum":9}}},"minItems":2,"maxItems":5}},"required":["q"]}"#,
    r#"{"type":"object","properties":{"q":{"oneOf":[{"type":"object","properties":{"a":{"not":{}}},"required":["a"]},{"type":"null"}]}},"required":["q"]}"#,
    r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
    r##"{"type":"object","properties":{"n":{"$ref":"#/$defs/node"}},"required":["n"],"$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}},"required":["next"]}}}"##,
    r#"{"anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"type":"string"}}}]}"#,
];

fn output() -> impl Strategy<Value = OutputFormat> {
    // A reply is an object everywhere; alternatives at the top are for tools.
    let schema = (select(&SCHEMAS[1..8]), prop::option::of(any::<bool>())).prop_map(|(schema, strict)| {
        OutputFormat::Schema(Schema { name: Some("s".into()), description: None, schema: Json(schema.into()), strict })
    });
    prop_oneof![3 => Just(OutputFormat::Unspecified), 2 => schema]
}

fn foreign() -> impl Strategy<Value = Part> {
    let json = r#"{"type":"search_result","title":"T","source":"s","content":[{"type":"text","text":"found"}]}"#;
    Just(PartKind::Other { dialect: Dialect::Anthropic, json: Json(json.into()) }.into())
}

fn thought() -> impl Strategy<Value = Part> {
    select(&TEXTS[..])
        .prop_map(|text| PartKind::Reasoning(Reasoning { text: text.into(), ..Reasoning::default() }).into())
}

fn call() -> impl Strategy<Value = Part> {
    let arguments = select(&["{}", "", "null", r#"{"a":1}"#, "broken {"][..]);
    (select(&IDS[..]), select(&NAMES[..]), arguments).prop_map(|(id, name, arguments)| {
        PartKind::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }).into()
    })
}

fn result() -> impl Strategy<Value = Part> {
    let parts = prop::collection::vec(prop_oneof![3 => text(), 1 => image()], 0..3);
    (select(&IDS[..]), prop::option::of(select(&NAMES[..])), parts).prop_map(|(id, name, parts)| {
        // The older form of OpenAI, a name without an id, is another test's.
        let name = name.filter(|_| !id.is_empty()).map(str::to_owned);
        PartKind::ToolResult(ToolResult { call_id: id.into(), name, parts, is_error: None }).into()
    })
}

fn message() -> impl Strategy<Value = Message> {
    let said = |role, parts| Message { role, name: None, parts };
    let instructions = select(&[MessageRole::System, MessageRole::Developer][..]);
    let user = prop_oneof![4 => text(), 1 => image(), 1 => document(), 1 => foreign(), 3 => result()];
    let assistant = prop_oneof![3 => text(), 1 => thought(), 3 => call()];
    prop_oneof![
        1 => (instructions, prop::collection::vec(text(), 1..3)).prop_map(move |(role, parts)| said(role, parts)),
        3 => prop::collection::vec(user, 1..4).prop_map(move |parts| said(MessageRole::User, parts)),
        1 => audio().prop_map(move |part| said(MessageRole::User, vec![part])),
        3 => prop::collection::vec(assistant, 1..4).prop_map(move |parts| said(MessageRole::Assistant, parts)),
        3 => result().prop_map(move |part| said(MessageRole::Tool, vec![part])),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    let strict = prop::option::of(any::<bool>());
    (select(&NAMES[..]), prop::option::of(select(&SCHEMAS[..])), strict).prop_map(|(name, schema, strict)| {
        Tool::Function {
            name: name.into(),
            description: None,
            parameters: schema.map(|schema| Json(schema.into())),
            strict,
            cache: None,
            extensions: Vec::new(),
        }
    })
}

fn request() -> impl Strategy<Value = ChatRequest> {
    let choice = prop::option::of(select(&NAMES[..]));
    let stops = prop::collection::vec(select(&["END", "STOP", "  ", "\n\nHuman:"][..]), 0..7);
    let users = ["jane.doe@example.org", "u-1", "+49 30 90182"].map(str::to_owned);
    let user = prop::option::of(prop_oneof![select(users.to_vec()), Just("x".repeat(300))]);
    let effort = prop::option::of(select(vec![Effort::None, Effort::Low, Effort::High]));
    (
        prop::collection::vec(message(), 1..6),
        prop::collection::vec(tool(), 0..3),
        (choice, stops, user, effort, prop::option::of(1_i64..50)),
        output(),
    )
        .prop_map(|(messages, mut tools, (choice, stops, user, effort, top_k), output)| {
            tools.dedup_by_key(|tool| format!("{tool:?}"));
            let calls = messages.iter().flat_map(|message| &message.parts);
            let calls = calls.filter(|part| matches!(part.kind, PartKind::ToolCall(_))).count();
            let mut request = ChatRequest {
                messages,
                tool_choice: choice.filter(|_| !tools.is_empty()).map(|name| ToolChoice::Tool(name.into())),
                tools,
                stop: stops.into_iter().map(str::to_owned).collect(),
                end_user: user,
                output,
                // The engine restores the thoughts before calls, and else leaves reasoning out.
                reasoning: effort
                    .filter(|_| calls == 0)
                    .map(|effort| ReasoningOptions { effort: Some(effort), ..ReasoningOptions::default() }),
                ..ChatRequest::default()
            };
            request.sampling.top_k = top_k;
            request
        })
}

#[test]
fn what_leaves_is_accepted() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (kind, name, quirks) in targets() {
        let pair = runtime.block_on(Pair::new(kind));
        let mut of = model(name);
        of.quirks = quirks;
        of.max_tokens = Some(4096);
        let target = Target::new(Arc::new(of));
        let dialect = pair.provider.dialect(Capability::Chat, Dialect::OpenAi, &target.model).unwrap();
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&request(), |request| {
            let operation = Operation::Chat(Box::new(request));
            let outgoing = OutgoingRequest {
                target: &target,
                capability: Capability::Chat,
                dialect,
                mode: Mode::Translated(&operation),
                size: 0,
                strict: false,
                form: ReplyForm::Whole,
                detail: Detail::Full,
                headers: &[],
                query: None,
                timeout: None,
            };
            let sent = runtime.block_on(pair.provider.send(outgoing));
            let refusal = sent.err().map(|error| {
                let body = pair.sim.requests().last().map(|seen| String::from_utf8_lossy(&seen.body).into_owned());
                format!("{}\n{}", error.message, body.unwrap_or_default())
            });
            prop_assert_eq!(refusal, None, "{} {}", name, dialect);
            Ok(())
        });
        outcome.unwrap_or_else(|problem| panic!("{problem}"));
    }
}
