//! The word "json", which OpenAI's API demands in a conversation whose reply has to be JSON. Other formats demand nothing of
//! the kind, so their clients don't write it.

use crate::framing::splice::Editor;
use crate::json::{Node, array, object};
use crate::{Dropped, ReadError};
use baton_model::Dialect;

/// What is asked of the model where nobody has.
const INSTRUCTION: &str = "Reply in JSON.";

/// Adds an instruction with the word, if the format asks for it and no message has it.
pub(super) fn add(editor: &mut Editor<'_>, dialect: Dialect, dropped: &mut Vec<Dropped>) -> Result<(), ReadError> {
    let (field, format) = match dialect {
        Dialect::OpenAi => ("messages", editor.get("response_format").map(str::to_owned)),
        // Of a response, only what stands in `input` counts.
        Dialect::Responses => ("input", editor.get_nested("text", "format")),
        Dialect::Anthropic | Dialect::Ollama => return Ok(()),
    };
    let Some(format) = format.filter(|format| format.contains("json_object")) else { return Ok(()) };
    if Node::parse(format.as_bytes())?.get("type").and_then(Node::string_or_none).as_deref() != Some("json_object") {
        return Ok(());
    }
    let Some(text) = editor.get(field) else { return Ok(()) };
    let root = Node::parse(text.as_bytes())?;
    let Ok(messages) = root.items() else { return Ok(()) };
    if messages.iter().any(has_word) {
        return Ok(());
    }
    // Behind the client's own instructions: what they begin with is what the vendor's cache finds again.
    let instructions = messages.iter().take_while(|message| is_instruction(message)).count();
    let (before, after) = messages.split_at(instructions);
    let added = array(|a| {
        for message in before {
            a.raw(message.text());
        }
        let message = object(|o| o.string("role", "system").string("content", INSTRUCTION).end());
        a.raw(&String::from_utf8_lossy(&message));
        for message in after {
            a.raw(message.text());
        }
    });
    editor.set(field, String::from_utf8(added).unwrap_or_default());
    dropped.push(Dropped::new(
        "response_format",
        format!("the instruction `{INSTRUCTION}` was added, which the API demands"),
    ));
    Ok(())
}

fn is_instruction(message: &Node<'_>) -> bool {
    let role = message.get("role").and_then(Node::string_or_none);
    role.is_some_and(|role| matches!(role.as_str(), "system" | "developer"))
}

/// Whether a message has the word, in capitals or not.
fn has_word(message: &Node<'_>) -> bool {
    let says = |text: &str| text.to_ascii_lowercase().contains("json");
    let Some(content) = message.get("content") else { return false };
    match content.string_or_none() {
        Some(text) => says(&text),
        None => {
            let parts = content.items().unwrap_or_default();
            parts.iter().filter_map(|part| part.get("text")?.string_or_none()).any(|text| says(&text))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::framing::splice::scan;
    use bytes::Bytes;

    fn check(dialect: Dialect, body: &str, expected: &str) {
        let scanned = scan(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let (mut editor, mut dropped) = (Editor::new(&scanned), Vec::new());
        add(&mut editor, dialect, &mut dropped).unwrap();
        assert_eq!(editor.finish(), expected, "{body}");
        assert_eq!(dropped.is_empty(), body == expected, "{body}");
    }

    #[test]
    fn the_word_is_added_where_it_is_demanded_and_missing() {
        const WANTED: &str = r#""response_format":{"type":"json_object"}"#;
        const ADDED: &str = r#"{"role":"system","content":"Reply in JSON."}"#;
        let chat = |messages: &str| format!(r#"{{"messages":[{messages}],{WANTED}}}"#);
        let (system, user) = (r#"{"role":"developer","content":"Be brief"}"#, r#"{"role":"user","content":"Hi"}"#);
        check(Dialect::OpenAi, &chat(user), &chat(&format!("{ADDED},{user}")));
        check(Dialect::OpenAi, &chat(&format!("{system},{user}")), &chat(&format!("{system},{ADDED},{user}")));
        for said in [
            r#"{"role":"user","content":"as Json"}"#,
            r#"{"role":"user","content":[{"type":"text","text":"JSON"}]}"#,
            r#"{"role":"system","content":"json"}"#,
        ] {
            check(Dialect::OpenAi, &chat(said), &chat(said));
        }
        for other in [
            format!(r#"{{"messages":[{user}],"response_format":{{"type":"text"}}}}"#),
            format!(
                r#"{{"messages":[{user}],"response_format":{{"type":"json_schema","json_schema":{{"name":"json_object"}}}}}}"#
            ),
            format!(r#"{{"messages":[{user}]}}"#),
        ] {
            check(Dialect::OpenAi, &other, &other);
        }
        let response = |input: &str| {
            format!(r#"{{"instructions":"JSON","input":[{input}],"text":{{"format":{{"type":"json_object"}}}}}}"#)
        };
        check(Dialect::Responses, &response(user), &response(&format!("{ADDED},{user}")));
        let ollama = format!(r#"{{"messages":[{user}],"format":"json"}}"#);
        check(Dialect::Ollama, &ollama, &ollama);
    }
}
