//! Looks on as frames pass, and settles what an attempt consumed.

use crate::registry::Registry;
use baton_meter::count;
use baton_meter::price::{self, Costed};
use baton_model::record::{AttemptError, AttemptRecord, Outcome};
use baton_model::usage::UsageOrigin;
use baton_model::{Cost, Dialect, Model, ReplyEvent, Timestamp, Usage, UsageClass, bounds};
use baton_provider_api::transport::headers::upstream_request_id;
use baton_provider_api::{Frame, ProviderError};
use std::sync::Arc;

/// One attempt under way, and what has been seen of its reply.
pub struct AttemptMeter {
    /// The model that is tried.
    pub model: Arc<Model>,
    /// The format in which its provider is asked.
    pub dialect: Dialect,
    /// When it was sent.
    pub started: Timestamp,
    /// What the provider calls it.
    upstream_request_id: Option<String>,
    /// What the provider has reported so far.
    reported: Usage,
    /// Whether the reply is complete, so that what it reported is final.
    complete: bool,
    /// Bytes of generated text seen.
    text_bytes: usize,
    /// Whether vendors bill nothing for what is asked.
    free: bool,
    /// What was said, if somebody wants to know.
    text_events: Option<Vec<ReplyEvent>>,
}

impl AttemptMeter {
    /// An attempt that is sent now.
    pub fn new(model: Arc<Model>, dialect: Dialect, started: Timestamp) -> Self {
        Self {
            model,
            dialect,
            started,
            upstream_request_id: None,
            reported: Usage::default(),
            complete: false,
            text_bytes: 0,
            free: false,
            text_events: None,
        }
    }

    /// The same, and what is said is kept.
    #[must_use]
    pub fn collecting_text(self) -> Self {
        Self { text_events: Some(Vec::new()), ..self }
    }

    /// The same for something that vendors bill nothing for: what they don't report is nothing.
    #[must_use]
    pub fn without_cost(self) -> Self {
        Self { free: true, ..self }
    }

    /// What was said, taken out.
    pub fn take_text_events(&mut self) -> Vec<ReplyEvent> {
        self.text_events.take().unwrap_or_default()
    }

    /// The provider has named it, in one of these headers of its reply.
    pub fn observe_headers(&mut self, headers: &[(String, String)]) {
        let id = upstream_request_id(headers).map(|id| bounds::truncate(id, bounds::ID).into_owned());
        self.upstream_request_id = id.or_else(|| self.upstream_request_id.take());
    }

    /// Looks at a frame on its way.
    pub fn observe_frame(&mut self, frame: &Frame) {
        for event in &frame.events {
            match event {
                ReplyEvent::Usage(usage) => self.reported.update(usage),
                ReplyEvent::Ended => self.complete = true,
                other => self.text_bytes += other.text_bytes(),
            }
        }
        if let Some(text_events) = &mut self.text_events {
            text_events.extend(frame.events.iter().filter(|event| carries_text(event)).cloned());
        }
    }

    /// Bytes of generated text seen so far.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// The reply came whole: what it reports is final, without a sign for its end.
    pub fn mark_complete(&mut self) {
        self.complete = true;
    }

    /// What it consumed. The provider's numbers win; where a reply was cut before they came, Baton counts: the prompt
    /// (it was sent) by `prompt_tokens`, the output by the text that came.
    pub fn usage(&self, prompt_tokens: impl FnOnce() -> u64) -> (Usage, UsageOrigin) {
        if self.free || (self.complete && !self.reported.is_empty()) {
            return (self.reported.clone(), self.reported.reported_origin());
        }
        let mut usage = self.reported.clone();
        // A provider that reported its input before the cut counted better than Baton can.
        if usage.input_tokens() == 0 {
            usage.set(UsageClass::Input, prompt_tokens());
        }
        // A reply that was cut reports no output, or a number from before the cut.
        let produced = count::bytes_estimate(self.text_bytes as u64, &self.model).tokens;
        if usage.output_tokens() < produced {
            // The text that was seen includes the reasoning, which is billed in a class of its own.
            usage.set(UsageClass::Output, produced.saturating_sub(usage.get(UsageClass::Reasoning)));
        }
        (usage, UsageOrigin::Estimated)
    }

    /// The record of an attempt that ended.
    pub fn settle(
        &self,
        ending: AttemptEnd<'_>,
        finished: Timestamp,
        registry: &Registry,
        prompt_tokens: impl FnOnce() -> u64,
    ) -> AttemptRecord {
        // Anthropic reports the input at the start of a stream, so an attempt that fails after it has cost something.
        let refused = self.reported.is_empty() && self.text_bytes == 0;
        let (usage, origin) = match ending {
            // Refused before anything was produced: vendors bill nothing for that. Where nobody knows what became of the
            // call, its prompt at least was read.
            AttemptEnd::Failed(error) if refused && !error.may_be_billed => (Usage::default(), UsageOrigin::Estimated),
            _ => self.usage(prompt_tokens),
        };
        let (outcome, error) = match ending {
            AttemptEnd::Completed => (Outcome::Completed, None),
            AttemptEnd::Cancelled => (Outcome::Cancelled, None),
            AttemptEnd::Failed(error) => {
                (Outcome::Failed, Some(AttemptError { kind: error.kind, message: error.message.clone() }))
            }
        };
        let Costed { total: cost, unpriced, .. } = self.price(&usage, registry);
        let unpriced = unpriced.map(|reason| reason.to_string());
        let Model { id, provider, upstream, .. } = &*self.model;
        let sent = AttemptRecord::interrupted(id.clone(), provider.clone(), upstream, self.started);
        let upstream_request_id = self.upstream_request_id.clone();
        AttemptRecord { upstream_request_id, outcome, error, usage, origin, cost, unpriced, finished, ..sent }
    }

    /// What a usage costs at this model's price.
    pub fn cost(&self, usage: &Usage, registry: &Registry) -> Cost {
        self.price(usage, registry).total
    }

    /// By the price in force when it was sent, which is what vendors bill by.
    fn price(&self, usage: &Usage, registry: &Registry) -> Costed {
        let price_of = |name: &str| registry.snapshot().price(&self.model.provider, name);
        price::cost_with_others(usage, self.model.price.as_ref(), self.started, price_of)
    }
}

/// Whether an event is something that was said, in words.
fn carries_text(event: &ReplyEvent) -> bool {
    matches!(
        event,
        ReplyEvent::Text { .. }
            | ReplyEvent::Refusal { .. }
            | ReplyEvent::Reasoning { .. }
            | ReplyEvent::ToolCall { .. }
            | ReplyEvent::ToolArguments { .. }
            | ReplyEvent::Finished { .. }
            | ReplyEvent::Transcript(_)
    )
}

/// How an attempt ended.
#[derive(Clone, Copy)]
pub enum AttemptEnd<'a> {
    /// The reply is complete.
    Completed,
    /// The client left.
    Cancelled,
    /// It failed.
    Failed(&'a ProviderError),
}
