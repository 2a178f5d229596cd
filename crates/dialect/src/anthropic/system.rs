//! Instructions, which stand beside the conversation in this format: `system`, a string or text blocks.

use super::blocks_write::{BlockWriter, PendingBlock};
use crate::json::Object;
use baton_model::chat::{Part, PartKind};

/// Instructions on their way to the top, one entry for each message that gave some.
#[derive(Debug, Default)]
pub(super) struct System<'r> {
    messages: Vec<Vec<PendingBlock<'r>>>,
}

impl<'r> System<'r> {
    /// Takes the blocks of one more message.
    pub(super) fn push(&mut self, blocks: Vec<PendingBlock<'r>>) {
        if !blocks.is_empty() {
            self.messages.push(blocks);
        }
    }

    /// All blocks, to be said elsewhere.
    pub(super) fn take(&mut self) -> Vec<PendingBlock<'r>> {
        std::mem::take(&mut self.messages).into_iter().flatten().collect()
    }

    /// Writes `system`: the instructions of several messages as one text, a line each, as Anthropic's own adapter for
    /// OpenAI's format does; blocks as they are where there is more to them than text.
    pub(super) fn write(&self, writer: &mut BlockWriter<'r>, o: &mut Object<'_>) {
        if let Some(text) = self.text(writer) {
            if !text.is_empty() {
                o.string("system", &text);
            }
            return;
        }
        o.array("system", |a| {
            for blocks in &self.messages {
                writer.write_blocks(blocks, a);
            }
        });
    }

    /// All of it as one text, if there is no more to it.
    fn text(&self, writer: &BlockWriter<'r>) -> Option<String> {
        let several = self.messages.len() > 1;
        let mut lines = Vec::with_capacity(self.messages.len());
        for blocks in &self.messages {
            if blocks.len() > 1 && !several {
                return None;
            }
            lines.push(blocks.iter().map(|block| writer.plain_text(block)).collect::<Option<String>>()?);
        }
        Some(lines.join("\n"))
    }
}

/// Whether instructions at the top can hold the part.
pub(super) fn holds(part: &Part) -> bool {
    matches!(part.kind, PartKind::Text { .. })
}
