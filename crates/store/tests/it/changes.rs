//! Changes of what is registered: all of one, or nothing.

use crate::samples::{self, MIDNIGHT};
use baton_model::chat::Json;
use baton_model::entity::Role;
use baton_model::{Actor, EventKind, ModelId, Project, ProviderId, RequestId, Timestamp};
use baton_store::audit::AuditFilter;
use baton_store::{FeedbackEntry, NewAudit, NewEvent, RegisteredProvider, Store, StoreError};

pub fn ada() -> Actor {
    Actor {
        name: "user:ada".into(),
        role: Role::Operator,
        address: Some("192.0.2.7".parse().unwrap()),
        request: Some(RequestId::from("req-1")),
        command: None,
    }
}

pub fn registered(subject: &str) -> NewEvent {
    NewEvent {
        kind: EventKind::ModelRegistered,
        subject: subject.into(),
        data: format!(r#"{{"model_id":"{subject}"}}"#),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    }
}

fn noted(subject: &str) -> NewAudit {
    NewAudit {
        action: "model.register",
        kind: "model",
        subject: subject.into(),
        before: None,
        after: Some(r#"{"price":null}"#.into()),
    }
}

pub async fn happen_as_a_whole(store: &Store) {
    let before = store.revision().await.unwrap();
    let change = store.change(&ada()).await.unwrap();
    change.models().insert(&samples::model("a")).await.unwrap();
    let event = change.add_event(registered("a")).await.unwrap();
    change.audit(noted("a")).await.unwrap();
    // Asked of the change, it is there; the store itself would not see it yet.
    assert_eq!(change.models().get(&ModelId::from("a")).await.unwrap(), samples::model("a"));
    let revision = change.commit().await.unwrap();
    assert_eq!((revision, store.revision().await.unwrap()), (before + 1, before + 1));
    assert_eq!(store.models().list().await.unwrap(), [samples::model("a")]);
    let told = store.events().list_unplaced(10).await.unwrap();
    assert_eq!((told.len(), told[0].id.as_str(), told[0].kind), (1, event.as_str(), EventKind::ModelRegistered));
    assert_eq!((told[0].source.as_str(), told[0].position), (store.node(), None));
    let page = store.audit().list(&AuditFilter::default(), None, 10).await.unwrap();
    let entry = &page.items[0];
    assert_eq!((entry.actor.as_str(), entry.role, entry.address), ("user:ada", Role::Operator, ada().address));
    assert_eq!((entry.request.clone(), entry.after.as_deref()), (ada().request, Some(r#"{"price":null}"#)));
}

pub async fn leave_nothing_when_dropped(store: &Store) {
    let change = store.change(&ada()).await.unwrap();
    change.models().insert(&samples::model("a")).await.unwrap();
    change.add_event(registered("a")).await.unwrap();
    change.audit(noted("a")).await.unwrap();
    drop(change);
    assert_eq!(store.models().list().await.unwrap(), []);
    assert_eq!(store.events().list_unplaced(10).await.unwrap(), []);
    assert_eq!(store.audit().list(&AuditFilter::default(), None, 10).await.unwrap().items, []);
    assert_eq!(store.revision().await.unwrap(), 0);
}

/// What was there already is told, and the rest of the change can still be committed: on every database alike.
pub async fn survive_a_conflict(store: &Store) {
    store.models().insert(&samples::model("a")).await.unwrap();
    let change = store.change(&ada()).await.unwrap();
    let taken = change.models().insert(&samples::model("a")).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict { .. }), "{taken:?}");
    // PostgreSQL ends a transaction at the first violated key, unless nothing is violated: hence `keep`.
    change.models().insert(&samples::model("b")).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(store.models().list().await.unwrap().len(), 2);
}

pub async fn are_searched(store: &Store) {
    for (number, subject) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let actor = Actor { name: ["user:ada", "user:bob"][number % 2].into(), ..ada() };
        let change = store.change(&actor).await.unwrap();
        change.audit(noted(subject)).await.unwrap();
        change.commit().await.unwrap();
    }
    let subjects = async |filter: AuditFilter, cursor: Option<&str>, limit| {
        let page = store.audit().list(&filter, cursor, limit).await.unwrap();
        (page.items.into_iter().map(|entry| entry.subject).collect::<String>(), page.next)
    };
    let all = AuditFilter::default;
    let (first, next) = subjects(all(), None, 3).await;
    assert_eq!(first, "edc");
    assert_eq!(subjects(all(), next.as_deref(), 3).await, ("ba".to_owned(), None));
    assert_eq!(subjects(AuditFilter { actor: Some("user:bob".into()), ..all() }, None, 9).await.0, "db");
    assert_eq!(subjects(AuditFilter { subject: Some("c".into()), ..all() }, None, 9).await.0, "c");
    assert_eq!(subjects(AuditFilter { kind: Some("key".into()), ..all() }, None, 9).await.0, "");
    assert_eq!(subjects(AuditFilter { action: Some("model.register".into()), ..all() }, None, 9).await.0, "edcba");
    assert_eq!(subjects(AuditFilter { to: Some(Timestamp(0)), ..all() }, None, 9).await.0, "");
    assert_eq!(subjects(AuditFilter { from: Some(Timestamp(0)), ..all() }, None, 9).await.0, "edcba");
}

/// What a change touches is counted apart; what a program before an update has changed is not explained.
pub async fn are_counted_by_what_they_touch(store: &Store) {
    let first = store.revisions().await.unwrap();
    let commit = async |touch: &dyn Fn(&baton_store::Change)| {
        let change = store.change(&ada()).await.unwrap();
        touch(&change);
        change.commit().await.unwrap();
        store.revisions().await.unwrap()
    };
    let keys = commit(&|change| {
        let _ = change.keys();
    })
    .await;
    assert_eq!((keys.all, keys.keys, keys.others), (first.all + 1, first.keys + 1, first.others));
    let both = commit(&|change| {
        let _ = (change.keys(), change.models());
    })
    .await;
    assert_eq!((both.all, both.keys, both.others), (keys.all + 2, keys.keys + 1, keys.others + 1));
    let nothing_named = commit(&|_| {}).await;
    assert_eq!((nothing_named.all, nothing_named.others), (both.all + 1, both.others + 1));
    assert!(nothing_named.explain_all_since(&first));
    let older = baton_store::Revisions { all: nothing_named.all + 1, ..nothing_named };
    assert!(!older.explain_all_since(&nothing_named));
}

pub async fn of_providers_projects_feedback_are_kept_whole(store: &Store) {
    let provider = RegisteredProvider {
        name: ProviderId::from("groq"),
        kind: "openai".into(),
        base_url: Some("https://api.groq.com/openai/v1".into()),
        sealed_key: Some("sealed:1:abc".into()),
        settings: Json(r#"{"retries": 2}"#.into()),
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT),
    };
    let project = Project {
        name: "Search \u{1f50d}".into(),
        metadata: Json(r#"{"b": 1.0, "a": []}"#.into()),
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT),
        ..Project::new("search")
    };
    let said = FeedbackEntry {
        id: "f1".into(),
        request: RequestId::from("req-1"),
        score: Some(-0.1),
        comment: Some("wrong, but polite".into()),
        at: Timestamp(MIDNIGHT),
        actor: "user:ada".into(),
    };
    let change = store.change(&ada()).await.unwrap();
    change.providers().insert(&provider).await.unwrap();
    change.projects().insert(&project).await.unwrap();
    change.feedback().insert(&said).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(store.providers().list().await.unwrap(), std::slice::from_ref(&provider));
    assert!(!format!("{provider:?}").contains("sealed:1"));
    let later = RegisteredProvider { sealed_key: None, updated_at: Timestamp(MIDNIGHT + 1), ..provider.clone() };
    store.providers().update(&later, provider.updated_at).await.unwrap();
    let late = store.providers().update(&later, provider.updated_at).await.unwrap_err();
    assert_eq!(late.to_string(), "the provider `groq` was changed at the same time");
    assert_eq!(store.providers().get(&later.name).await.unwrap(), later);
    store.providers().delete(&later.name).await.unwrap();
    assert_eq!(store.providers().get(&later.name).await.unwrap_err().to_string(), "there is no provider `groq`");

    assert_eq!(store.projects().list(None, 1, 10).await.unwrap().items, std::slice::from_ref(&project));
    let renamed = Project { name: "Find".into(), updated_at: Timestamp(MIDNIGHT + 1), ..project.clone() };
    store.projects().update(&renamed, project.updated_at).await.unwrap();
    assert_eq!(store.projects().get("search").await.unwrap(), renamed);
    assert!(matches!(store.projects().insert(&project).await, Err(StoreError::Conflict { .. })));
    store.projects().delete("search").await.unwrap();
    assert!(matches!(store.projects().delete("search").await, Err(StoreError::NotFound { .. })));

    assert_eq!(store.feedback().list_for(&said.request).await.unwrap(), std::slice::from_ref(&said));
    assert_eq!(store.feedback().list_for(&RequestId::from("other")).await.unwrap(), []);
}
