//! Registered models.

use crate::samples;
use baton_model::{ModelId, Timestamp};
use baton_store::{Store, StoreError};

pub async fn are_kept_whole(store: &Store) {
    let models = [samples::model("b"), samples::model("a/b:c")];
    for model in &models {
        store.models().insert(model).await.unwrap();
    }
    assert_eq!(store.models().get(&models[0].id).await.unwrap(), models[0]);
    assert_eq!(store.models().list().await.unwrap(), [models[1].clone(), models[0].clone()]);
    store.models().delete(&models[0].id).await.unwrap();
    let gone = store.models().get(&models[0].id).await.unwrap_err();
    assert_eq!(gone.to_string(), "there is no model `b`");
    assert!(matches!(store.models().delete(&models[0].id).await, Err(StoreError::NotFound { .. })));
}

pub async fn are_unique(store: &Store) {
    store.models().insert(&samples::model("a")).await.unwrap();
    let taken = store.models().insert(&samples::model("a")).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict { .. }), "{taken:?}");
    assert_eq!(taken.to_string(), "the model `a` exists already");
}

pub async fn change_only_as_seen(store: &Store) {
    let first = samples::model("a");
    store.models().insert(&first).await.unwrap();
    let mut second = first.clone();
    second.price = None;
    second.updated_at = Timestamp(first.updated_at.0 + 1);
    store.models().update(&second, first.updated_at).await.unwrap();
    assert_eq!(store.models().get(&first.id).await.unwrap(), second);
    let late = store.models().update(&first, first.updated_at).await.unwrap_err();
    assert!(matches!(late, StoreError::Conflict { .. }), "{late:?}");
    assert_eq!(store.models().get(&first.id).await.unwrap(), second);
    let mut unknown = first;
    unknown.id = ModelId::from("unknown");
    let missing = store.models().update(&unknown, unknown.updated_at).await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { .. }), "{missing:?}");
}
