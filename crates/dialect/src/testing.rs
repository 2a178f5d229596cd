//! What the tests of all formats share: generated requests, targets, fixtures run through splitters and readers.
#![expect(clippy::unwrap_used, reason = "tests")]

use crate::Codec;
use crate::framing::{Framing, Splitter};
use baton_model::chat::{
    CacheControl, ChatRequest, Document, Effort, Image, Json, MediaSource, Message, MessageRole, OutputFormat, Part,
    PartKind, Reasoning, ReasoningOptions, SamplingOptions, Schema, Tool, ToolCall, ToolChoice, ToolResult,
};
use baton_model::event::CollectedReply;
use baton_model::{Capability, Detail, Dialect, Model, ModelSource, Quirks, ReplyEvent, Target};
use bytes::Bytes;
use proptest::option;
use proptest::prelude::*;
use std::sync::Arc;

/// A target called `upstream` at its provider.
pub fn target(quirks: Quirks) -> Target {
    Target::new(Arc::new(Model {
        upstream: "upstream".into(),
        capabilities: Capability::ALL.to_vec(),
        source: ModelSource::Config,
        quirks,
        ..Model::new("model", "provider")
    }))
}

/// The same with defaults for requests.
pub fn target_with_defaults(quirks: Quirks, defaults: &[(&str, &str)]) -> Target {
    let target = target(quirks);
    let mut model = Model::clone(&target.model);
    model.configuration = defaults.iter().map(|(name, json)| ((*name).into(), Json((*json).into()))).collect();
    Target::new(Arc::new(model))
}

/// The events of a stream, or the error that ended it.
pub fn read_stream(
    codec: &dyn Codec,
    framing: Framing,
    detail: Detail,
    stream: &[u8],
) -> (Vec<ReplyEvent>, Option<String>) {
    let (mut reader, mut events) = (codec.stream_reader(detail).unwrap(), Vec::new());
    for frame in &frames(framing, &[stream]) {
        match reader.push(frame) {
            Ok(more) => events.extend(more),
            Err(error) => return (events, Some(error.to_string())),
        }
    }
    events.extend(reader.finish());
    (events, None)
}

/// Cuts a stream at every byte and after every frame, and splits it in two at every byte: nothing may panic, nothing
/// may be told as complete before all choices are, and the bill may depend neither on how closely it is read nor on
/// how it was cut into chunks. Returns the events of the whole.
pub fn check_cuts(codec: &dyn Codec, framing: Framing, stream: &[u8]) -> Vec<ReplyEvent> {
    let (whole, error) = read_stream(codec, framing, Detail::Full, stream);
    assert_eq!(error, None);
    assert_eq!(whole.last(), Some(&ReplyEvent::Ended));
    let cut_frames = frames(framing, &[stream]);
    for at in 0..=stream.len() {
        let (first, second) = stream.split_at(at);
        // The same frames are read as the same events.
        assert_eq!(frames(framing, &[first, second]), cut_frames, "split at byte {at}");
    }
    let mut end = 0;
    let ends = cut_frames.iter().map(|frame| {
        end += frame.len();
        end
    });
    for cut in ends.chain(0..stream.len()) {
        check_cut(codec, framing, stream.get(..cut).unwrap(), &whole);
    }
    whole
}

fn check_cut(codec: &dyn Codec, framing: Framing, stream: &[u8], whole: &[ReplyEvent]) {
    let finishes =
        |events: &[ReplyEvent]| events.iter().filter(|event| matches!(event, ReplyEvent::Finished { .. })).count();
    let cut = stream.len();
    let bills = [Detail::Full, Detail::MeterOnly].map(|detail| {
        let (events, _) = read_stream(codec, framing, detail, stream);
        if events.contains(&ReplyEvent::Ended) {
            assert_eq!(finishes(&events), finishes(whole), "complete when cut at byte {cut} ({detail:?})");
        }
        CollectedReply::collect(&events).usage.unwrap_or_default()
    });
    assert_eq!(bills[0], bills[1], "the bill when cut at byte {cut}");
    let total = CollectedReply::collect(whole).usage.unwrap_or_default();
    for (class, amount) in bills[0].nonzero() {
        assert!(amount <= total.get(class), "{} is {amount} when cut at byte {cut}", class.name());
    }
}

fn frames(framing: Framing, chunks: &[&[u8]]) -> Vec<Bytes> {
    let (mut splitter, mut frames) = (Splitter::new(framing, 1 << 24), Vec::new());
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk), &mut frames).unwrap();
    }
    frames.extend(splitter.finish());
    frames
}

/// What the meter and the fallback need of events, in order.
pub fn meter_events(events: &[ReplyEvent]) -> Vec<ReplyEvent> {
    let is_fact = |event: &&ReplyEvent| {
        matches!(event, ReplyEvent::Finished { .. } | ReplyEvent::Usage(_) | ReplyEvent::Failed(_) | ReplyEvent::Ended)
    };
    events.iter().filter(is_fact).cloned().collect()
}

/// The bytes of text in events.
pub fn text_bytes(events: &[ReplyEvent]) -> usize {
    events.iter().map(ReplyEvent::text_bytes).sum()
}

/// Requests that all formats can say most of: what a format can't, its own test takes out first.
pub fn chat_request() -> impl Strategy<Value = ChatRequest> {
    let conversation = prop::collection::vec(turn(), 1..5).prop_map(|turns| turns.concat());
    (conversation, tools(), options()).prop_map(|(messages, (tools, tool_choice, parallel), options)| ChatRequest {
        messages,
        tool_choice: tool_choice.filter(|_| !tools.is_empty()),
        parallel_tool_calls: parallel.filter(|_| !tools.is_empty()),
        tools,
        ..options
    })
}

/// Text that is not empty, with what JSON and base64 make trouble with.
pub fn text() -> impl Strategy<Value = String> {
    "[a-z\"\\\\\n\u{1}é😀{}: ]{1,12}"
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,7}"
}

fn json_object() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json("{}".into())),
        Just(Json(r#"{"type": "object", "properties": {"b": {"type":"number","minimum":1.50}, "a": {}}, "additionalProperties": false}"#.into())),
    ]
}

fn turn() -> impl Strategy<Value = Vec<Message>> {
    prop_oneof![
        (
            prop_oneof![Just(MessageRole::System), Just(MessageRole::Developer)],
            prop::collection::vec(text_part(), 1..3)
        )
            .prop_map(|(role, parts)| vec![message(role, parts)]),
        (option::of(word()), prop::collection::vec(user_part(), 1..4))
            .prop_map(|(name, parts)| vec![Message { name, ..message(MessageRole::User, parts) }]),
        (option::of(reasoning()), text()).prop_map(|(reasoning_part, text)| {
            let parts = reasoning_part.into_iter().chain([Part::text(text)]).collect();
            vec![message(MessageRole::Assistant, parts)]
        }),
        (option::of(reasoning()), option::of(text()), prop::collection::vec((word(), word(), text()), 1..3))
            .prop_map(|(reasoning_part, text, calls)| tool_turn(reasoning_part, text, calls)),
    ]
}

/// Calls, and their results.
fn tool_turn(reasoning_part: Option<Part>, text: Option<String>, calls: Vec<(String, String, String)>) -> Vec<Message> {
    let call = |(id, name, _): &(String, String, String)| {
        // Its spaces and `1.50` are lost by any writer that parses the arguments instead of passing them on.
        let arguments = r#"{"city": "Paris", "n": 1.50}"#.to_owned();
        Part::from(PartKind::ToolCall(ToolCall { id: format!("call_{id}"), name: name.clone(), arguments }))
    };
    let parts = reasoning_part.into_iter().chain(text.map(Part::text)).chain(calls.iter().map(call)).collect();
    let result = |(id, _, text): &(String, String, String)| {
        let result = ToolResult { call_id: format!("call_{id}"), parts: vec![Part::text(text)], ..Default::default() };
        message(MessageRole::Tool, vec![PartKind::ToolResult(result).into()])
    };
    std::iter::once(message(MessageRole::Assistant, parts)).chain(calls.iter().map(result)).collect()
}

fn message(role: MessageRole, parts: Vec<Part>) -> Message {
    Message { role, name: None, parts }
}

fn text_part() -> impl Strategy<Value = Part> {
    (text(), prop::bool::weighted(0.2))
        .prop_map(|(text, marked)| Part { cache: marked.then(CacheControl::default), ..Part::text(text) })
}

fn reasoning() -> impl Strategy<Value = Part> {
    prop_oneof![
        text().prop_map(|text| Reasoning { text, ..Reasoning::default() }),
        (text(), word()).prop_map(|(text, s)| Reasoning { text, signature: Some(s), redacted: None }),
        word().prop_map(|data| Reasoning { redacted: Some(data), ..Reasoning::default() }),
    ]
    .prop_map(|reasoning_part| PartKind::Reasoning(reasoning_part).into())
}

fn user_part() -> impl Strategy<Value = Part> {
    let base64 = || Just("iVBORw0KGgo=".to_owned());
    let image = |source| PartKind::Image(Image { source, detail: None }).into();
    prop_oneof![
        3 => text_part(),
        1 => base64().prop_map(move |data| image(MediaSource::Base64 { media_type: "image/png".into(), data })),
        1 => Just("https://example.org/a.png".to_owned()).prop_map(move |url| image(MediaSource::Url(url))),
        1 => base64().prop_map(|data| PartKind::Audio { data, format: "wav".into() }.into()),
        1 => (base64(), option::of(word())).prop_map(|(data, title)| {
            let source = MediaSource::Base64 { media_type: "application/pdf".into(), data };
            PartKind::Document(Document { source, title, context: None, citations: None }).into()
        }),
    ]
}

fn tools() -> impl Strategy<Value = (Vec<Tool>, Option<ToolChoice>, Option<bool>)> {
    let tool = (word(), option::of(text()), option::of(json_object()), option::of(any::<bool>())).prop_map(
        |(name, description, parameters, strict)| Tool::Function {
            name,
            description,
            parameters,
            strict,
            cache: None,
            extensions: Vec::new(),
        },
    );
    let choice = prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        word().prop_map(ToolChoice::Tool)
    ];
    (prop::collection::vec(tool, 0..3), option::of(choice), option::of(any::<bool>()))
}

fn output() -> impl Strategy<Value = OutputFormat> {
    prop_oneof![
        Just(OutputFormat::Unspecified),
        Just(OutputFormat::Text),
        Just(OutputFormat::JsonObject),
        (word(), option::of(text()), json_object(), option::of(any::<bool>())).prop_map(
            |(name, description, schema, strict)| {
                OutputFormat::Schema(Schema { name: Some(name), description, schema, strict })
            }
        ),
    ]
}

fn options() -> impl Strategy<Value = ChatRequest> {
    // Eighths are exact in binary, so a number that is written and read again is equal.
    let number = || option::of((-8_i32..8).prop_map(|eighths| f64::from(eighths) / 8.0));
    let sampling = (number(), number(), option::of(0_i64..99), option::of(any::<i64>()), number(), number()).prop_map(
        |(temperature, top_p, top_k, seed, frequency_penalty, presence_penalty)| SamplingOptions {
            temperature,
            top_p,
            top_k,
            seed,
            frequency_penalty,
            presence_penalty,
            ..SamplingOptions::default()
        },
    );
    let limits =
        (option::of(1_u64..99_999), prop::collection::vec(text(), 0..3), option::of(1_u32..4), option::of(0_u8..20));
    let effort = option::of(prop::sample::select(Effort::ALL.to_vec()));
    let rest = (any::<bool>(), option::of(word()), option::of(word()), option::of(word()));
    (sampling, limits, output(), effort, rest).prop_map(
        |(sampling, (max_output_tokens, stop, n, logprobs), output, effort, (stream, user, tier, verbosity))| {
            ChatRequest {
                model: "upstream".into(),
                output,
                sampling,
                max_output_tokens,
                stop,
                n,
                logprobs,
                reasoning: effort.map(|effort| ReasoningOptions { effort: Some(effort), ..Default::default() }),
                stream,
                include_usage: stream,
                end_user: user,
                service_tier: tier,
                verbosity,
                ..ChatRequest::default()
            }
        },
    )
}

/// The dialect's codec of a capability.
pub fn codec(dialect: Dialect, capability: Capability) -> &'static dyn Codec {
    crate::codec(dialect, capability).unwrap()
}
