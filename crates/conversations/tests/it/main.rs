//! Responses over a real database: what is deleted stays deleted, and how much a key keeps.
#![expect(clippy::unwrap_used, reason = "tests")]

use baton_conversations::{Conversations, StoredAmount, StoredResponseBounds};
use baton_model::entity::{Owner, Role};
use baton_model::{Caller, Clock, ModelId, Timestamp};
use baton_store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock on which each response is younger than the one before.
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

async fn conversations(quota: StoredAmount) -> (Store, Conversations) {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    let bounds = StoredResponseBounds { max_bytes: 1_000, quota, ..StoredResponseBounds::default() };
    (store.clone(), Conversations::new(store, Arc::new(Ticks(AtomicI64::new(1))), bounds))
}

fn caller(key: &str) -> Caller {
    Caller { key: Some(key.into()), ..Caller::new(Role::Caller) }
}

fn model() -> ModelId {
    ModelId::from("claude")
}

async fn store(conversations: &Conversations, caller: &Caller, id: &str, bytes: usize) {
    conversations.store(caller, &model(), id.into(), "[]".into(), "x".repeat(bytes)).await.unwrap();
}

/// Which of these ids are there.
async fn there(conversations: &Conversations, caller: &Caller, ids: &[&str]) -> String {
    let mut found = String::new();
    for id in ids {
        found.extend(conversations.find(caller, id).await.unwrap().map(|stored| stored.id));
    }
    found
}

/// On one thread the write begins when the deletion waits for the database for the first time.
#[tokio::test]
async fn what_is_deleted_before_it_is_written_stays_deleted() {
    let (_store, conversations) = conversations(StoredResponseBounds::default().quota).await;
    let ada = caller("ada");
    for id in ["a", "b"] {
        conversations.store_in_background(&ada, &model(), id.into(), "[]".into(), "{}".into());
    }
    assert_eq!(there(&conversations, &ada, &["a"]).await, "a", "it is there before it is written");
    conversations.delete("a").await.unwrap();
    assert_eq!(there(&conversations, &ada, &["a"]).await, "");
    conversations.close().await;
    // `a` was written after its deletion, and must not come back by that.
    assert_eq!(there(&conversations, &ada, &["a", "b"]).await, "b");
}

#[tokio::test]
async fn a_deletion_that_comes_first_leaves_nothing_to_write() {
    let (_store, conversations) = conversations(StoredResponseBounds::default().quota).await;
    let ada = caller("ada");
    conversations.store_in_background(&ada, &model(), "a".into(), "[]".into(), "{}".into());
    conversations.delete("a").await.unwrap();
    conversations.close().await;
    assert_eq!(there(&conversations, &ada, &["a"]).await, "");
}

#[tokio::test]
async fn the_oldest_go_beyond_a_number() {
    let (kept, conversations) = conversations(StoredAmount { number: 2, bytes: 1 << 20 }).await;
    let (ada, eve) = (caller("ada"), caller("eve"));
    store(&conversations, &eve, "e", 1).await;
    for id in ["a", "b", "c"] {
        store(&conversations, &ada, id, 1).await;
    }
    // Both ways of storing keep to the quota.
    conversations.store_in_background(&ada, &model(), "d".into(), "[]".into(), "{}".into());
    conversations.close().await;
    assert_eq!(there(&conversations, &ada, &["a", "b", "c", "d"]).await, "cd");
    assert_eq!(there(&conversations, &eve, &["e"]).await, "e", "another key's are not touched");
    assert_eq!(
        kept.stored_responses().amount_of(&Owner::of(&ada)).await.unwrap(),
        StoredAmount { number: 2, bytes: 3 + 4 }
    );
}

#[tokio::test]
async fn the_oldest_go_beyond_so_many_bytes() {
    let (_store, conversations) = conversations(StoredAmount { number: 100, bytes: 1_000 }).await;
    let ada = caller("ada");
    for id in ["a", "b", "c"] {
        store(&conversations, &ada, id, 400).await;
    }
    assert_eq!(there(&conversations, &ada, &["a", "b", "c"]).await, "bc");
    let long = conversations.store(&ada, &model(), "d".into(), "[]".into(), "x".repeat(1_001)).await;
    assert_eq!(long.unwrap_err().code.status(), 413);
}
