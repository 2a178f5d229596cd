//! What nodes agree on: commands, leases.

use crate::changes::ada;
use crate::samples;
use baton_model::{Actor, SystemClock, Timestamp};
use baton_store::{Claim, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(600);
const OVER: Duration = Duration::ZERO;

fn two(store: &Store) -> [Store; 2] {
    ["one", "two"].map(|name| store.clone().for_node(name, Arc::new(SystemClock)))
}

pub async fn run_a_command_once(store: &Store) {
    let [one, two] = two(store);
    assert_eq!(one.commands().claim("c", "model.register", LONG).await.unwrap(), Claim::Run);
    let elsewhere = two.commands().claim("c", "model.register", LONG).await.unwrap();
    assert!(matches!(elsewhere, Claim::Elsewhere { until } if until > Timestamp(0)), "{elsewhere:?}");
    assert!(!two.commands().finish("c", None).await.unwrap());
    assert!(!two.commands().extend("c", LONG).await.unwrap());
    assert!(one.commands().extend("c", LONG).await.unwrap());
    assert!(one.commands().finish("c", Some("{}")).await.unwrap());
    let repeat = Claim::Repeat { reply: Some("{}".into()) };
    assert_eq!(two.commands().claim("c", "model.register", LONG).await.unwrap(), repeat);
    assert_eq!(two.commands().expire(Timestamp(0)).await.unwrap(), 0);
}

pub async fn take_over_a_command(store: &Store) {
    let [one, two] = two(store);
    // A lease that is over at once stands for a node that was too slow.
    assert_eq!(one.commands().claim("c", "model.register", OVER).await.unwrap(), Claim::Run);
    assert_eq!(two.commands().claim("c", "model.register", LONG).await.unwrap(), Claim::Run);
    // The first comes back to life: what it was about to do must not happen beside what the second does.
    let by = Actor { command: Some("c".into()), ..ada() };
    let change = one.change(&by).await.unwrap();
    change.models().insert(&samples::model("a")).await.unwrap();
    let late = change.commit().await.unwrap_err();
    assert!(matches!(late, StoreError::Conflict { .. }), "{late:?}");
    assert_eq!(store.models().list().await.unwrap(), []);
    let change = two.change(&by).await.unwrap();
    change.models().insert(&samples::model("a")).await.unwrap();
    change.commit().await.unwrap();
    // The second dies after its change and before its reply.
    assert!(two.commands().extend("c", OVER).await.unwrap());
    assert_eq!(one.commands().claim("c", "model.register", LONG).await.unwrap(), Claim::Effected);
    assert!(one.commands().finish("c", None).await.unwrap());
    assert_eq!(two.commands().claim("c", "model.register", LONG).await.unwrap(), Claim::Repeat { reply: None });
}

pub async fn give_a_command_back(store: &Store) {
    let [one, two] = two(store);
    assert_eq!(one.commands().claim("c", "chat.execute", LONG).await.unwrap(), Claim::Run);
    two.commands().release("c").await.unwrap();
    assert!(matches!(two.commands().claim("c", "chat.execute", LONG).await.unwrap(), Claim::Elsewhere { .. }));
    one.commands().release("c").await.unwrap();
    assert_eq!(two.commands().claim("c", "chat.execute", LONG).await.unwrap(), Claim::Run);
}

pub async fn hold_a_lease_one_at_a_time(store: &Store) {
    let leases = store.leases();
    assert!(leases.acquire("relay", "one", LONG).await.unwrap());
    assert!(!leases.acquire("relay", "two", LONG).await.unwrap());
    assert!(leases.acquire("discovery", "two", LONG).await.unwrap());
    assert!(leases.acquire("relay", "one", OVER).await.unwrap(), "renewed, and over at once");
    assert!(leases.acquire("relay", "two", LONG).await.unwrap());
    assert!(!leases.acquire("relay", "one", LONG).await.unwrap());
    leases.release("relay", "one").await.unwrap();
    assert!(!leases.acquire("relay", "one", LONG).await.unwrap(), "what another has can't be given back");
    leases.release("relay", "two").await.unwrap();
    assert!(leases.acquire("relay", "one", LONG).await.unwrap());
}

/// Many ask for one command and one lease at the same moment: one gets it.
pub async fn settle_a_race(store: &Store) {
    let names = (0..8).map(|number| format!("node-{number}"));
    let nodes = names.map(|name| store.clone().for_node(&name, Arc::new(SystemClock))).collect::<Vec<_>>();
    let claims = nodes.iter().map(|node| node.commands().claim("c", "model.register", LONG));
    let claims = futures::future::join_all(claims).await;
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Ok(Claim::Run))).count(), 1, "{claims:?}");
    assert_eq!(claims.iter().filter(|claim| matches!(claim, Ok(Claim::Elsewhere { .. }))).count(), 7, "{claims:?}");
    let leases = nodes.iter().map(|node| node.leases().acquire("relay", node.node(), LONG));
    let leases = futures::future::join_all(leases).await;
    assert_eq!(leases.iter().filter(|held| matches!(held, Ok(true))).count(), 1, "{leases:?}");
}
