//! What is changed on one node is in force on all.

use super::cluster::{Cluster, NODES};
use crate::running::KEY;
use serde_json::{Value, json};
use std::time::Duration;

/// Asks until the reply is as wished; the tests' deadline is what the nodes promise, with room for a busy machine.
async fn until(wish: impl AsyncFn() -> bool) -> bool {
    for _ in 0..200 {
        if wish().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// Models, keys and their ends travel; nodes that start at once don't collide; what they share is there once.
#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_are_one_service() {
    let cluster = Cluster::start(Duration::ZERO).await;
    let http = reqwest::Client::new();
    let models = |node: usize| http.get(format!("{}/v1/models", cluster.url(node))).bearer_auth(KEY).send();
    let listed = async |node: usize, id: &str| {
        let list: Value = models(node).await.unwrap().json().await.unwrap();
        list["data"].as_array().unwrap().iter().any(|model| model["id"] == id)
    };
    let body = json!({ "model_id": "shared", "provider": "openai", "upstream": "gpt-4o" });
    let made = http.post(format!("{}/api/models", cluster.url(0))).bearer_auth(KEY).json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201);
    for node in 0..NODES {
        assert!(until(async || listed(node, "shared").await).await, "node {node} does not know the model");
    }
    let gone = http.delete(format!("{}/api/models/shared", cluster.url(1))).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    for node in 0..NODES {
        assert!(until(async || !listed(node, "shared").await).await, "node {node} still has the model");
    }

    let body = json!({ "name": "team", "role": "viewer" });
    let made = http.post(format!("{}/api/keys", cluster.url(2))).bearer_auth(KEY).json(&body).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let status = async |node: usize| {
        let list = http.get(format!("{}/api/models", cluster.url(node))).bearer_auth(key).send().await.unwrap();
        list.status().as_u16()
    };
    for node in 0..NODES {
        assert!(until(async || status(node).await == 200).await, "node {node} does not know the key");
    }
    let gone = http.delete(format!("{}/api/keys/{id}", cluster.url(0))).bearer_auth(KEY).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    for node in 0..NODES {
        assert!(until(async || status(node).await == 401).await, "node {node} still takes the key");
    }

    // Each provider's list was taken over once, by one of them.
    let twice = "SELECT count(*) FROM (SELECT subject FROM events WHERE kind = 'model.registered' GROUP BY subject HAVING count(*) > 1) t";
    assert_eq!(cluster.database.sql(twice), "0");
}
