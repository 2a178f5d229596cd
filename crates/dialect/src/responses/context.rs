//! Conversations that are gone on from: a response's input as items that can be kept, and a request that takes them up.

use super::aside::open_compaction;
use crate::ReadError;
use crate::framing::splice::{self, Editor};
use crate::json::{self, JsonFault, Node, array, object, quoted};
use baton_model::Body;
use bytes::Bytes;
use memchr::memmem;
use std::collections::HashSet;

/// Items of a conversation: each a JSON object with its own `id`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Items(Vec<String>);

impl Items {
    /// The input of a request; `named` makes the ids of items that have none, by their number.
    ///
    /// # Errors
    /// If it is neither a text nor a list of objects.
    pub fn of_request(body: &Body, named: impl Fn(usize) -> String) -> Result<Self, ReadError> {
        let Some(input) = body.value("input").filter(|input| *input != b"null") else { return Ok(Self::default()) };
        let read = json::read(input, |node| read_input(node, &named));
        read.map_err(|error| ReadError::new(format!("input{}", error.path), error.problem))
    }

    /// The items of a JSON array that was [written](Self::to_json).
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(json: &[u8]) -> Result<Self, ReadError> {
        json::read(json, |node| Ok(Self(node.items()?.iter().map(|item| item.text().to_owned()).collect())))
    }

    /// What a response replied.
    ///
    /// # Errors
    /// If it is no response.
    pub fn of_response(response: &[u8]) -> Result<Self, ReadError> {
        let body = splice::scan(Bytes::copy_from_slice(response))?;
        Self::parse(body.value("output").unwrap_or(b"[]"))
    }

    /// Those, and then these.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.0.extend(later.0);
        self
    }

    /// The first call of a tool that nothing says the result of; by its `call_id`.
    pub fn call_without_output(&self) -> Option<String> {
        let read = |item: &String| {
            let of =
                |node: &Node<'_>| Some((node.get("type")?.string_or_none()?, node.get("call_id")?.string_or_none()?));
            json::read(item.as_bytes(), |node| Ok(of(node))).ok().flatten()
        };
        let items: Vec<(String, String)> = self.0.iter().filter_map(read).collect();
        let outputs: HashSet<&str> =
            items.iter().filter(|(kind, _)| kind.ends_with("_output")).map(|(_, id)| id.as_str()).collect();
        let mut calls = items.iter().filter(|(kind, _)| kind.ends_with("_call"));
        calls.find(|(_, id)| !outputs.contains(id.as_str())).map(|(_, id)| id.clone())
    }

    /// The items for a service that made none of them: without reasoning, which only its maker can read, and without
    /// ids.
    #[must_use]
    pub fn without_provider_state(self) -> Self {
        let told = |item: String| {
            let body = splice::scan(Bytes::from(item)).ok()?;
            // Encrypted for the service that made it; another refuses it.
            if body.value("type") == Some(b"\"reasoning\"") {
                return None;
            }
            let mut editor = Editor::new(&body);
            editor.remove("id");
            String::from_utf8(editor.finish().to_vec()).ok()
        };
        Self(self.0.into_iter().filter_map(told).collect())
    }

    /// The array of them.
    pub fn to_json(&self) -> String {
        let items = array(|a| {
            for item in &self.0 {
                a.raw(item);
            }
        });
        String::from_utf8(items).unwrap_or_default()
    }

    /// Each, as JSON text, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A request whose conversation Baton made shorter before, with the summary as a message; any other as it is.
///
/// # Errors
/// None in practice: what is put together is as large as what came.
pub fn open_compactions(body: Body) -> Result<Body, ReadError> {
    let Some(input) = body.value("input").filter(|input| memmem::find(input, b"\"compaction\"").is_some()) else {
        return Ok(body);
    };
    // What is no list holds no compaction, and whoever reads it refuses it.
    let Ok(items) = Items::parse(input) else { return Ok(body) };
    let opened = items.0.into_iter().map(|item| open_compaction(&item).unwrap_or(item)).collect();
    let mut editor = Editor::new(&body);
    editor.set("input", Items(opened).to_json());
    splice::scan(editor.finish())
}

/// A request that goes on from nothing, and says all of it itself.
pub fn continue_conversation(body: &Body, conversation: &Items) -> Bytes {
    let mut editor = Editor::new(body);
    // The id is Baton's own, and the provider would look for it in vain.
    editor.remove("previous_response_id");
    editor.set("input", conversation.to_json());
    editor.finish()
}

/// The id of an item; `None` if it has none.
pub fn id_of(item: &str) -> Option<String> {
    json::read(item.as_bytes(), |node| Ok(node.get("id").and_then(Node::string_or_none))).ok().flatten()
}

fn read_input(node: &Node<'_>, named: &impl Fn(usize) -> String) -> Result<Items, JsonFault> {
    if let Some(text) = node.as_str() {
        let content = content("user", &quoted(&text));
        let item = object(|o| {
            o.string("id", &named(0)).string("type", "message").string("status", "completed");
            o.string("role", "user").raw("content", &content);
        });
        return Ok(Items(vec![String::from_utf8(item).unwrap_or_default()]));
    }
    let items = node.items()?.iter().enumerate();
    items.map(|(number, item)| read_item(item, || named(number))).collect::<Result<_, _>>().map(Items)
}

/// An item as the service lists it: the short form of a message is written out.
fn read_item(item: &Node<'_>, named: impl FnOnce() -> String) -> Result<String, JsonFault> {
    item.members()?;
    let unreadable = |_: ReadError| item.expected_fault("an item");
    let body = splice::scan(Bytes::from(item.text().to_owned())).map_err(unreadable)?;
    let mut editor = Editor::new(&body);
    // An item must be addressable later; the ids of a provider stay.
    if !editor.has("id") {
        editor.set("id", quoted(&named()));
    }
    let role = item.get("role").and_then(Node::string_or_none);
    if let Some(role) = role.filter(|_| item.get("type").is_none_or(|kind| kind.as_str().as_deref() == Some("message")))
    {
        editor.set("type", "\"message\"");
        if !editor.has("status") {
            editor.set("status", "\"completed\"");
        }
        if let Some(text) = item.get("content").filter(|content| content.as_str().is_some()) {
            editor.set("content", content(&role, text.text()));
        }
    }
    String::from_utf8(editor.finish().to_vec()).map_err(|_| item.expected_fault("an item"))
}

/// The content of a message that is one text.
fn content(role: &str, text: &str) -> String {
    match role {
        "assistant" => format!(r#"[{{"type":"output_text","text":{text},"annotations":[]}}]"#),
        _ => format!(r#"[{{"type":"input_text","text":{text}}}]"#),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn items(input: &str) -> Result<Items, ReadError> {
        let body = splice::scan(format!(r#"{{"input":{input}}}"#).into()).unwrap();
        Items::of_request(&body, |number| format!("msg_{number}"))
    }

    #[test]
    fn short_forms_are_written_out() {
        let text = r#"[{"id":"msg_0","type":"message","status":"completed","role":"user","content":[{"type":"input_text","text":"a\"b"}]}]"#;
        assert_eq!(items(r#""a\u0022b""#).unwrap().to_json(), text);
        let short = r#"[{"role":"assistant","content":"a\u0022b"},{"type":"function_call_output","call_id":"c","output":1.0},{"id":"x","type":"message","role":"user","content":[]}]"#;
        let long = concat!(
            r#"[{"role":"assistant","content":[{"type":"output_text","text":"a\u0022b","annotations":[]}],"id":"msg_0","type":"message","status":"completed"},"#,
            r#"{"type":"function_call_output","call_id":"c","output":1.0,"id":"msg_1"},"#,
            r#"{"id":"x","type":"message","role":"user","content":[],"status":"completed"}]"#,
        );
        assert_eq!(items(short).unwrap().to_json(), long);
        assert_eq!(items("null").unwrap(), Items::default());
    }

    #[test]
    fn what_is_no_conversation_is_refused_by_name() {
        for (input, path) in [("1", "input"), ("[1]", "input[0]"), ("[{},\"a\"]", "input[1]")] {
            assert_eq!(items(input).unwrap_err().path, path, "{input}");
        }
    }

    #[test]
    fn a_call_without_its_output_is_found() {
        let call = r#"{"type":"function_call","call_id":"c1"},{"type":"custom_tool_call","call_id":"c2"}"#;
        let (one, two) = (
            r#"{"type":"function_call_output","call_id":"c1"}"#,
            r#"{"type":"custom_tool_call_output","call_id":"c2"}"#,
        );
        for (items, expected) in [
            (format!("[{call}]"), Some("c1")),
            (format!("[{call},{one}]"), Some("c2")),
            (format!("[{call},{one},{two}]"), None),
            (r#"[{"type":"message"},{"type":"web_search_call","id":"w"}]"#.to_owned(), None),
        ] {
            assert_eq!(Items::parse(items.as_bytes()).unwrap().call_without_output().as_deref(), expected, "{items}");
        }
    }

    #[test]
    fn strangers_get_no_thoughts_and_no_ids() {
        let output = br#"{"output":[{"id":"rs_1","type":"reasoning"},{"id":"msg_1","type":"message"},{"type":"function_call","id":"fc_1","call_id":"c"}]}"#;
        let items = Items::of_response(output).unwrap();
        assert_eq!(items.iter().filter_map(id_of).collect::<Vec<_>>(), ["rs_1", "msg_1", "fc_1"]);
        let told = items.without_provider_state().to_json();
        assert_eq!(told, r#"[{"type":"message"},{"type":"function_call","call_id":"c"}]"#);
    }

    #[test]
    fn a_request_says_all_that_was_said() {
        let body = br#"{"model":"m", "previous_response_id":"resp_1", "input":"and?", "store":true}"#;
        let body = splice::scan(Bytes::from_static(body)).unwrap();
        let said = Items::parse(br#"[{"id":"a"}]"#).unwrap();
        let now = Items::of_request(&body, |number| format!("msg_{number}")).unwrap();
        let expected = r#"{"model":"m", "input":[{"id":"a"},{"id":"msg_0","type":"message","status":"completed","role":"user","content":[{"type":"input_text","text":"and?"}]}], "store":true}"#;
        assert_eq!(continue_conversation(&body, &said.then(now)), expected);
    }
}
