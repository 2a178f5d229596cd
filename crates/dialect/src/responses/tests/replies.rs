//! Responses, whole and as streams: what is read, and what is written.

use super::{REPLY, STREAM, chat, names, value};
use crate::framing::Framing;
use crate::testing::{check_cuts, meter_events, read_stream, text_bytes};
use baton_model::chat::PartKind;
use baton_model::event::{CollectedReply, FinishReason, ReplyEvent};
use baton_model::{Code, Detail, Dialect, PublicError, UsageClass};

#[test]
fn a_stream_says_everything_and_can_be_cut_anywhere() {
    let events = check_cuts(chat(), Framing::Sse, STREAM);
    let reply = CollectedReply::collect(&events);
    assert_eq!(reply, CollectedReply::collect(&chat().read_reply(REPLY).unwrap()));
    let choice = reply.choices.first().unwrap();
    assert_eq!(choice.finish, Some(FinishReason::ToolCalls));
    let [reasoning_part, search, text, weather, time] = choice.parts.as_slice() else { panic!("{:?}", choice.parts) };
    let PartKind::Reasoning(reasoning_part) = &reasoning_part.kind else { panic!("{reasoning_part:?}") };
    assert_eq!(reasoning_part.text, "I look.\n\nThen I say.");
    assert_eq!(
        reasoning_part.signature.as_deref(),
        Some(r#"baton.responses:{"id":"rs_1","encrypted_content":"gAAAA"}"#)
    );
    assert!(matches!(search.kind, PartKind::Other { dialect: Dialect::Responses, .. }));
    assert!(
        matches!(&text.kind, PartKind::Text { text, citations } if text == "Grüße aus 😀\nParis." && citations.len() == 1)
    );
    for (part, expected) in [(weather, ("call_0", r#"{"city":"Paris"}"#)), (time, ("call_1", "{}"))] {
        assert!(
            matches!(&part.kind, PartKind::ToolCall(call) if (&*call.id, &*call.arguments) == expected),
            "{part:?}"
        );
    }
    let usage = reply.usage.unwrap();
    let counts: Vec<_> = usage.nonzero().collect();
    let expected = [
        (UsageClass::Input, 12),
        (UsageClass::CacheRead, 8),
        (UsageClass::Output, 18),
        (UsageClass::Reasoning, 12),
        (UsageClass::WebSearches, 1),
    ];
    assert_eq!((counts.as_slice(), usage.service_tier.as_deref()), (expected.as_slice(), Some("default")));
}

#[test]
fn what_tools_used_is_what_the_service_says_it_bills() {
    let read = |tool_usage: &str| {
        let body = format!(
            r#"{{"status":"completed","output":[{{"type":"web_search_call","action":{{"type":"search"}}}},
            {{"type":"web_search_call","action":{{"type":"open_page"}}}}],{tool_usage}"usage":{{"input_tokens":1}}}}"#
        );
        CollectedReply::collect(&chat().read_reply(body.as_bytes()).unwrap()).usage.unwrap()
    };
    assert_eq!(read(r#""tool_usage":{"web_search":{"num_requests":1}},"#).get(UsageClass::WebSearches), 1);
    assert_eq!(read("").get(UsageClass::WebSearches), 2);
    let images = read(r#""tool_usage":{"image_gen":{"input_tokens":50,"output_tokens":900,"total_tokens":950}},"#);
    let (input, output) = (images.get(UsageClass::ImageInput), images.get(UsageClass::ImageOutput));
    assert_eq!((input, output, images.get(UsageClass::Input)), (50, 900, 1));
}

#[test]
fn a_stream_looked_over_tells_the_same_facts() {
    let (full, _) = read_stream(chat(), Framing::Sse, Detail::Full, STREAM);
    let (looked, error) = read_stream(chat(), Framing::Sse, Detail::MeterOnly, STREAM);
    assert_eq!(error, None);
    assert_eq!(meter_events(&looked), meter_events(&full));
    assert_eq!(text_bytes(&looked), text_bytes(&full));
    assert!(!looked.iter().any(|event| matches!(event, ReplyEvent::Text { .. })));
}

#[test]
fn a_stream_that_breaks_or_never_ends_is_not_complete() {
    let check = |data: &str, expected: Option<&str>| {
        for detail in [Detail::Full, Detail::MeterOnly] {
            let (events, error) = read_stream(chat(), Framing::Sse, detail, format!("data: {data}\n\n").as_bytes());
            assert_eq!(error, None);
            let failed = events.iter().find_map(|event| match event {
                ReplyEvent::Failed(error) => Some(error.message.as_str()),
                _ => None,
            });
            assert_eq!((failed, events.contains(&ReplyEvent::Ended)), (expected, false), "{data}");
        }
    };
    check(r#"{"type":"error","code":"server_error","message":"m","param":null}"#, Some("m"));
    check(r#"{"type":"error","error":{"type":"x","message":"m"}}"#, Some("m"));
    check(
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}}"#,
        Some("m"),
    );
    check(r#"{"type":"response.cancelled","response":{"status":"cancelled"}}"#, Some("the response is cancelled"));
    check(r#"{"type":"response.output_text.delta","output_index":0,"delta":"a"}"#, None);
    // `[DONE]` is no end here: only the events that end a response are.
    check("[DONE]", None);
}

#[test]
fn a_response_says_why_it_is_not_complete() {
    for (state, expected) in [
        (r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#, FinishReason::Length),
        (r#""status":"incomplete","incomplete_details":{"reason":"content_filter"}"#, FinishReason::ContentFilter),
        (r#""status":"queued""#, FinishReason::Other("queued".into())),
        (r#""status":"completed""#, FinishReason::Stop),
    ] {
        let events = chat().read_reply(format!(r#"{{"id":"r",{state},"output":[]}}"#).as_bytes()).unwrap();
        assert!(
            events.contains(&ReplyEvent::Finished { choice: 0, reason: expected, stop_sequence: None }),
            "{events:?}"
        );
    }
    assert!(chat().read_reply(br#"{"id":"r"}"#).is_err());
}

#[test]
fn a_stream_written_reads_back_and_ends_with_the_whole() {
    let (events, _) = read_stream(chat(), Framing::Sse, Detail::Full, STREAM);
    let mut writer = chat().stream_writer(names()).unwrap();
    let written: Vec<u8> = events.iter().flat_map(|event| writer.push(event)).collect();
    let text = String::from_utf8(written.clone()).unwrap();
    let datas: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(value).collect();
    for (number, data) in datas.iter().enumerate() {
        assert_eq!(data.get("sequence_number"), Some(&number.into()));
    }
    let types: Vec<_> = datas.iter().map(|data| data.get("type").unwrap().as_str().unwrap().to_owned()).collect();
    insta::assert_snapshot!(types.join("\n"));
    let response = datas.last().unwrap().get("response").unwrap();
    let whole = chat().write_reply(&events, &names()).unwrap();
    assert_eq!(*response, value(std::str::from_utf8(&whole.body).unwrap()));
    for (name, expected) in
        [("instructions", "\"Be kind.\""), ("tools", r#"[{"type":"web_search"}]"#), ("store", "false")]
    {
        assert_eq!(response.get(name), Some(&value(expected)), "{name}");
    }
    assert_eq!(response.get("id"), Some(&"resp_7".into()));

    let (again, _) = read_stream(chat(), Framing::Sse, Detail::Full, &written);
    let comparable = |events: &[ReplyEvent]| {
        let mut reply = CollectedReply::collect(events);
        reply.started = baton_model::event::ReplyStart::default();
        // The id of an item that streams is ours.
        let text = format!("{reply:?}");
        text.replace("rs_7_0", "rs_1")
    };
    assert_eq!(comparable(&again), comparable(&events));
    let whole = chat().read_reply(&whole.body).unwrap();
    assert_eq!(comparable(&whole), comparable(&events));
}

#[test]
fn a_failure_is_told_as_both_kinds_of_clients_expect() {
    let mut writer = chat().stream_writer(names()).unwrap();
    let begun = writer.push(&ReplyEvent::Text { choice: 0, text: "a".into() });
    assert!(begun.starts_with(b"event: response.created\n"));
    let failed = writer.fail(&PublicError::new(Code::RateLimitExceeded, "slow down"), "r1");
    let text = String::from_utf8(failed.to_vec()).unwrap();
    let datas: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(value).collect();
    let [failed, error] = datas.as_slice() else { panic!("{text}") };
    let response = failed.get("response").unwrap();
    assert_eq!(response.get("status"), Some(&"failed".into()));
    assert_eq!(response.get("error"), Some(&value(r#"{"code":"rate_limit_exceeded","message":"slow down"}"#)));
    assert_eq!(error.get("type"), Some(&"error".into()));
    assert_eq!(error.get("error").unwrap().get("message"), Some(&"slow down".into()));
}
