//! Instructions in the middle of a conversation, for models whose template takes them at the beginning alone.

use crate::ReadError;
use crate::framing::splice::Editor;
use crate::json::{JsonFault, Node, array, object, quoted};
use baton_model::Dialect;

/// Joins all instructions, and puts them where the format has them first.
pub(super) fn hoist(editor: &mut Editor<'_>, dialect: Dialect) -> Result<(), ReadError> {
    let field = if dialect == Dialect::Responses { "input" } else { "messages" };
    // A cheap look first: parsing all messages is what passthrough avoids.
    let Some(text) = editor.get(field).filter(|text| ["system", "developer"].iter().any(|role| text.contains(role)))
    else {
        return Ok(());
    };
    let root = Node::parse(text.as_bytes())?;
    let messages = root.items().unwrap_or_default();
    let apart = matches!(dialect, Dialect::Responses | Dialect::Anthropic);
    // One that stands at the beginning may stay there, but for formats that have another place for it.
    if !messages.iter().skip(usize::from(!apart)).any(|message| role(message).is_some()) {
        return Ok(());
    }
    let (instructions, rest): (Vec<_>, Vec<_>) = messages.iter().partition(|message| role(message).is_some());
    let mut texts = Vec::new();
    for message in &instructions {
        texts
            .extend(message.get("content").map(read_text).into_iter().flatten().filter(|text| !text.trim().is_empty()));
    }
    let first = instructions.first().and_then(|message| role(message)).filter(|_| !apart && !texts.is_empty());
    let left = array(|a| {
        if let Some(role) = first {
            a.object(|o| o.string("role", role).string("content", &texts.join("\n")).end());
        }
        for message in rest {
            a.raw(message.text());
        }
    });
    match dialect {
        Dialect::Responses => join_to(editor, "instructions", &texts)?,
        Dialect::Anthropic => join_to(editor, "system", &texts)?,
        Dialect::OpenAi | Dialect::Ollama => {}
    }
    editor.set(field, String::from_utf8(left).unwrap_or_default());
    Ok(())
}

fn role(message: &Node<'_>) -> Option<&'static str> {
    let role = message.get("role")?.as_str()?;
    ["system", "developer"].into_iter().find(|known| *known == role)
}

/// The texts of a content: a string, or parts.
fn read_text(content: &Node<'_>) -> Vec<String> {
    match content.string_or_none() {
        Some(text) => vec![text],
        None => {
            let parts = content.items().unwrap_or_default();
            parts.iter().filter_map(|part| part.get("text")?.string_or_none()).collect()
        }
    }
}

/// Puts texts behind what stands in a field already: a string, or blocks of text.
fn join_to(editor: &mut Editor<'_>, field: &str, texts: &[String]) -> Result<(), ReadError> {
    if texts.is_empty() {
        return Ok(());
    }
    let before = editor.get(field).filter(|text| *text != "null").unwrap_or("\"\"").to_owned();
    let node = Node::parse(before.as_bytes())?;
    let blocks: Result<&[Node<'_>], JsonFault> = node.items();
    let joined = match blocks {
        Ok(blocks) => {
            let all = array(|a| {
                for block in blocks {
                    a.raw(block.text());
                }
                for text in texts {
                    let block = object(|o| o.string("type", "text").string("text", text).end());
                    a.raw(&String::from_utf8_lossy(&block));
                }
            });
            String::from_utf8(all).unwrap_or_default()
        }
        Err(_) => {
            let first = node.string_or_none().filter(|text| !text.is_empty());
            quoted(&first.into_iter().chain(texts.iter().cloned()).collect::<Vec<_>>().join("\n"))
        }
    };
    editor.set(field, joined);
    Ok(())
}
