//! A client's own bytes made fit for one target: a few fields changed, everything else byte for byte.

use super::options;
use super::tools;
use crate::effective_options::apply_defaults;
use crate::framing::splice::Editor;
use crate::json::{Node, object};
use crate::reasoning_origin::{REDACTED, SIGNATURE, may_contain, remove_items};
use crate::rename_model::set_model;
use crate::{Dropped, ReadError, RewrittenRequest};
use baton_model::entity::ReasoningStyle;
use baton_model::{Body, ChatRequest, Target};

/// Changes what must be changed.
pub(super) fn rewrite<'b>(body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
    let mut editor = Editor::new(body);
    let mut dropped = Vec::new();
    set_model(&mut editor, target);
    add_defaults(&mut editor, target)?;
    set_limit(&mut editor, target, &mut dropped)?;
    // After the defaults: what the model refuses must not come back as one.
    refuse(&mut editor, target, &mut dropped)?;
    drop_foreign_reasoning(&mut editor, &mut dropped)?;
    Ok(RewrittenRequest { editor, hide_usage: false, dropped })
}

/// Adds the operator's defaults, which are written in the names of chat completions, for fields that the client left
/// out.
fn add_defaults(editor: &mut Editor<'_>, target: &Target) -> Result<(), ReadError> {
    if target.defaults().is_empty() {
        return Ok(());
    }
    let mut defaults = ChatRequest::default();
    apply_defaults(&mut defaults, target.defaults())?;
    let text = object(|o| {
        tools::write(&defaults.tools, &defaults, o, &mut Vec::new());
        options::write(&defaults, &target.model.quirks, o, &mut Vec::new());
    });
    for (name, value) in Node::parse(&text)?.members().unwrap_or_default() {
        // Only the client decides whether the service stores its reply.
        if !editor.has(name) && name != "store" {
            editor.set(name, value.text());
        }
    }
    Ok(())
}

/// Puts the target's limit in place of the client's.
fn set_limit(editor: &mut Editor<'_>, target: &Target, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    const FIELD: &str = "max_output_tokens";
    let Some(limit) = target.max_output_tokens.map(|limit| limit.to_string()) else { return Ok(()) };
    if let Some(asked) = editor.get(FIELD).filter(|asked| *asked != "null" && *asked != limit) {
        // As a float, because `1e2` is a valid whole number in JSON too.
        asked.parse::<f64>().map_err(|_| ReadError::new(FIELD, "must be an integer"))?;
        dropped.push(Dropped::new(FIELD, format!("changed from {asked} to {limit}")));
    }
    if editor.get(FIELD) != Some(&limit) {
        editor.set(FIELD, limit);
    }
    Ok(())
}

fn refuse(editor: &mut Editor<'_>, target: &Target, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let quirks = &target.model.quirks;
    let mut note = |field: &str, removed: bool| {
        if removed {
            dropped.push(Dropped::new(field, "refused by the model"));
        }
    };
    for name in &quirks.refuses {
        for field in other_names(name) {
            note(field, editor.has(field) && editor.remove(field));
        }
        match name.split_once('.') {
            Some((outer, inner)) => note(name, editor.remove_nested(outer, inner)?),
            // In this format both stand inside of `text`.
            None if name == "verbosity" => note("text.verbosity", editor.remove_nested("text", "verbosity")?),
            None if name == "response_format" => note("text.format", editor.remove_nested("text", "format")?),
            None => note(name, editor.has(name) && editor.remove(name)),
        }
    }
    if quirks.reasoning == ReasoningStyle::Unsupported {
        note("reasoning", editor.has("reasoning") && editor.remove("reasoning"));
    }
    let format = editor.get_nested("text", "format").unwrap_or_default();
    let schema = Node::parse(format.as_bytes())
        .is_ok_and(|node| node.get("type").and_then(Node::as_str).as_deref() == Some("json_schema"));
    if quirks.json_schema == Some(false) && schema {
        editor.set_nested("text", "format", r#"{"type":"json_object"}"#)?;
        dropped.push(Dropped::new("text.format", "sent as json_object: the model does not support schemas"));
    }
    Ok(())
}

/// What this format calls a parameter beside its canonical name.
fn other_names(name: &str) -> &'static [&'static str] {
    match name {
        "logprobs" => &["top_logprobs"],
        "user" => &["safety_identifier"],
        _ => &[],
    }
}

/// Takes out the reasoning of other kinds of providers: this one can't read it, and refuses the request.
fn drop_foreign_reasoning(editor: &mut Editor<'_>, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let marks = [SIGNATURE, REDACTED];
    let Some(input) = editor.get("input").filter(|input| may_contain(input.as_bytes(), &marks)) else { return Ok(()) };
    let root = Node::parse(input.as_bytes())?;
    let is_foreign = |item: &Node<'_>| {
        let sealed = item.get("encrypted_content").and_then(Node::as_str);
        sealed.is_some_and(|sealed| marks.iter().any(|mark| sealed.starts_with(mark)))
    };
    if let Some(rest) = remove_items(&root, is_foreign) {
        editor.set("input", rest);
        dropped.push(Dropped::new("input", "reasoning of another kind of provider dropped"));
    }
    Ok(())
}
