//! A conversation, regrouped as this format has it.
//!
//! Instructions move to the top; turns of one role that follow one another become one; the results of tools stand first
//! in the user's turn, all of them together (split over several, they teach the model not to make parallel calls).

use super::blocks_write::{BlockWriter, PendingBlock};
use super::extension::UNKNOWN;
use super::system::{self, System};
use crate::ReadError;
use crate::json::{Array, Object};
use crate::turns::{self, PlacedPart, TurnRules};
use baton_model::Dialect;
use baton_model::chat::{Message, MessageRole, Part, PartKind};
use std::borrow::Cow;

/// What is said in the user's place where a conversation begins with the model.
const OPENING: &str = "(The conversation begins with your message.)";

/// What is said where nothing is left to say: the API refuses a conversation without a message.
const EMPTY: &str = "…";

/// A conversation regrouped.
#[derive(Debug)]
pub(super) struct GroupedConversation<'r> {
    system: System<'r>,
    turns: Vec<Turn<'r>>,
}

#[derive(Debug)]
struct Turn<'r> {
    role: &'static str,
    blocks: Vec<PendingBlock<'r>>,
}

impl<'r> GroupedConversation<'r> {
    /// Puts the conversation into this format's order.
    ///
    /// # Errors
    /// If it ends with the assistant, and this model does not go on from there.
    pub(super) fn regroup(messages: &'r [Message], writer: &mut BlockWriter<'r>) -> Result<Self, ReadError> {
        let mut conversation = Self { system: System::default(), turns: Vec::new() };
        let rules = TurnRules { dialect: Dialect::Anthropic, earlier_calls: false };
        let ordered = turns::order(messages, rules, writer.dropped());
        let precede = precede_assistant(&ordered);
        for (turn, precedes_assistant) in ordered.into_iter().zip(precede) {
            if turn.name.is_some() {
                writer.drop(format!("messages[{}].name", turn.message), UNKNOWN);
            }
            writer.drop_members(&format!("messages[{}]", turn.message));
            match turn.role {
                MessageRole::System | MessageRole::Developer => {
                    // The API takes a turn of the system only behind a user's and before an assistant's (or at the
                    // end), and only from models that know it. Everywhere else instructions must move to the top.
                    let follows_user = matches!(conversation.turns.last(), Some(turn) if turn.role != "assistant");
                    if writer.quirks.system_anywhere == Some(true) && follows_user && precedes_assistant {
                        let blocks = writer.blocks(turn.parts, "system");
                        conversation.push("system", blocks);
                    } else {
                        let blocks = instructions(turn.parts, writer);
                        conversation.system.push(blocks);
                    }
                }
                MessageRole::Assistant => conversation.push("assistant", writer.blocks(turn.parts, "assistant")),
                MessageRole::User | MessageRole::Tool => conversation.push("user", writer.blocks(turn.parts, "user")),
            }
        }
        conversation.open(writer, !messages.is_empty());
        conversation.close(writer)?;
        Ok(conversation)
    }

    /// A conversation must begin with the user.
    fn open(&mut self, writer: &mut BlockWriter<'r>, spoken: bool) {
        // The API requires at least one message, and instructions are none.
        if self.turns.is_empty() {
            let blocks = self.system.take();
            if !blocks.is_empty() {
                for block in &blocks {
                    writer.drop(block.path.as_str(), "instructions alone are sent as the user's turn");
                }
                self.push("user", blocks);
            } else if spoken {
                writer.drop("messages", "nothing of them can be said: a placeholder was sent");
                let part = Cow::Owned(Part::text(EMPTY));
                self.push("user", vec![PendingBlock { path: String::new(), part }]);
            }
        } else if self.turns.first().is_some_and(|turn| turn.role != "user") {
            // The API refuses a conversation that does not begin with the user.
            writer.drop("messages", "a user's turn was inserted before the assistant's, which came first");
            let part = Cow::Owned(Part::text(OPENING));
            let blocks = vec![PendingBlock { path: String::new(), part }];
            self.turns.insert(0, Turn { role: "user", blocks });
        }
    }

    /// The last turn of an assistant is one to be continued; trailing space in it is refused.
    fn close(&mut self, writer: &BlockWriter<'r>) -> Result<(), ReadError> {
        let Some(turn) = self.turns.last_mut().filter(|turn| turn.role == "assistant") else { return Ok(()) };
        let Some(PendingBlock { part, .. }) = turn.blocks.last_mut() else { return Ok(()) };
        let (PartKind::Text { text, .. } | PartKind::Refusal(text)) = &part.kind else { return Ok(()) };
        // Claude 4.6 and later refuse a last message of the assistant. Refused here, it costs no call and has a clear
        // reason.
        if writer.quirks.prefill == Some(false) {
            let problem = "this model does not continue an assistant's message: the last one must be the user's";
            return Err(ReadError::new("messages", problem));
        }
        let length = text.trim_end().len();
        if length < text.len()
            && let PartKind::Text { text, .. } | PartKind::Refusal(text) = &mut part.to_mut().kind
        {
            text.truncate(length);
        }
        Ok(())
    }

    /// Whether it ends with the assistant, who is to go on from there.
    pub(super) fn is_begun_answer(&self) -> bool {
        self.turns.last().is_some_and(|turn| turn.role == "assistant")
    }

    /// Adds blocks to the last turn if it is of that role, else as a new one; none make no turn.
    fn push(&mut self, role: &'static str, blocks: Vec<PendingBlock<'r>>) {
        match self.turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some(turn) if turn.role == role => turn.blocks.extend(blocks),
            _ => self.turns.push(Turn { role, blocks }),
        }
    }

    /// Writes `system` and `messages`.
    pub(super) fn write(&mut self, writer: &mut BlockWriter<'r>, o: &mut Object<'_>) {
        self.system.write(writer, o);
        o.array("messages", |a| {
            for turn in &mut self.turns {
                // The API requires the results of tools in front of everything else in the turn; the sort is stable.
                turn.blocks.sort_by_key(|block| !matches!(block.part.kind, PartKind::ToolResult(_)));
                write_turn(turn, writer, a);
            }
        });
    }
}

fn write_turn<'r>(turn: &Turn<'r>, writer: &mut BlockWriter<'r>, a: &mut Array<'_>) {
    a.object(|o| {
        o.string("role", turn.role);
        writer.write_content(&turn.blocks, o);
    });
}

fn instructions<'r>(parts: Vec<PlacedPart<'r>>, writer: &mut BlockWriter<'r>) -> Vec<PendingBlock<'r>> {
    let mut blocks = writer.blocks(parts, "system");
    blocks.retain(|block| {
        let held = system::holds(&block.part);
        if !held {
            writer.drop(block.path.as_str(), "only text is supported in instructions");
        }
        held
    });
    blocks
}

/// Of each message, whether the assistant's turn or the end follows, instructions apart.
fn precede_assistant(turns: &[turns::Turn<'_>]) -> Vec<bool> {
    // From the end: looking ahead from each message would be quadratic in a long run of instructions.
    let mut follows = true;
    let mut precede: Vec<_> = turns
        .iter()
        .rev()
        .map(|turn| {
            let precedes = follows;
            if !matches!(turn.role, MessageRole::System | MessageRole::Developer) {
                follows = turn.role == MessageRole::Assistant;
            }
            precedes
        })
        .collect();
    precede.reverse();
    precede
}
