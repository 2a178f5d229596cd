//! A whole chat reply, written. (It is read as one chunk: [`crate::openai::stream`].)

use super::own_members::write_own_members;
use super::reasoning::write_reasoning;
use crate::ReplyContext;
use crate::client_tools::{self, ClientTools};
use crate::json::{self, Object, object};
use crate::openai_usage as usage;
use baton_model::chat::{Json, PartKind, ToolCall};
use baton_model::entity::ReasoningHistory;
use baton_model::event::{CollectedReply, FinishReason, ReplyChoice, ReplyEvent};
use baton_model::{Dialect, Usage};

/// Why a reply is complete, from its word.
pub(in crate::openai) fn read_finish(word: &str) -> FinishReason {
    match word {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        // The older word is of the older `function_call`.
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other(word.to_owned()),
    }
}

/// The word for it. Clients check it against the reference's five, so that no other is ever said.
pub(in crate::openai) fn finish_name(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop | FinishReason::StopSequence | FinishReason::Pause => "stop",
        FinishReason::Length | FinishReason::ContextWindow => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
        FinishReason::Other(_) => "stop",
    }
}

/// The word for it in a chat, whose older form has one of its own for a call.
pub(in crate::openai) fn chat_finish_name(finish: &FinishReason, tools: &ClientTools) -> &'static str {
    match finish {
        FinishReason::ToolCalls if tools.reads_function_calls() => "function_call",
        finish => finish_name(finish),
    }
}

/// Writes a whole reply for a client.
pub(super) fn write(events: &[ReplyEvent], context: &ReplyContext) -> Vec<u8> {
    let mut reply = CollectedReply::collect(events);
    if reply.choices.is_empty() {
        // SDKs read `choices[0]` without looking whether it is there.
        reply.choices.push(ReplyChoice { finish: Some(FinishReason::Stop), ..ReplyChoice::default() });
    }
    object(|o| {
        write_names(&reply, context, "chat.completion", o);
        o.array("choices", |a| {
            for choice in &reply.choices {
                a.object(|o| write_choice(choice, &context.tools, o));
            }
        });
        write_tail(&reply, o);
    })
}

/// What stands before the choices of a whole chat or completion.
pub(in crate::openai) fn write_names(reply: &CollectedReply, context: &ReplyContext, kind: &str, o: &mut Object<'_>) {
    o.string("id", reply.started.id.as_deref().unwrap_or(&context.id)).string("object", kind);
    o.integer("created", reply.started.created.unwrap_or(context.created));
    o.string("model", reply.started.model.as_deref().unwrap_or(&context.model));
}

/// What stands after them.
pub(in crate::openai) fn write_tail(reply: &CollectedReply, o: &mut Object<'_>) {
    if let Some(used) = &reply.usage {
        o.object("usage", |o| usage::write(used, o));
        write_tier(used, o);
    }
    o.maybe_string("system_fingerprint", reply.started.fingerprint.as_deref());
}

/// The service tier stands beside the usage, not in it.
pub(in crate::openai) fn write_tier(usage: &Usage, o: &mut Object<'_>) {
    o.maybe_string("service_tier", usage.service_tier.as_deref());
}

/// What a call is given, in the words of its kind of tool.
pub(in crate::openai) enum Arguments<'a> {
    /// JSON.
    Function(&'a str),
    /// Plain text.
    Custom(&'a str),
}

/// Writes the members of a call.
pub(in crate::openai) fn write_call(id: &str, name: &str, arguments: Arguments<'_>, o: &mut Object<'_>) {
    let (type_, member, text) = match arguments {
        Arguments::Function(text) => ("function", "arguments", text),
        Arguments::Custom(text) => ("custom", "input", text),
    };
    o.string("id", id).string("type", type_).object(type_, |o| o.string("name", name).string(member, text).end());
}

/// Writes a call as the older form has it.
pub(in crate::openai) fn write_function_call(name: &str, arguments: &str, o: &mut Object<'_>) {
    o.object("function_call", |o| o.string("name", name).string("arguments", arguments).end());
}

fn write_calls(calls: &[&ToolCall], cut: bool, tools: &ClientTools, o: &mut Object<'_>) {
    // An empty text is no JSON: a call without arguments has the empty object. If it was cut, its arguments are
    // unknown.
    let arguments = |call: &ToolCall| if call.arguments.is_empty() && !cut { "{}" } else { &call.arguments }.to_owned();
    if tools.reads_function_calls() {
        // The older form has one call in a reply.
        if let Some(call) = calls.first() {
            write_function_call(&call.name, &arguments(call), o);
        }
        return;
    }
    o.array("tool_calls", |a| {
        for call in calls {
            a.object(|o| {
                if tools.call(&call.name).custom {
                    let input = client_tools::of_arguments(&call.arguments);
                    write_call(&call.id, &call.name, Arguments::Custom(&input), o);
                } else {
                    write_call(&call.id, &call.name, Arguments::Function(&arguments(call)), o);
                }
            });
        }
    });
}

fn write_choice(choice: &ReplyChoice, tools: &ClientTools, o: &mut Object<'_>) {
    o.integer("index", choice.index);
    o.object("message", |o| {
        o.string("role", "assistant");
        let texts = || {
            choice
                .parts
                .iter()
                .filter_map(|part| if let PartKind::Text { text, .. } = &part.kind { Some(text) } else { None })
        };
        let refusals = || {
            choice
                .parts
                .iter()
                .filter_map(|part| if let PartKind::Refusal(text) = &part.kind { Some(text) } else { None })
        };
        let calls = || {
            choice
                .parts
                .iter()
                .filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some(call) } else { None })
        };
        let reasoning_texts = || {
            choice
                .parts
                .iter()
                .filter_map(|part| if let PartKind::Reasoning(reasoning) = &part.kind { Some(reasoning) } else { None })
        };
        // `null` beside calls and refusals, as the vendor sends it; an empty string is text to some clients.
        let silent = texts().next().is_none() && (calls().next().is_some() || refusals().next().is_some());
        if silent {
            o.null("content");
        } else {
            o.string("content", &texts().map(String::as_str).collect::<String>());
        }
        match refusals().next() {
            Some(_) => o.string("refusal", &refusals().map(String::as_str).collect::<String>()),
            None => o.null("refusal"),
        };
        if reasoning_texts().next().is_some() {
            write_reasoning(reasoning_texts(), ReasoningHistory::ThinkingBlocks, true, o);
        }
        if calls().next().is_some() {
            write_calls(&calls().collect::<Vec<_>>(), choice.finish == Some(FinishReason::Length), tools, o);
        }
        let annotations: Vec<_> = citations(choice).collect();
        if !annotations.is_empty() {
            o.array("annotations", |a| {
                for annotation in &annotations {
                    a.raw(annotation);
                }
            });
        }
        for part in &choice.parts {
            write_own_members(&part.kind, o);
        }
    });
    write_logprobs(&choice.logprobs, o);
    o.string("finish_reason", choice.finish.as_ref().map_or("stop", |finish| chat_finish_name(finish, tools)));
}

fn citations(choice: &ReplyChoice) -> impl Iterator<Item = String> + '_ {
    choice
        .parts
        .iter()
        .flat_map(|part| match &part.kind {
            PartKind::Text { citations, .. } => citations.as_slice(),
            _ => &[],
        })
        .filter_map(|(dialect, json)| annotation(*dialect, json))
}

/// A citation as an annotation of this format. Anthropic's name a document or a page; this format knows pages alone.
pub(in crate::openai) fn annotation(dialect: Dialect, json: &Json) -> Option<String> {
    if dialect == Dialect::OpenAi {
        return Some(json.0.clone());
    }
    let node = json::Node::parse(json.0.as_bytes()).ok()?;
    let url = node.get("url")?.as_str()?;
    let title = node.get("title").and_then(json::Node::as_str);
    let annotation = object(|o| {
        o.string("type", "url_citation").object("url_citation", |o| {
            o.string("url", &url)
                .string("title", title.as_deref().unwrap_or(""))
                // Required by the reference. Anthropic tells no places in the text, so none is claimed.
                .integer("start_index", 0)
                .integer("end_index", 0);
        });
    });
    String::from_utf8(annotation).ok()
}

fn write_logprobs(arrays: &[Json], o: &mut Object<'_>) {
    if arrays.is_empty() {
        o.null("logprobs");
        return;
    }
    o.object("logprobs", |o| {
        o.raw("content", &join_arrays(arrays)).null("refusal");
    });
}

/// One array of all the items.
fn join_arrays(arrays: &[Json]) -> String {
    let inner = arrays.iter().filter_map(|array| array.0.trim().strip_prefix('[')?.strip_suffix(']'));
    let items: Vec<_> = inner.map(str::trim).filter(|items| !items.is_empty()).collect();
    format!("[{}]", items.join(","))
}
