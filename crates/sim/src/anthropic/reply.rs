//! The parts of a message that whole replies and streams share.

use crate::call::SimRequest;
use crate::journal::BilledTokens;
use crate::reply::{SimEnd, SimReply};
use crate::seal::seal;
use serde_json::{Value, json};

/// A prompt with this text makes the vendor redact its reasoning (Anthropic documentation, extended thinking).
const REDACT: &str =
    "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB";

pub(super) fn id(call: &SimRequest<'_>) -> String {
    format!("msg_sim_{}", call.number)
}

pub(super) fn call_id(call: &SimRequest<'_>, place: usize) -> String {
    format!("toolu_sim_{}_{place}", call.number)
}

pub(super) fn with_output(billed: BilledTokens, sim_reply: &SimReply) -> BilledTokens {
    let (output, reasoning) = sim_reply.tokens();
    BilledTokens { output, reasoning, ..billed }
}

pub(super) fn usage(billed: BilledTokens) -> Value {
    json!({
        "input_tokens": billed.input,
        "cache_creation_input_tokens": billed.cache_write,
        "cache_read_input_tokens": billed.cache_read,
        "cache_creation": { "ephemeral_5m_input_tokens": billed.cache_write, "ephemeral_1h_input_tokens": 0 },
        "output_tokens": billed.output,
        "service_tier": "standard",
    })
}

/// The block with the sealed reasoning, where the vendor redacts it.
pub(super) fn redacted_block(sim_reply: &SimReply) -> Option<Value> {
    let data = || json!({ "type": "redacted_thinking", "data": seal(REDACT) });
    sim_reply.reasoning.contains(REDACT).then(data)
}

/// Whether a redacted block is one of ours.
pub(super) fn is_sealed(data: &str) -> bool {
    data == seal(REDACT)
}

pub(super) fn stop(end: &SimEnd) -> (&'static str, Option<&str>) {
    match end {
        SimEnd::Stop => ("end_turn", None),
        SimEnd::StopText(text) => ("stop_sequence", Some(text)),
        SimEnd::Length => ("max_tokens", None),
        SimEnd::Calls => ("tool_use", None),
    }
}
