//! The turns of a conversation in an order that every vendor takes, with the places they came from.
//!
//! Vendors refuse a call that its result does not follow directly, a call that has none, and a result without a call.
//! Clients of other formats may say all of these.

use crate::json::Node;
use crate::open_calls::OpenCalls;
use crate::{Dropped, foreign_text};
use baton_model::Dialect;
use baton_model::chat::{Message, MessageRole, Part, PartKind, ToolResult};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

/// What is said for a tool whose result is missing.
const NO_RESULT: &str = "(no result)";

/// A turn to be written.
#[derive(Debug)]
pub(crate) struct Turn<'r> {
    pub(crate) role: MessageRole,
    pub(crate) name: Option<&'r str>,
    /// The message it is made of, or the first of several.
    pub(crate) message: usize,
    pub(crate) parts: Vec<PlacedPart<'r>>,
}

/// A part and its place in the request.
#[derive(Debug, Clone)]
pub(crate) struct PlacedPart<'r> {
    pub(crate) message: usize,
    pub(crate) place: usize,
    pub(crate) part: Cow<'r, Part>,
}

/// What the target asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnRules {
    /// The target's format.
    pub(crate) dialect: Dialect,
    /// Whether calls that are kept elsewhere may be answered: results alone stay what they are.
    pub(crate) earlier_calls: bool,
}

/// The turns in order. What is changed is listed.
pub(crate) fn order<'r>(messages: &'r [Message], rules: TurnRules, dropped: &mut Vec<Dropped>) -> Vec<Turn<'r>> {
    let turns = messages.iter().enumerate().map(|(place, message)| Turn::new(place, message));
    let turns = turns.map(|turn| turn.with_foreign_text(rules.dialect, dropped)).collect();
    // Ollama puts the turns into a template as they come.
    if rules.dialect == Dialect::Ollama { turns } else { pair(turns, rules, dropped) }
}

/// Puts results directly behind their calls, and gives each its other half.
fn pair<'r>(turns: Vec<Turn<'r>>, rules: TurnRules, dropped: &mut Vec<Dropped>) -> Vec<Turn<'r>> {
    let mut pairing = Pairing { out: Vec::with_capacity(turns.len()), rules, minted: 0, dropped };
    let mut turns = turns.into_iter().peekable();
    while let Some(mut turn) = turns.next() {
        if turn.role != MessageRole::Assistant || !turn.calls(rules.dialect) {
            pairing.push_without_calls(turn);
            continue;
        }
        // Parallel calls that came as messages of their own.
        while let Some(more) = turns.next_if(|next| next.role == MessageRole::Assistant) {
            turn.parts.extend(more.parts);
        }
        let mut open = pairing.open(&mut turn);
        pairing.out.push(turn);
        // What else was said before the next turn of the assistant waits until all results are there.
        let mut waiting = Vec::new();
        while let Some(next) = turns.next_if(|next| next.role != MessageRole::Assistant) {
            pairing.answer(next, &mut open, &mut waiting);
        }
        // Before what waited: results must follow their calls directly.
        pairing.fill(open);
        waiting.into_iter().for_each(|turn| pairing.push_without_calls(turn));
    }
    pairing.out
}

struct Pairing<'r, 'd> {
    out: Vec<Turn<'r>>,
    rules: TurnRules,
    minted: usize,
    dropped: &'d mut Vec<Dropped>,
}

/// The calls of one turn that have no result yet: (id, path), and how results without an id find them.
#[derive(Default)]
struct Unanswered {
    /// In order; `None` for a call with a result.
    calls: Vec<Option<(String, usize, usize)>>,
    /// Where the calls of each id stand among them: a turn may have thousands, and none is looked for by going through all.
    places: HashMap<String, VecDeque<usize>>,
    by: OpenCalls,
}

impl<'r> Pairing<'r, '_> {
    /// The calls of a turn; those without an id get one.
    fn open(&mut self, turn: &mut Turn<'r>) -> Unanswered {
        let mut open = Unanswered::default();
        for placed in &mut turn.parts {
            let Some((mut id, name)) = call(&placed.part.kind, self.rules.dialect) else { continue };
            if id.is_empty() {
                let prefix = if self.rules.dialect == Dialect::Anthropic { "toolu" } else { "call" };
                id = format!("{prefix}_{}", self.minted);
                // Counted and not random: a conversation that is sent again gets the same ids, and finds the prompt
                // cache.
                self.minted += 1;
                if let PartKind::ToolCall(call) = &mut placed.part.to_mut().kind {
                    call.id.clone_from(&id);
                }
            }
            open.by.push(id.clone(), name);
            open.places.entry(id.clone()).or_default().push_back(open.calls.len());
            open.calls.push(Some((id, placed.message, placed.place)));
        }
        open
    }

    /// Sorts what follows the calls: their results now, the rest later.
    fn answer(&mut self, turn: Turn<'r>, open: &mut Unanswered, waiting: &mut Vec<Turn<'r>>) {
        let Turn { role, name, message, parts } = turn;
        let empty = parts.is_empty();
        let (mut results, mut rest) = (Vec::new(), Vec::new());
        for mut placed in parts {
            let answered = match &placed.part.kind {
                PartKind::ToolResult(result) => open.take(result),
                // Members beside a result belong to it.
                _ if role == MessageRole::Tool && !results.is_empty() => {
                    results.push(placed);
                    continue;
                }
                _ => None,
            };
            let Some(id) = answered else {
                rest.push(placed);
                continue;
            };
            if let PartKind::ToolResult(result) = &placed.part.kind
                && result.call_id != id
            {
                placed.part.to_mut().kind = PartKind::ToolResult(ToolResult { call_id: id, ..result.clone() });
            }
            results.push(placed);
        }
        if !results.is_empty() {
            self.out.push(Turn { role: MessageRole::Tool, name: None, message, parts: results });
        }
        if empty || !rest.is_empty() {
            waiting.push(Turn { role, name, message, parts: rest });
        }
    }

    /// Gives calls without a result an empty one.
    fn fill(&mut self, open: Unanswered) {
        for (call_id, message, place) in open.calls.into_iter().flatten() {
            self.dropped.push(Dropped::new(
                format!("messages[{message}].content[{place}]"),
                "a call without a result: an empty one was added",
            ));
            let result = ToolResult { call_id, parts: vec![Part::text(NO_RESULT)], ..ToolResult::default() };
            let part = Cow::Owned(Part::from(PartKind::ToolResult(result)));
            let parts = vec![PlacedPart { message, place, part }];
            self.out.push(Turn { role: MessageRole::Tool, name: None, message, parts });
        }
    }

    /// A turn that no call stands before: results in it become text.
    fn push_without_calls(&mut self, mut turn: Turn<'r>) {
        if self.rules.earlier_calls || !turn.parts.iter().any(|placed| alone(&placed.part.kind).is_some()) {
            return self.out.push(turn);
        }
        let mut parts = Vec::with_capacity(turn.parts.len());
        for placed in turn.parts {
            let Some(result) = alone(&placed.part.kind) else {
                parts.push(placed);
                continue;
            };
            self.dropped.push(Dropped::new(placed.path(), "a result without its call: sent as text"));
            let of = result.name.as_deref().unwrap_or(&result.call_id);
            let said = Part::text(format!("Result of {of}:"));
            for part in std::iter::once(said).chain(result.parts.iter().cloned()) {
                parts.push(PlacedPart { part: Cow::Owned(part), ..placed });
            }
        }
        turn.parts = parts;
        // A tool's turn holds results alone, and what is left is text.
        if turn.role == MessageRole::Tool {
            turn.role = MessageRole::User;
        }
        self.out.push(turn);
    }
}

/// Id and name of a call: a function's, or a custom tool's of OpenAI's chats.
fn call(kind: &PartKind, dialect: Dialect) -> Option<(String, String)> {
    match kind {
        PartKind::ToolCall(call) => Some((call.id.clone(), call.name.clone())),
        PartKind::Other { dialect: Dialect::OpenAi, json } if dialect == Dialect::OpenAi => {
            let node = Node::parse(json.0.as_bytes()).ok()?;
            Some((node.get("id")?.string_or_none()?, node.get("custom")?.get("name")?.string_or_none()?))
        }
        _ => None,
    }
}

/// A result that says which call it answers. One that has a name alone is of the older form, which has no ids.
fn alone(kind: &PartKind) -> Option<&ToolResult> {
    let PartKind::ToolResult(result) = kind else { return None };
    (!result.call_id.is_empty() || result.name.is_none()).then_some(result)
}

impl Unanswered {
    /// The id of the call that a result answers.
    fn take(&mut self, result: &ToolResult) -> Option<String> {
        let id = match (result.call_id.as_str(), &result.name) {
            ("", Some(name)) => self.by.take_by_name(name).or_else(|| self.by.take_first()),
            ("", None) => self.by.take_first(),
            (id, _) => self.by.take_by_id(id),
        }?;
        let place = self.places.get_mut(&id)?.pop_front()?;
        self.calls.get_mut(place)?.take().map(|(id, ..)| id)
    }
}

impl<'r> Turn<'r> {
    fn new(place: usize, message: &'r Message) -> Self {
        let parts = message.parts.iter().enumerate();
        let parts =
            parts.map(|(part, borrowed)| PlacedPart { message: place, place: part, part: Cow::Borrowed(borrowed) });
        Self { role: message.role, name: message.name.as_deref(), message: place, parts: parts.collect() }
    }

    fn calls(&self, dialect: Dialect) -> bool {
        self.parts.iter().any(|placed| call(&placed.part.kind, dialect).is_some())
    }

    /// The same with the words of parts that only another format knows.
    fn with_foreign_text(mut self, dialect: Dialect, dropped: &mut Vec<Dropped>) -> Self {
        for placed in &mut self.parts {
            if let Some(part) = foreign_text::replace(&placed.part, dialect) {
                dropped.push(Dropped::new(placed.path(), "sent as text"));
                placed.part = Cow::Owned(part);
            }
        }
        self
    }
}

impl PlacedPart<'_> {
    /// Where it stands in the request.
    pub(crate) fn path(&self) -> String {
        format!("messages[{}].content[{}]", self.message, self.place)
    }
}
