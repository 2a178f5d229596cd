//! What a request and a reply cost on their way through the codecs.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use baton_dialect::framing::splice::scan;
use baton_dialect::framing::{Framing, Splitter};
use baton_dialect::{Codec, ReplyContext, codec};
use baton_model::{Capability, Detail, Dialect, Model, ModelSource, ReplyEvent, Target};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;

/// A format, with what a provider replies in it.
struct Format {
    dialect: Dialect,
    stream: &'static [u8],
    reply: &'static [u8],
}

const FORMATS: [Format; 3] = [
    Format {
        dialect: Dialect::OpenAi,
        stream: include_bytes!("../src/openai/fixtures/llama-server/chat_stream.response.txt"),
        reply: include_bytes!("../src/openai/fixtures/llama-server/chat_tools_required.response.txt"),
    },
    Format {
        dialect: Dialect::Anthropic,
        stream: include_bytes!("../src/anthropic/fixtures/llama-server/messages_stream.response.txt"),
        reply: include_bytes!("../src/anthropic/fixtures/llama-server/messages_tools_any.response.txt"),
    },
    Format {
        dialect: Dialect::Ollama,
        stream: include_bytes!("../src/ollama/fixtures/recorded/chat_stream.response.txt"),
        reply: include_bytes!("../src/ollama/fixtures/recorded/chat_tools.response.txt"),
    },
];

impl Format {
    fn chat(&self) -> &'static dyn Codec {
        codec(self.dialect, Capability::Chat).unwrap()
    }

    fn frames(&self) -> Vec<Bytes> {
        let (mut splitter, mut frames) = (Splitter::new(Framing::of(self.dialect), 1 << 20), Vec::new());
        splitter.push(Bytes::from_static(self.stream), &mut frames).unwrap();
        frames
    }
}

fn target() -> Target {
    Target::new(Arc::new(Model {
        upstream: "upstream".into(),
        capabilities: vec![Capability::Chat],
        source: ModelSource::Config,
        ..Model::new("model", "provider")
    }))
}

/// A conversation of about that many bytes.
fn request(size: usize) -> Bytes {
    let turn = r#"{"role": "user", "content": "Tell me about the \"capital\" of France,\nand why it is where it is. "}, {"role": "assistant", "content": "It lies on the Seine — since the third century before our time."}"#;
    let turns = vec![turn; size / turn.len() + 1].join(", ");
    format!(r#"{{"model": "model", "temperature": 0.7, "messages": [{turns}], "stream": true}}"#).into()
}

fn requests(c: &mut Criterion) {
    let target = target();
    for format in &FORMATS {
        let (chat, mut group) = (format.chat(), c.benchmark_group(format!("{}/request", format.dialect)));
        for (name, size) in [("10kB", 10_000), ("1MB", 1_000_000)] {
            let body = request(size);
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_function(format!("scan+rewrite/{name}"), |b| {
                b.iter(|| {
                    let scanned = scan(black_box(body.clone())).unwrap();
                    chat.rewrite(&scanned, &target).unwrap().editor.finish()
                });
            });
            group.bench_function(format!("read/{name}"), |b| b.iter(|| chat.read_request(black_box(&body)).unwrap()));
            let operation = chat.read_request(&body).unwrap();
            group.bench_function(format!("write/{name}"), |b| {
                b.iter(|| chat.write_request(black_box(&operation), &target).unwrap());
            });
        }
    }
}

fn replies(c: &mut Criterion) {
    for format in &FORMATS {
        let (chat, mut group) = (format.chat(), c.benchmark_group(format!("{}/reply", format.dialect)));
        group.bench_function("read", |b| b.iter(|| chat.read_reply(black_box(format.reply)).unwrap()));
        let events = chat.read_reply(format.reply).unwrap();
        group.bench_function("write", |b| {
            b.iter(|| chat.write_reply(black_box(&events), &ReplyContext::default()).unwrap())
        });
    }
}

fn streams(c: &mut Criterion) {
    for format in &FORMATS {
        let (chat, frames) = (format.chat(), format.frames());
        let mut group = c.benchmark_group(format!("{}/stream", format.dialect));
        group.throughput(Throughput::Elements(frames.len() as u64));
        group.bench_function("split", |b| b.iter(|| format.frames()));
        let read = |detail| -> Vec<ReplyEvent> {
            let mut reader = chat.stream_reader(detail).unwrap();
            frames.iter().flat_map(|frame| reader.push(black_box(frame)).unwrap()).collect()
        };
        for (name, detail) in [("full", Detail::Full), ("facts", Detail::MeterOnly)] {
            group.bench_function(name, |b| b.iter(|| read(detail)));
        }
        let events = read(Detail::Full);
        group.bench_function("write", |b| {
            b.iter(|| {
                let mut writer = chat.stream_writer(ReplyContext::default()).unwrap();
                events.iter().map(|event| writer.push(black_box(event)).len()).sum::<usize>()
            });
        });
    }
}

criterion_group!(benches, requests, replies, streams);
criterion_main!(benches);
