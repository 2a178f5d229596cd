//! Requests: read, written, rewritten.

use super::{fields, messages, read, value, write};
use crate::anthropic::count_tokens;
use crate::framing::splice::scan;
use crate::testing::{chat_request, target, target_with_defaults};
use baton_model::chat::{
    ChatRequest, Effort, Json, Message, MessageRole, OutputFormat, Part, PartKind, ReasoningOptions, Tool, ToolChoice,
};
use baton_model::entity::ReasoningStyle;
use baton_model::{Capability, Dialect, Operation, Quirks, Target};
use bytes::Bytes;
use proptest::prelude::*;

/// A request that says everything reads and writes as the same JSON.
#[test]
fn everything_a_message_can_say_survives() {
    let body = r#"{"model":"upstream","max_tokens":9000,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral","ttl":"1h"}}],
        "messages":[
        {"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral"}},
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},{"type":"image","source":{"type":"url","url":"https://x/y.png"}},
          {"type":"image","source":{"type":"file","file_id":"f1"}},
          {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AA=="},"title":"a.pdf","context":"c","citations":{"enabled":true}},
          {"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"}},{"type":"document","source":{"type":"url","url":"https://x/y.pdf"}},
          {"type":"document","source":{"type":"content","content":[{"type":"text","text":"x"}]}},{"type":"container_upload","file_id":"f"}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"r"},
          {"type":"text","text":"a","citations":[{"type":"char_location","cited_text":"d"}]},
          {"type":"server_tool_use","id":"srv1","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"srv1","content":[]},
          {"type":"tool_use","id":"c1","name":"f","input":{"a": 1.50},"caller":{"type":"direct"}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r1","is_error":false},
          {"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"url","url":"u"}},{"type":"search_result","source":"s","title":"t","content":[]}],
            "is_error":true,"cache_control":{"type":"ephemeral","ttl":"5m"}},{"type":"text","text":"go on"}]}],
        "tools":[{"name":"f","description":"d","input_schema":{"type": "object"},"strict":true,"cache_control":{"type":"ephemeral"},"defer_loading":true},{"type":"web_search_20250305","name":"web_search","max_uses":2}],
        "tool_choice":{"type":"auto","disable_parallel_tool_use":true},"thinking":{"type":"enabled","budget_tokens":2000,"display":"summarized","block_binding":{"x":1}},
        "output_config":{"effort":"high","format":{"type":"json_schema","schema":{"b": 1.0, "a": 2}},"task_budget":{"type":"tokens","total":9}},
        "stop_sequences":["a","b"],"metadata":{"user_id":"u","x":1},"service_tier":"standard_only","cache_control":{"type":"ephemeral"},
        "mcp_servers":[],"container":"c","stream":true}"#;
    let (written, dropped) = write(&read(body), &target(Quirks::default()));
    assert_eq!(value(&written), value(body));
    assert_eq!(dropped, []);
    // Schemas and arguments must keep their bytes, which comparing as JSON does not show.
    assert!(written.contains(r#""schema":{"b": 1.0, "a": 2}"#) && written.contains(r#""input":{"a": 1.50}"#));
}

#[test]
fn members_of_a_turn_are_named_as_dropped() {
    let body = r#"{"max_tokens":9,"messages":[{"role":"user","content":"a"},
        {"role":"system","content":"b","clear_at":"never","output_config":{"effort":"low"}}]}"#;
    let (_, dropped) = write(&read(body), &target(Quirks::default()));
    assert_eq!(fields(&dropped), ["messages[1].clear_at", "messages[1].output_config"]);
    let operation = Operation::Chat(Box::new(read(body)));
    for dialect in [Dialect::OpenAi, Dialect::Responses, Dialect::Ollama] {
        let codec = crate::codec(dialect, Capability::Chat).unwrap();
        let dropped = codec.write_request(&operation, &target(Quirks::default())).unwrap().dropped;
        assert!(fields(&dropped).contains(&"messages[1].clear_at"), "{dialect}: {dropped:?}");
    }
}

#[test]
fn faults_are_named() {
    for (body, error) in [
        (r#"{"model":"m"}"#, "messages: is required"),
        (r#"{"messages":[{"role":"king","content":""}]}"#, "messages[0].role: must be user or assistant"),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url"}}]}]}"#,
            "messages[0].content[0].source.url: is required",
        ),
        (r#"{"messages":[],"tool_choice":{"type":"maybe"}}"#, "tool_choice.type: must be auto, any, tool or none"),
        (r#"{"messages":[],"max_tokens":"x"}"#, "max_tokens: must be an integer"),
    ] {
        assert_eq!(messages().read_request(body.as_bytes()).unwrap_err().to_string(), error);
    }
}

fn from_openai(body: &str) -> ChatRequest {
    let codec = crate::testing::codec(baton_model::Dialect::OpenAi, baton_model::Capability::Chat);
    match codec.read_request(body.as_bytes()).unwrap() {
        Operation::Chat(request) => *request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_chat_of_openai_is_regrouped() {
    // Each oddity is one that Anthropic refuses: a dot in an id, blank content, arguments that are no JSON, two turns
    // of one role, a blank stop text, a space at the end of the last turn.
    let request = from_openai(
        r#"{"messages":[{"role":"system","content":"one"},{"role":"developer","content":"two"},{"role":"user","content":"hi"},
            {"role":"assistant","content":" ","tool_calls":[{"id":"a.1","type":"function","function":{"name":"f","arguments":""}},{"id":"b","type":"function","function":{"name":"g","arguments":"[1"}}]},
            {"role":"tool","tool_call_id":"a.1","content":"r1"},{"role":"tool","tool_call_id":"b","content":"r2"},{"role":"user","content":"and"},{"role":"user","content":"then"},
            {"role":"system","content":"three"},{"role":"assistant","content":"well "}],
            "tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g","parameters":{"properties":{}}}}],
            "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}},
            "temperature":1.5,"top_p":0.5,"seed":1,"n":2,"response_format":{"type":"json_object"},"stop":["x"," "],"user":"u"}"#,
    );
    let (written, dropped) = write(&request, &target(Quirks::default()));
    let expected = r#"{"model":"upstream","system":"one\ntwo\nthree","messages":[{"role":"user","content":"hi"},
        {"role":"assistant","content":[{"type":"tool_use","id":"a_1","name":"f","input":{}},{"type":"tool_use","id":"b","name":"g","input":{"arguments":"[1"}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"a_1","content":"r1"},{"type":"tool_result","tool_use_id":"b","content":"r2"},{"type":"text","text":"and"},{"type":"text","text":"then"}]},
        {"role":"assistant","content":"well"}],
        "tools":[{"name":"g","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"any"},
        "max_tokens":4096,"temperature":1,"stop_sequences":["x"],"metadata":{"user_id":"u"}}"#;
    assert_eq!(value(&written), value(expected));
    let listed = ["temperature", "top_p", "stop", "response_format", "seed", "n", "messages[3].content[2].arguments"];
    assert_eq!(fields(&dropped), listed);
}

#[test]
fn a_conversation_begins_with_the_user() {
    let plain = target(Quirks::default());
    // OpenAI takes a conversation of instructions alone. Anthropic refuses one whose first turn is not the user's.
    let (written, dropped) = write(&from_openai(r#"{"messages":[{"role":"system","content":"s"}]}"#), &plain);
    assert!(written.contains(r#""messages":[{"role":"user","content":"s"}]"#), "{written}");
    assert_eq!(fields(&dropped), ["messages[0].content[0]"]);
    let (written, dropped) = write(&from_openai(r#"{"messages":[{"role":"assistant","content":"s"}]}"#), &plain);
    assert!(written.contains(r#"[{"role":"user","content":"(The conv"#), "{written}");
    assert_eq!(fields(&dropped), ["messages"]);
}

#[test]
fn a_model_is_asked_as_it_can_be() {
    let prefilled = from_openai(r#"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}"#);
    let no_prefill = target(Quirks { prefill: Some(false), ..Quirks::default() });
    let refused = messages().write_request(&Operation::Chat(Box::new(prefilled)), &no_prefill).unwrap_err();
    assert_eq!(refused.path, "messages");

    let midway = from_openai(
        r#"{"messages":[{"role":"user","content":"u"},{"role":"developer","content":"d"},{"role":"assistant","content":"a"},{"role":"user","content":"v"}]}"#,
    );
    let (written, _) = write(&midway, &target(Quirks { system_anywhere: Some(true), ..Quirks::default() }));
    assert!(written.contains(r#"{"role":"user","content":"u"},{"role":"system","content":"d"}"#), "{written}");

    // Only instructions right before the assistant's turn stay where they are.
    let several = from_openai(
        r#"{"messages":[{"role":"user","content":"u"},{"role":"system","content":"c"},{"role":"system","content":"d"},{"role":"assistant","content":"a"},{"role":"user","content":"v"},{"role":"system","content":"top"},{"role":"user","content":"w"}]}"#,
    );
    let (written, _) = write(&several, &target(Quirks { system_anywhere: Some(true), ..Quirks::default() }));
    assert!(written.contains(r#""system":"top""#), "{written}");
    assert!(written.contains(r#""content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]"#), "{written}");
}

/// What an effort or budget becomes: the style of the model, `max_tokens`, what is written.
#[test]
fn thought_is_asked_for_in_the_models_own_way() {
    let check = |reasoning: &ReasoningOptions, style, limit: Option<u64>, expected: &str, listed: &[&str]| {
        let request = ChatRequest {
            messages: vec![Message { role: MessageRole::User, name: None, parts: vec![Part::text("u")] }],
            reasoning: Some(reasoning.clone()),
            max_output_tokens: limit,
            ..ChatRequest::default()
        };
        let (written, dropped) = write(&request, &target(Quirks { reasoning: style, ..Quirks::default() }));
        let mut written = value(&written);
        let rest = written.as_object_mut().unwrap();
        rest.retain(|name, _| !["model", "messages"].contains(&name.as_str()));
        assert_eq!(written, value(expected), "{reasoning:?} {style:?}");
        assert_eq!(fields(&dropped), listed);
    };
    let effort = |effort| ReasoningOptions { effort: Some(effort), ..ReasoningOptions::default() };
    let budget = ReasoningOptions { enabled: Some(true), budget: Some(5000), ..ReasoningOptions::default() };
    use ReasoningStyle::{Adaptive, Budget, Unspecified, Unsupported};
    let adaptive = r#"{"max_tokens":50,"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}"#;
    check(&effort(Effort::High), Unspecified, Some(50), adaptive, &[]);
    check(&budget, Adaptive, Some(50), adaptive, &["reasoning.budget"]);
    check(&effort(Effort::None), Adaptive, Some(50), r#"{"max_tokens":50,"thinking":{"type":"disabled"}}"#, &[]);
    // Models with budgets only think when told to, so saying nothing means none.
    check(&effort(Effort::None), Budget, Some(50), r#"{"max_tokens":50}"#, &[]);
    check(&effort(Effort::High), Unsupported, Some(50), r#"{"max_tokens":50}"#, &["reasoning"]);
    let enabled = |limit: u64, budget: u64| {
        format!(r#"{{"max_tokens":{limit},"thinking":{{"type":"enabled","budget_tokens":{budget}}}}}"#)
    };
    check(&effort(Effort::Medium), Budget, Some(9000), &enabled(9000, 2048), &[]);
    // `max_tokens` counts thinking too. Without room beside the budget the model could think and never answer.
    check(&effort(Effort::Max), Budget, None, &enabled(16_384 + 4096, 16_384), &[]);
    check(&budget, Unspecified, Some(4000), &enabled(4000, 2000), &["reasoning.budget"]);
    // The least budget is 1024, and it must be below `max_tokens`: none fits here.
    check(&budget, Unspecified, Some(1024), r#"{"max_tokens":1024}"#, &["reasoning"]);
}

fn check_rewrite(body: &str, target: &Target, expected: &str, dropped: &[&str]) {
    let body = scan(Bytes::from(body.to_owned())).unwrap();
    let rewritten = messages().rewrite(&body, target).unwrap();
    assert_eq!(String::from_utf8_lossy(&rewritten.editor.finish()), expected);
    assert!(!rewritten.hide_usage);
    assert_eq!(fields(&rewritten.dropped), dropped);
}

#[test]
fn the_clients_bytes_stay_but_for_a_few() {
    let plain = target(Quirks::default());
    // `1e2` is a whole number in JSON: it must be neither refused nor rewritten.
    let body = r#"{ "model" : "m", "max_tokens":1e2, "x":1.0}"#;
    check_rewrite(body, &plain, r#"{ "model" : "upstream", "max_tokens":1e2, "x":1.0}"#, &[]);
    check_rewrite(r#"{"model":"upstream"}"#, &plain, r#"{"model":"upstream","max_tokens":4096}"#, &[]);

    let quirks = Quirks { refuses: vec!["top_k".into(), "user".into()], ..Quirks::default() };
    let mut target =
        target_with_defaults(quirks, &[("temperature", "1.5"), ("stop", "\"x\""), ("seed", "1"), ("max_tokens", "9")]);
    target.max_output_tokens = Some(3000);
    check_rewrite(
        r#"{"model":"upstream","max_tokens":4000,"metadata":{"user_id":"u","y":1.0},"thinking":{"type":"enabled","budget_tokens":3500}}"#,
        &target,
        r#"{"model":"upstream","max_tokens":3000,"metadata":{"y":1.0},"thinking":{"type":"enabled","budget_tokens":1500},"stop_sequences":["x"]}"#,
        &["max_tokens", "thinking.budget_tokens", "metadata.user_id"],
    );
    target.max_output_tokens = None;
    check_rewrite(
        r#"{"model":"upstream","top_k":1}"#,
        &target,
        r#"{"model":"upstream","max_tokens":9,"temperature":1,"stop_sequences":["x"]}"#,
        &["top_k"],
    );
    let unsupported = crate::testing::target(Quirks { reasoning: ReasoningStyle::Unsupported, ..Quirks::default() });
    check_rewrite(
        r#"{"model":"upstream","max_tokens":9,"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}"#,
        &unsupported,
        r#"{"model":"upstream","max_tokens":9}"#,
        &["thinking", "output_config.effort"],
    );
}

#[test]
fn tokens_are_counted_without_the_options_of_the_answer() {
    let body = r#"{"messages":[{"role":"user","content":"hi"}],"system":"s","max_tokens":5,"temperature":1,"stream":true,"metadata":{"user_id":"u"},
        "tools":[{"name":"f","input_schema":{"type":"object"}}],"container":"c","mcp_servers":[]}"#;
    let written = count_tokens::write_request(&read(body), &target(Quirks::default())).unwrap();
    let expected = r#"{"model":"upstream","system":"s","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"mcp_servers":[]}"#;
    assert_eq!(String::from_utf8_lossy(&written.body), expected);
    let recorded = include_bytes!("../fixtures/llama-server/count_tokens.response.txt");
    assert_eq!(count_tokens::read_reply(recorded), Ok(27));
    assert_eq!(count_tokens::write_reply(27).body, &recorded[..]);
}

/// The request with what this format can't say taken out, and regrouped as it must be.
fn sayable(mut request: ChatRequest) -> ChatRequest {
    let mut system: Vec<Message> = Vec::new();
    let mut turns: Vec<Message> = Vec::new();
    for mut message in request.messages {
        message.name = None;
        message.parts.retain(|part| match &part.kind {
            PartKind::Text { text, .. } => !text.trim().is_empty(),
            PartKind::Reasoning(reasoning_part) => {
                reasoning_part.signature.is_some() || reasoning_part.redacted.is_some()
            }
            PartKind::Audio { .. } => false,
            _ => true,
        });
        for part in &mut message.parts {
            if let PartKind::ToolResult(result) = &mut part.kind {
                result
                    .parts
                    .retain(|part| !matches!(&part.kind, PartKind::Text { text, .. } if text.trim().is_empty()));
            }
        }
        if matches!(message.role, MessageRole::System | MessageRole::Developer) {
            message.role = MessageRole::System;
            system.extend((!message.parts.is_empty()).then_some(message));
        } else if !message.parts.is_empty() {
            match turns.last_mut() {
                Some(last) if last.role == message.role => last.parts.extend(message.parts),
                _ => turns.push(message),
            }
        }
    }
    let marked = system.iter().flat_map(|message| &message.parts).any(|part| part.cache.is_some());
    let text = |part: &Part| if let PartKind::Text { text, .. } = &part.kind { text.clone() } else { String::new() };
    let system = match system.len() {
        0 | 1 => system.pop(),
        _ if marked => {
            let parts = system.into_iter().flat_map(|message| message.parts).collect();
            Some(Message { role: MessageRole::System, name: None, parts })
        }
        _ => {
            let lines = system.iter().map(|message| message.parts.iter().map(text).collect::<String>());
            let joined = lines.collect::<Vec<_>>().join("\n");
            Some(Message { role: MessageRole::System, name: None, parts: vec![Part::text(joined)] })
        }
    };
    request.messages = system.into_iter().chain(turns).collect();
    for tool in &mut request.tools {
        if let Tool::Function { parameters, .. } = tool {
            match parameters {
                None => *parameters = Some(Json(r#"{"type":"object","properties":{}}"#.into())),
                Some(Json(text)) if text == "{}" => *text = r#"{"type":"object"}"#.into(),
                Some(_) => {}
            }
        }
    }
    if request.tool_choice == Some(ToolChoice::None) {
        request.parallel_tool_calls = None;
    }
    match (&request.tool_choice, request.parallel_tool_calls) {
        (None, Some(true)) => request.parallel_tool_calls = None,
        (None, Some(false)) => request.tool_choice = Some(ToolChoice::Auto),
        _ => {}
    }
    let effort = request.reasoning.as_ref().and_then(|reasoning| reasoning.effort);
    request.reasoning = effort.map(|effort| match effort {
        Effort::None => ReasoningOptions { enabled: Some(false), ..ReasoningOptions::default() },
        effort => {
            ReasoningOptions { effort: Some(effort.max(Effort::Low)), adaptive: true, ..ReasoningOptions::default() }
        }
    });
    // The two exclude each other, and the reply's form is what programs rely on.
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
    request.reasoning = request.reasoning.filter(|reasoning| !(forced && reasoning.adaptive));
    let thinks = request.reasoning.as_ref().is_some_and(|reasoning| reasoning.adaptive);
    let sampling = std::mem::take(&mut request.sampling);
    request.sampling.temperature = sampling.temperature.filter(|warm| !thinks || (*warm - 1.0).abs() < 1e-9);
    request.sampling.top_p =
        sampling.top_p.filter(|p| request.sampling.temperature.is_none() && (!thinks || *p >= 0.95));
    request.sampling.top_k = sampling.top_k.filter(|_| !thinks);
    request.output = match request.output {
        OutputFormat::Schema(schema) => OutputFormat::Schema(baton_model::chat::Schema {
            schema: schema.schema,
            ..baton_model::chat::Schema::default()
        }),
        _ => OutputFormat::Unspecified,
    };
    request.stop.retain(|stop| !stop.trim().is_empty());
    request.max_output_tokens = request.max_output_tokens.or(Some(4096));
    ChatRequest { n: None, logprobs: None, service_tier: None, verbosity: None, ..request }
}

/// Whether the conversation begins with the user and does not end with words of the assistant, so that nothing is put
/// before or trimmed.
fn is_plain(request: &ChatRequest) -> bool {
    let mut turns = request.messages.iter().filter(|message| message.role != MessageRole::System);
    let begins = turns.clone().next().is_some_and(|message| message.role == MessageRole::User);
    begins && turns.next_back().is_some_and(|message| message.role != MessageRole::Assistant)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(request in chat_request()) {
        let mut request = sayable(request);
        let user = || Message { role: MessageRole::User, name: None, parts: vec![Part::text("u")] };
        if !is_plain(&request) {
            let first = request.messages.iter().position(|message| message.role != MessageRole::System);
            request.messages.insert(first.unwrap_or(request.messages.len()), user());
            request.messages.push(user());
            request = sayable(request);
        }
        // Results that come first in a user's turn stand before its text, so a turn that the user began would change.
        prop_assume!(!request.messages.windows(2).any(|pair| matches!(pair, [a, b] if a.role == MessageRole::User && b.role == MessageRole::Tool)));
        let (written, dropped) = write(&request, &target(Quirks::default()));
        prop_assert_eq!(read(&written), request);
        prop_assert_eq!(dropped, []);
    }

    #[test]
    fn requests_of_any_kind_are_written(request in chat_request(), style in 0..4_usize) {
        let styles = [ReasoningStyle::Unspecified, ReasoningStyle::Unsupported, ReasoningStyle::Budget, ReasoningStyle::Adaptive];
        let reasoning = styles.get(style).copied().unwrap_or_default();
        let (written, _) = write(&request, &target(Quirks { reasoning, ..Quirks::default() }));
        let written = value(&written);
        // The API refuses a budget out of these bounds, and two turns of one role in a row.
        let budget = written.pointer("/thinking/budget_tokens").and_then(serde_json::Value::as_u64);
        let limit = written.get("max_tokens").and_then(serde_json::Value::as_u64).unwrap();
        prop_assert!(budget.is_none_or(|budget| (1024..limit).contains(&budget)));
        let roles: Vec<_> = written["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
        prop_assert!(roles.iter().enumerate().all(|(at, role)| role == ["user", "assistant"][at % 2]));
    }
}
