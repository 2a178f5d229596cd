//! Each quirk and each limit has an effect on a client's own request.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::fit;
use crate::framing::splice::scan;
use crate::testing::{codec, target};
use baton_model::entity::{Alphabet, Limits, MaxTokensField, ReasoningHistory, ReasoningStyle};
use baton_model::{Capability, Dialect, Quirks};
use bytes::Bytes;

const CHAT: &str = r#"{"model":"upstream","max_tokens":5,"temperature":1,"stream":true,"user":"jane@example.org",
    "stop":["a","b"],"reasoning_effort":"low","response_format":{"type":"json_schema","json_schema":{}},
    "tools":[{"type":"function","function":{"name":"a.b","parameters":{}}}],
    "messages":[{"role":"developer","content":"d"},{"role":"user","content":"u"},
      {"role":"assistant","reasoning_content":"r","content":null,"tool_calls":[{"id":"call.1","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"call.1","content":"t"},{"role":"system","content":"s"}]}"#;

/// What leaves of a client's own request.
fn leaves(quirks: &Quirks) -> String {
    let body = scan(Bytes::from_static(CHAT.as_bytes())).unwrap();
    let rewritten = codec(Dialect::OpenAi, Capability::Chat).rewrite(&body, &target(quirks.clone())).unwrap();
    let fitted = fit(Dialect::OpenAi, rewritten.body, quirks, true).unwrap();
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
