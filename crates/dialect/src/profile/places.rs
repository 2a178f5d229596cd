//! Where names and ids stand in a request of each format.

use super::edits::Edits;
use super::names::{ToolNames, shorten_id, shorten_name};
use super::rules::Profile;
use super::schema;
use super::strictness::fit_tool_schema;
use crate::Dropped;
use crate::json::{Node, quoted};
use baton_model::Dialect;

/// Walks through parts of a request and gathers what must be replaced in them.
pub(super) struct Walk<'w> {
    pub(super) dialect: Dialect,
    pub(super) profile: &'w Profile,
    pub(super) names: &'w mut ToolNames,
    /// Members of the assistant's messages that are taken out.
    pub(super) unwanted: &'w [&'static str],
    /// Whether one was.
    pub(super) found_unwanted: bool,
    /// Whether alternatives at the top of a tool's schema are merged: not in the client's own request, whose words the
    /// vendor judges.
    pub(super) merges_alternatives: bool,
    /// Whether some were.
    pub(super) merged_alternatives: bool,
    /// What of the tools' schemas the target does not take.
    pub(super) unfit: Vec<Dropped>,
    pub(super) edits: Edits,
}

fn each<'n, 'a>(node: Option<&'n Node<'a>>) -> impl Iterator<Item = &'n Node<'a>> {
    node.and_then(|node| node.items().ok()).into_iter().flatten()
}

fn is(node: &Node<'_>, member: &str, value: &str) -> bool {
    node.get(member).and_then(Node::as_str).as_deref() == Some(value)
}

impl Walk<'_> {
    /// `tools`; OpenAI's older `functions` are the same without a shell (`bare`).
    pub(super) fn tools(&mut self, tools: &Node<'_>, bare: bool) {
        for (place, tool) in each(Some(tools)).enumerate() {
            let own = match self.dialect {
                // Anthropic's own tools have a type with a date, and names that are fixed.
                Dialect::Anthropic => tool.get("type").is_none() || is(tool, "type", "custom"),
                Dialect::Responses => is(tool, "type", "function") || is(tool, "type", "custom"),
                // A service's own tools have a type and no shell; their parameters are settings.
                Dialect::OpenAi | Dialect::Ollama => bare,
            };
            for shell in ["function", "custom"] {
                if let Some(inner) = tool.get(shell) {
                    self.tool(inner, place);
                }
            }
            if own {
                self.tool(tool, place);
            }
        }
    }

    fn tool(&mut self, tool: &Node<'_>, place: usize) {
        self.name(tool.get("name"));
        let parameters = tool.get(if self.dialect == Dialect::Anthropic { "input_schema" } else { "parameters" });
        let Some(parameters) = parameters else { return };
        let fitted = self.whole_schema(parameters);
        let text = fitted.as_deref().unwrap_or(parameters.text());
        let Ok(schema) = Node::parse(text.as_bytes()) else { return };
        let field = format!("tools[{place}].parameters");
        let strict = tool.get("strict");
        let restricted = fit_tool_schema(self.profile, &schema, strict, &field, &mut self.edits, &mut self.unfit);
        if let Some(new) = restricted.or_else(|| fitted.clone()) {
            self.edits.replace(parameters.span(), new);
        }
    }

    /// The schema as that of one object, if it is not; what is inside of it stays.
    fn whole_schema(&mut self, parameters: &Node<'_>) -> Option<String> {
        // Ollama puts the schema into a template and checks nothing.
        if self.merges_alternatives
            && self.dialect != Dialect::Ollama
            && let Some(merged) = schema::merge_alternatives(parameters)
        {
            self.merged_alternatives = true;
            return Some(merged);
        }
        let completes = self.profile.tool_properties && self.dialect != Dialect::Anthropic;
        schema::complete(parameters).filter(|_| completes)
    }

    /// `tool_choice` or the older `function_call`.
    pub(super) fn choice(&mut self, choice: &Node<'_>) {
        for named in [Some(choice), choice.get("function"), choice.get("custom")].into_iter().flatten() {
            self.name(named.get("name"));
        }
        // Chats have the list one level deeper than responses.
        for tool in each(choice.get("allowed_tools").unwrap_or(choice).get("tools")) {
            for named in [Some(tool), tool.get("function"), tool.get("custom")].into_iter().flatten() {
                self.name(named.get("name"));
            }
        }
    }

    /// `messages`, or `input` of responses.
    pub(super) fn messages(&mut self, messages: &Node<'_>) {
        for message in each(Some(messages)) {
            match self.dialect {
                Dialect::OpenAi | Dialect::Ollama => self.turn(message),
                Dialect::Anthropic => each(message.get("content")).for_each(|block| self.block(block)),
                Dialect::Responses => self.item(message),
            }
        }
    }

    fn turn(&mut self, message: &Node<'_>) {
        for call in each(message.get("tool_calls")) {
            self.id(call.get("id"));
            for inner in ["function", "custom"] {
                self.name(call.get(inner).and_then(|inner| inner.get("name")));
            }
        }
        self.name(message.get("function_call").and_then(|call| call.get("name")));
        self.id(message.get("tool_call_id"));
        self.name(message.get("tool_name"));
        // In other messages it names who speaks.
        if is(message, "role", "tool") || is(message, "role", "function") {
            self.name(message.get("name"));
        } else if is(message, "role", "assistant") && self.unwanted.iter().any(|name| message.get(name).is_some()) {
            let unwanted = self.unwanted;
            self.edits.remove_members(message, |name| unwanted.contains(&name));
            self.found_unwanted = true;
        }
    }

    fn block(&mut self, block: &Node<'_>) {
        match block.get("type").and_then(Node::as_str).as_deref() {
            Some("tool_use") => {
                self.id(block.get("id"));
                self.name(block.get("name"));
            }
            Some("tool_result") => {
                self.id(block.get("tool_use_id"));
                each(block.get("content")).for_each(|block| self.block(block));
            }
            Some("tool_reference") => self.name(block.get("tool_name")),
            Some("image") => self.media_type(block.get("source").and_then(|source| source.get("media_type"))),
            _ => {}
        }
    }

    fn item(&mut self, item: &Node<'_>) {
        match item.get("type").and_then(Node::as_str).as_deref() {
            Some("function_call" | "custom_tool_call") => {
                self.id(item.get("call_id"));
                self.name(item.get("name"));
            }
            Some("function_call_output" | "custom_tool_call_output") => self.id(item.get("call_id")),
            _ => {}
        }
    }

    fn name(&mut self, node: Option<&Node<'_>>) {
        let Some((node, name)) = node.and_then(|node| Some((node, node.as_str()?))) else { return };
        if let Some(short) = shorten_name(&self.profile.tool_name, &name) {
            self.names.insert(&short, &name);
            self.edits.replace(node.span(), quoted(&short));
        }
    }

    fn id(&mut self, node: Option<&Node<'_>>) {
        let Some((node, id)) = node.and_then(|node| Some((node, node.as_str()?))) else { return };
        if let Some(short) = shorten_id(&self.profile.call_id, &id) {
            self.names.insert_id(&short, &id);
            self.edits.replace(node.span(), quoted(&short));
        }
    }

    /// A common word that is not the registered one.
    fn media_type(&mut self, node: Option<&Node<'_>>) {
        let Some(node) = node.filter(|node| node.as_str().as_deref() == Some("image/jpg")) else { return };
        self.edits.replace(node.span(), quoted("image/jpeg"));
    }
}
