//! A budget on three nodes: together they spend no more than it, and use it up.

use super::cluster::{Balancer, Cluster};
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

/// Limits of every kind, a dearer fallback, streams, and a node that is killed in between: never more than the limit, and nearly all
/// of it.
#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_keep_to_each_kind_of_limit_together() {
    let mut cluster = Cluster::start(Duration::ZERO).await;
    let http = reqwest::Client::new();
    let first = format!("http://{}", cluster.balancer.addresses[0]);
    let post = async |path: &str, body: Value| -> Value {
        let reply = http.post(format!("{first}{path}")).bearer_auth(KEY).json(&body).send().await.unwrap();
        let status = reply.status().as_u16();
        let text = reply.text().await.unwrap();
        assert_eq!(status, 201, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let model = |id: &str, provider: &str, upstream: &str, price: u64, fallbacks: &[&str]| {
        json!({ "model_id": id, "provider": provider, "upstream": upstream, "capabilities": ["CHAT"], "fallbacks": fallbacks,
            "price": { "input": price.to_string(), "output": (2 * price).to_string() } })
    };
    post("/api/models", model("dear", "anthropic", "claude-haiku-4-5", 10, &[])).await;
    // It fails whatever is asked, so that the dearer one is tried.
    post("/api/models", model("shaky", "openai", "fail-500", 1, &["dear"])).await;
    for (measure, limit, asked, killed) in [
        ("requests", json!({ "requests": 100 }), "gpt", false),
        ("tokens", json!({ "tokens": 4_000 }), "gpt", false),
        ("output_tokens", json!({ "output_tokens": 1_500 }), "claude", true),
        ("cost", json!({ "cost": 0.08 }), "shaky", false),
    ] {
        let key = post("/api/keys", json!({ "name": measure, "role": "caller" })).await;
        let (id, secret) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap().to_owned());
        let mut body = json!({ "limit_id": measure, "scope": { "key": id }, "per": "day" });
        body.as_object_mut().unwrap().extend(limit.as_object().unwrap().clone());
        post("/api/limits", body).await;
        // A node that does not know of it yet would let requests through.
        for address in &cluster.balancer.addresses {
            let url = format!("http://{address}/api/limits/{measure}");
            while http.get(&url).bearer_auth(KEY).send().await.unwrap().status().as_u16() != 200 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let before: Vec<usize> = cluster.sims.iter().map(|sim| sim.requests().len()).collect();
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (http, secret, asked, balancer) = (http.clone(), secret.clone(), asked, cluster.balancer.clone());
            clients.spawn(async move { spend_anywhere(&http, &balancer, &secret, asked, client).await });
        }
        if killed {
            let begun = |cluster: &Cluster| {
                cluster.sims.iter().zip(&before).map(|(sim, before)| sim.requests().len() - before).sum::<usize>()
            };
            while begun(&cluster) < 20 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            cluster.kill(2);
        }
        clients.join_all().await;
        // What the providers served of it, in the unit of the limit.
        let new = cluster.sims.iter().zip(&before).flat_map(|(sim, before)| sim.requests().split_off(*before));
        let used: u64 = new
            .map(|request| request.billed)
            .filter(|billed| billed.input + billed.output > 0)
            .map(|billed| match measure {
                "requests" => 1,
                "tokens" => billed.input + billed.output,
                "output_tokens" => billed.output,
                _ => 10_000 * billed.input + 20_000 * billed.output,
            })
            .sum();
        let most = match measure {
            "cost" => 80_000_000,
            _ => limit[measure].as_u64().unwrap(),
        };
        assert!(used <= most, "{measure}: {used} of {most}");
        // What a killed node had under way stays counted: at most a call of each of its clients.
        let least = if killed { 60 } else { 95 };
        assert!(used * 100 >= most * least, "{measure}: only {used} of {most}");
        if killed {
            cluster.restart(2).await;
        }
    }
}

/// An amount as JSON has it.
fn dollars(nanos: u64) -> String {
    let number: Value = serde_json::from_str(&baton_model::Nanos(i64::try_from(nanos).unwrap()).to_string()).unwrap();
    number.to_string()
}

/// The same on whichever node is up.
async fn spend_anywhere(http: &reqwest::Client, balancer: &Balancer, key: &str, model: &str, client: usize) {
    for turn in client.. {
        let Some(node) = balancer.nodes(turn).first().copied() else { continue };
        let body = json!({
            "model_id": model,
            "messages": [{ "role": "user", "content": "12 words" }],
            "max_tokens": 20,
            "stream": turn % 2 == 0,
        });
        let url = format!("http://{}/api/models/chat", balancer.addresses[node]);
        // A node that is killed breaks connections.
        let Ok(reply) = http.post(url).bearer_auth(key).json(&body).send().await else { continue };
        let status = reply.status().as_u16();
        let Ok(text) = reply.text().await else { continue };
        match status {
            200 => {}
            401 | 503 => tokio::time::sleep(Duration::from_millis(20)).await,
            429 => {
                let refusal: Value = serde_json::from_str(&text).unwrap();
                if refusal["error"]["details"]["reserved"].as_f64() == Some(0.0) {
                    return;
                }
                tokio::task::yield_now().await;
            }
            // The first model has failed, and there is no room for the dearer one.
            502 if model == "shaky" => return,
            _ => panic!("{status}: {text}"),
        }
    }
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
                let refusal: Value = serde_json::from_str(&text).unwrap();
                if refusal["error"]["details"]["reserved"].as_f64() == Some(0.0) {
                    return;
                }
                tokio::task::yield_now().await;
            }
            _ => panic!("{status}: {text}"),
        }
    }
}
