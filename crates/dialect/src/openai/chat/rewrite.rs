//! A client's own bytes made fit for one target: a few fields changed, everything else byte for byte.

use crate::framing::splice::Editor;
use crate::json::Node;
use crate::openai::options::max_tokens_field;
use crate::rename_model::set_model;
use crate::{Dropped, ReadError, RewrittenRequest};
use baton_model::entity::{MaxTokensField, ReasoningStyle};
use baton_model::{Body, Target};

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::openai) enum ClientEndpoint {
    /// A chat's.
    Chat,
    /// A completion's, which knows fewer fields.
    Completion,
}

/// The two names of the output limit.
const LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

/// Defaults that a completion can take over.
const COMPLETION_DEFAULTS: [&str; 12] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "max_tokens",
    "seed",
    "stop",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "user",
];

/// Changes what must be changed.
pub(in crate::openai) fn rewrite<'b>(
    body: &'b Body,
    target: &Target,
    form: ClientEndpoint,
) -> Result<RewrittenRequest<'b>, ReadError> {
    let mut editor = Editor::new(body);
    let mut dropped = Vec::new();
    set_model(&mut editor, target);
    add_defaults(&mut editor, target, form);
    set_limit(&mut editor, target, form, &mut dropped)?;
    // After the defaults: what the model refuses must not come back as one.
    refuse(&mut editor, target, &mut dropped);
    if form == ClientEndpoint::Chat {
        rename_developers(&mut editor, target)?;
    }
    // Last: it depends on the request as it will be sent.
    let hide_usage = ask_for_usage(&mut editor, target)?;
    Ok(RewrittenRequest { editor, hide_usage, dropped })
}

fn add_defaults(editor: &mut Editor<'_>, target: &Target, form: ClientEndpoint) {
    for (name, value) in target.defaults() {
        let limit = LIMITS.contains(&name.as_str());
        // A limit has two names: a default under one must not join the client's under the other.
        let present = if limit { LIMITS.iter().any(|name| editor.has(name)) } else { editor.has(name) };
        let known = form == ClientEndpoint::Chat || COMPLETION_DEFAULTS.contains(&name.as_str());
        if !present && known {
            let name = if limit { limit_name(target, form) } else { name };
            editor.set(name, value.0.clone());
        }
    }
}

fn limit_name(target: &Target, form: ClientEndpoint) -> &'static str {
    match form {
        ClientEndpoint::Chat => max_tokens_field(&target.model.quirks),
        ClientEndpoint::Completion => "max_tokens",
    }
}

/// Puts the target's limit in place of the client's, in the field that the client used. Where the model is known to
/// take one of the two only, the limit moves there: one that it does not know would be no limit.
fn set_limit(
    editor: &mut Editor<'_>,
    target: &Target,
    form: ClientEndpoint,
    dropped: &mut Vec<Dropped>,
) -> Result<(), ReadError> {
    let used = LIMITS.into_iter().find(|name| editor.has(name));
    let asked = used.and_then(|name| Some(editor.get(name)?.to_owned()));
    let mut limit = asked.clone();
    if let Some(lowered) = target.max_output_tokens.map(|limit| limit.to_string()) {
        if let (Some(asked), Some(used)) = (&asked, used) {
            // Checked here, because a limit that is replaced is never seen by the provider.
            asked.parse::<f64>().map_err(|_| ReadError::new(used, "must be an integer"))?;
            if *asked != lowered {
                dropped.push(Dropped::new(used, format!("changed from {asked} to {lowered}")));
            }
        }
        limit = Some(lowered);
    }
    let specific = form == ClientEndpoint::Chat && target.model.quirks.max_tokens_field != MaxTokensField::Unspecified;
    let name = match used {
        Some(used) if !specific => used,
        _ => limit_name(target, form),
    };
    if let Some(limit) = limit.filter(|limit| asked.as_ref() != Some(limit) || used != Some(name)) {
        // Both names at once are refused by OpenAI, and elsewhere either may win.
        for other in LIMITS.into_iter().filter(|other| *other != name) {
            editor.remove(other);
        }
        editor.set(name, limit);
    }
    Ok(())
}

fn refuse(editor: &mut Editor<'_>, target: &Target, dropped: &mut Vec<Dropped>) {
    let quirks = &target.model.quirks;
    let mut refuse = |field: &str, editor: &mut Editor<'_>| {
        if editor.has(field) && editor.remove(field) {
            dropped.push(Dropped::new(field, "refused by the model"));
        }
    };
    for name in &quirks.refuses {
        refuse(name, editor);
        // What says the same, or says nothing without it.
        match name.as_str() {
            "logprobs" => refuse("top_logprobs", editor),
            "reasoning" => refuse("reasoning_effort", editor),
            "user" => refuse("safety_identifier", editor),
            _ => {}
        }
    }
    if quirks.reasoning == ReasoningStyle::Unsupported {
        refuse("reasoning_effort", editor);
    }
    let asks_schema = |format: &str| {
        let node = Node::parse(format.as_bytes());
        node.is_ok_and(|node| node.get("type").and_then(Node::as_str).as_deref() == Some("json_schema"))
    };
    if quirks.json_schema == Some(false) && editor.get("response_format").is_some_and(asks_schema) {
        editor.set("response_format", r#"{"type":"json_object"}"#);
        dropped.push(Dropped::new("response_format", "sent as json_object: the model does not support schemas"));
    }
}

/// Calls developers system where the model does not know them.
fn rename_developers(editor: &mut Editor<'_>, target: &Target) -> Result<(), ReadError> {
    if target.model.quirks.developer_role != Some(false) {
        return Ok(());
    }
    // A cheap look first: parsing all messages is what passthrough avoids.
    let Some(messages) = editor.get("messages").filter(|text| text.contains("developer")) else { return Ok(()) };
    let root = Node::parse(messages.as_bytes())?;
    let (mut renamed, mut from) = (String::with_capacity(messages.len()), 0);
    for message in root.items().unwrap_or_default() {
        if let Some(role) = message.get("role").filter(|role| role.as_str().as_deref() == Some("developer")) {
            let place = role.span();
            renamed.push_str(messages.get(from..place.start).unwrap_or_default());
            renamed.push_str("\"system\"");
            from = place.end;
        }
    }
    if from > 0 {
        renamed.push_str(messages.get(from..).unwrap_or_default());
        editor.set("messages", renamed);
    }
    Ok(())
}

/// Asks a stream for its usage. Whether the client did not, so that it must not see what only reports it.
fn ask_for_usage(editor: &mut Editor<'_>, target: &Target) -> Result<bool, ReadError> {
    // Without usage in the stream the cost could only be estimated. Some services refuse `stream_options`.
    if editor.get("stream") != Some("true") || target.model.quirks.stream_usage == Some(false) {
        return Ok(false);
    }
    if editor.get_nested("stream_options", "include_usage").as_deref() == Some("true") {
        return Ok(false);
    }
    editor.set_nested("stream_options", "include_usage", "true")?;
    Ok(true)
}
