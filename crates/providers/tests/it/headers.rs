//! Headers and queries: ours, the client's, and the reply's.

use crate::setup::{KEY, Pair, TestRequest};
use baton_model::Capability;
use baton_providers::{ProviderConfig, SecretValue};
use baton_sim::Kind;
use serde_json::json;

fn client(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_key_goes_where_the_vendor_wants_it() {
    for (kind, name, value) in [
        (Kind::OpenAi, "authorization", format!("Bearer {KEY}")),
        (Kind::Anthropic, "x-api-key", KEY.to_owned()),
        (Kind::Ollama, "authorization", format!("Bearer {KEY}")),
    ] {
        let pair = Pair::new(kind).await;
        let headers = client(&[("authorization", "Bearer mine"), ("x-api-key", "mine"), ("traceparent", "00-1-2-01")]);
        let ask = TestRequest { headers: &headers, ..TestRequest::chat(kind.models()[0], "Good morning!") };
        pair.ask(ask).await.unwrap();
        let seen = &pair.sim.requests()[0];
        assert_eq!(seen.header(name), Some(value.as_str()), "{kind:?}");
        assert_eq!(seen.headers.iter().filter(|(_, value)| value.contains("mine")).count(), 0, "{kind:?}");
        assert_eq!(seen.header("traceparent"), Some("00-1-2-01"), "{kind:?}");
        assert_eq!(seen.header("accept-encoding"), Some("identity"), "{kind:?}");
    }
}

#[tokio::test]
async fn betas_are_merged_and_versions_are_the_clients() {
    let operators = |config: &mut ProviderConfig| {
        config.headers = vec![("anthropic-beta".into(), SecretValue::new("context-1m,skills"))];
    };
    let pair = Pair::with(Kind::Anthropic, |options| options, operators).await;
    let headers = client(&[("anthropic-beta", "skills, files"), ("anthropic-version", "2099-01-01")]);
    let ask = TestRequest {
        headers: &headers,
        query: Some("beta=true"),
        ..TestRequest::chat("claude-sonnet-4-5", "Good morning!")
    };
    let (exchange, _) = pair.ask(ask).await.unwrap();
    let seen = &pair.sim.requests()[0];
    assert_eq!(seen.header("anthropic-beta"), Some("context-1m,skills,files"));
    // The client's SDK expects replies of the version that it names.
    assert_eq!(seen.header("anthropic-version"), Some("2099-01-01"));
    assert_eq!(seen.query.as_deref(), Some("beta=true"));
    assert!(exchange.headers.contains(&("request-id".into(), "req_sim_1".into())), "{:?}", exchange.headers);
}

#[tokio::test]
async fn azure_has_its_own_paths() {
    let azure = |config: &mut ProviderConfig| {
        let address = config.base_url.take().unwrap();
        *config = ProviderConfig::new("azure", "azure-deployments");
        config.base_url = Some(address.trim_end_matches("/v1").to_owned());
        config.api_key = Some(SecretValue::new(KEY));
    };
    let pair = Pair::with(Kind::OpenAi, |options| options, azure).await;
    let ask = TestRequest { query: Some("x=1"), ..TestRequest::chat("my gpt", "Good morning!") };
    // The simulated vendor does not know the path; what it got is what matters.
    pair.ask(ask).await.err().unwrap();
    let seen = &pair.sim.requests()[0];
    assert_eq!(seen.path, "/openai/deployments/my%20gpt/chat/completions");
    assert_eq!(seen.query.as_deref(), Some("api-version=2024-10-21&x=1"));
    assert_eq!(seen.header("api-key"), Some(KEY));
}

#[tokio::test]
async fn a_vendor_is_told_in_its_own_words() {
    let groq = |config: &mut ProviderConfig| config.kind = "openrouter".into();
    let pair = Pair::with(Kind::OpenAi, |options| options, groq).await;
    let body = json!({
        "model": "m",
        "messages": [{ "role": "developer", "content": "Be brief." }, { "role": "user", "content": "Good morning!" }],
        "max_completion_tokens": 5,
    });
    pair.ask(TestRequest::of("gpt-4o", Capability::Chat, body)).await.unwrap();
    let sent = pair.sim.requests()[0].json();
    assert_eq!((&sent["max_tokens"], &sent["messages"][0]["role"]), (&json!(5), &json!("system")), "{sent}");
}

#[tokio::test]
async fn what_speaks_of_another_vendor_stays_behind() {
    let sent = [("anthropic-beta", "files"), ("openai-project", "p"), ("x-client-request-id", "c")];
    for (kind, gone) in [
        (Kind::OpenAi, &["anthropic-beta"][..]),
        (Kind::Anthropic, &["openai-project"]),
        (Kind::Ollama, &["anthropic-beta", "openai-project"]),
    ] {
        let pair = Pair::new(kind).await;
        let headers = client(&sent);
        pair.ask(TestRequest { headers: &headers, ..TestRequest::chat(kind.models()[0], "Good morning!") })
            .await
            .unwrap();
        let seen = &pair.sim.requests()[0];
        let missing: Vec<_> = sent.iter().map(|(name, _)| *name).filter(|name| seen.header(name).is_none()).collect();
        assert_eq!(missing, gone, "{kind:?}");
    }
}
