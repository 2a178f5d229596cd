//! `kill -9`, again and again under load: the ledger knows every call that a provider billed, once.

use crate::running::{KEY, Running};
use baton_model::record::{Outcome, RequestRecord};
use baton_servers::postgres;
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

async fn killed_again_and_again(folder: &Path, url: &str) {
    // A few milliseconds for a token, so that calls are under way whenever the process is killed.
    let options = SimOptions { token_delay: Duration::from_millis(2), ..SimOptions::of(Kind::OpenAi) };
    let sim = Sim::start(Kind::OpenAi, options).await.unwrap();
    // Without retries, so that a call of the provider is a request of a client.
    let configuration = format!(
        "[discovery]\nat_start = false\n[providers.openai]\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"sim\"\nretries = 0\n\
         [[models]]\nmodel_id = \"gpt\"\nprovider = \"openai\"\nupstream = \"gpt-4o-mini\"\ncapabilities = [\"CHAT\"]\n",
        sim.base_url()
    );
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
    let http = reqwest::Client::new();
    let mut finished = Vec::new();
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
        finished.push(mark);
    }
    finished
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
async fn rows(store: &Store) -> BTreeMap<String, Vec<Outcome>> {
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
