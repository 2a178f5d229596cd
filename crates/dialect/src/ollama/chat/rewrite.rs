//! A client's own bytes made fit for one target: a few fields changed, everything else byte for byte.

use crate::effective_options::effective_options;
use crate::framing::splice::Editor;
use crate::json::Node;
use crate::ollama::options;
use crate::rename_model::set_model;
use crate::{Dropped, ReadError, RewrittenRequest};
use baton_model::entity::ReasoningStyle;
use baton_model::{Body, ChatRequest, Target};

/// Changes what must be changed.
pub(in crate::ollama) fn rewrite<'b>(body: &'b Body, target: &Target) -> Result<RewrittenRequest<'b>, ReadError> {
    let mut editor = Editor::new(body);
    let mut dropped = Vec::new();
    set_model(&mut editor, target);
    add_defaults(&mut editor, target)?;
    set_limit(&mut editor, target, &mut dropped)?;
    set_window(&mut editor, target)?;
    // After the defaults: what the model refuses must not come back as one.
    refuse(&mut editor, target, &mut dropped)?;
    Ok(RewrittenRequest { editor, hide_usage: false, dropped })
}

/// Asks for the window that the prompt needs, unless the client chose one itself.
pub(in crate::ollama) fn set_window(editor: &mut Editor<'_>, target: &Target) -> Result<(), ReadError> {
    match target.context_window {
        // Another `num_ctx` makes the server load the model anew, so the client's own choice stands.
        Some(window) if !has_option(editor, "num_ctx") => editor.set_nested("options", "num_ctx", window.to_string()),
        _ => Ok(()),
    }
}

fn has_option(editor: &Editor<'_>, name: &str) -> bool {
    editor.get_nested("options", name).is_some_and(|value| value != "null")
}

/// Puts in the operator's defaults, which are fields of OpenAI's format, by this format's names.
fn add_defaults(editor: &mut Editor<'_>, target: &Target) -> Result<(), ReadError> {
    if target.defaults().is_empty() {
        return Ok(());
    }
    let mut unlimited = target.clone();
    // The limit is set apart, by what the client asked for.
    unlimited.max_output_tokens = None;
    let (defaults, _) = effective_options(&ChatRequest::default(), &unlimited)?;
    for (name, value) in options::sampling(&defaults) {
        if !has_option(editor, name) {
            editor.set_nested("options", name, value.0)?;
        }
    }
    let think = options::think_value(defaults.reasoning.as_ref(), target, &mut Vec::new());
    let keep_alive = defaults.extensions.iter().find(|extension| extension.path == "keep_alive");
    let fields = [
        ("format", options::format(&defaults.output)),
        ("think", think),
        ("keep_alive", keep_alive.map(|extension| extension.value.clone())),
    ];
    for (name, value) in fields {
        if let Some(value) = value.filter(|_| !editor.has(name)) {
            editor.set(name, value.0);
        }
    }
    Ok(())
}

/// Puts the target's limit in place of the client's. Its -1 and -2 mean none.
fn set_limit(editor: &mut Editor<'_>, target: &Target, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let Some(limit) = target.max_output_tokens.map(|limit| limit.to_string()) else { return Ok(()) };
    let asked = editor.get_nested("options", "num_predict").filter(|asked| asked != "null");
    if asked.as_ref() == Some(&limit) {
        return Ok(());
    }
    if let Some(asked) = asked {
        let number = asked.parse::<f64>();
        let number = number.map_err(|_| ReadError::new("options.num_predict", "must be an integer"))?;
        // Negative limits mean "none", so lowering one takes nothing from the client.
        if number >= 0.0 {
            dropped.push(Dropped::new("options.num_predict", format!("changed from {asked} to {limit}")));
        }
    }
    editor.set_nested("options", "num_predict", limit)
}

/// Takes out what the model refuses, by the canonical names.
fn refuse(editor: &mut Editor<'_>, target: &Target, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let quirks = &target.model.quirks;
    for name in &quirks.refuses {
        if has_option(editor, name) && editor.remove_nested("options", name)? {
            dropped.push(Dropped::new(format!("options.{name}"), "refused by the model"));
        }
        let fields: &[&str] = match name.as_str() {
            "logprobs" => &["logprobs", "top_logprobs"],
            "reasoning" => &["think"],
            "response_format" => &["format"],
            "model" | "options" => &[],
            other => &[other],
        };
        for field in fields {
            if editor.has(field) && editor.remove(field) {
                dropped.push(Dropped::new(*field, "refused by the model"));
            }
        }
    }
    // Such a model has levels alone, and thinks at its own where it is told not to.
    if quirks.reasoning == ReasoningStyle::Adaptive && editor.get("think") == Some("false") {
        editor.set("think", "\"low\"");
        dropped.push(Dropped::new("think", "the model always reasons: sent as low"));
    }
    // `false` is what such a model does anyway: removing it is not worth a warning.
    let silent = quirks.reasoning == ReasoningStyle::Unsupported;
    if silent && editor.has("think") && editor.get("think") != Some("false") && editor.remove("think") {
        dropped.push(Dropped::new("think", "refused by the model"));
    }
    let is_schema = |format: &str| Node::parse(format.as_bytes()).is_ok_and(|node| node.is_object());
    if quirks.json_schema == Some(false) && editor.get("format").is_some_and(is_schema) {
        editor.set("format", "\"json\"");
        dropped.push(Dropped::new("format", "sent as json: the model does not support schemas"));
    }
    Ok(())
}
