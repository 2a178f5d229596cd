//! API keys.

use crate::samples::MIDNIGHT;
use baton_model::entity::Role;
use baton_model::{KeyId, ModelId, Timestamp};
use baton_store::keys::KeyFilter;
use baton_store::{ApiKey, Store, StoreError};

pub fn key(number: i64) -> ApiKey {
    ApiKey {
        id: KeyId::from(format!("key_{number}")),
        name: format!("team {number}"),
        prefix: "bt-abc".into(),
        hash: format!("{number:064x}"),
        project: Some("search".into()),
        models: Some([ModelId::from("fast")].into()),
        created_at: Timestamp(MIDNIGHT + number),
        expires_at: Some(Timestamp(MIDNIGHT + 99)),
        addresses: Some(vec!["10.0.0.0/8".into()]),
        ..ApiKey::new("", Role::Caller)
    }
}

pub async fn are_kept_whole(store: &Store) {
    let keys = [key(1), ApiKey { models: None, expires_at: None, role: Role::Admin, ..key(2) }];
    for key in &keys {
        store.keys().insert(key).await.unwrap();
    }
    assert_eq!(store.keys().all().await.unwrap(), keys);
    assert_eq!(store.keys().get(&keys[1].id).await.unwrap(), keys[1]);
    assert_eq!(store.keys().lookup(&keys[0].hash).await.unwrap().as_ref(), Some(&keys[0]));
    assert_eq!(store.keys().lookup("unknown").await.unwrap(), None);
    let same_hash = ApiKey { id: KeyId::from("other"), ..key(1) };
    assert!(matches!(store.keys().insert(&same_hash).await, Err(StoreError::Conflict { .. })));
}

pub async fn are_listed_in_pages(store: &Store) {
    for number in 1..=5 {
        store.keys().insert(&key(number)).await.unwrap();
    }
    let first = store.keys().list(&KeyFilter::All, 1, 2).await.unwrap();
    assert_eq!((first.items, first.total), (vec![key(5), key(4)], 5));
    assert_eq!(store.keys().list(&KeyFilter::All, 3, 2).await.unwrap().items, [key(1)]);
    assert_eq!(store.keys().list(&KeyFilter::All, 4, 2).await.unwrap().items, []);
}

pub async fn are_renamed_revoked_deleted(store: &Store) {
    let id = key(1).id;
    store.keys().insert(&key(1)).await.unwrap();
    store.keys().rename(&id, "new").await.unwrap();
    store.keys().revoke(&id, Timestamp(7)).await.unwrap();
    store.keys().revoke(&id, Timestamp(8)).await.unwrap();
    store.keys().note_uses(&[(id.clone(), Timestamp(9)), (KeyId::from("unknown"), Timestamp(9))]).await.unwrap();
    let expected =
        ApiKey { name: "new".into(), revoked_at: Some(Timestamp(7)), last_used_at: Some(Timestamp(9)), ..key(1) };
    assert_eq!(store.keys().get(&id).await.unwrap(), expected);
    store.keys().delete(&id).await.unwrap();
    for result in [
        store.keys().delete(&id).await,
        store.keys().rename(&id, "again").await,
        store.keys().revoke(&id, Timestamp(7)).await,
    ] {
        assert_eq!(result.unwrap_err().to_string(), "there is no key `key_1`");
    }
}

pub async fn are_rotated(store: &Store) {
    for number in 1..=2 {
        store.keys().insert(&key(number)).await.unwrap();
    }
    store.keys().revoke(&key(2).id, Timestamp(7)).await.unwrap();
    store.keys().note_uses(&[(key(1).id, Timestamp(9))]).await.unwrap();
    let rotated = ApiKey {
        hash: "new".into(),
        previous_hash: Some(key(1).hash),
        previous_until: Some(Timestamp(MIDNIGHT)),
        addresses: None,
        strict: true,
        role: Role::Operator,
        ..key(1)
    };
    store.keys().update(&rotated).await.unwrap();
    let expected = ApiKey { last_used_at: Some(Timestamp(9)), ..rotated.clone() };
    assert_eq!(store.keys().lookup("new").await.unwrap(), Some(expected));
    // The former hash is for the check of credentials alone, which knows until when it counts.
    assert_eq!(store.keys().lookup(&key(1).hash).await.unwrap(), None);
    let taken = store.keys().update(&ApiKey { hash: "new".into(), ..key(2) }).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict { .. }), "{taken:?}");
    // An operator's change comes from what was read before the revocation.
    store.keys().update(&key(2)).await.unwrap();
    assert_eq!(store.keys().get(&key(2).id).await.unwrap().revoked_at, Some(Timestamp(7)), "it stays revoked");
    let missing = store.keys().update(&key(3)).await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { .. }), "{missing:?}");
}
