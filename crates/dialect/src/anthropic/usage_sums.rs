//! The numbers of a report, or of one iteration of it.

use crate::json::Node;
use baton_model::{Amounts, UsageClass};

/// What was reported so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    input: u64,
    read: u64,
    written: u64,
    written_1h: u64,
    output: u64,
    thinking: u64,
    searches: u64,
}

impl Sums {
    /// Takes over what a report says; what it leaves out stays.
    pub(super) fn update(&mut self, usage: &Node<'_>) {
        let take = |slot: &mut u64, node: Option<&Node<'_>>| {
            if let Some(node) = node {
                *slot = node.count();
            }
        };
        let inner = |outer: &str, name: &str| usage.get(outer).and_then(|outer| outer.get(name));
        take(&mut self.input, usage.get("input_tokens"));
        take(&mut self.read, usage.get("cache_read_input_tokens"));
        take(&mut self.written, usage.get("cache_creation_input_tokens"));
        take(&mut self.output, usage.get("output_tokens"));
        take(&mut self.thinking, inner("output_tokens_details", "thinking_tokens"));
        take(&mut self.searches, inner("server_tool_use", "web_search_requests"));
        if let Some(hour) = inner("cache_creation", "ephemeral_1h_input_tokens").map(Node::count) {
            self.written_1h = hour;
            let short = inner("cache_creation", "ephemeral_5m_input_tokens").map_or(0, Node::count);
            // Services that report the parts may leave the sum out, which bounds the hour's writes below.
            self.written = self.written.max(short.saturating_add(hour));
        }
    }

    /// As classes.
    pub(super) fn amounts(&self) -> Amounts {
        // Bounded, because a provider's nonsense must not underflow into an absurd bill.
        let hour = self.written_1h.min(self.written);
        let thinking = self.thinking.min(self.output);
        Amounts::default()
            .with(UsageClass::Input, self.input)
            .with(UsageClass::CacheRead, self.read)
            .with(UsageClass::CacheWrite, self.written - hour)
            .with(UsageClass::CacheWrite1h, hour)
            .with(UsageClass::Output, self.output - thinking)
            .with(UsageClass::Reasoning, thinking)
            .with(UsageClass::WebSearches, self.searches)
    }
}
