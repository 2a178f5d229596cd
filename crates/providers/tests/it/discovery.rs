//! The models that vendors list, and the tokens that they count.

use crate::setup::{Pair, model};
use baton_dialect::codec;
use baton_model::{Capability, Dialect, Operation, Target};
use baton_sim::Kind;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn models_are_listed() {
    for kind in Kind::ALL {
        let pair = Pair::new(kind).await;
        let found = pair.provider.discover().await.unwrap();
        let names: Vec<_> = found.iter().map(|model| model.upstream.as_str()).collect();
        assert_eq!(names, kind.models(), "{kind:?}");
    }
}

#[tokio::test]
async fn anthropic_says_how_much_fits() {
    let pair = Pair::new(Kind::Anthropic).await;
    let found = pair.provider.discover().await.unwrap();
    assert_eq!((found[2].token_limit, found[2].max_tokens), (Some(200_000), Some(64_000)));
    assert_eq!(pair.sim.requests().len(), 2, "two pages");
}

#[tokio::test]
async fn ollama_says_what_each_model_can_do() {
    let pair = Pair::new(Kind::Ollama).await;
    let found = pair.provider.discover().await.unwrap();
    let told: Vec<_> = found.iter().map(|m| (m.capabilities.as_slice(), m.token_limit, m.reasoning)).collect();
    let text = [Capability::Chat, Capability::Completion];
    assert_eq!(
        told,
        [
            (&text[..], Some(32_768), Some(false)),
            (&text[..], Some(32_768), Some(true)),
            (&[Capability::Embedding][..], Some(32_768), Some(false)),
        ]
    );
}

#[tokio::test]
async fn anthropic_counts_tokens() {
    let pair = Pair::new(Kind::Anthropic).await;
    let body =
        json!({ "model": "m", "messages": [{ "role": "user", "content": "one two three" }], "temperature": 0.5 });
    let read = codec(Dialect::OpenAi, Capability::Chat).unwrap().read_request(body.to_string().as_bytes()).unwrap();
    let Operation::Chat(request) = read else { panic!("no chat") };
    let target = Target::new(Arc::new(model("claude-sonnet-4-5")));
    let count = pair.provider.count_tokens(&request, &target).unwrap().await.unwrap();
    // Counting takes no sampling parameters (Anthropic refuses them there), so the temperature must have been left
    // out.
    assert_eq!(count, 7);
}
