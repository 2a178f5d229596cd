//! A soak: mixed traffic, faults and leaving clients, chosen by a seed. Afterwards nothing is held, memory is flat, and the
//! ledger says what the providers billed.
//!
//! `cargo xtask soak --minutes 60` runs it for longer.

use crate::running::{KEY, Running};
use baton_model::Nanos;
use baton_model::record::{Outcome, RequestRecord};
use baton_sim::{BilledTokens, Kind, Sim, SimOptions};
use baton_store::Store;
use baton_store::ledger::RequestFilter;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 12;
/// How long it lasts, unless `BATON_TEST_SOAK_SECONDS` says otherwise.
const SECONDS: u64 = 60;
const SEED: u64 = 1;
/// What a provider plays instead of a reply, by the name of a model that it has.
const FAULTS: [&str; 8] = [
    "fail-429",
    "fail-503",
    "fail-context",
    "truncated",
    "cut-mid-stream",
    "error-mid-stream",
    "hang-mid-stream",
    "slow",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_mixed_traffic_and_faults() {
    let folder = tempfile::tempdir().unwrap();
    let number =
        |name: &str, usual| std::env::var_os(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(usual);
    let (seconds, seed) = (number("BATON_TEST_SOAK_SECONDS", SECONDS), number("BATON_TEST_SOAK_SEED", SEED));
    let mut sims = Vec::new();
    for kind in Kind::ALL {
        let options = SimOptions { token_delay: Duration::from_millis(2), ..SimOptions::of(kind) };
        sims.push(Sim::start(kind, options).await.unwrap());
    }
    std::fs::write(folder.path().join("baton.toml"), configuration(&sims)).unwrap();
    let url = format!("sqlite:{}", folder.path().join("baton.db").display());
    let variables = [("DATABASE_URL", url.as_str()), ("BATON_ADMIN_KEY", KEY)];
    let baton = Running::start(folder.path(), &["serve"], &variables, "baton is ready");

    let until = Instant::now() + Duration::from_secs(seconds);
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(client_until(baton.address.clone(), client, StdRng::seed_from_u64(seed + client as u64), until));
    }
    let mut memory = Vec::new();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(500)).await;
        memory.push(resident(baton.child.id()));
    }
    let finished: Vec<String> = clients.join_all().await.into_iter().flatten().collect();
    assert!(finished.len() as u64 > seconds * 5, "only {} requests were replied to", finished.len());

    // What clients left is cancelled at once, and hanging streams end with their timeout.
    wait_for("requests in flight", || gauge(&baton, "baton_requests_in_flight ") == 0).await;
    assert_eq!(gauge(&baton, "baton_body_bytes_in_flight "), 0);

    // The second quarter against the last: in the first, caches and pools fill.
    let quarter = memory.len() / 4;
    // The median: one large body at the moment of a look is no leak.
    let (early, late) = (median(&memory[quarter..2 * quarter]), median(&memory[3 * quarter..]));
    assert!(late <= early + early / 4 + 16 * 1024, "from {early} KiB to {late} KiB: {memory:?}");

    compare(&Store::open(&url).await.unwrap(), &sims, &finished).await;
}

/// The three vendors with two good models each, and one for each fault.
fn configuration(sims: &[Sim]) -> String {
    let mut file = String::from("[discovery]\nat_start = false\n");
    let model = |id: String, provider: &str, upstream: &str| {
        format!(
            "[[models]]\nmodel_id = \"{id}\"\nprovider = \"{provider}\"\nupstream = \"{upstream}\"\ncapabilities = [\"CHAT\"]\n\
             price = {{ input = \"1\", output = \"2\", cache_read = \"0.5\", cache_write = \"1.25\" }}\n"
        )
    };
    let mut models = String::new();
    for (sim, upstream) in sims.iter().zip(["gpt-4o-mini", "claude-haiku-4-5", "llama3.2:latest"]) {
        let (name, url) = (sim.kind().name(), sim.base_url());
        file.push_str(&format!(
            "[providers.{name}]\nkind = \"{name}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\nretries = 1\n\
             [providers.{name}.timeouts]\nidle = \"2s\"\n"
        ));
        models.push_str(&model(format!("{name}-good"), name, upstream));
        for fault in FAULTS {
            models.push_str(&model(format!("{name}-{fault}"), name, fault));
        }
    }
    file + &models
}

/// One request after another; the marks of those that were replied to in full.
async fn client_until(address: String, client: usize, mut rng: StdRng, until: Instant) -> Vec<String> {
    let http = reqwest::Client::new();
    let mut finished = Vec::new();
    for turn in 0.. {
        if Instant::now() >= until {
            break;
        }
        let mark = format!("mark-{client}-{turn}-end");
        let (path, body) = request(&mut rng, &mark);
        let leaves = rng.random_bool(0.1);
        let asked = http
            .post(format!("http://{address}{path}"))
            .bearer_auth(KEY)
            .header("x-baton-tags", &mark)
            .header("anthropic-version", "2023-06-01")
            .json(&body)
            .send();
        if leaves {
            // A client that gives up, sometimes before the reply begins and sometimes in its middle.
            let _ = tokio::time::timeout(Duration::from_millis(rng.random_range(1..60)), async {
                if let Ok(response) = asked.await {
                    let _ = response.bytes().await;
                }
            })
            .await;
            continue;
        }
        let Ok(response) = asked.await else { continue };
        let good =
            response.status().is_success() && body["model"].as_str().is_some_and(|model| model.ends_with("-good"));
        let Ok(bytes) = response.bytes().await else { continue };
        // A stream says inside itself that it failed, as one does whose provider was not given any time for two seconds.
        let failed = String::from_utf8_lossy(&bytes).contains("\"error\"");
        if good && !failed {
            finished.push(mark);
        }
    }
    finished
}

fn request(rng: &mut StdRng, mark: &str) -> (&'static str, Value) {
    let vendor = ["openai", "anthropic", "ollama"][rng.random_range(0..3)];
    let model = match rng.random_bool(0.7) {
        true => format!("{vendor}-good"),
        false => format!("{vendor}-{}", FAULTS[rng.random_range(0..FAULTS.len())]),
    };
    let stream = rng.random_bool(0.5);
    let words = rng.random_range(3..40);
    let messages = json!([{ "role": "user", "content": format!("{mark} {words} words") }]);
    match rng.random_range(0..4) {
        0 => ("/v1/messages", json!({ "model": model, "messages": messages, "stream": stream, "max_tokens": 500 })),
        1 => ("/api/chat", json!({ "model": model, "messages": messages, "stream": stream })),
        _ => ("/v1/chat/completions", json!({ "model": model, "messages": messages, "stream": stream })),
    }
}

/// Every request that a provider saw is in the ledger, once; and what was completed costs what was billed.
async fn compare(store: &Store, sims: &[Sim], finished: &[String]) {
    let mut billed = BTreeMap::<String, Vec<BilledTokens>>::new();
    for seen in sims.iter().flat_map(Sim::requests) {
        let text = String::from_utf8_lossy(&seen.body).into_owned();
        let Some(from) = text.find("mark-") else { continue };
        let Some(to) = text[from..].find("-end") else { continue };
        billed.entry(text[from..from + to + 4].to_owned()).or_default().push(seen.billed);
    }
    let until = Instant::now() + Duration::from_secs(60);
    let rows = loop {
        let rows = rows(store).await;
        if billed.keys().all(|mark| rows.contains_key(mark)) {
            break rows;
        }
        assert!(Instant::now() < until, "the ledger does not know every call");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for (mark, records) in &rows {
        assert_eq!(records.len(), 1, "{mark} is there more than once");
        let calls = billed.get(mark).map_or(0, Vec::len);
        let recorded = records[0].attempts.len();
        // A client may leave after an attempt was recorded and before it was sent.
        assert!(calls <= recorded, "{mark}: {calls} calls, {recorded} attempts");
    }
    for mark in finished {
        let record = &rows[mark][0];
        assert_eq!(record.outcome, Outcome::Completed, "{mark}");
        let cost: u64 = billed[mark].iter().map(cost).sum();
        assert_eq!(record.cost().known(), Some(Nanos(i64::try_from(cost).unwrap())), "{mark}: {record:?}");
    }
}

/// In nano-dollars, by the prices of the configuration.
fn cost(billed: &BilledTokens) -> u64 {
    billed.input * 1000 + billed.output * 2000 + billed.cache_read * 500 + billed.cache_write * 1250
}

async fn rows(store: &Store) -> BTreeMap<String, Vec<RequestRecord>> {
    let mut rows = BTreeMap::<String, Vec<RequestRecord>>::new();
    let mut cursor = None;
    loop {
        let page = store.ledger().list(&RequestFilter::default(), cursor.as_ref(), 500).await.unwrap();
        for record in page.items {
            for tag in &record.attribution.tags {
                rows.entry(tag.clone()).or_default().push(record.clone());
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

fn gauge(baton: &Running, name: &str) -> i64 {
    let (_, metrics) = baton.ask("GET", "/metrics", KEY, "");
    metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
}

async fn wait_for(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < until, "{what}: not after 30 seconds");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Resident memory in KiB.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}
