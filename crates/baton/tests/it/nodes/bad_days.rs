//! A minute of load on three nodes while they are killed, and the database and Redis go away: nothing is lost, nothing
//! is there twice, and every cost is what the provider billed.

use super::clients::{ClientView, RequestEnd, client};
use super::cluster::Cluster;
use crate::running::KEY;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use baton_bus::{Bus, BusEvent, BusSettings, Nats};
use baton_model::chat::Json;
use baton_sim::BilledTokens;
use futures::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 10;
/// How long a simulated provider takes for a token, so that requests are under way whenever a node is killed.
const PACE: Duration = Duration::from_millis(5);
const LOAD: Duration = Duration::from_secs(60);
const REPLIES: &str = "bad-days-replies";

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_bad_days_loses_nothing() {
    let mut cluster = Cluster::start(PACE).await;
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(number, cluster.balancer.clone(), begun + LOAD));
    }
    let bus = Nats::open(&cluster.nats.url(), BusSettings::default()).await.unwrap();
    let mut replies = bus.replies(REPLIES).await.unwrap();
    let reply_kinds = Arc::new(Mutex::new(RepliesByCommand::new()));
    let listened_kinds = Arc::clone(&reply_kinds);
    tokio::spawn(async move {
        while let Some(reply) = replies.next().await {
            let id = reply.text("commandid").unwrap_or_default().to_owned();
            listened_kinds.lock().unwrap().entry(id).or_default().push(reply.kind);
        }
    });
    let commands = tokio::spawn(send_commands(bus, begun + LOAD));

    misfortunes(&mut cluster, begun).await;

    let saw: Vec<ClientView> = clients.join_all().await.into_iter().flatten().collect();
    let sent = commands.await.unwrap();
    let mut ledger = Ledger::default();
    let finished: Vec<&str> =
        saw.iter().filter(|saw| matches!(saw.end, RequestEnd::Finished)).map(|saw| saw.mark.as_str()).collect();
    settle(&cluster, &mut ledger, &finished, &sent, &reply_kinds).await;
    let reply_kinds = reply_kinds.lock().unwrap().clone();

    // Clients: only requests under way on a killed node failed.
    let failed: Vec<&ClientView> = saw.iter().filter(|saw| matches!(saw.end, RequestEnd::Failed(_))).collect();
    assert!(failed.is_empty(), "{} of {} failed: {:?}", failed.len(), saw.len(), failed.first());
    assert!(
        saw.iter().any(|saw| matches!(saw.end, RequestEnd::Killed)),
        "no request was under way when a node was killed"
    );

    // The ledger: each finished request once, with what was billed; each that reached a provider once.
    let billed = billed(&cluster);
    for mark in &finished {
        let rows = ledger.rows.get(*mark).map_or(&[][..], Vec::as_slice);
        assert_eq!(rows.len(), 1, "{mark}: {rows:?}");
        assert_eq!(
            (rows[0].outcome.as_str(), rows[0].cost),
            ("completed", Some(cost(&billed[*mark][0]))),
            "{mark}: {rows:?}"
        );
    }
    for (mark, calls) in billed.iter().filter(|(mark, _)| mark.starts_with("mark-")) {
        assert_eq!(calls.len(), 1, "{mark} was asked more than once");
        let rows = ledger.rows.get(mark).map_or(&[][..], Vec::as_slice);
        assert_eq!(rows.len(), 1, "{mark} reached a provider: {rows:?}");
        let outcome = rows[0].outcome.as_str();
        assert!(["completed", "interrupted", "cancelled"].contains(&outcome), "{mark}: {rows:?}");
    }
    assert!(ledger.rows.values().flatten().any(|row| row.outcome == "interrupted"));
    let twice = "SELECT count(*) FROM (SELECT id FROM requests GROUP BY id HAVING count(*) > 1) t";
    assert_eq!(cluster.database.sql(twice), "0");

    // Commands: each change was made once, each chat completed, and each sender has its reply.
    for (id, kind) in &sent {
        let kinds: BTreeSet<&str> = reply_kinds.get(id).into_iter().flatten().map(String::as_str).collect();
        assert_eq!(kinds, BTreeSet::from([format!("{kind}.result").as_str()]), "{id}");
        if kind == "chat.execute" {
            // A node that is killed after the provider's reply and before its own leaves a call that no one knows the
            // result of: it is made again, and both are in the ledger (decision 6).
            let rows = ledger.rows.get(&format!("command:{id}")).map_or(&[][..], Vec::as_slice);
            let completed = rows.iter().filter(|row| row.outcome == "completed").count();
            let calls = billed[&format!("command-{}-end", &id[1..])].len();
            assert!(1 <= completed && completed <= calls && calls <= rows.len(), "{id}: {calls} calls, {rows:?}");
        } else {
            let noted = format!("SELECT count(*) FROM audit WHERE command_id = '{id}'");
            assert_eq!(cluster.database.sql(&noted), "1", "{id}");
        }
    }

    // Events: each record has its event, and each event went to the bus.
    let published = published(&cluster).await;
    let requests = cluster.database.sql("SELECT id FROM requests");
    let missing: Vec<&str> = requests.lines().filter(|id| !published.contains(*id)).collect();
    assert!(missing.is_empty(), "{} events are missing: {:?}", missing.len(), missing.first());
}

/// What happens to the nodes and to what is behind them, by the clock of the test.
async fn misfortunes(cluster: &mut Cluster, begun: Instant) {
    let at = |seconds: u64| tokio::time::sleep_until((begun + Duration::from_secs(seconds)).into());
    at(6).await;
    cluster.kill(0);
    at(9).await;
    cluster.restart(0).await;
    at(16).await;
    cluster.postgres.stop();
    at(26).await;
    cluster.postgres.restart();
    at(32).await;
    cluster.redis.stop();
    at(34).await;
    cluster.redis.restart();
    at(40).await;
    cluster.kill(1);
    at(42).await;
    cluster.restart(1).await;
    at(48).await;
    cluster.kill(2);
    cluster.kill(0);
    at(50).await;
    cluster.restart(2).await;
    cluster.restart(0).await;
}

/// Sends commands until `until`; what was sent: id and type.
async fn send_commands(bus: Nats, until: Instant) -> Vec<(String, String)> {
    let mut sent = Vec::new();
    for number in 0.. {
        if Instant::now() >= until {
            break;
        }
        let (kind, data) = if number % 8 == 0 {
            (
                "model.register",
                serde_json::json!({ "model_id": format!("made-{number}"), "provider": "openai", "upstream": "gpt-4o" }),
            )
        } else {
            let message = serde_json::json!({ "role": "user", "content": format!("command-{number}-end 12 words") });
            ("chat.execute", serde_json::json!({ "model": "gpt", "messages": [message] }))
        };
        let mut command = BusEvent::new(format!("c{number}"), "/tests", kind)
            .with_attribute("apikey", KEY)
            .with_attribute("replyto", REPLIES);
        command.data = Some(Json(data.to_string()));
        bus.send(&command).await.unwrap();
        // Some are sent twice: a sender that was not sure.
        if number % 10 == 0 {
            bus.send(&command).await.unwrap();
        }
        sent.push((command.id, kind.to_owned()));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    sent
}

/// The ledger, by tag.
#[derive(Debug, Default)]
struct Ledger {
    rows: BTreeMap<String, Vec<Row>>,
}

#[derive(Debug)]
struct Row {
    outcome: String,
    cost: Option<i64>,
}

/// The kinds of the replies to each command.
type RepliesByCommand = BTreeMap<String, Vec<String>>;

/// Waits until the journals are empty and the commands are done and have replies, and reads the ledger.
async fn settle(
    cluster: &Cluster,
    ledger: &mut Ledger,
    finished: &[&str],
    sent: &[(String, String)],
    reply_kinds: &Mutex<RepliesByCommand>,
) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        *ledger = read(cluster);
        let open = cluster.database.sql("SELECT count(*) FROM commands WHERE NOT done").parse::<usize>().unwrap();
        let known = cluster.database.sql("SELECT count(*) FROM commands").parse::<usize>().unwrap();
        let unplaced = cluster.database.sql("SELECT count(*) FROM events WHERE position IS NULL");
        let missing = finished.iter().filter(|mark| !ledger.rows.contains_key(**mark)).count();
        // A node that is killed when a command is done, before it has replied, leaves the reply to another one.
        let unreplied = sent.iter().filter(|(id, _)| !reply_kinds.lock().unwrap().contains_key(id)).count();
        if missing == 0 && open == 0 && known == sent.len() && unreplied == 0 && unplaced == "0" {
            break;
        }
        assert!(
            Instant::now() < until,
            "{missing} records are missing, {open} commands of {known} are open, {unreplied} have no reply, {} were sent, \
             {unplaced} events wait\n{}",
            sent.len(),
            cluster.warnings()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    *ledger = read(cluster);
}

fn read(cluster: &Cluster) -> Ledger {
    let mut ledger = Ledger::default();
    let rows = cluster.database.sql("SELECT tags, outcome, coalesce(cost::text, '') FROM requests");
    for line in rows.lines() {
        let [tags, outcome, cost] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let tags: Vec<String> = serde_json::from_str(tags).unwrap();
        for tag in tags {
            ledger.rows.entry(tag).or_default().push(Row { outcome: outcome.to_owned(), cost: cost.parse().ok() });
        }
    }
    ledger
}

/// What the providers billed for each call, by the mark in the prompt.
fn billed(cluster: &Cluster) -> BTreeMap<String, Vec<BilledTokens>> {
    let mut billed = BTreeMap::<String, Vec<BilledTokens>>::new();
    for seen in cluster.sims.iter().flat_map(baton_sim::Sim::requests) {
        let text = String::from_utf8_lossy(&seen.body).into_owned();
        let mark = ["mark-", "command-"].iter().find_map(|begin| {
            let from = text.find(begin)?;
            let to = text[from..].find("-end")?;
            Some(text[from..from + to + 4].to_owned())
        });
        if let Some(mark) = mark {
            billed.entry(mark).or_default().push(seen.billed);
        }
    }
    billed
}

/// In nano-dollars, by the prices of the configuration.
fn cost(billed: &BilledTokens) -> i64 {
    let nanos = billed.input * 1000 + billed.output * 2000 + billed.cache_read * 500 + billed.cache_write * 1250;
    i64::try_from(nanos).unwrap()
}

/// The ids of all events that the bus has.
async fn published(cluster: &Cluster) -> BTreeSet<String> {
    let client = async_nats::connect(cluster.nats.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let mut stream = context.get_stream("BATON_EVENTS").await.unwrap();
    let total = stream.info().await.unwrap().state.messages;
    // Reads everything again: whoever acknowledged before is no matter.
    let unacknowledged = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
    let consumer = stream.create_consumer(unacknowledged).await.unwrap();
    let messages = consumer.messages().await.unwrap().take(usize::try_from(total).unwrap());
    messages.map(|message| BusEvent::read(&message.unwrap().payload).unwrap().id).collect().await
}
