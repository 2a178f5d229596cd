//! `kill -9`, again and again under load: the ledger knows every call that a provider billed, once.

use crate::running::{KEY, Running};
use baton_model::record::{Outcome, RequestRecord};
use baton_servers::{postgres, redis};
use baton_sim::{Kind, Sim, SimOptions};
use baton_store::Store;
use baton_store::ledger::RequestFilter;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 8;
/// Calls that reach the provider before the next kill.
const CALLS: usize = 40;
/// How often a process is killed, unless `BATON_TEST_KILLS` says otherwise.
const KILLS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn no_billed_call_is_forgotten_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("baton.db").display());
    killed_again_and_again(folder.path(), &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_billed_call_is_forgotten_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let database = postgres::database();
    killed_again_and_again(folder.path(), &database.url()).await;
}

/// One model of a simulated provider, `gpt`.
pub fn configuration(sim: &Sim) -> String {
    // Without retries, so that a call of the provider is a request of a client.
    format!(
        "[discovery]\nat_start = false\n[providers.openai]\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"sim\"\nretries = 0\n\
         [[models]]\nmodel_id = \"gpt\"\nprovider = \"openai\"\nupstream = \"gpt-4o-mini\"\ncapabilities = [\"CHAT\"]\n",
        sim.base_url()
    )
}

async fn killed_again_and_again(folder: &Path, url: &str) {
    // A few milliseconds for a token, so that calls are under way whenever the process is killed.
    let options = SimOptions { token_delay: Duration::from_millis(2), ..SimOptions::of(Kind::OpenAi) };
    let sim = Sim::start(Kind::OpenAi, options).await.unwrap();
    let configuration = configuration(&sim);
    std::fs::write(folder.join("baton.toml"), configuration).unwrap();
    let variables = [("DATABASE_URL", url), ("BATON_ADMIN_KEY", KEY)];
    let kills = std::env::var_os("BATON_TEST_KILLS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(KILLS);
    let mut finished = BTreeSet::new();
    for round in 0..kills {
        let mut running = Running::start(folder, &["serve"], &variables, "baton is ready");
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(ask_until_it_dies(running.address.clone(), format!("mark-{round}-{client}")));
        }
        let enough = sim.requests().len() + CALLS;
        let until = Instant::now() + Duration::from_secs(60);
        while sim.requests().len() < enough {
            assert!(Instant::now() < until, "{} of {enough} calls in round {round}", sim.requests().len());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        finished.extend(clients.join_all().await.into_iter().flatten());
    }
    // The last process takes up what the others left, and ends in order.
    let mut last = Running::start(folder, &["serve"], &variables, "baton is ready");
    let store = Store::open(url).await.unwrap();
    let billed = billed(&sim);
    let until = Instant::now() + Duration::from_secs(60);
    let rows = loop {
        let rows = rows(&store).await;
        if billed.iter().all(|mark| rows.contains_key(mark)) {
            break rows;
        }
        let missing: Vec<&String> = billed.iter().filter(|mark| !rows.contains_key(*mark)).collect();
        assert!(
            Instant::now() < until,
            "{} of {} billed calls are not in the ledger: {missing:?}",
            missing.len(),
            billed.len()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    last.child.kill().unwrap();
    for (mark, outcomes) in &rows {
        assert_eq!(outcomes.len(), 1, "{mark} is there more than once: {outcomes:?}");
    }
    for mark in &finished {
        assert_eq!(rows[mark], [Outcome::Completed], "{mark} was replied to");
    }
    assert!(rows.values().any(|outcomes| outcomes == &[Outcome::Interrupted]), "no call was under way at a kill");
}

/// Asks until the connection breaks; the marks of the requests that were replied to.
async fn ask_until_it_dies(address: String, mark: String) -> Vec<String> {
    let mut finished = Vec::new();
    ask_and_tell(&address, &mark, |mark| finished.push(mark)).await;
    finished
}

/// The same; each mark is sent on when its reply is complete.
pub async fn ask_and_tell(address: &str, mark: &str, mut tell: impl FnMut(String)) {
    let http = reqwest::Client::new();
    for turn in 0.. {
        // `-end`, so that a mark is never found within a longer one.
        let mark = format!("{mark}-{turn}-end");
        let message = serde_json::json!({ "role": "user", "content": format!("{mark} 12 words") });
        let request = http
            .post(format!("http://{address}/v1/chat/completions"))
            .bearer_auth(KEY)
            .header("x-baton-tags", &mark)
            .json(&serde_json::json!({ "model": "gpt", "messages": [message], "stream": turn % 2 == 0 }));
        let Ok(response) = request.send().await else { break };
        let status = response.status();
        let Ok(text) = response.text().await else { break };
        assert!(status.is_success(), "{status}: {text}");
        // A stream that was cut has no end.
        if turn % 2 == 0 && !text.contains("[DONE]") {
            break;
        }
        tell(mark);
    }
}

/// The marks of the calls that reached the provider.
fn billed(sim: &Sim) -> BTreeSet<String> {
    let mark = |body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        let from = text.find("mark-")?;
        let to = text.get(from..)?.find("-end")?;
        Some(text.get(from..from + to + 4)?.to_owned())
    };
    sim.requests().iter().filter_map(|request| mark(&request.body)).collect()
}

/// The outcomes in the ledger, by mark.
pub async fn rows(store: &Store) -> BTreeMap<String, Vec<Outcome>> {
    let mut rows = BTreeMap::<String, Vec<Outcome>>::new();
    let mut cursor = None;
    loop {
        let page = store.ledger().list(&RequestFilter::default(), cursor.as_ref(), 500).await.unwrap();
        for RequestRecord { attribution, outcome, .. } in &page.items {
            for tag in &attribution.tags {
                rows.entry(tag.clone()).or_default().push(*outcome);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_holds_through_kills_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("baton.db").display());
    a_budget_holds_through_kills(folder.path(), &[("DATABASE_URL", &url)]).await;
}

/// With what several nodes share, so that what a killed node held stands in Redis.
#[tokio::test(flavor = "multi_thread")]
async fn a_budget_holds_through_kills_on_postgresql_and_redis() {
    let folder = tempfile::tempdir().unwrap();
    let (database, redis) = (postgres::database(), redis::RedisServer::start(&[]));
    let (database, redis) = (database.url(), redis.url());
    a_budget_holds_through_kills(folder.path(), &[("DATABASE_URL", &database), ("REDIS_URL", &redis)]).await;
}

/// A budget through kills: it is never exceeded by what the provider billed, it is used up, and nothing stays reserved.
async fn a_budget_holds_through_kills(folder: &Path, variables: &[(&str, &str)]) {
    let options = SimOptions { token_delay: Duration::from_millis(2), ..SimOptions::of(Kind::OpenAi) };
    let sim = Sim::start(Kind::OpenAi, options).await.unwrap();
    let configuration = format!(
        "[discovery]\nat_start = false\n[providers.openai]\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"sim\"\nretries = 0\n\
         [[models]]\nmodel_id = \"gpt\"\nprovider = \"openai\"\nupstream = \"gpt-4o-mini\"\ncapabilities = [\"CHAT\"]\n\
         price = {{ input = \"1\", output = \"2\" }}\n",
        sim.base_url()
    );
    std::fs::write(folder.join("baton.toml"), configuration).unwrap();
    let variables = [variables, &[("BATON_ADMIN_KEY", KEY)]].concat();
    let start = || Running::start(folder, &["serve"], &variables, "baton is ready");
    let mut secret = None;
    let mut killed_under_way = false;
    for _ in 0..4 {
        let mut running = start();
        let secret = secret.get_or_insert_with(|| limited_key(&running)).clone();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (address, secret) = (running.address.clone(), secret.clone());
            clients.spawn(async move { spend(&address, &secret).await });
        }
        let enough = sim.requests().len() + CALLS;
        let until = Instant::now() + Duration::from_secs(60);
        while sim.requests().len() < enough {
            assert!(Instant::now() < until, "too few calls");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        killed_under_way |= clients.join_all().await.contains(&false);
    }
    assert!(killed_under_way);
    // The last process uses up what is left.
    let running = start();
    let secret = secret.unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (address, secret) = (running.address.clone(), secret.clone());
        clients.spawn(async move { spend(&address, &secret).await });
    }
    assert!(clients.join_all().await.into_iter().all(|spent| spent));
    let (_, me) = running.ask("GET", "/api/me", &secret, "");
    let me: serde_json::Value = serde_json::from_str(&me).unwrap();
    let amount = |name: &str| {
        let number = me["policies"][0][name].to_string();
        baton_model::Nanos::parse_scaled(&number, 0).unwrap_or_else(|| panic!("{name}: {me}")).0
    };
    let (spent, most) = (amount("spent"), amount("amount"));
    let billed: u64 = sim.requests().iter().map(|call| call.billed.input * 1_000 + call.billed.output * 2_000).sum();
    assert_eq!(amount("reserved"), 0);
    // What was interrupted counts as it was reserved, so the provider billed no more than is counted.
    assert!(i64::try_from(billed).unwrap() <= spent && spent <= most, "{billed} billed, {spent} of {most} spent");
    assert!(spent * 100 >= most * 95, "only {spent} of {most} were spent");
}

/// A kill while a fallback is tried: the record names the model that failed, and the one that was called after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_a_fallback_is_recorded_under_the_model_that_was_called() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("baton.db").display());
    let sim = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi)).await.unwrap();
    let model = |id: &str, upstream: &str, more: &str| {
        format!(
            "[[models]]\nmodel_id = \"{id}\"\nprovider = \"openai\"\nupstream = \"{upstream}\"\ncapabilities = [\"CHAT\"]\n\
             price = {{ input = \"1\", output = \"2\" }}\n{more}\n"
        )
    };
    let configuration = format!(
        "[discovery]\nat_start = false\n[providers.openai]\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"sim\"\nretries = 0\n{}{}",
        sim.base_url(),
        model("gpt", "fail-500", "fallbacks = [\"second\"]"),
        model("second", "hang", "")
    );
    std::fs::write(folder.path().join("baton.toml"), configuration).unwrap();
    let variables = [("DATABASE_URL", url.as_str()), ("BATON_ADMIN_KEY", KEY)];
    let mut running = Running::start(folder.path(), &["serve"], &variables, "baton is ready");
    // With a budget, so that something is reserved which stands for what the call may have cost.
    let (address, secret) = (running.address.clone(), limited_key(&running));
    let asked = tokio::spawn(async move { spend(&address, &secret).await });
    while sim.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    assert!(!asked.await.unwrap());
    let _last = Running::start(folder.path(), &["serve"], &variables, "baton is ready");
    let store = Store::open(&url).await.unwrap();
    let record = loop {
        let page = store.ledger().list(&RequestFilter::default(), None, 10).await.unwrap();
        if let Some(record) = page.items.into_iter().next() {
            break record;
        }
        tokio::task::yield_now().await;
    };
    let attempts: Vec<_> = record.attempts.iter().map(|attempt| (attempt.model.as_str(), attempt.outcome)).collect();
    assert_eq!(attempts, [("gpt", Outcome::Failed), ("second", Outcome::Interrupted)]);
    assert_eq!((record.served.as_ref().map(|id| id.as_str()), record.outcome), (Some("second"), Outcome::Interrupted));
    assert!(record.attempts[1].cost.known().is_some_and(|cost| cost.0 > 0));
}

/// The secret of a key with a budget of some hundred chats.
fn limited_key(running: &Running) -> String {
    let body = "{\"name\":\"limited\",\"role\":\"caller\",\"budget\":{\"amount\":0.02,\"period\":\"total\"}}";
    let (status, made) = running.ask("POST", "/api/keys", KEY, body);
    assert_eq!(status, 201, "{made}");
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// Asks until the budget is spent, or the connection breaks: `false`.
async fn spend(address: &str, key: &str) -> bool {
    let http = reqwest::Client::new();
    loop {
        let message = serde_json::json!({ "role": "user", "content": "12 words" });
        let body = serde_json::json!({ "model_id": "gpt", "messages": [message], "max_tokens": 20 });
        let sent = http.post(format!("http://{address}/api/models/chat")).bearer_auth(key).json(&body).send().await;
        let Ok(reply) = sent else { return false };
        let status = reply.status().as_u16();
        let Ok(text) = reply.text().await else { return false };
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        match status {
            200 => {}
            402 if told["error"]["details"]["reserved"].as_f64() == Some(0.0) => return true,
            402 => tokio::task::yield_now().await,
            _ => panic!("{status}: {text}"),
        }
    }
}
