//! The fields of a chat's reply, and a reply taken apart into them.

use super::canonical_json::{arguments_of, plain_json};
use super::field_value::FieldValue;
use super::fields::fields;
use baton_model::chat::{Part, PartKind, Reasoning, ToolCall};
use baton_model::event::{CollectedReply, FinishReason, ReplyChoice, ReplyStart, Timings};
use baton_model::{Usage, UsageClass};

fields! {
    /// A field of a chat's reply.
    Field {
        /// Its id.
        Id = "id",
        /// The model that the provider used.
        Model = "model",
        /// When it was made.
        Created = "created",
        /// OpenAI's fingerprint of the system.
        Fingerprint = "system_fingerprint",
        /// Choices beside the first.
        MoreChoices = "choices beside the first",
        /// Text.
        Text = "text",
        /// Sources that a text cites.
        Citations = "citations",
        /// A refusal that stands apart from text.
        Refusal = "refusal",
        /// A piece of reasoning that anyone may read.
        Reasoning = "reasoning: text",
        /// The proof that it is the provider's.
        ReasoningSignature = "reasoning: signature",
        /// Encrypted reasoning.
        ReasoningRedacted = "reasoning: encrypted",
        /// The id of a call.
        CallId = "tool call: id",
        /// Name and arguments of a call.
        Call = "tool call",
        /// Log probabilities.
        Logprobs = "logprobs",
        /// A part that only one format knows.
        Other = "content of one format alone",
        /// It was done.
        FinishStop = "finish: stop",
        /// It met a stop text.
        FinishStopSequence = "finish: stop_sequence",
        /// It met the output limit.
        FinishLength = "finish: length",
        /// It met the end of the context window.
        FinishContextWindow = "finish: context window",
        /// It waits for tools.
        FinishToolCalls = "finish: tool_calls",
        /// It was cut by a filter.
        FinishContentFilter = "finish: content_filter",
        /// It refused.
        FinishRefusal = "finish: refusal",
        /// It paused.
        FinishPause = "finish: pause",
        /// A reason that only one format knows.
        FinishOther = "finish: of one format alone",
        /// The stop text that was met.
        StopSequence = "stop text met",
        /// The tier that was used.
        ServiceTier = "service_tier",
        /// How long it took.
        Timings = "durations",
    }
}

impl Field {
    /// Whether it is known to one format, so that its fate depends on which that is.
    pub fn is_of_one_format(self) -> bool {
        matches!(self, Self::Other)
    }
}

/// Everything that a reply says, in order.
pub fn list_values(reply: &CollectedReply) -> Vec<FieldValue<Field>> {
    let mut all = FieldValues(Vec::new());
    let CollectedReply { started: ReplyStart { id, model, created, fingerprint }, choices, usage, timings } = reply;
    all.option(Field::Id, "id", id.as_deref());
    all.option(Field::Model, "model", model.as_deref());
    all.option(Field::Created, "created", *created);
    all.option(Field::Fingerprint, "system_fingerprint", fingerprint.as_deref());
    for choice in choices {
        all.choice(choice);
    }
    // What was counted is compared class by class, as each format adds them up.
    let tier = usage.as_ref().and_then(|usage| usage.service_tier.as_deref());
    all.option(Field::ServiceTier, "service_tier", tier);
    if let Some(Timings { total, load, prompt, output }) = timings {
        all.record_value(Field::Timings, "timings", format!("{total} {load} {prompt} {output}"));
    }
    all.0
}

struct FieldValues(Vec<FieldValue<Field>>);

impl FieldValues {
    fn record_value(&mut self, field: Field, path: impl Into<String>, value: impl Into<String>) {
        self.0.push(FieldValue { field, path: path.into(), value: value.into() });
    }

    fn option(&mut self, field: Field, path: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.record_value(field, path, value.to_string());
        }
    }

    fn choice(&mut self, choice: &ReplyChoice) {
        let ReplyChoice { index, parts, finish, stop_sequence, logprobs } = choice;
        if *index > 0 {
            return self.record_value(Field::MoreChoices, "n", format!("{choice:?}"));
        }
        for part in parts {
            self.part(part);
        }
        // A reply that calls tools waits for them, whatever the provider's word: a forced call ends with `stop`.
        let calls = parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
        let finish = finish
            .clone()
            .map(|finish| if calls && finish == FinishReason::Stop { FinishReason::ToolCalls } else { finish });
        if let Some(finish) = finish {
            self.record_value(finish_field(&finish), "finish", format!("{finish:?}"));
        }
        self.option(Field::StopSequence, "stop_sequence", stop_sequence.as_deref());
        let items = logprobs.iter().map(plain_json);
        let items: String = items.map(|items| items.trim_matches(['[', ']']).to_owned()).collect::<Vec<_>>().join(",");
        self.option(Field::Logprobs, "logprobs", Some(items).filter(|items| !items.is_empty()));
    }

    fn part(&mut self, part: &Part) {
        // A reply has no cache marks.
        let Part { kind, cache: _ } = part;
        match kind {
            PartKind::Text { text, citations } => {
                self.text(Field::Text, text);
                for (dialect, json) in citations {
                    self.record_value(Field::Citations, "citations", format!("{dialect} {}", plain_json(json)));
                }
            }
            PartKind::Refusal(text) => self.text(Field::Refusal, text),
            PartKind::Reasoning(Reasoning { text, signature, redacted }) => {
                self.text(Field::Reasoning, text);
                self.option(Field::ReasoningSignature, "signature", signature.as_deref());
                self.option(Field::ReasoningRedacted, "redacted", redacted.as_deref());
            }
            PartKind::ToolCall(ToolCall { id, name, arguments }) => {
                self.option(Field::CallId, "call", Some(id).filter(|id| !id.is_empty()));
                self.record_value(Field::Call, "call", format!("{name} {}", arguments_of(arguments)));
            }
            PartKind::Other { dialect, json } => {
                self.record_value(Field::Other, "content", format!("{dialect} {}", plain_json(json)));
            }
            // A model replies with none of these.
            PartKind::Image(_) | PartKind::Audio { .. } | PartKind::Document(_) | PartKind::ToolResult(_) => {}
        }
    }

    fn text(&mut self, field: Field, text: &str) {
        if !text.trim().is_empty() {
            self.record_value(field, "content", text);
        }
    }
}

/// What was consumed, as a format counts it: amounts by the class among which they are counted there.
pub(super) fn count_usage(usage: &Usage, counted_as: fn(UsageClass) -> Option<UsageClass>) -> Usage {
    let mut sums = Usage::default();
    for (class, amount) in usage.nonzero() {
        if let Some(class) = counted_as(class) {
            sums.set(class, sums.get(class).saturating_add(amount));
        }
    }
    sums
}

fn finish_field(finish: &FinishReason) -> Field {
    match finish {
        FinishReason::Stop => Field::FinishStop,
        FinishReason::StopSequence => Field::FinishStopSequence,
        FinishReason::Length => Field::FinishLength,
        FinishReason::ContextWindow => Field::FinishContextWindow,
        FinishReason::ToolCalls => Field::FinishToolCalls,
        FinishReason::ContentFilter => Field::FinishContentFilter,
        FinishReason::Refusal => Field::FinishRefusal,
        FinishReason::Pause => Field::FinishPause,
        FinishReason::Other(_) => Field::FinishOther,
    }
}
