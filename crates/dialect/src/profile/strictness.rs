//! Schemas of tools and replies, made to fit what the target takes of JSON schema, where it looks at all.
//!
//! Vendors check a schema closely only where the reply must fit it exactly (`strict`), but Google's, which reads each
//! schema into a type of its own. What can't be said in the vendor's subset at all is sent as a wish: `strict` becomes
//! false, or the schema of the reply is left out.

use super::edits::Edits;
use super::restrict::{Restricted, restrict};
use super::rules::Profile;
use super::subset::rules;
use crate::framing::splice::Editor;
use crate::json::Node;
use crate::{Dropped, ReadError};
use baton_model::Dialect;
use baton_model::entity::SchemaSubset;

/// The schema of a tool, made to fit; `strict` is the tool's own member, which may have to say otherwise. `None` if the
/// schema may go as it is.
pub(super) fn fit_tool_schema(
    profile: &Profile,
    schema: &Node<'_>,
    strict: Option<&Node<'_>>,
    field: &str,
    edits: &mut Edits,
    dropped: &mut Vec<Dropped>,
) -> Option<String> {
    let is_strict = strict.is_some_and(|strict| strict.bool().unwrap_or(false));
    if profile.schemas != SchemaSubset::Gemini && !is_strict {
        return None;
    }
    let restricted = restrict(schema, rules(profile.schemas)?);
    if let (Some(what), Some(strict)) = (&restricted.unsupported, strict.filter(|_| is_strict)) {
        edits.replace(strict.span(), "false".to_owned());
        dropped.push(loosened(&format!("{field}.strict"), what));
        return None;
    }
    tell(&restricted, field, dropped);
    restricted.text
}

/// Makes the schema of the reply fit.
///
/// # Errors
/// If a field that holds it is no JSON.
pub(super) fn fit_reply_schema(
    editor: &mut Editor<'_>,
    dialect: Dialect,
    profile: &Profile,
    dropped: &mut Vec<Dropped>,
) -> Result<(), ReadError> {
    let outer = match dialect {
        Dialect::OpenAi => "response_format",
        Dialect::Responses => "text",
        Dialect::Anthropic => "output_config",
        Dialect::Ollama => return Ok(()),
    };
    let (Some(rules), Some(text)) = (rules(profile.schemas), editor.get(outer)) else { return Ok(()) };
    let node = Node::parse(text.as_bytes())?;
    let format = match dialect {
        Dialect::OpenAi => node.get("json_schema"),
        _ => node.get("format"),
    };
    let Some((format, schema)) = format.and_then(|format| Some((format, format.get("schema")?))) else { return Ok(()) };
    let strict = format.get("strict").filter(|strict| strict.bool().unwrap_or(false));
    // Anthropic has no word for it: each reply fits its schema.
    let checked = strict.is_some() || dialect == Dialect::Anthropic || profile.schemas == SchemaSubset::Gemini;
    if !checked {
        return Ok(());
    }
    let (restricted, mut edits) = (restrict(schema, rules), Edits::default());
    match (&restricted.unsupported, strict) {
        (Some(what), Some(strict)) => {
            edits.replace(strict.span(), "false".to_owned());
            dropped.push(loosened("response_format.strict", what));
        }
        (Some(what), None) if dialect == Dialect::Anthropic => {
            edits.remove_members(&node, |name| name == "format");
            dropped.push(Dropped::new("response_format", format!("its schema is not supported by the model: {what}")));
        }
        _ => {
            tell(&restricted, "response_format.schema", dropped);
            restricted.text.into_iter().for_each(|text| edits.replace(schema.span(), text));
        }
    }
    if let Some(edited) = edits.apply(text) {
        // An object that held the schema alone says nothing any more.
        if edited.trim() == "{}" {
            editor.remove(outer);
        } else {
            editor.set(outer, edited);
        }
    }
    Ok(())
}

fn loosened(field: &str, what: &str) -> Dropped {
    Dropped::new(field, format!("sent as false: the model has no strict schemas with {what}"))
}

/// One line for a schema, however much of it changed: each line is a header.
fn tell(restricted: &Restricted, field: &str, dropped: &mut Vec<Dropped>) {
    let Some(first) = restricted.changed.first() else { return };
    let others: Vec<_> = restricted.changed.iter().skip(1).map(|path| format!("`{path}`")).collect();
    let more = restricted.changes.saturating_sub(restricted.changed.len());
    let mut reason = "left out: not in the JSON schema that the model takes".to_owned();
    if !others.is_empty() {
        reason.push_str(&format!("; so are {}", others.join(", ")));
    }
    if more > 0 {
        reason.push_str(&format!(" and {more} more"));
    }
    dropped.push(Dropped::new(format!("{field}.{first}"), reason));
}
