//! What several nodes see at the same moment is told once.

use crate::bench::{Bench, chat, model, of_key, usage};
use baton_control::policies::write_policy_events;
use baton_control::{write_provider_events, write_unpriced_events};
use baton_engine::{EngineSettings, PolicySet};
use baton_model::entity::{LimitWindow, PolicyMode, RateLimit};
use baton_model::fault::ErrorKind;
use baton_model::{Clock, Dialect, EventKind, Model, SystemClock};
use baton_provider_api::fake::{FakeProvider, FakeReply};
use baton_store::{Store, StoredEvent};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Three nodes over one database, each with its writers.
struct Nodes {
    benches: Vec<Bench>,
    store: Store,
    _writers: JoinSet<()>,
}

impl Nodes {
    async fn over(url: &str, models: &[Model]) -> Self {
        let store = Store::open(url).await.unwrap();
        store.migrate().await.unwrap();
        let (mut benches, mut writers) = (Vec::new(), JoinSet::new());
        for name in ["one", "two", "three"] {
            let fake = Arc::new(FakeProvider::new("lab", Dialect::OpenAi).always(FakeReply::text(&["hi"], usage())));
            let own = Store::open(url).await.unwrap().for_node(name, Arc::new(SystemClock) as Arc<dyn Clock>);
            let folder = tempfile::tempdir().unwrap();
            let bench = Bench::over(models.to_vec(), vec![fake], EngineSettings::default(), folder, own);
            writers.spawn(write_policy_events(bench.engine.clone(), bench.store.clone()));
            writers.spawn(write_unpriced_events(bench.engine.clone(), bench.store.clone()));
            writers.spawn(write_provider_events(bench.engine.clone(), bench.store.clone()));
            benches.push(bench);
        }
        Self { benches, store, _writers: writers }
    }

    /// The events of these kinds, once there are that many and no more come.
    async fn settled(&self, kinds: &[EventKind], count: usize) -> Vec<StoredEvent> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.events(kinds).await.len() < count {
            assert!(Instant::now() < deadline, "{:?}", self.events(kinds).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // The writers look five times a second: a second one of them would have written by now.
        tokio::time::sleep(Duration::from_millis(700)).await;
        let events = self.events(kinds).await;
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    async fn events(&self, kinds: &[EventKind]) -> Vec<StoredEvent> {
        let mut events = self.store.events().list_unplaced(1_000).await.unwrap();
        events.retain(|event| kinds.contains(&event.kind));
        events
    }
}

fn data(event: &StoredEvent) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

async fn limits_are_told_once(url: &str) {
    let nodes = Nodes::over(url, &[model("a", "lab")]).await;
    let limit = |id: &str, mode| RateLimit {
        requests: Some(1),
        per: Some(LimitWindow::Day),
        mode,
        scope: serde_json::from_value(json!({ "key": "*" })).unwrap(),
        ..RateLimit::new(id)
    };
    for bench in &nodes.benches {
        bench.engine.policies().replace(PolicySet::new([], [limit("soft", PolicyMode::Soft)]));
    }
    let ask = async |key: &str| {
        for bench in &nodes.benches {
            for _ in 0..3 {
                drop(bench.ask(of_key(chat("a"), key)).await);
            }
        }
    };
    ask("key_1").await;
    let kinds = [EventKind::LimitExceeded];
    let soft = nodes.settled(&kinds, 1).await;
    assert_eq!(soft[0].subject, "soft");
    let told = data(&soft[0]);
    let told = [&told["limit_id"], &told["mode"], &told["measure"], &told["amount"], &told["per"], &told["values"]];
    let values = json!({ "key": "key_1" });
    assert_eq!(told, [&json!("soft"), &json!("soft"), &json!("requests"), &json!(1), &json!("day"), &values]);
    for bench in &nodes.benches {
        bench.engine.policies().replace(PolicySet::new([], [limit("hard", PolicyMode::Hard)]));
    }
    // Each value has a counter of its own, and each counter an event.
    ask("key_1").await;
    ask("key_2").await;
    let events = nodes.settled(&kinds, 3).await;
    let mut keys: Vec<Value> = events.iter().skip(1).map(|event| data(event)["values"]["key"].clone()).collect();
    keys.sort_by_key(ToString::to_string);
    assert_eq!(keys, ["key_1", "key_2"]);
}

async fn unpriced_use_is_told_once(url: &str) {
    let nodes = Nodes::over(url, &[model("priced", "lab"), Model { price: None, ..model("free", "lab") }]).await;
    for bench in &nodes.benches {
        for _ in 0..2 {
            bench.ask(chat("priced")).await.unwrap();
            bench.ask(chat("free")).await.unwrap();
        }
    }
    let events = nodes.settled(&[EventKind::UsageUnpriced], 1).await;
    assert_eq!(events[0].subject, "free");
    let told = data(&events[0]);
    assert_eq!((&told["model_id"], &told["provider"]), (&json!("free"), &json!("lab")));
    assert!(!told["reason"].as_str().unwrap().is_empty(), "{told}");
}

async fn outages_are_told_once_until_they_end(url: &str) {
    let (one, two) = (model("a", "lab"), model("b", "lab"));
    let mut nodes = Nodes::over(url, &[one.clone(), two.clone()]).await;
    let kinds = [EventKind::ProviderUnavailable, EventKind::ProviderRecovered];
    let fail = |nodes: &Nodes, model: &Model, kind| {
        for bench in &nodes.benches {
            for _ in 0..5 {
                bench.engine.health().record_failure(model, kind, "no");
            }
        }
    };
    let succeed = |nodes: &Nodes, model: &Model| {
        nodes.benches.iter().for_each(|bench| bench.engine.health().record_success(model));
    };
    succeed(&nodes, &two);
    // Another model of the provider replies.
    fail(&nodes, &one, ErrorKind::Overloaded);
    nodes.settled(&kinds, 0).await;
    fail(&nodes, &two, ErrorKind::Timeout);
    let events = nodes.settled(&kinds, 1).await;
    assert_eq!((events[0].kind, events[0].subject.as_str()), (EventKind::ProviderUnavailable, "lab"));
    let told = data(&events[0]);
    assert_eq!((&told["reason"], &told["models"]), (&json!("circuits_open"), &json!(["a", "b"])));
    assert_eq!(told["last_error"]["kind"], "timeout");
    succeed(&nodes, &one);
    let events = nodes.settled(&kinds, 2).await;
    assert_eq!(events[1].kind, EventKind::ProviderRecovered);
    // The next outage is another: here the provider takes the key no more, and one refusal says so.
    fail(&nodes, &two, ErrorKind::Authentication);
    fail(&nodes, &one, ErrorKind::Authentication);
    let events = nodes.settled(&kinds, 3).await;
    assert_eq!((events[2].kind, &data(&events[2])["reason"]), (EventKind::ProviderUnavailable, &json!("key_refused")));
    // All nodes are restarted: the first reply tells of the end.
    drop(nodes);
    nodes = Nodes::over(url, &[one.clone(), two]).await;
    succeed(&nodes, &one);
    let events = nodes.settled(&kinds, 4).await;
    assert_eq!(events[3].kind, EventKind::ProviderRecovered);
}

/// A test of each function over each database that nodes can share.
macro_rules! over_databases {
    ($($function:ident;)+) => {$(
        mod $function {
            #[tokio::test]
            async fn over_a_file() {
                let folder = tempfile::tempdir().unwrap();
                super::$function(&format!("sqlite:{}/baton.db", folder.path().display())).await;
            }

            #[tokio::test]
            async fn over_postgres() {
                let database = baton_servers::postgres::database();
                super::$function(&database.url()).await;
            }
        }
    )+};
}

over_databases! {
    limits_are_told_once;
    unpriced_use_is_told_once;
    outages_are_told_once_until_they_end;
}
