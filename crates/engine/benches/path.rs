//! What every request pays in the engine: its place in the cache, its route.
//!
//! Run with `cargo bench -p baton-engine`.

use baton_engine::cache::ResponseCache;
use baton_engine::route::{RouteInput, plan};
use baton_engine::{
    CachePolicy, CacheSettings, Call, CallOptions, Content, HeadSent, Identity, ModelSelector, Routing, Snapshot,
};
use baton_kv::Memory;
use baton_model::entity::Role;
use baton_model::record::Attribution;
use baton_model::{
    Body, BodyField, Caller, Capability, Code, Dialect, Model, ModelId, ModelSource, PublicError, RequestId,
    ShortWords, Timestamp, Wire,
};
use baton_provider_api::fake::FakeProvider;
use baton_provider_api::{Provider, ReplyForm};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

fn model(number: usize, fallbacks: &[usize]) -> Model {
    Model {
        upstream: "upstream".into(),
        capabilities: vec![Capability::Chat],
        token_limit: Some(128_000),
        fallbacks: fallbacks.iter().map(|number| ModelId::from(format!("model-{number}"))).collect(),
        source: ModelSource::Config,
        ..Model::new(format!("model-{number}"), "one")
    }
}

fn caller() -> Caller {
    Caller::new(Role::Caller)
}

fn call(bytes: usize) -> Call {
    let text = format!(r#"{{"model":"model-0","messages":"{}"}}"#, "x".repeat(bytes));
    let body = Body {
        fields: vec![
            BodyField { name: "model".into(), key: 1..8, value: 9..18, words: ShortWords::default() },
            BodyField { name: "messages".into(), key: 19..29, value: 30..text.len() - 1, words: ShortWords::default() },
        ],
        bytes: Bytes::from(text),
    };
    Call {
        identity: Identity {
            id: RequestId::from("id"),
            arrived: Timestamp(0),
            trace: baton_engine::Trace::none(),
            caller: caller(),
            attribution: Attribution::default(),
            api: "openai",
            status: |error| error.code.status(),
        },
        wire: Wire::new(Dialect::OpenAi, Capability::Chat),
        routing: Routing {
            selector: ModelSelector::Model("model-0".into()),
            fallbacks: None,
            strict: false,
            max_cost: None,
            run_budget: None,
            timeout: None,
        },
        options: CallOptions {
            form: ReplyForm::Whole,
            max_output_tokens: None,
            deterministic: true,
            cache: CachePolicy::Default,
            headers: Vec::new(),
            query: None,
            head_sent: HeadSent::default(),
        },
        content: Content::json(body, Box::new(|_| Err(PublicError::new(Code::Internal, "nobody reads it")))),
    }
}

fn path(criterion: &mut Criterion) {
    let models: Vec<Model> =
        (0..7000).map(|number| model(number, if number == 0 { &[1, 2, 3] } else { &[] })).collect();
    let provider: Arc<dyn Provider> = Arc::new(FakeProvider::new("one", Dialect::OpenAi));
    let snapshot = Snapshot {
        models: models.into_iter().map(|model| (model.id.clone(), Arc::new(model))).collect(),
        providers: BTreeMap::from([("one".into(), provider)]),
        ..Snapshot::default()
    };
    let caller = caller();
    let ask = RouteInput {
        caller: &caller,
        capability: Capability::Chat,
        client: baton_model::Dialect::OpenAi,
        fallbacks: None,
        is_open: &|_| false,
    };
    criterion.bench_function("route: a model of 7,000 with three fallbacks", |bencher| {
        bencher.iter(|| {
            let first = snapshot
                .find(&caller, &ModelSelector::Model("model-0".into()), Capability::Chat)
                .map_err(|error| error.code);
            first.map(|first| plan(&snapshot, first, black_box(&ask)).is_ok())
        });
    });
    for (name, bytes) in [("10 kB", 10_000), ("1 MB", 1_000_000)] {
        let (call, model) = (call(bytes), model(0, &[]));
        let cache = ResponseCache::new(CacheSettings::default(), Arc::new(Memory::new(0)));
        criterion.bench_function(&format!("cache key: {name}"), |bencher| {
            bencher.iter(|| cache.key(black_box(&call), black_box(&model)));
        });
    }
}

criterion_group!(benches, path);
criterion_main!(benches);
