//! What is passed on without being read.

use crate::setup::{KEY, Pair};
use baton_provider_api::{Forward, Forwarded, ReplyForm};
use baton_providers::{ProviderConfig, SecretValue};
use baton_sim::Kind;
use bytes::Bytes;
use futures::TryStreamExt as _;
use http::Method;

fn forward_request(method: Method, path: &str) -> Forward<'_> {
    Forward {
        method,
        path,
        query: None,
        headers: &[],
        content_type: None,
        body: Bytes::new(),
        form: ReplyForm::Whole,
        timeout: None,
    }
}

async fn text(forwarded: Forwarded) -> String {
    let pieces: Vec<Bytes> = forwarded.body.try_collect().await.unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

#[tokio::test]
async fn a_request_goes_as_it_is_with_our_key() {
    let headers = [("authorization".to_owned(), "Bearer mine".to_owned()), ("anthropic-beta".into(), "files".into())];
    for (kind, path, seen_path, key) in [
        (Kind::OpenAi, "/models", "/v1/models", "authorization"),
        (Kind::Anthropic, "/v1/models", "/v1/models", "x-api-key"),
        (Kind::Ollama, "/api/tags", "/api/tags", "authorization"),
    ] {
        let pair = Pair::new(kind).await;
        let forward = Forward { query: Some("limit=3"), headers: &headers, ..forward_request(Method::GET, path) };
        let forwarded = pair.provider.forward(forward).await.unwrap();
        assert_eq!(forwarded.status, 200, "{kind:?}");
        assert!(forwarded.content_type.starts_with("application/json"), "{kind:?}: {}", forwarded.content_type);
        assert!(text(forwarded).await.contains(kind.models()[0]), "{kind:?}");
        let seen = &pair.sim.requests()[0];
        assert_eq!((seen.path.as_str(), seen.query.as_deref()), (seen_path, Some("limit=3")), "{kind:?}");
        assert!(seen.header(key).unwrap().ends_with(KEY), "{kind:?}");
        assert_eq!(seen.header("anthropic-beta"), Some("files"), "{kind:?}");
        assert!(seen.headers.iter().all(|(_, value)| !value.contains("mine")), "{kind:?}");
    }
}

#[tokio::test]
async fn an_error_comes_as_it_is() {
    let pair = Pair::new(Kind::OpenAi).await;
    let body = Bytes::from_static(br#"{"model": "gpt-4o",  "messages": []}"#);
    let forward = Forward {
        body: body.clone(),
        content_type: Some("application/json"),
        ..forward_request(Method::POST, "/chat/completions")
    };
    let forwarded = pair.provider.forward(forward).await.unwrap();
    assert_eq!(forwarded.status, 400);
    assert!(forwarded.headers.iter().any(|(name, _)| name == "x-request-id"), "{:?}", forwarded.headers);
    assert!(text(forwarded).await.contains("messages"));
    assert_eq!(pair.sim.requests()[0].body, body);
}

#[tokio::test]
async fn azure_keeps_files_beside_its_deployments() {
    let azure = |config: &mut ProviderConfig| {
        let address = config.base_url.take().unwrap();
        *config = ProviderConfig::new("azure", "azure-deployments");
        config.base_url = Some(address.trim_end_matches("/v1").to_owned());
        config.api_key = Some(SecretValue::new(KEY));
    };
    let pair = Pair::with(Kind::OpenAi, |options| options, azure).await;
    let forward = Forward { query: Some("limit=3"), ..forward_request(Method::GET, "/files") };
    // The simulated vendor does not know the path; what it got is what matters.
    assert_eq!(pair.provider.forward(forward).await.unwrap().status, 404);
    let seen = &pair.sim.requests()[0];
    assert_eq!((seen.path.as_str(), seen.query.as_deref()), ("/openai/files", Some("api-version=2024-10-21&limit=3")));
}
