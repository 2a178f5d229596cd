//! Tool calls put together from their fragments.
//!
//! By the reference a fragment has an `index`, and the first of a call its `id` and name. Vendors leave out the index,
//! the id or both, give every call index 0, or send calls whole.

use crate::json::Node;
use baton_model::ReplyEvent;
use std::borrow::Cow;
use std::collections::HashMap;

/// The tool calls of one choice.
#[derive(Debug, Default)]
pub(super) struct StreamedCalls {
    calls: Vec<StreamedCall>,
    /// The last of each number.
    by_number: HashMap<u64, usize>,
    /// The last of each id, and of each id with that number.
    by_id: HashMap<String, usize>,
    by_both: HashMap<(String, u64), usize>,
}

#[derive(Debug)]
struct StreamedCall {
    /// The vendor's id of it; empty if it has none.
    id: String,
    /// Whether its beginning was told: not before its name is known.
    begun: bool,
    /// Arguments that came before the name.
    held: String,
}

impl StreamedCalls {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes one entry of `tool_calls`.
    pub(super) fn push(&mut self, entry: &Node<'_>, choice: u32, reply: &str, events: &mut Vec<ReplyEvent>) {
        let function = entry.get("function").or_else(|| entry.get("custom"));
        let id = entry.get("id").and_then(Node::as_str).unwrap_or_default();
        let number = entry.get("index").and_then(|index| index.integer().ok());
        self.push_fragment(function, id, number, choice, (reply, events));
    }

    /// Takes a `function_call`, which older servers have instead: one for a reply, without an id.
    pub(super) fn push_function(
        &mut self,
        function: &Node<'_>,
        choice: u32,
        reply: &str,
        events: &mut Vec<ReplyEvent>,
    ) {
        self.push_fragment(Some(function), "".into(), Some(0), choice, (reply, events));
    }

    fn push_fragment(
        &mut self,
        function: Option<&Node<'_>>,
        id: Cow<'_, str>,
        number: Option<u64>,
        choice: u32,
        (reply, events): (&str, &mut Vec<ReplyEvent>),
    ) {
        let text =
            |name: &str| function.and_then(|function| function.get(name)).and_then(Node::as_str).unwrap_or_default();
        let name = text("name");
        let place = self.find(number, &id, !name.is_empty()).unwrap_or_else(|| self.add(number, id.into_owned()));
        let Some(call) = self.calls.get_mut(place) else { return };
        let index = u32::try_from(place).unwrap_or(u32::MAX);
        let arguments = function.and_then(|function| function.get("arguments").or_else(|| function.get("input")));
        // Arguments that came as an object go on as its text.
        let fragment = arguments.map(|node| node.as_str().unwrap_or_else(|| node.text().into())).unwrap_or_default();
        if call.begun {
            if !fragment.is_empty() {
                events.push(ReplyEvent::ToolArguments { choice, index, fragment: fragment.into_owned() });
            }
            return;
        }
        call.held.push_str(&fragment);
        if !name.is_empty() {
            call.begin(choice, index, &name, reply, events);
        }
    }

    /// Which call a fragment belongs to; `None`: a new one.
    fn find(&self, number: Option<u64>, id: &str, named: bool) -> Option<usize> {
        match (number, id) {
            (Some(number), "") => self.by_number.get(&number).copied(),
            // Both must fit: some vendors number every call 0, and each id is another call.
            (Some(number), id) => self.by_both.get(&(id.to_owned(), number)).copied(),
            // Neither number nor id: a name begins a call, anything else goes on with the last.
            (None, "") if named => None,
            (None, "") => self.calls.len().checked_sub(1),
            (None, id) => self.by_id.get(id).copied(),
        }
    }

    /// One more call. Returns its place.
    fn add(&mut self, number: Option<u64>, id: String) -> usize {
        let place = self.calls.len();
        if let Some(number) = number {
            self.by_number.insert(number, place);
            self.by_both.insert((id.clone(), number), place);
        }
        self.by_id.insert(id.clone(), place);
        self.calls.push(StreamedCall { id, begun: false, held: String::new() });
        place
    }

    /// Tells the calls whose name never came, so that nothing is lost.
    pub(super) fn flush(&mut self, choice: u32, reply: &str, events: &mut Vec<ReplyEvent>) {
        for (index, call) in (0..).zip(&mut self.calls).filter(|(_, call)| !call.begun) {
            call.begin(choice, index, "", reply, events);
        }
    }
}

impl StreamedCall {
    fn begin(&mut self, choice: u32, index: u32, name: &str, reply: &str, events: &mut Vec<ReplyEvent>) {
        self.begun = true;
        let id = if self.id.is_empty() { make_call_id(choice, index, reply) } else { self.id.clone() };
        events.push(ReplyEvent::ToolCall { choice, index, id, name: name.to_owned() });
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            events.push(ReplyEvent::ToolArguments { choice, index, fragment: held });
        }
    }
}

/// An id for a call that has none: the same each time the same reply is read, and of characters that all formats take.
fn make_call_id(choice: u32, index: u32, reply: &str) -> String {
    let reply: String =
        reply.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
    let place = if choice == 0 { index.to_string() } else { format!("{choice}_{index}") };
    if reply.is_empty() { format!("call_{place}") } else { format!("call_{place}_{reply}") }
}
