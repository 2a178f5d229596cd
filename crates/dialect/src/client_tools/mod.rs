//! Tools that only some formats know, asked of a model of another format: as functions there, and back again.
//!
//! - *Custom tools* (chats and responses of OpenAI) take one plain text. Elsewhere they are functions with one string,
//!   `input`.
//! - *Namespaces* (responses) hold the functions of one server. Elsewhere each is a function of its own, with the
//!   namespace in its name.
//! - *Functions* (`functions` and `function_call`, the older form of a chat's tools) are tools everywhere else.
//!
//! [`adapt`] changes a request on its way to another format; [`ClientTools`] knows of the client's request what the
//! writer of its reply needs. Both see names as [`join`] makes them.
//!
//! References: OpenAI API reference, `CustomTool`, `NamespaceTool`, `ChatCompletionFunctions`.

mod adapt;
mod functions;
mod input;
#[cfg(test)]
mod tests;

pub use adapt::adapt;
pub(crate) use input::{as_arguments, of_arguments};

use crate::json::Node;
use baton_model::{Body, Dialect};
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};

/// What the client's own request says of its tools beyond their being functions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientTools {
    /// Names of custom tools, as the model knows them.
    custom: BTreeSet<String>,
    /// Namespace and name of tools in a namespace, by the name that the model knows.
    namespaced: BTreeMap<String, (String, String)>,
    /// Whether the client speaks the older form of a chat, `functions`.
    functions: bool,
}

/// How a client knows a call that a model made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientCall {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    /// Whether its tool takes one plain text.
    pub(crate) custom: bool,
}

/// The name of a namespace's tool where there are no namespaces. Clients that declare their servers' tools without
/// namespaces join them the same way.
pub(crate) fn join(namespace: &str, name: &str) -> String {
    format!("{namespace}__{name}")
}

// === impl ClientTools ===

impl ClientTools {
    /// What a client's request says. Most say nothing, which one look at the bytes tells.
    pub fn of_request(dialect: Dialect, body: &Body) -> Self {
        let mut tools = Self::default();
        // Anthropic calls its ordinary functions custom, and Ollama knows functions alone.
        if !matches!(dialect, Dialect::OpenAi | Dialect::Responses) {
            return tools;
        }
        tools.functions = dialect == Dialect::OpenAi && body.value("functions").is_some_and(|text| text != b"null");
        let list = body
            .value("tools")
            .filter(|text| [&b"custom"[..], b"namespace"].iter().any(|word| memmem::find(text, word).is_some()));
        // A list that can't be read was refused before, or is the provider's to judge.
        if let Some(node) = list.and_then(|text| Node::parse(text).ok()) {
            for tool in node.items().unwrap_or_default() {
                tools.note(tool, None);
            }
        }
        tools
    }

    fn note(&mut self, tool: &Node<'_>, namespace: Option<&str>) {
        let type_ = tool.get("type").and_then(Node::as_str).unwrap_or_default();
        // A chat says the members of a tool one level deeper.
        let members = tool.get(&type_).filter(|members| members.is_object()).unwrap_or(tool);
        let Some(name) = members.get("name").and_then(Node::string_or_none) else { return };
        if type_ == "namespace" {
            for inner in tool.get("tools").and_then(|tools| tools.items().ok()).unwrap_or_default() {
                self.note(inner, Some(&name));
            }
            return;
        }
        let known = namespace.map_or_else(|| name.clone(), |namespace| join(namespace, &name));
        if type_ == "custom" {
            self.custom.insert(known.clone());
        }
        if let Some(namespace) = namespace {
            self.namespaced.insert(known, (namespace.to_owned(), name));
        }
    }

    /// A call of the model's as the client knows it.
    pub(crate) fn call(&self, name: &str) -> ClientCall {
        let custom = self.custom.contains(name);
        match self.namespaced.get(name) {
            Some((namespace, name)) => ClientCall { name: name.clone(), namespace: Some(namespace.clone()), custom },
            None => ClientCall { name: name.to_owned(), namespace: None, custom },
        }
    }

    /// Whether the client reads calls in the older form of a chat, `function_call`.
    pub(crate) fn reads_function_calls(&self) -> bool {
        self.functions
    }
}
