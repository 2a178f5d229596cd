//! Reasoning on its way through clients.

use super::{names, read, write};
use crate::framing::splice::scan;
use crate::json::Node;
use crate::testing::{codec, target};
use baton_model::chat::{ChatRequest, Message, MessageRole, PartKind, Reasoning};
use baton_model::event::{CollectedReply, FinishReason};
use baton_model::{Capability, Dialect, Quirks};
use bytes::Bytes;

/// Writes a reply for a client of that format and gives its assistant turn back as a request's.
fn through_client(client: Dialect, reasoning_part: Reasoning) -> ChatRequest {
    let part = PartKind::Reasoning(reasoning_part).into();
    let message = Message { role: MessageRole::Assistant, name: None, parts: vec![part] };
    let choice = baton_model::event::ReplyChoice {
        parts: message.parts,
        finish: Some(FinishReason::Stop),
        ..Default::default()
    };
    let events = CollectedReply { choices: vec![choice], ..CollectedReply::default() }.events();
    let written = codec(client, Capability::Chat).write_reply(&events, &names()).unwrap();
    let reply = Node::parse(&written.body).unwrap();
    let body = match client {
        Dialect::Responses => format!(r#"{{"input":{}}}"#, reply.get("output").unwrap().text()),
        Dialect::Anthropic => format!(
            r#"{{"max_tokens":5,"messages":[{{"role":"assistant","content":{}}}]}}"#,
            reply.get("content").unwrap().text()
        ),
        _ => {
            let message =
                reply.get("choices").unwrap().items().unwrap().first().unwrap().get("message").unwrap().text();
            format!(r#"{{"messages":[{message}]}}"#)
        }
    };
    read(codec(client, Capability::Chat), body.as_bytes())
}

#[test]
fn thoughts_survive_clients_of_every_format() {
    let own = r#"baton.responses:{"encrypted_content":"gAAA"}"#;
    for reasoning_part in [
        Reasoning { text: "hm".into(), signature: Some("sig".into()), redacted: None },
        Reasoning { redacted: Some("data".into()), ..Reasoning::default() },
        Reasoning { text: "hm".into(), signature: Some(own.into()), redacted: None },
    ] {
        for client in [Dialect::OpenAi, Dialect::Responses, Dialect::Anthropic] {
            let back = through_client(client, reasoning_part.clone());
            let parts: Vec<_> = back.messages.iter().flat_map(|message| &message.parts).collect();
            let Some(PartKind::Reasoning(back)) = parts.first().map(|part| &part.kind) else { panic!("{parts:?}") };
            let signature = back.signature.as_deref().map(|proof| proof.replace(r#""id":"rs_7_0","#, ""));
            assert_eq!(Reasoning { signature, ..back.clone() }, reasoning_part, "through {client}");
        }
    }
}

#[test]
fn thoughts_go_back_to_their_own_kind_of_provider_alone() {
    let own = r#"baton.responses:{"id":"rs_1","encrypted_content":"gAAA"}"#;
    let request = |signature: &str| {
        let reasoning_part = Reasoning { text: "hm".into(), signature: Some(signature.into()), redacted: None };
        let parts = vec![PartKind::Reasoning(reasoning_part).into(), baton_model::chat::Part::text("a")];
        let turn = |role, parts| Message { role, name: None, parts };
        let user = || turn(MessageRole::User, vec![baton_model::chat::Part::text("q")]);
        ChatRequest { messages: vec![user(), turn(MessageRole::Assistant, parts), user()], ..ChatRequest::default() }
    };
    for (to, signature, sent) in [
        (Dialect::Responses, own, r#""id":"rs_1","encrypted_content":"gAAA""#),
        // A provider refuses a whole request for a signature that it did not make.
        (Dialect::Responses, "sig", ""),
        (Dialect::Anthropic, "sig", r#""signature":"sig""#),
        (Dialect::Anthropic, own, ""),
    ] {
        let (written, dropped) = write(codec(to, Capability::Chat), &request(signature), &target(Quirks::default()));
        assert!(written.contains(sent), "{written}");
        let foreign = dropped.iter().any(|drop| drop.reason == "reasoning of another kind of provider");
        assert_eq!(foreign, sent.is_empty(), "{to}: {dropped:?}");
        assert_eq!(written.contains("hm"), !sent.is_empty(), "{written}");
    }
    let body = r#"{"model":"upstream","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"baton.responses:{}"},{"type":"text","text":"a"}]}]}"#;
    let body = scan(Bytes::from(body)).unwrap();
    let rewritten = codec(Dialect::Anthropic, Capability::Chat).rewrite(&body, &target(Quirks::default())).unwrap();
    let expected = r#"{"model":"upstream","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"text","text":"a"}]}]}"#;
    assert_eq!(String::from_utf8_lossy(&rewritten.editor.finish()), expected);
}
