//! What each request is: chosen by the seed and its number alone, so that any of them can be looked at again.

use baton_sim::SimFault;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::time::Duration;

/// How many keys there are; key `n` belongs to project `n % PROJECTS`.
pub const KEYS: usize = 8;
pub const PROJECTS: usize = 4;
const USERS: usize = 6;
/// Every so many requests one may be cached, and another repeats an earlier one.
const CACHED: u64 = 8;
/// How far back a repeated request lies at most.
const WITHIN: u64 = 400;
/// Prompts that several requests begin with, so that providers read them from their caches.
const LONG_PROMPTS: u32 = 12;
/// Of these, few are shared by many and many by few, so that caches are written to throughout a long run.
const MARKED_PROMPTS: [u32; 2] = [40, 8000];

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub struct PlannedRequest {
    /// Which request of the run it is; its tag in the ledger.
    pub number: u64,
    /// Whose prompt it has: its own, or that of an earlier request that it repeats.
    pub prompt: u64,
    pub key: usize,
    pub user: usize,
    pub path: &'static str,
    pub body: Value,
    pub stream: bool,
    /// How calls to providers fail, one after the other; the calls behind these succeed.
    pub faults: Vec<SimFault>,
    pub leaves: Option<Leaves>,
}

/// When a client gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// So long after it has sent its request.
    After(Duration),
    /// When it has read so many pieces of a stream.
    Behind(usize),
}

/// A form of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// OpenAI's API and provider.
    OpenAi,
    /// OpenAI's API, a model that reasons.
    Reasoning,
    /// OpenAI's API, a prompt of more than a thousand words that others have too.
    LongPrompt,
    /// OpenAI's API in front of Anthropic's model.
    OpenAiToAnthropic,
    /// Anthropic's API and provider.
    Anthropic,
    /// The same with a marked prompt that others have too.
    MarkedPrompt,
    /// The same with thinking.
    Thinking,
    /// Anthropic's API in front of OpenAI's model.
    AnthropicToOpenAi,
    Embedding,
}

/// The form, and of a hundred requests how many have it.
const FORMS: [(Form, u32); 9] = [
    (Form::OpenAi, 30),
    (Form::Reasoning, 12),
    (Form::LongPrompt, 4),
    (Form::OpenAiToAnthropic, 14),
    (Form::Anthropic, 13),
    (Form::MarkedPrompt, 6),
    (Form::Thinking, 5),
    (Form::AnthropicToOpenAi, 8),
    (Form::Embedding, 8),
];

/// What may go wrong, and of a hundred requests with a fault how many have it. A second fault is for the second call.
const FAULTS: [(&[SimFault], u32); 16] = [
    (&[SimFault::Status(500)], 18),
    (&[SimFault::Status(500), SimFault::Status(500)], 8),
    (&[SimFault::Status(429)], 14),
    (&[SimFault::Status(503)], 6),
    (&[SimFault::Status(400)], 4),
    (&[SimFault::Reset], 10),
    (&[SimFault::Reset, SimFault::Reset], 4),
    (&[SimFault::CutMidStream], 10),
    (&[SimFault::ErrorMidStream], 5),
    (&[SimFault::ErrorBeforeContent], 5),
    (&[SimFault::Truncated, SimFault::Truncated], 4),
    (&[SimFault::NoEnd], 3),
    (&[SimFault::GarbageMidStream], 2),
    (&[SimFault::Html], 2),
    (&[SimFault::HangMidStream], 3),
    (&[SimFault::Hang], 2),
];

/// Of a thousand requests, so many have a provider that fails, and so many a client that leaves.
const FAULTY: u32 = 80;
const LEAVING: u32 = 40;

/// The request of that number.
pub fn plan(seed: u64, number: u64) -> PlannedRequest {
    if number % CACHED == CACHED / 2
        && let Some(earlier) = repeated(seed, number)
    {
        return PlannedRequest { number, faults: Vec::new(), leaves: None, ..original(seed, earlier) };
    }
    original(seed, number)
}

/// What marks a prompt in the request to a provider.
pub fn mark(prompt: u64) -> String {
    // With an end, so that no mark is found within a longer one.
    format!("bill-{prompt}-end")
}

/// The mark in a body.
pub fn find_mark(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    // The last: what several requests share stands before it.
    let (_, rest) = text.rsplit_once("bill-")?;
    rest.split_once("-end")?.0.parse().ok()
}

fn repeated(seed: u64, number: u64) -> Option<u64> {
    let back = rng(seed, number).random_range(1..=WITHIN / CACHED);
    (number / CACHED).checked_sub(back).map(|place| place * CACHED)
}

fn rng(seed: u64, number: u64) -> StdRng {
    // Far apart: neighbours must not look alike.
    StdRng::seed_from_u64(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn original(seed: u64, number: u64) -> PlannedRequest {
    let mut rng = rng(seed, number);
    let cached = number.is_multiple_of(CACHED);
    let form = pick(&mut rng, &FORMS);
    // These can't be told to be the same twice: they refuse a temperature of zero.
    let form = if cached && matches!(form, Form::Reasoning | Form::Thinking) { Form::OpenAi } else { form };
    let stream = form != Form::Embedding && rng.random_bool(0.5);
    let faults = if rng.random_range(0..1000) < FAULTY { pick(&mut rng, &FAULTS).to_vec() } else { Vec::new() };
    let leaves = (rng.random_range(0..1000) < LEAVING).then(|| match stream && rng.random_bool(0.7) {
        true => Leaves::Behind(rng.random_range(0..8)),
        false => Leaves::After(Duration::from_micros(rng.random_range(0..40_000))),
    });
    let (key, user) = (rng.random_range(0..KEYS), rng.random_range(0..USERS));
    let (path, mut body) = body(&mut rng, form, &mark(number), seed);
    if stream {
        body["stream"] = true.into();
    }
    if cached && form != Form::Embedding {
        body["temperature"] = 0.into();
    }
    PlannedRequest { number, prompt: number, key, user, path, body, stream, faults, leaves }
}

/// One of a list with weights that sum up to a hundred.
fn pick<T: Copy>(rng: &mut StdRng, all: &[(T, u32)]) -> T {
    let mut place = rng.random_range(0..all.iter().map(|(_, weight)| weight).sum());
    let found = all.iter().find(|(_, weight)| match place.checked_sub(*weight) {
        Some(left) => {
            place = left;
            false
        }
        None => true,
    });
    found.unwrap_or(&all[0]).0
}

fn body(rng: &mut StdRng, form: Form, mark: &str, seed: u64) -> (&'static str, Value) {
    let words = rng.random_range(3..30_u64);
    // Longer than the reply, shorter, or none.
    let limit = match rng.random_range(0..10) {
        0..6 => Some(words + rng.random_range(1..40)),
        6..8 => Some(rng.random_range(1..=words)),
        _ => None,
    };
    let text = format!("{}{mark} {words} words", filler("like", rng.random_range(0..24)));
    let user = |text: &str| json!({ "role": "user", "content": text });
    let openai = |model: &str, messages: Value| {
        let mut body = json!({ "model": model, "messages": messages });
        if let Some(limit) = limit {
            body["max_completion_tokens"] = limit.into();
        }
        ("/v1/chat/completions", body)
    };
    let anthropic = |model: &str, messages: Value| {
        ("/v1/messages", json!({ "model": model, "messages": messages, "max_tokens": limit.unwrap_or(100) }))
    };
    match form {
        Form::OpenAi => openai("gpt", json!([user(&text)])),
        Form::Reasoning => openai("reasoner", json!([user(&text)])),
        Form::OpenAiToAnthropic => openai("claude", json!([user(&text)])),
        Form::Anthropic => anthropic("claude", json!([user(&text)])),
        Form::AnthropicToOpenAi => anthropic("gpt", json!([user(&text)])),
        Form::LongPrompt => {
            let shared =
                format!("seed {seed} {}", filler(&format!("long{}x", rng.random_range(0..LONG_PROMPTS)), 1100));
            openai("gpt", json!([{ "role": "system", "content": shared }, user(&text)]))
        }
        Form::MarkedPrompt => {
            let pool = MARKED_PROMPTS[usize::from(rng.random_bool(0.5))];
            let name = format!("marked{}x", rng.random_range(0..pool));
            let shared = format!("seed {seed} {}", filler(&name, 90));
            let (path, mut body) = anthropic("claude", json!([user(&text)]));
            body["system"] = json!([{ "type": "text", "text": shared, "cache_control": { "type": "ephemeral" } }]);
            (path, body)
        }
        Form::Thinking => {
            let (path, mut body) = anthropic("thinker", json!([user(&text)]));
            body["max_tokens"] = (1024 + words + 40).into();
            body["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
            (path, body)
        }
        Form::Embedding => ("/v1/embeddings", json!({ "model": "embed", "input": [text, filler("and", 5)] })),
    }
}

/// So many words, with a blank behind each.
fn filler(word: &str, number: u64) -> String {
    (0..number).map(|place| format!("{word}{place} ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_the_same_every_time() {
        for number in 0..200 {
            let (one, other) = (plan(7, number), plan(7, number));
            assert_eq!((one.body, one.faults, one.leaves), (other.body, other.faults, other.leaves));
        }
        assert_ne!(plan(7, 3).body, plan(8, 3).body);
    }

    #[test]
    fn a_repeated_request_is_an_earlier_one_that_may_be_cached() {
        let repeats: Vec<PlannedRequest> =
            (0..2000).map(|number| plan(1, number)).filter(|plan| plan.prompt != plan.number).collect();
        assert!(repeats.len() > 200, "{}", repeats.len());
        for repeat in repeats {
            let first = plan(1, repeat.prompt);
            assert_eq!((repeat.body, repeat.key, repeat.user), (first.body.clone(), first.key, first.user));
            assert!(first.body["temperature"] == 0 || first.path == "/v1/embeddings");
        }
    }

    #[test]
    fn the_mark_is_found_in_what_a_provider_gets() {
        for number in 0..300 {
            let plan = plan(3, number);
            assert_eq!(find_mark(plan.body.to_string().as_bytes()), Some(plan.prompt));
        }
        assert_eq!(find_mark(b"{}"), None);
    }
}
