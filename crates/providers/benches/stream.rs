//! What reading a stream costs, from the provider's bytes to the frames that go up.
//!
//! `cargo bench -p baton-providers` prints the time for 200 events. With `facts 1000` or `full 1000` it only reads that many
//! streams, for `valgrind --tool=callgrind`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use baton_model::{Capability, Detail, Dialect};
use baton_provider_api::{Provider, Recording, ReplyForm, Transport};
use baton_providers::{ProviderConfig, SecretValue, build};
use futures::StreamExt as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

const EVENTS: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (provider, recording) = (provider(), recording());
    let read = |name: &str, count| {
        let detail = if name == "full" { Detail::Full } else { Detail::MeterOnly };
        runtime.block_on(async {
            for _ in 0..count {
                let mut frames = provider.replay(&recording, detail).unwrap().frames;
                while let Some(frame) = frames.next().await {
                    frame.unwrap();
                }
            }
        });
    };
    if let [name, count] = &arguments[..] {
        return read(name, count.parse().unwrap());
    }
    for name in ["facts", "full"] {
        let times = (0..5).map(|_| {
            let start = Instant::now();
            read(name, 1000);
            start.elapsed().as_secs_f64() * 1e6 / 1000.0
        });
        println!("{name:5} {:7.1} µs for {EVENTS} events", times.fold(f64::INFINITY, f64::min));
    }
}

fn provider() -> Arc<dyn Provider> {
    let mut config = ProviderConfig::new("p", "openai");
    config.api_key = Some(SecretValue::new("sk-test"));
    build(&config, &Transport::default()).unwrap()
}

/// A chat as OpenAI streams it.
fn recording() -> Recording {
    let mut body = String::new();
    let mut event = |choices: &str, usage: &str| {
        write!(
            body,
            "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\
             \"model\":\"gpt-5\",\"choices\":[{choices}],\"usage\":{usage}}}\n\n"
        )
        .unwrap();
    };
    event(r#"{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}"#, "null");
    for number in 0..EVENTS {
        event(&format!(r#"{{"index":0,"delta":{{"content":" word {number}"}},"finish_reason":null}}"#), "null");
    }
    event(r#"{"index":0,"delta":{},"finish_reason":"stop"}"#, "null");
    event("", r#"{"prompt_tokens":10,"completion_tokens":400,"total_tokens":410}"#);
    body.push_str("data: [DONE]\n\n");
    Recording {
        dialect: Dialect::OpenAi,
        capability: Capability::Chat,
        form: ReplyForm::Stream,
        content_type: "text/event-stream".to_owned(),
        hide_usage: false,
        body: body.into(),
    }
}
