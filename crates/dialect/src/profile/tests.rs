//! Each quirk and each limit has an effect on a client's own request.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{fit, fit_media, fit_written};
use crate::framing::splice::scan;
use crate::testing::{codec, target};
use baton_model::chat::{
    Document, Image, Json, MediaSource, Message, MessageRole, OutputFormat, Part, PartKind, Schema, Tool, ToolResult,
};
use baton_model::entity::{Alphabet, Limits, MaxTokensField, ReasoningHistory, ReasoningStyle, SchemaSubset};
use baton_model::{Capability, ChatRequest, Dialect, Operation, Quirks};
use bytes::Bytes;
use std::borrow::Cow;

const CHAT: &str = r#"{"model":"upstream","max_tokens":5,"temperature":1,"stream":true,"user":"jane@example.org",
    "stop":["a","b"],"reasoning_effort":"low","response_format":{"type":"json_schema","json_schema":{"strict":true,"schema":{"type":"string","minLength":1,"const":"x"}}},
    "tools":[{"type":"function","function":{"name":"a.b","parameters":{}}}],
    "messages":[{"role":"developer","content":"d"},{"role":"user","content":"u"},
      {"role":"assistant","reasoning_content":"r","content":null,"tool_calls":[{"id":"call.1","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"call.1","content":"t"},{"role":"system","content":"s"}]}"#;

/// What leaves of a client's own request.
fn leaves(quirks: &Quirks) -> String {
    let body = scan(Bytes::from_static(CHAT.as_bytes())).unwrap();
    let rewritten = codec(Dialect::OpenAi, Capability::Chat).rewrite(&body, &target(quirks.clone())).unwrap();
    let fitted = fit(Dialect::OpenAi, rewritten.editor, quirks, true).unwrap();
    String::from_utf8(fitted.body.to_vec()).unwrap()
}

fn check(quirks: &[Quirks], field: &str) {
    // Without the format's own limits, which would hide a looser one.
    let plain = leaves(&Quirks { limits: Limits::NONE, ..Quirks::default() });
    for quirks in quirks {
        let quirks = Quirks { limits: Limits::NONE.overlaid_by(&quirks.limits), ..quirks.clone() };
        assert_ne!(leaves(&quirks), plain, "{field}");
    }
}

#[test]
fn every_quirk_has_an_effect() {
    let all = Quirks::default();
    // A new quirk must be placed here, or the pattern does not compile.
    let Quirks {
        max_tokens_field: _,
        refuses: _,
        // Takes something out of `refuses`: a test of its own.
        accepts: _,
        reasoning: _,
        reasoning_history: _,
        developer_role: _,
        stream_usage: _,
        // Of Anthropic's writer alone, whose tests have them.
        prefill: _,
        cache_marks: _,
        system_anywhere: _,
        json_schema: _,
        // Of those who choose the format or send the request.
        strict: _,
        api: _,
        // Of translated requests: a test of their own.
        image_types: _,
        document_types: _,
        audio_formats: _,
        schemas: _,
        limits: _,
    } = &all;
    let q = Quirks::default;
    check(&[Quirks { max_tokens_field: MaxTokensField::MaxCompletionTokens, ..q() }], "max_tokens_field");
    check(&[Quirks { refuses: vec!["temperature".into()], ..q() }], "refuses");
    check(&[Quirks { reasoning: ReasoningStyle::Unsupported, ..q() }], "reasoning");
    check(&[Quirks { reasoning_history: ReasoningHistory::None, ..q() }], "reasoning_history");
    check(&[Quirks { developer_role: Some(false), ..q() }], "developer_role");
    check(&[Quirks { stream_usage: Some(false), ..q() }], "stream_usage");
    check(&[Quirks { system_anywhere: Some(false), ..q() }], "system_anywhere");
    check(&[Quirks { json_schema: Some(false), ..q() }], "json_schema");
    // Where a vendor is known to take less, a client's own words are made to fit too.
    let subset = [SchemaSubset::OpenAi, SchemaSubset::Gemini];
    check(&subset.map(|schemas| Quirks { schemas, ..q() }), "schemas");
}

#[test]
fn every_limit_has_an_effect() {
    let Limits {
        tool_name: _,
        tool_name_alphabet: _,
        call_id: _,
        call_id_alphabet: _,
        stops: _,
        user: _,
        opaque_user: _,
        tool_properties: _,
    } = Limits::default();
    let of = |limits: Limits| Quirks { limits, ..Quirks::default() };
    let l = Limits::default;
    check(&[of(Limits { tool_name: Some(2), ..l() })], "tool_name");
    check(
        &[Alphabet::Word, Alphabet::Alphanumeric].map(|tool_name_alphabet| of(Limits { tool_name_alphabet, ..l() })),
        "tool_name_alphabet",
    );
    check(&[of(Limits { call_id: Some(4), ..l() })], "call_id");
    check(&[of(Limits { call_id_alphabet: Alphabet::Word, ..l() })], "call_id_alphabet");
    check(&[of(Limits { stops: Some(1), ..l() })], "stops");
    check(&[of(Limits { user: Some(5), ..l() })], "user");
    check(&[of(Limits { opaque_user: Some(true), ..l() })], "opaque_user");
    check(&[of(Limits { tool_properties: Some(true), ..l() })], "tool_properties");
}

#[test]
fn a_model_takes_what_its_vendor_refuses() {
    let vendor = Quirks { refuses: vec!["temperature".into(), "stop".into()], ..Quirks::default() };
    let model = Quirks { accepts: vec!["temperature".into()], ..Quirks::default() };
    let sent = leaves(&vendor.overlaid_by(&model));
    assert!(sent.contains("\"temperature\":1") && !sent.contains("\"stop\""), "{sent}");
    assert_eq!(vendor.overlaid_by(&model).overlaid_by(&vendor).refuses, ["stop", "temperature"]);
}

/// What leaves of a translated request, and what is told of it.
fn translated(dialect: Dialect, request: &ChatRequest, quirks: Quirks) -> (String, Vec<String>) {
    let operation = Operation::Chat(Box::new(request.clone()));
    let (operation, mut dropped) = fit_media(Cow::Owned(operation), dialect, &quirks);
    let written = codec(dialect, Capability::Chat).write_request(&operation, &target(quirks.clone())).unwrap();
    let fitted = fit_written(dialect, written.body, &quirks).unwrap();
    dropped.extend(fitted.dropped);
    let told = dropped.into_iter().map(|dropped| format!("{}: {}", dropped.field, dropped.reason)).collect();
    (String::from_utf8(fitted.body.to_vec()).unwrap(), told)
}

fn base64(media_type: &str) -> MediaSource {
    // "some text"
    MediaSource::Base64 { media_type: media_type.into(), data: "c29tZSB0ZXh0".into() }
}

fn says(parts: Vec<PartKind>) -> ChatRequest {
    let parts = parts.into_iter().map(Part::from).collect();
    ChatRequest { messages: vec![Message { role: MessageRole::User, name: None, parts }], ..ChatRequest::default() }
}

fn document(media_type: &str) -> PartKind {
    PartKind::Document(Document { source: base64(media_type), title: None, context: None, citations: None })
}

fn image(media_type: &str) -> PartKind {
    PartKind::Image(Image { source: base64(media_type), detail: None })
}

#[test]
fn what_a_target_can_t_look_at_is_put_in_words() {
    const NOTE: &str = "which can't be shown";
    let list = |types: &[&str]| Some(types.iter().map(ToString::to_string).collect::<Vec<_>>());
    let q = Quirks::default;
    for dialect in Dialect::ALL {
        let check = |kind: PartKind, quirks: Quirks, expected: &str, warned: bool| {
            let (sent, told) = translated(dialect, &says(vec![kind.clone()]), quirks.clone());
            assert!(sent.contains(expected), "{dialect} {kind:?}: {sent}");
            let ours: Vec<_> = told.iter().filter(|line| line.starts_with("messages[0].content[0]: ")).collect();
            assert_eq!(!ours.is_empty(), warned, "{dialect} {kind:?}: {told:?}");
            // The same inside of a tool's result, where the format has a place for it.
            let result = ToolResult { call_id: "c".into(), parts: vec![kind.into()], ..ToolResult::default() };
            let (_, told) = translated(dialect, &says(vec![PartKind::ToolResult(result)]), quirks);
            let inside = told.iter().any(|line| line.starts_with("messages[0].content[0].content[0]: "));
            assert_eq!(inside, warned, "{dialect}: {told:?}");
        };
        // As the format takes them.
        check(image("image/jpg"), q(), if dialect == Dialect::Ollama { "c29tZSB0ZXh0" } else { "image/jpeg" }, false);
        if dialect != Dialect::Ollama {
            check(image("image/tiff"), q(), NOTE, true);
        }
        check(document("application/x-tar"), q(), NOTE, true);
        check(document("application/x-yaml"), q(), "some text", true);
        // As a vendor or model takes them otherwise.
        check(image("image/png"), Quirks { image_types: list(&["image/jpeg"]), ..q() }, NOTE, true);
        check(image("image/tiff"), Quirks { image_types: list(&["image/*"]), ..q() }, "c29tZSB0ZXh0", false);
        check(document("application/pdf"), Quirks { document_types: list(&[]), ..q() }, NOTE, true);
        check(
            PartKind::Audio { data: "AAAA".into(), format: "wav".into() },
            Quirks { audio_formats: list(&["mp3"]), ..q() },
            NOTE,
            true,
        );
    }
}

#[test]
fn schemas_are_made_to_fit_in_every_format() {
    const LOOSE: &str = r#"{"type":"object","properties":{"a":{"type":"string","minLength":1}},"required":["a"]}"#;
    const OPTIONAL: &str = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let asks = |schema: &str, strict| ChatRequest {
        output: OutputFormat::Schema(Schema {
            schema: Json(schema.into()),
            strict,
            name: Some("s".into()),
            description: None,
        }),
        tools: vec![Tool::Function {
            name: "f".into(),
            description: None,
            parameters: Some(Json(schema.into())),
            strict,
            cache: None,
            extensions: Vec::new(),
        }],
        ..says(vec![PartKind::Text { text: "JSON".into(), citations: Vec::new() }])
    };
    for dialect in [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic] {
        let (sent, told) = translated(dialect, &asks(LOOSE, Some(true)), Quirks::default());
        assert!(!sent.contains("minLength"), "{dialect}: {sent}");
        assert_eq!(sent.matches("\"additionalProperties\":false").count(), 2, "{dialect}: {sent}");
        for field in ["tools[0].parameters.properties.a.minLength: ", "response_format.schema.properties.a.minLength: "]
        {
            assert!(told.iter().any(|line| line.starts_with(field)), "{dialect}: {told:?}");
        }
        // Whatever a model takes, it is said so.
        let any = Quirks { schemas: SchemaSubset::Any, ..Quirks::default() };
        assert_eq!(translated(dialect, &asks(LOOSE, Some(true)), any).0.matches("minLength").count(), 2, "{dialect}");
        let (sent, told) = translated(dialect, &asks(OPTIONAL, Some(true)), Quirks::default());
        let loosened = told.iter().filter(|line| line.contains("strict: sent as false")).count();
        // Anthropic takes properties that may be missing.
        assert_eq!(loosened, if dialect == Dialect::Anthropic { 0 } else { 2 }, "{dialect}: {told:?}");
        assert_eq!(sent.contains("\"strict\":true"), dialect == Dialect::Anthropic, "{dialect}: {sent}");
        let (sent, told) =
            translated(dialect, &asks(LOOSE, None), Quirks { schemas: SchemaSubset::Gemini, ..Quirks::default() });
        assert!(sent.contains("minLength") && told.is_empty(), "{dialect}: {sent} {told:?}");
    }
    let map = asks(r#"{"type":"object","additionalProperties":{"type":"string"}}"#, None);
    let (sent, told) = translated(Dialect::Anthropic, &map, Quirks::default());
    assert!(!sent.contains("output_config"), "{sent}");
    assert!(told.iter().any(|line| line.starts_with("response_format: ")), "{told:?}");
}
