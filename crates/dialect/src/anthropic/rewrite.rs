//! A client's own bytes made fit for one target: a few fields changed, everything else byte for byte.

use super::options;
use super::purpose::Purpose;
use super::reasoning::ThinkingPlan;
use super::tools;
use crate::effective_options::apply_defaults;
use crate::framing::splice::Editor;
use crate::json::{Node, object};
use crate::reasoning_origin::{RESPONSES, may_contain, remove_items};
use crate::rename_model::set_model;
use crate::{Dropped, ReadError, RewrittenRequest};
use baton_model::chat::Tool;
use baton_model::entity::ReasoningStyle;
use baton_model::{Body, ChatRequest, Target};

/// Changes what must be changed.
pub(super) fn rewrite<'b>(body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
    let mut editor = Editor::new(body);
    let mut dropped = Vec::new();
    set_model(&mut editor, target);
    add_defaults(&mut editor, target)?;
    // From the body: the editor may hold a default by now, whose change is not reported to the client.
    let asked = body.value("max_tokens").filter(|text| *text != b"null");
    set_limit(&mut editor, target, asked.is_some(), &mut dropped)?;
    // After the defaults: what the model refuses must not come back as one.
    refuse(&mut editor, target, &mut dropped)?;
    drop_foreign_reasoning(&mut editor, &mut dropped)?;
    Ok(RewrittenRequest { editor, hide_usage: false, dropped })
}

/// Adds the operator's defaults, which are written in OpenAI's names, for fields that the client left out.
fn add_defaults(editor: &mut Editor<'_>, target: &Target) -> Result<(), ReadError> {
    let mut defaults = ChatRequest::default();
    apply_defaults(&mut defaults, target.defaults())?;
    // The limit is decided apart, the length of a default budget by the client's.
    let asked = editor.get("max_tokens").and_then(|text| text.parse().ok());
    defaults.max_output_tokens = asked.or(defaults.max_output_tokens);
    // A client that says anything about thinking has chosen; a default beside it could contradict.
    let thinks = editor.has("thinking") || editor.has("output_config");
    if thinks {
        defaults.reasoning = None;
    }
    let sampled = ["temperature", "top_p"].iter().any(|name| editor.has(name));
    if sampled || editor.has("thinking") {
        // They exclude one another: whoever gives one has chosen.
        (defaults.sampling.temperature, defaults.sampling.top_p) = (None, None);
    }
    let own: Vec<Tool> = std::mem::take(&mut defaults.tools);
    let has_tools = editor.has("tools");
    // The client's `tool_choice` is not parsed here. It may force a call, which excludes a budget, so with tools no
    // default budget is added. What a default loses is not reported: the client did not send it.
    let plan = ThinkingPlan::new(&defaults, target, has_tools || tools::is_forced(&defaults, &own), &mut Vec::new());
    let text = object(|o| {
        if !has_tools {
            tools::write(&own, &defaults, o, &mut Vec::new());
        }
        options::write(&defaults, &plan, Purpose::Answer, o, &mut Vec::new());
    });
    for (name, value) in Node::parse(&text)?.members().unwrap_or_default() {
        if !editor.has(name) {
            editor.set(name, value.text());
        }
    }
    Ok(())
}

/// Puts the target's limit in place of the client's; a reasoning budget must stay below it.
fn set_limit(
    editor: &mut Editor<'_>,
    target: &Target,
    asked_for: bool,
    dropped: &mut Vec<Dropped>,
) -> Result<(), ReadError> {
    let Some(limit) = target.max_output_tokens else { return Ok(()) };
    let asked = editor.get("max_tokens").unwrap_or_default().to_owned();
    // As a float, because `1e2` is a valid whole number in JSON too.
    asked.parse::<f64>().map_err(|_| ReadError::new("max_tokens", "must be an integer"))?;
    if asked != limit.to_string() {
        if asked_for {
            dropped.push(Dropped::new("max_tokens", format!("changed from {asked} to {limit}")));
        }
        editor.set("max_tokens", limit.to_string());
    }
    // The API refuses a budget that is not below `max_tokens`, and a lowered limit may make it so.
    let budget = editor.get_nested("thinking", "budget_tokens").and_then(|text| text.parse::<u64>().ok());
    let Some(budget) = budget.filter(|budget| *budget >= limit) else { return Ok(()) };
    // The least budget is 1,024, and it has to stay below the limit.
    if limit > 1024 {
        let lowered = (limit / 2).max(1024);
        editor.set_nested("thinking", "budget_tokens", lowered.to_string())?;
        dropped.push(Dropped::new("thinking.budget_tokens", format!("changed from {budget} to {lowered}")));
    } else {
        editor.remove("thinking");
        dropped.push(Dropped::new("thinking", format!("max_tokens of {limit} leaves no room for it")));
    }
    Ok(())
}

/// Takes out what the model refuses.
fn refuse(editor: &mut Editor<'_>, target: &Target, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let quirks = &target.model.quirks;
    for refused in &quirks.refuses {
        // Quirks name fields as OpenAI does; some have other names here, and some are required.
        match refused.as_str() {
            "stop" => remove(editor, "stop_sequences", dropped),
            "user" => remove_nested(editor, "metadata", "user_id", dropped)?,
            "response_format" => remove_nested(editor, "output_config", "format", dropped)?,
            "reasoning" => remove_reasoning(editor, dropped)?,
            "max_tokens" | "model" | "messages" => {}
            name => remove(editor, name, dropped),
        }
    }
    if quirks.reasoning == ReasoningStyle::Unsupported {
        remove_reasoning(editor, dropped)?;
    }
    // Clients that don't know the model's name take it for one of the newest.
    if quirks.reasoning == ReasoningStyle::Budget {
        if !quirks.accepts.iter().any(|name| name == "effort") {
            remove_nested(editor, "output_config", "effort", dropped)?;
        }
        if editor.get_nested("thinking", "type").as_deref() == Some("\"adaptive\"") {
            remove(editor, "thinking", dropped);
        }
    }
    if quirks.json_schema == Some(false) {
        remove_nested(editor, "output_config", "format", dropped)?;
    }
    Ok(())
}

/// Takes out the reasoning of other kinds of providers: the service would refuse their signatures.
fn drop_foreign_reasoning(editor: &mut Editor<'_>, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let Some(messages) = editor.get("messages").filter(|text| may_contain(text.as_bytes(), &[RESPONSES])) else {
        return Ok(());
    };
    // Only now, because parsing all messages is what passthrough avoids.
    let root = Node::parse(messages.as_bytes())?;
    let is_foreign = |block: &Node<'_>| {
        block.get("signature").and_then(Node::as_str).is_some_and(|signature| signature.starts_with(RESPONSES))
    };
    let (mut edited, mut from) = (String::with_capacity(messages.len()), 0);
    for message in root.items().unwrap_or_default() {
        let Some(content) = message.get("content") else { continue };
        // The API refuses a turn without content, so a placeholder stands for it.
        let blank = content.items().is_ok_and(|blocks| !blocks.is_empty() && blocks.iter().all(is_foreign));
        let rest = if blank { Some("\"…\"".to_owned()) } else { remove_items(content, is_foreign) };
        if let Some(rest) = rest {
            edited.push_str(messages.get(from..content.span().start).unwrap_or_default());
            edited.push_str(&rest);
            from = content.span().end;
        }
    }
    if from > 0 {
        edited.push_str(messages.get(from..).unwrap_or_default());
        editor.set("messages", edited);
        dropped.push(Dropped::new("messages", "reasoning of another kind of provider dropped"));
    }
    Ok(())
}

fn remove(editor: &mut Editor<'_>, field: &str, dropped: &mut Vec<Dropped>) {
    if editor.has(field) && editor.remove(field) {
        dropped.push(Dropped::new(field, "refused by the model"));
    }
}

/// That it shall not think is what such a model does anyway, so that goes unlisted.
fn remove_reasoning(editor: &mut Editor<'_>, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    if editor.get_nested("thinking", "type").as_deref() == Some("\"disabled\"") {
        editor.remove("thinking");
    }
    remove(editor, "thinking", dropped);
    remove_nested(editor, "output_config", "effort", dropped)
}

/// Takes out one member of a nested object, and the object with its last.
fn remove_nested(
    editor: &mut Editor<'_>,
    outer: &str,
    inner: &str,
    dropped: &mut Vec<Dropped>,
) -> Result<(), ReadError> {
    let Some(text) = editor.get(outer).map(str::to_owned) else { return Ok(()) };
    let node = Node::parse(text.as_bytes())?;
    if node.get(inner).is_none() {
        return Ok(());
    }
    let rest: Vec<_> = node.members().unwrap_or_default().iter().filter(|(name, _)| name != inner).collect();
    if rest.is_empty() {
        editor.remove(outer);
    } else {
        let kept = object(|o| {
            for (name, value) in rest {
                o.raw(name, value.text());
            }
        });
        editor.set(outer, String::from_utf8(kept).unwrap_or_default());
    }
    dropped.push(Dropped::new(format!("{outer}.{inner}"), "refused by the model"));
    Ok(())
}
