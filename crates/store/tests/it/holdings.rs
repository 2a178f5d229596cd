//! What callers keep at providers.

use crate::samples::MIDNIGHT;
use baton_model::entity::{Caller, Holding, HoldingKind, KeptResponse, Owner, Role};
use baton_model::{KeyId, ModelId, ProviderId, Timestamp};
use baton_store::holdings::Near;
use baton_store::{Store, StoreError};
use std::sync::Arc;

/// A file, owned by that key and project.
pub fn holding(number: u32, object: &str, key: &str, project: Option<&str>) -> Holding {
    Holding {
        id: format!("id-{number:04}"),
        object: object.into(),
        kind: HoldingKind::File,
        provider: ProviderId::from("openai"),
        owner: Owner { key: Some(KeyId::from(key)), project: project.map(Arc::from), user: None },
        model: Some(ModelId::from("gpt")),
        created_at: Timestamp(MIDNIGHT),
        expires_at: Some(Timestamp(MIDNIGHT + i64::from(number))),
    }
}

fn caller(key: Option<&str>, project: Option<&str>, user: Option<&str>) -> Caller {
    Caller {
        key: key.map(KeyId::from),
        role: Role::Caller,
        project: project.map(Arc::from),
        projects: None,
        user: user.map(Arc::from),
        models: None,
        strict: false,
    }
}

async fn listed(store: &Store, caller: &Caller, near: Near<'_>, limit: u64) -> Vec<String> {
    let listed = store.holdings().list(caller, HoldingKind::File, near, limit).await.unwrap();
    // The list and the rule for one say the same.
    assert!(listed.iter().all(|holding| holding.owner.lets(caller)));
    listed.into_iter().map(|holding| holding.object).collect()
}

pub async fn belong_to_key_and_project(store: &Store) {
    let first = holding(1, "file-1", "k1", Some("p1"));
    let by_token = Owner { user: Some(Arc::from("ada")), ..Owner::default() };
    let theirs = Holding { owner: by_token, ..holding(4, "file-4", "", None) };
    let made = [first.clone(), holding(2, "file-2", "k2", Some("p1")), holding(3, "file-3", "k3", None), theirs];
    for holding in &made {
        store.holdings().insert(holding).await.unwrap();
    }
    assert_eq!(store.holdings().find(HoldingKind::File, "file-1").await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(store.holdings().find(HoldingKind::Batch, "file-1").await.unwrap(), []);

    for (who, sees) in [
        (caller(Some("k1"), None, None), &["file-1"][..]),
        (caller(Some("k1"), Some("p1"), None), &["file-2", "file-1"]),
        (caller(Some("k3"), Some("p2"), Some("ada")), &["file-4", "file-3"]),
        (caller(None, None, Some("eve")), &[]),
        (caller(None, None, None), &[]),
        (Caller { role: Role::Admin, ..caller(None, None, None) }, &["file-4", "file-3", "file-2", "file-1"]),
    ] {
        assert_eq!(listed(store, &who, Near::Newest, 10).await, sees, "{who:?}");
    }

    // Whoever was first keeps it; another provider may use the same name.
    let stolen = Holding { id: "id-0009".into(), ..holding(9, "file-1", "k9", None) };
    assert!(matches!(store.holdings().insert(&stolen).await, Err(StoreError::Conflict { .. })));
    let other = Holding { provider: ProviderId::from("azure"), ..stolen };
    store.holdings().insert(&other).await.unwrap();
    assert_eq!(store.holdings().find(HoldingKind::File, "file-1").await.unwrap(), [other, first]);
}

pub async fn are_listed_in_pages(store: &Store) {
    for number in 1..=5 {
        store.holdings().insert(&holding(number, &format!("f{number}"), "k", None)).await.unwrap();
    }
    let who = caller(Some("k"), None, None);
    assert_eq!(listed(store, &who, Near::Newest, 2).await, ["f5", "f4"]);
    assert_eq!(listed(store, &who, Near::OlderThan("id-0004"), 2).await, ["f3", "f2"]);
    assert_eq!(listed(store, &who, Near::NewerThan("id-0002"), 2).await, ["f4", "f3"]);
    assert_eq!(listed(store, &who, Near::OlderThan("id-0001"), 2).await, [""; 0]);
}

pub async fn go(store: &Store) {
    for number in 1..=3 {
        store.holdings().insert(&holding(number, &format!("f{number}"), "k", None)).await.unwrap();
    }
    store.holdings().delete("id-0003").await.unwrap();
    store.holdings().delete("id-0003").await.unwrap();
    assert_eq!(store.holdings().expire(Timestamp(MIDNIGHT + 2)).await.unwrap(), 1);
    assert_eq!(listed(store, &caller(Some("k"), None, None), Near::Newest, 9).await, ["f2"]);
}

/// A response that goes that many microseconds after midnight.
pub fn response(id: &str, lives: i64) -> KeptResponse {
    KeptResponse {
        id: id.into(),
        owner: Owner { key: Some(KeyId::from("k1")), project: None, user: Some(Arc::from("ada")) },
        model: ModelId::from("claude"),
        input: r#"[{"id":"msg_1","type":"message","role":"user","content":"é"}]"#.into(),
        response: format!(r#"{{"id":"{id}"}}"#),
        created_at: Timestamp(MIDNIGHT),
        expires_at: Timestamp(MIDNIGHT + lives),
    }
}

pub async fn responses_are_kept_for_their_time(store: &Store) {
    let (one, two, three) = (response("resp_1", 1), response("resp_2", 2), response("resp_3", 3));
    for kept in [&one, &two, &three] {
        store.kept_responses().insert(kept).await.unwrap();
    }
    assert!(matches!(store.kept_responses().insert(&one).await, Err(StoreError::Conflict { .. })));
    let now = Timestamp(MIDNIGHT + 2);
    assert_eq!(store.kept_responses().get("resp_1", now).await.unwrap(), None);
    assert_eq!(store.kept_responses().get("resp_2", now).await.unwrap(), Some(two));
    store.kept_responses().delete("resp_3").await.unwrap();
    store.kept_responses().delete("resp_3").await.unwrap();
    assert_eq!(store.kept_responses().get("resp_3", now).await.unwrap(), None);
    assert_eq!(store.kept_responses().expire(now).await.unwrap(), 1);
    assert_eq!(store.kept_responses().get("resp_1", Timestamp(MIDNIGHT)).await.unwrap(), None);
}
