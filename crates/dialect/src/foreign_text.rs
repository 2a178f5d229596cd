//! The words of parts that only one format knows: a text says more to a model than nothing.

use crate::json::Node;
use baton_model::Dialect;
use baton_model::chat::{Part, PartKind, ToolResult};

/// The part with foreign ones in it as text; `None` if there is none, or none with words.
pub(crate) fn replace(part: &Part, dialect: Dialect) -> Option<Part> {
    match &part.kind {
        PartKind::Other { dialect: of, json } if *of == Dialect::Anthropic && *of != dialect => {
            let node = Node::parse(json.0.as_bytes()).ok()?;
            Some(Part { cache: part.cache, ..Part::text(text(&node)?) })
        }
        PartKind::ToolResult(result) => {
            let replaced: Vec<_> = result.parts.iter().map(|inner| replace(inner, dialect)).collect();
            if replaced.iter().all(Option::is_none) {
                return None;
            }
            let parts = result.parts.iter().zip(replaced).map(|(inner, text)| text.unwrap_or_else(|| inner.clone()));
            let result = ToolResult { parts: parts.collect(), ..result.clone() };
            Some(Part { kind: PartKind::ToolResult(result), cache: part.cache })
        }
        _ => None,
    }
}

/// What a search result or a document made of blocks says.
fn text(node: &Node<'_>) -> Option<String> {
    let source = node.get("source");
    let content = match node.get("type")?.as_str()?.as_ref() {
        "search_result" => node.get("content"),
        "document" => source.and_then(|source| source.get("content")),
        _ => None,
    }?;
    let title = ["title", "source"].into_iter().filter_map(|name| node.get(name)?.string_or_none());
    let said = match content.string_or_none() {
        Some(text) => vec![text],
        None => content.items().ok()?.iter().filter_map(|block| block.get("text")?.string_or_none()).collect(),
    };
    let lines: Vec<String> = title.chain(said.clone()).collect();
    (!said.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn words_are_found() {
        for (json, words) in [
            (
                r#"{"type":"search_result","title":"T","source":"https://x","content":[{"type":"text","text":"a"}]}"#,
                Some("T\nhttps://x\na"),
            ),
            (r#"{"type":"document","source":{"type":"content","content":"b"}}"#, Some("b")),
            (r#"{"type":"search_result"}"#, None),
            (r#"{"type":"container_upload","file_id":"f"}"#, None),
        ] {
            assert_eq!(text(&Node::parse(json.as_bytes()).unwrap()).as_deref(), words, "{json}");
        }
    }
}
