//! What callers keep at providers: what is forgotten stays forgotten, and how much a key may keep.

use baton_control::ObjectQuotas;
use baton_control::ProviderObjects;
use baton_control::provider_objects::{Near, NewProviderObject};
use baton_model::entity::{ProviderObjectKind, Role};
use baton_model::{Caller, Code, ProviderId, SystemClock};
use baton_store::Store;
use std::sync::Arc;

const RESPONSE: ProviderObjectKind = ProviderObjectKind::Response;

async fn objects() -> ProviderObjects {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    ProviderObjects::new(store, Arc::new(SystemClock)).with_quotas(ObjectQuotas { files: 2, batches: 1, responses: 2 })
}

fn caller(key: &str) -> Caller {
    Caller { key: Some(key.into()), ..Caller::new(Role::Caller) }
}

fn new_object<'a>(kind: ProviderObjectKind, object: &'a str, provider: &'a ProviderId) -> NewProviderObject<'a> {
    NewProviderObject { kind, object, provider, model: None, expires_at: None }
}

/// On one thread the write begins when the deletion waits for the database for the first time.
#[tokio::test]
async fn what_is_forgotten_before_it_is_written_stays_forgotten() {
    let (objects, ada, provider) = (objects().await, caller("ada"), ProviderId::from("openai"));
    for object in ["a", "b"] {
        objects.keep_in_background(&ada, new_object(RESPONSE, object, &provider));
    }
    let entry = objects.get(&ada, RESPONSE, "a").await.unwrap();
    objects.forget(&entry).await.unwrap();
    assert_eq!(objects.get(&ada, RESPONSE, "a").await.unwrap_err().code, Code::NotFound);
    objects.close().await;
    assert_eq!(objects.get(&ada, RESPONSE, "a").await.unwrap_err().code, Code::NotFound);
    assert_eq!(objects.get(&ada, RESPONSE, "b").await.unwrap().object, "b");
}

#[tokio::test]
async fn a_key_has_so_many_files_and_batches() {
    let (objects, ada, provider) = (objects().await, caller("ada"), ProviderId::from("openai"));
    for (kind, most) in
        [(ProviderObjectKind::File, 2), (ProviderObjectKind::Batch, 1), (ProviderObjectKind::MessageBatch, 1)]
    {
        for number in 0..most {
            objects.check_quota(&ada, kind).await.unwrap();
            objects.note_object(&ada, new_object(kind, &format!("{}-{number}", kind.name()), &provider)).await.unwrap();
        }
        let refused = objects.check_quota(&ada, kind).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidRequest);
        assert!(refused.message.contains("`quotas."), "{}", refused.message);
        objects.check_quota(&caller("eve"), kind).await.unwrap();
    }
    let one = objects.get(&ada, ProviderObjectKind::Batch, "batch-0").await.unwrap();
    objects.forget(&one).await.unwrap();
    objects.check_quota(&ada, ProviderObjectKind::Batch).await.unwrap();
}

#[tokio::test]
async fn the_oldest_responses_are_forgotten() {
    let (objects, ada, provider) = (objects().await, caller("ada"), ProviderId::from("openai"));
    for object in ["a", "b", "c"] {
        // Each in its turn, so that which is oldest is certain.
        let last = objects.clone();
        last.keep_in_background(&ada, new_object(RESPONSE, object, &provider));
        while objects.list(&ada, RESPONSE, Near::Newest, 1).await.unwrap().first().is_none_or(|it| it.object != object)
        {
            tokio::task::yield_now().await;
        }
    }
    objects.close().await;
    let left = objects.list(&ada, RESPONSE, Near::Newest, 10).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.object.as_str()).collect::<Vec<_>>(), ["c", "b"]);
}

#[tokio::test]
async fn an_id_that_is_too_long_is_not_kept() {
    let (objects, ada, provider) = (objects().await, caller("ada"), ProviderId::from("openai"));
    let long = "x".repeat(257);
    let refused = objects.note_object(&ada, new_object(RESPONSE, &long, &provider)).await.unwrap_err();
    assert_eq!(refused.code, Code::ProviderError);
    objects.keep_in_background(&ada, new_object(RESPONSE, &long, &provider));
    objects.close().await;
    assert_eq!(objects.list(&ada, RESPONSE, Near::Newest, 10).await.unwrap(), []);
}
