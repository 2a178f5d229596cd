//! Events of a stream, and the items that they tell of.

use crate::client_tools;
use crate::error::openai_shape as error;
use crate::json::{JsonValue, Node};
use crate::openai_usage as usage;
use crate::responses::reasoning;
use baton_model::event::{FinishReason, ReplyEvent, ReplyStart};
use baton_model::fault::{ErrorKind, UpstreamError};
use baton_model::{Dialect, Usage, UsageClass};
use std::collections::HashMap;

/// The items of a response, as far as they were told.
#[derive(Debug, Default)]
pub(super) struct ItemReader {
    started: bool,
    items: HashMap<u64, Item>,
    calls: u32,
    searches: u64,
}

/// What was told of an item.
#[derive(Debug, Default)]
struct Item {
    /// Its number among the calls, if it is one.
    call: Option<u32>,
    /// Whether any of its content was told.
    told: bool,
    /// The reasoning's text is told from the summary or from the raw reasoning, whichever comes first; and which piece
    /// it was.
    reasoning: Option<(bool, u64)>,
    /// Whether it is complete.
    done: bool,
}

impl ItemReader {
    /// The events of one event.
    pub(super) fn push(&mut self, type_: &str, root: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let text = |name: &str| root.get(name).and_then(Node::string_or_none).unwrap_or_default();
        let place = root.get("output_index").map_or(0, Node::count);
        match type_ {
            "response.created" | "response.queued" | "response.in_progress" => {
                if let Some(response) = root.get("response") {
                    self.start(response, events);
                }
            }
            "response.output_item.added" => {
                if let Some(item) = root.get("item") {
                    self.read_added(place, item, events);
                }
            }
            "response.output_text.delta" => {
                self.items.entry(place).or_default().told = true;
                events.push(ReplyEvent::Text { choice: 0, text: text("delta") });
                push_logprobs(root, events);
            }
            "response.refusal.delta" => {
                self.items.entry(place).or_default().told = true;
                events.push(ReplyEvent::Refusal { choice: 0, text: text("delta") });
            }
            "response.output_text.annotation.added" => {
                if let Some(annotation) = root.get("annotation") {
                    events.push(citation(annotation));
                }
            }
            "response.reasoning_summary_text.delta" => {
                let piece = root.get("summary_index").map_or(0, Node::count);
                self.read_reasoning(place, true, piece, text("delta"), events);
            }
            "response.reasoning_text.delta" | "response.reasoning.delta" => {
                let piece = root.get("content_index").map_or(0, Node::count);
                self.read_reasoning(place, false, piece, text("delta"), events);
            }
            "response.function_call_arguments.delta" => self.arguments(place, text("delta"), events),
            "response.output_item.done" => {
                if let Some(item) = root.get("item") {
                    self.read_whole_item(place, item, events);
                }
            }
            // The last event repeats everything: what no delta told is read from it.
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                let response = root.get("response").unwrap_or(root);
                self.start(response, events);
                self.end(response, events);
            }
            "error" => events.push(ReplyEvent::Failed(error::read_node(200, root))),
            // Compatible services also say errors as they do in chats.
            _ if type_.is_empty() && root.get("error").is_some() => {
                events.push(ReplyEvent::Failed(error::read_node(200, root)));
            }
            _ => {}
        }
    }

    /// The names of a response, once.
    pub(super) fn start(&mut self, response: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let text = |name: &str| response.get(name).and_then(Node::string_or_none).filter(|text| !text.is_empty());
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let created = response.get("created_at").and_then(|created| created.f64().ok()).map(|seconds| seconds as i64);
        events.push(ReplyEvent::Started(ReplyStart {
            id: text("id"),
            model: text("model"),
            created,
            fingerprint: None,
        }));
    }

    fn read_added(&mut self, place: u64, node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let type_ = node.get("type").and_then(Node::as_str);
        if type_.as_deref() == Some("function_call") && self.items.entry(place).or_default().call.is_none() {
            self.call(place, node, events);
        }
    }

    fn call(&mut self, place: u64, node: &Node<'_>, events: &mut Vec<ReplyEvent>) -> u32 {
        let text = |name: &str| node.get(name).and_then(Node::string_or_none).filter(|text| !text.is_empty());
        let index = self.calls;
        self.calls += 1;
        self.items.entry(place).or_default().call = Some(index);
        // Results refer to `call_id`; `id` names the item, and only some services have it alone.
        let id = text("call_id").or_else(|| text("id")).unwrap_or_else(|| format!("call_{index}"));
        events.push(ReplyEvent::ToolCall { choice: 0, index, id, name: text("name").unwrap_or_default() });
        index
    }

    fn arguments(&mut self, place: u64, fragment: String, events: &mut Vec<ReplyEvent>) {
        let item = self.items.entry(place).or_default();
        if let Some(index) = item.call {
            item.told |= !fragment.is_empty();
            events.push(ReplyEvent::ToolArguments { choice: 0, index, fragment });
        }
    }

    fn read_reasoning(&mut self, place: u64, summary: bool, piece: u64, text: String, events: &mut Vec<ReplyEvent>) {
        let item = self.items.entry(place).or_default();
        let (from_summary, last) = *item.reasoning.get_or_insert((summary, piece));
        // Services send the summary and the raw text of the same reasoning: both would be it twice.
        if from_summary != summary {
            return;
        }
        item.told = true;
        item.reasoning = Some((summary, piece));
        // Pieces are paragraphs, which the format keeps apart by their index alone.
        let text = if piece == last { text } else { format!("\n\n{text}") };
        events.push(ReplyEvent::Reasoning { choice: 0, text });
    }

    /// An item that is complete: what of it was not told yet.
    fn read_whole_item(&mut self, place: u64, node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let item = self.items.entry(place).or_default();
        // `output_item.done` and the end of the response both bring the item.
        if std::mem::replace(&mut item.done, true) {
            return;
        }
        let told = item.told;
        match node.get("type").and_then(Node::as_str).as_deref() {
            Some("message") => {
                if !told {
                    read_message(node, events);
                }
            }
            Some("function_call") => {
                let index = match item.call {
                    Some(index) => index,
                    None => self.call(place, node, events),
                };
                let fragment = node.get("arguments").and_then(Node::string_or_none).unwrap_or_default();
                if !told && !fragment.is_empty() {
                    events.push(ReplyEvent::ToolArguments { choice: 0, index, fragment });
                }
            }
            // In its own words only to clients that have such tools, who get it back from the arguments.
            Some("custom_tool_call") => {
                let index = self.call(place, node, events);
                let input = node.get("input").and_then(Node::string_or_none).unwrap_or_default();
                let fragment = client_tools::as_arguments(&input);
                events.push(ReplyEvent::ToolArguments { choice: 0, index, fragment });
            }
            Some("reasoning") => {
                let text = reasoning::text(node).unwrap_or_default();
                if !told && !text.is_empty() {
                    events.push(ReplyEvent::Reasoning { choice: 0, text });
                }
                let proof = reasoning::signature_of_reply(node);
                events.extend(proof.map(|signature| ReplyEvent::ReasoningSignature { choice: 0, signature }));
            }
            type_ => {
                self.searches += u64::from(type_ == Some("web_search_call"));
                events.push(ReplyEvent::Other { choice: 0, dialect: Dialect::Responses, json: node.json() });
            }
        }
    }

    /// The end of a response: items that no event told, usage, why it ended.
    pub(super) fn end(&mut self, response: &Node<'_>, events: &mut Vec<ReplyEvent>) {
        let status = response.get("status").and_then(Node::as_str).unwrap_or_default();
        // Whatever the end is: what was used until then is billed.
        let used = self.usage(response).map(ReplyEvent::Usage);
        // Before the items: what a failed response holds so far was told already.
        if response.get("error").is_some() {
            events.extend(used);
            events.push(ReplyEvent::Failed(error::read_node(200, response)));
            return;
        }
        if status == "failed" || status == "cancelled" {
            events.extend(used);
            let message = format!("the response is {status}");
            events.push(ReplyEvent::Failed(UpstreamError {
                kind: ErrorKind::Internal,
                message,
                code: None,
                param: None,
            }));
            return;
        }
        let output = response.get("output").and_then(|output| output.items().ok()).unwrap_or_default();
        for (place, item) in (0..).zip(output) {
            self.read_whole_item(place, item, events);
        }
        // Anew, because the items just read may be searches, which are counted where the service counts none.
        events.extend(self.usage(response).map(ReplyEvent::Usage));
        let reason = response.get("incomplete_details").and_then(|details| details.get("reason")?.string_or_none());
        let reason = match (&*status, reason.as_deref()) {
            (_, Some("max_output_tokens")) => FinishReason::Length,
            (_, Some("content_filter")) => FinishReason::ContentFilter,
            (_, Some(other)) => FinishReason::Other(other.to_owned()),
            // One that runs in the background has only begun.
            ("queued" | "in_progress", None) => FinishReason::Other(status.into_owned()),
            ("incomplete", None) => FinishReason::Length,
            _ if self.calls > 0 => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        };
        events.push(ReplyEvent::Finished { choice: 0, reason, stop_sequence: None });
        events.push(ReplyEvent::Ended);
    }

    fn usage(&self, response: &Node<'_>) -> Option<Usage> {
        let node = response.get("usage").filter(|node| node.is_object())?;
        let mut usage = usage::read(node);
        usage.service_tier = response.get("service_tier").and_then(Node::string_or_none);
        let tools = response.get("tool_usage");
        // Of the items some open pages or look into them, which the service does not bill: it says how many it does.
        let searches = tools.and_then(|tools| tools.get("web_search")?.get("num_requests")).map(Node::count);
        if usage.get(UsageClass::WebSearches) == 0 {
            usage.set(UsageClass::WebSearches, searches.unwrap_or(self.searches));
        }
        // Another model makes the images, at prices of its own. As tokens of text they would be billed at this one's;
        // as images they have no cost where the operator gave no price for them.
        if let Some(images) = tools.and_then(|tools| tools.get("image_gen")) {
            for (class, name) in [(UsageClass::ImageInput, "input_tokens"), (UsageClass::ImageOutput, "output_tokens")]
            {
                let amount = images.get(name).map_or(0, Node::count);
                usage.set(class, usage.get(class).saturating_add(amount));
            }
        }
        Some(usage).filter(|usage| !usage.is_empty())
    }
}

fn read_message(node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
    for part in node.get("content").and_then(|content| content.items().ok()).unwrap_or_default() {
        let text = |name: &str| part.get(name).and_then(Node::string_or_none).filter(|text| !text.is_empty());
        match part.get("type").and_then(Node::as_str).as_deref() {
            Some("output_text" | "text") => {
                events.extend(text("text").map(|text| ReplyEvent::Text { choice: 0, text }));
                let annotations = part.get("annotations").and_then(|all| all.items().ok()).unwrap_or_default();
                events.extend(annotations.iter().map(citation));
                push_logprobs(part, events);
            }
            Some("refusal") => events.extend(text("refusal").map(|text| ReplyEvent::Refusal { choice: 0, text })),
            _ => events.push(ReplyEvent::Other { choice: 0, dialect: Dialect::Responses, json: part.json() }),
        }
    }
}

fn citation(annotation: &Node<'_>) -> ReplyEvent {
    ReplyEvent::Citation { choice: 0, dialect: Dialect::Responses, json: annotation.json() }
}

fn push_logprobs(node: &Node<'_>, events: &mut Vec<ReplyEvent>) {
    if let Some(logprobs) = node.get("logprobs")
        && matches!(logprobs.value(), JsonValue::Array(items) if !items.is_empty())
    {
        events.push(ReplyEvent::LogProbs { choice: 0, content: logprobs.json() });
    }
}
