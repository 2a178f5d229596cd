//! How long counting and pricing take.
//!
//! Run with `cargo bench -p baton-meter`.

use baton_meter::{Features, Tokenizer, cost};
use baton_model::chat::{ChatRequest, Message, MessageRole, Part};
use baton_model::price::Rates;
use baton_model::{Model, Nanos, Operation, Price, Timestamp, Usage, UsageClass};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn count(criterion: &mut Criterion) {
    let prose = "The quick brown fox jumps over the lazy dog, and then it rests for a while. ".repeat(140);
    let hostile = "A".repeat(prose.len());
    let mut group = criterion.benchmark_group("count 10 kB");
    group.throughput(Throughput::Bytes(prose.len() as u64));
    for (name, model) in [("o200k", "gpt-4o"), ("cl100k", "gpt-4"), ("estimate", "llama3.2")] {
        let tokenizer = Tokenizer::for_model(model, None);
        // The tables load with the first count.
        tokenizer.count("warm");
        group.bench_function(format!("{name}, prose"), |bencher| bencher.iter(|| tokenizer.count(black_box(&prose))));
        group.bench_function(format!("{name}, one letter"), |bencher| {
            bencher.iter(|| tokenizer.count(black_box(&hostile)));
        });
    }
    let parts = vec![Part::text(prose.as_str())];
    let messages = vec![Message { role: MessageRole::User, name: None, parts }];
    let request = Operation::Chat(Box::new(ChatRequest { messages, ..ChatRequest::default() }));
    let model = Model::new("llama3.2", "bench");
    group.bench_function("features, prose", |bencher| bencher.iter(|| Features::of(black_box(&request), &model)));
    group.finish();

    let rates =
        Rates::default().with(UsageClass::Input, Nanos(150_000_000)).with(UsageClass::Output, Nanos(600_000_000));
    let price = Price { rates, ..Price::default() };
    let usage = Usage::default()
        .with(UsageClass::Input, 1200)
        .with(UsageClass::CacheRead, 800)
        .with(UsageClass::Output, 300)
        .with(UsageClass::Reasoning, 200);
    criterion.bench_function("price a request", |bencher| {
        bencher.iter(|| cost(black_box(&usage), black_box(&price), Timestamp(0)))
    });
}

criterion_group!(benches, count);
criterion_main!(benches);
