//! Two nodes that share a Redis, and a Redis that goes away under them.

use crate::baton::Baton;
use baton_servers::redis::RedisServer;
use http::Method;
use serde_json::json;
use std::time::Duration;

async fn nodes(server: &RedisServer) -> [Baton; 2] {
    // Much longer than usual: on a busy machine, a slow Redis would look like one that is away.
    let redis = format!("[redis]\nurl = \"{}\"\ntimeout = \"10s\"\n", server.url());
    [Baton::with(&redis).await, Baton::with(&redis).await]
}

/// What a node says about Redis.
async fn read_metric(node: &Baton, metric: &str) -> Option<u64> {
    let metrics = node.send(Method::GET, "/metrics", &[], String::new()).await.expect(200).text();
    metrics.lines().find_map(|line| line.strip_prefix(metric)?.trim_start_matches("{}").trim().parse().ok())
}

#[tokio::test]
async fn requests_go_on_without_redis_and_use_it_again_when_it_is_back() {
    let mut server = RedisServer::start(&[]);
    let [node, other] = Box::pin(nodes(&server)).await;
    let asked = || node.chat("gpt", json!({ "temperature": 0 }));
    assert_eq!(asked().await.expect(200).header("x-baton-cache"), Some("miss"));
    assert_eq!(asked().await.expect(200).header("x-baton-cache"), Some("hit"));
    assert_eq!(other.chat("gpt", json!({ "temperature": 0 })).await.expect(200).header("x-baton-cache"), Some("hit"));
    assert_eq!(
        (read_metric(&node, "baton_redis_up").await, read_metric(&node, "baton_redis_errors_total").await),
        (Some(1), Some(0))
    );

    server.stop();
    for _ in 0..20 {
        asked().await.expect(200);
    }
    assert_eq!(read_metric(&node, "baton_redis_up").await, Some(0));
    let errors = read_metric(&node, "baton_redis_errors_total").await;
    assert_eq!(asked().await.expect(200).header("x-baton-cache"), Some("hit"), "memory stands in");
    assert_eq!(read_metric(&node, "baton_redis_errors_total").await, errors, "what is skipped is no error");
    // Redis may still have the replies, and would serve them again when it is back.
    node.send(Method::DELETE, "/api/cache", &[], String::new()).await.expect(503);

    server.restart();
    let back = async {
        while read_metric(&node, "baton_redis_up").await != Some(1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("it comes back by itself");
    assert_eq!(asked().await.expect(200).header("x-baton-cache"), Some("miss"), "it came back empty");
    assert_eq!(asked().await.expect(200).header("x-baton-cache"), Some("hit"));
    node.send(Method::DELETE, "/api/cache", &[], String::new()).await.expect(200);
    assert_eq!(asked().await.expect(200).header("x-baton-cache"), Some("miss"));
}

#[tokio::test]
async fn a_node_without_redis_tells_nothing_of_it() {
    assert_eq!(read_metric(&Baton::start().await, "baton_redis_up").await, None);
}
