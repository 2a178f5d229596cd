//! What callers keep at providers.

use crate::samples::MIDNIGHT;
use baton_model::entity::{Caller, Owner, ProviderObject, ProviderObjectKind, Role, StoredResponse};
use baton_model::{KeyId, ModelId, ProviderId, Timestamp};
use baton_store::provider_objects::Near;
use baton_store::{Store, StoreError};
use std::sync::Arc;

/// A file, owned by that key and project.
pub fn entry(number: u32, object: &str, key: &str, project: Option<&str>) -> ProviderObject {
    ProviderObject {
        id: format!("id-{number:04}"),
        object: object.into(),
        kind: ProviderObjectKind::File,
        provider: ProviderId::from("openai"),
        owner: Owner { key: Some(KeyId::from(key)), project: project.map(Arc::from), user: None },
        model: Some(ModelId::from("gpt")),
        made_by: number.is_multiple_of(2).then(|| "batch_1".into()),
        created_at: Timestamp(MIDNIGHT),
        expires_at: Some(Timestamp(MIDNIGHT + i64::from(number))),
    }
}

fn caller(key: Option<&str>, project: Option<&str>, user: Option<&str>) -> Caller {
    Caller {
        key: key.map(KeyId::from),
        project: project.map(Arc::from),
        user: user.map(Arc::from),
        ..Caller::new(Role::Caller)
    }
}

async fn list_ids(store: &Store, caller: &Caller, near: Near<'_>, limit: u64) -> Vec<String> {
    let listed = store.provider_objects().list(caller, ProviderObjectKind::File, near, limit).await.unwrap();
    // The list and the rule for one say the same.
    assert!(listed.iter().all(|entry| entry.owner.allows(caller)));
    listed.into_iter().map(|entry| entry.object).collect()
}

pub async fn belong_to_key_and_project(store: &Store) {
    let first = entry(1, "file-1", "k1", Some("p1"));
    let by_token = Owner { user: Some(Arc::from("ada")), ..Owner::default() };
    let theirs = ProviderObject { owner: by_token, ..entry(4, "file-4", "", None) };
    let made = [first.clone(), entry(2, "file-2", "k2", Some("p1")), entry(3, "file-3", "k3", None), theirs];
    for entry in &made {
        store.provider_objects().insert(entry).await.unwrap();
    }
    assert_eq!(
        store.provider_objects().find(ProviderObjectKind::File, "file-1").await.unwrap(),
        std::slice::from_ref(&first)
    );
    assert_eq!(store.provider_objects().find(ProviderObjectKind::Batch, "file-1").await.unwrap(), []);

    for (who, sees) in [
        (caller(Some("k1"), None, None), &["file-1"][..]),
        (caller(Some("k1"), Some("p1"), None), &["file-2", "file-1"]),
        (caller(Some("k3"), Some("p2"), Some("ada")), &["file-4", "file-3"]),
        (caller(None, None, Some("eve")), &[]),
        (caller(None, None, None), &[]),
        (Caller { role: Role::Admin, ..caller(None, None, None) }, &["file-4", "file-3", "file-2", "file-1"]),
    ] {
        assert_eq!(list_ids(store, &who, Near::Newest, 10).await, sees, "{who:?}");
    }

    // Whoever was first keeps it; another provider may use the same name.
    let stolen = ProviderObject { id: "id-0009".into(), ..entry(9, "file-1", "k9", None) };
    assert!(matches!(store.provider_objects().insert(&stolen).await, Err(StoreError::Conflict { .. })));
    let other = ProviderObject { provider: ProviderId::from("azure"), ..stolen };
    store.provider_objects().insert(&other).await.unwrap();
    assert_eq!(store.provider_objects().find(ProviderObjectKind::File, "file-1").await.unwrap(), [other, first]);
}

pub async fn are_listed_in_pages(store: &Store) {
    for number in 1..=5 {
        store.provider_objects().insert(&entry(number, &format!("f{number}"), "k", None)).await.unwrap();
    }
    let who = caller(Some("k"), None, None);
    assert_eq!(list_ids(store, &who, Near::Newest, 2).await, ["f5", "f4"]);
    assert_eq!(list_ids(store, &who, Near::OlderThan("id-0004"), 2).await, ["f3", "f2"]);
    assert_eq!(list_ids(store, &who, Near::NewerThan("id-0002"), 2).await, ["f4", "f3"]);
    assert_eq!(list_ids(store, &who, Near::OlderThan("id-0001"), 2).await, [""; 0]);
}

pub async fn go(store: &Store) {
    for number in 1..=3 {
        store.provider_objects().insert(&entry(number, &format!("f{number}"), "k", None)).await.unwrap();
    }
    store.provider_objects().delete("id-0003").await.unwrap();
    store.provider_objects().delete("id-0003").await.unwrap();
    assert_eq!(store.provider_objects().expire(Timestamp(MIDNIGHT + 2)).await.unwrap(), 1);
    assert_eq!(list_ids(store, &caller(Some("k"), None, None), Near::Newest, 9).await, ["f2"]);
}

/// A response that goes that many microseconds after midnight.
pub fn response(id: &str, lives: i64) -> StoredResponse {
    StoredResponse {
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
        store.stored_responses().insert(kept).await.unwrap();
    }
    assert!(matches!(store.stored_responses().insert(&one).await, Err(StoreError::Conflict { .. })));
    let now = Timestamp(MIDNIGHT + 2);
    assert_eq!(store.stored_responses().get("resp_1", now).await.unwrap(), None);
    assert_eq!(store.stored_responses().get("resp_2", now).await.unwrap(), Some(two));
    store.stored_responses().delete("resp_3").await.unwrap();
    store.stored_responses().delete("resp_3").await.unwrap();
    assert_eq!(store.stored_responses().get("resp_3", now).await.unwrap(), None);
    assert_eq!(store.stored_responses().expire(now).await.unwrap(), 1);
    assert_eq!(store.stored_responses().get("resp_1", Timestamp(MIDNIGHT)).await.unwrap(), None);
}
