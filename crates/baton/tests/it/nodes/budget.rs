//! A budget on three nodes: together they spend no more than it, and use it up.

use super::cluster::Cluster;
use crate::running::KEY;
use baton_sim::Sim;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

const CLIENTS: usize = 64;
/// What the budget is worth: about a hundred chats of at most 40 tokens read and 20 produced.
const BUDGET: &str = "0.008";

/// What the providers have billed, in nano-dollars by the prices of the cluster.
fn billed(sims: &[Sim]) -> u64 {
    let requests = sims.iter().flat_map(Sim::requests);
    requests.map(|request| request.billed.input * 1_000 + request.billed.output * 2_000).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_spend_no_more_than_a_budget_together() {
    let cluster = Cluster::start(Duration::ZERO).await;
    let http = reqwest::Client::new();
    let budget: Value = serde_json::from_str(&format!("{{\"amount\":{BUDGET},\"period\":\"total\"}}")).unwrap();
    let made = http
        .post(format!("http://{}/api/keys", cluster.balancer.addresses[0]))
        .bearer_auth(KEY)
        .json(&json!({ "name": "shared", "role": "caller", "budget": budget }))
        .send()
        .await
        .unwrap();
    let made: Value = made.json().await.unwrap();
    let (id, secret) = (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned());
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (address, secret, http) = (cluster.balancer.addresses[client % 3].clone(), secret.clone(), http.clone());
        clients.spawn(async move { spend(&http, &address, &secret, client % 2 == 0).await });
    }
    clients.join_all().await;
    let most = 8_000_000;
    let billed = billed(&cluster.sims);
    assert!(billed <= most, "{billed} of {most} were spent");
    assert!(billed * 100 >= most * 95, "only {billed} of {most} were spent");
    // Every node says the same, which is what the ledger says.
    for address in &cluster.balancer.addresses {
        let reply = http.get(format!("http://{address}/api/me")).bearer_auth(&secret).send().await.unwrap();
        let me: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        let policy = &me["policies"][0];
        assert_eq!(policy["policy"], format!("key:{id}:budget"));
        assert_eq!((policy["spent"].to_string(), &policy["reserved"]), (dollars(billed), &json!(0)), "{me}");
    }
}

/// An amount as JSON has it.
fn dollars(nanos: u64) -> String {
    let number: Value = serde_json::from_str(&baton_model::Nanos(i64::try_from(nanos).unwrap()).to_string()).unwrap();
    number.to_string()
}

/// Asks until there is no room, and nothing under way that may give some back.
async fn spend(http: &reqwest::Client, address: &str, key: &str, stream: bool) {
    loop {
        let body = json!({
            "model_id": "gpt",
            "messages": [{ "role": "user", "content": "12 words" }],
            "max_tokens": 20,
            "stream": stream,
        });
        let sent = http.post(format!("http://{address}/api/models/chat")).bearer_auth(key).json(&body).send().await;
        let reply = sent.unwrap();
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        match status {
            200 => {}
            // Another node may not know the key yet, and a Redis that is too slow for its timeout closes the budget for a moment.
            401 | 503 => tokio::time::sleep(Duration::from_millis(20)).await,
            402 => {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["error"]["details"]["reserved"].as_f64() == Some(0.0) {
                    return;
                }
                tokio::task::yield_now().await;
            }
            _ => panic!("{status}: {text}"),
        }
    }
}
