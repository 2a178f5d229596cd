//! Reasoning items, and whose reasoning they hold.
//!
//! Reference: OpenAI API reference, `ReasoningItem`: `summary` is for people, `content` is the raw reasoning of open
//! models, `encrypted_content` goes back unchanged. What stands behind a mark of [`crate::reasoning_origin`] came from
//! another kind of provider, by way of a client.

use crate::json::{JsonFault, JsonValue, Node, Object, object};
use crate::reasoning_origin::{REDACTED, RESPONSES, SIGNATURE};
use baton_model::chat::Reasoning;

/// Reads an item that a client sends back.
pub(super) fn read(node: &Node<'_>) -> Result<Reasoning, JsonFault> {
    let text = text(node)?;
    let sealed = node.get("encrypted_content").map(Node::string).transpose()?;
    if let Some(data) = sealed.as_deref().and_then(|sealed| sealed.strip_prefix(REDACTED)) {
        return Ok(Reasoning { redacted: Some(data.to_owned()), ..Reasoning::default() });
    }
    let signature = match sealed.as_deref().and_then(|sealed| sealed.strip_prefix(SIGNATURE)) {
        Some(signature) => Some(signature.to_owned()),
        None => signature_of_item(node)?,
    };
    Ok(Reasoning { text, signature, redacted: None })
}

/// The readable text: the summary, else the raw reasoning.
pub(super) fn text(node: &Node<'_>) -> Result<String, JsonFault> {
    let summary = texts(node.get("summary"))?;
    if summary.is_empty() { texts(node.get("content")) } else { Ok(summary) }
}

fn texts(pieces: Option<&Node<'_>>) -> Result<String, JsonFault> {
    let Some(pieces) = pieces else { return Ok(String::new()) };
    let texts: Result<Vec<_>, _> = pieces.items()?.iter().map(|piece| piece.require("text")?.string()).collect();
    Ok(texts?.join("\n\n"))
}

/// Everything of an item but its summary, as a signature; `None` of one that has nothing else.
fn signature_of_item(node: &Node<'_>) -> Result<Option<String>, JsonFault> {
    let mut any = false;
    let members = object(|o| {
        for (name, value) in node.members().unwrap_or_default() {
            let empty = matches!(value.value(), JsonValue::Null)
                || matches!(value.value(), JsonValue::Array(items) if items.is_empty())
                || value.text() == "\"\"";
            if !empty && !["type", "summary", "status"].contains(&name.as_ref()) {
                any = true;
                o.raw(name, value.text());
            }
        }
    });
    let members = String::from_utf8(members).map_err(|_| node.expected_fault("text"))?;
    Ok(any.then(|| format!("{RESPONSES}{members}")))
}

/// The signature of an item in a provider's reply, where it can be sent back without the provider having kept it.
pub(super) fn signature_of_reply(node: &Node<'_>) -> Option<String> {
    let encrypted = node.get("encrypted_content").and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    let raw = node.get("content").and_then(|content| content.items().ok()).is_some_and(|pieces| !pieces.is_empty());
    if encrypted || raw { signature_of_item(node).ok().flatten() } else { None }
}

/// Writes what follows `type` of a piece of reasoning that goes back to a provider of this format.
///
/// # Errors
/// Why it can't.
pub(super) fn write_back(reasoning: &Reasoning, o: &mut Object<'_>) -> Result<(), &'static str> {
    let members = members(reasoning)?;
    let Ok(members) = Node::parse(members.as_bytes()) else { return Err("reasoning whose signature was changed") };
    let Ok(raw) = texts(members.get("content")) else { return Err("reasoning whose signature was changed") };
    // The text may be that of `content`, which goes back as it was: it must not come a second time as a summary.
    write_summary(if raw == reasoning.text { "" } else { &reasoning.text }, o);
    write_members(&members, &["summary", "type"], o);
    Ok(())
}

/// The members behind the mark.
fn members(reasoning: &Reasoning) -> Result<&str, &'static str> {
    match (&reasoning.signature, &reasoning.redacted) {
        (Some(signature), None) => signature.strip_prefix(RESPONSES).ok_or("reasoning of another kind of provider"),
        (None, None) => Err("reasoning without its encrypted content"),
        (_, Some(_)) => Err("reasoning of another kind of provider"),
    }
}

/// Writes `summary`.
pub(super) fn write_summary(text: &str, o: &mut Object<'_>) {
    o.array("summary", |a| {
        if !text.is_empty() {
            a.object(|o| {
                o.string("type", "summary_text").string("text", text);
            });
        }
    });
}

/// Writes for a client what goes back unchanged: the signature of the reasoning.
pub(super) fn write_signature(signature: &str, o: &mut Object<'_>) {
    let members = signature.strip_prefix(RESPONSES).and_then(|members| Node::parse(members.as_bytes()).ok());
    match members {
        // The stream has given the item an id of Baton's already, so the provider's is left out.
        Some(members) => write_members(&members, &["id", "summary", "type"], o),
        None => o.string("encrypted_content", &format!("{SIGNATURE}{signature}")).end(),
    }
}

/// Writes for a client encrypted reasoning of Anthropic's.
pub(super) fn write_redacted(data: &str, o: &mut Object<'_>) {
    o.string("encrypted_content", &format!("{REDACTED}{data}"));
}

fn write_members(members: &Node<'_>, but: &[&str], o: &mut Object<'_>) {
    for (name, value) in members.members().unwrap_or_default() {
        if !but.contains(&name.as_ref()) {
            o.raw(name, value.text());
        }
    }
}
