//! Models registered, changed, removed, discovered.

use crate::bench::{Bench, model};
use baton_engine::{Directory, Vendors};
use baton_model::{Actor, Capability, Code, Dialect, Model, ModelId, ModelSource, UsageClass};
use baton_provider::Discovered;
use baton_provider::fake::Fake;
use baton_store::audit::AuditFilter;
use std::collections::BTreeMap;
use std::sync::Arc;

async fn directory(listing: Vec<Discovered>, configured: Vec<Model>) -> (Bench, Directory) {
    let fake = Arc::new(Fake::new("openai", Dialect::OpenAi).listing(listing));
    let bench = Bench::new(Vec::new(), vec![fake]).await;
    let names = BTreeMap::from([("openai".into(), "openai".to_owned())]);
    let vendors = Vendors { names, ..Vendors::default() };
    let view = |model: &Model| format!("{{\"model_id\":\"{}\"}}", model.id);
    let directory = Directory::new(bench.store.clone(), bench.engine.clone(), configured, vendors, view);
    directory.reload().await.unwrap();
    (bench, directory)
}

fn registered(id: &str) -> Model {
    Model { source: ModelSource::Api, upstream: id.into(), price: None, ..model(id, "openai") }
}

fn by() -> Actor {
    Actor::service("tests")
}

fn lists(upstream: &str) -> Discovered {
    Discovered { upstream: upstream.into(), ..Discovered::default() }
}

#[tokio::test]
async fn a_registration_is_completed_from_the_catalogue() {
    let (_bench, directory) = directory(Vec::new(), Vec::new()).await;
    let model = directory.register(registered("gpt-4o-mini"), &by()).await.unwrap();
    let price = model.price.clone().unwrap();
    assert!(price.rates.get(UsageClass::Input).is_some());
    assert_eq!(model.token_limit, Some(128_000));
    let unknown = directory.register(registered("home-made"), &by()).await.unwrap();
    assert_eq!((unknown.price.clone(), unknown.token_limit), (None, None));
}

#[tokio::test]
async fn names_are_taken_once_and_references_must_lead_somewhere() {
    let (_bench, directory) = directory(Vec::new(), vec![model("fixed", "openai")]).await;
    directory.register(registered("a"), &by()).await.unwrap();
    for (wrong, code) in [
        (registered("a"), Code::Conflict),
        (registered("fixed"), Code::Conflict),
        (Model { provider: "nobody".into(), ..registered("b") }, Code::ValidationError),
        (Model { fallbacks: vec!["nobody".into()], ..registered("b") }, Code::ValidationError),
        (Model { fallbacks: vec!["b".into()], ..registered("b") }, Code::ValidationError),
    ] {
        assert_eq!(directory.register(wrong, &by()).await.err().unwrap().code, code);
    }
}

#[tokio::test]
async fn what_others_fall_back_on_is_removed_only_by_force() {
    let (bench, directory) = directory(Vec::new(), vec![model("fixed", "openai")]).await;
    directory.register(registered("b"), &by()).await.unwrap();
    directory.register(Model { fallbacks: vec!["b".into()], ..registered("a") }, &by()).await.unwrap();
    assert_eq!(directory.remove(&"b".into(), false, &by()).await.err().unwrap().code, Code::Conflict);
    assert_eq!(directory.remove(&"fixed".into(), true, &by()).await.err().unwrap().code, Code::Conflict);
    directory.remove(&"b".into(), true, &by()).await.unwrap();
    assert_eq!(directory.remove(&"b".into(), true, &by()).await.err().unwrap().code, Code::ModelNotFound);
    assert!(!bench.engine.registry().snapshot().models.contains_key("b"));
}

#[tokio::test]
async fn a_change_based_on_what_is_no_longer_so_is_refused() {
    let (_bench, directory) = directory(Vec::new(), Vec::new()).await;
    let first = directory.register(registered("a"), &by()).await.unwrap();
    let changed = directory
        .update(&"a".into(), Some(first.updated_at), &by(), |model| model.description = Some("one".into()))
        .await
        .unwrap();
    assert_eq!(changed.description.as_deref(), Some("one"));
    let stale = directory.update(&"a".into(), Some(first.updated_at), &by(), |_| ()).await;
    assert_eq!(stale.err().unwrap().code, Code::PreconditionFailed);
}

#[tokio::test]
async fn a_discovery_adds_what_is_new_and_removes_what_is_gone() {
    let (bench, directory) = directory(
        vec![lists("gpt-4o-mini"), lists("text-embedding-3-small"), lists("renamed")],
        vec![Model { upstream: "renamed".into(), ..model("mine", "openai") }],
    )
    .await;
    let dry = directory.discover(None, true, &by()).await.unwrap();
    assert_eq!(dry.added.len(), 2);
    assert_eq!(bench.engine.registry().snapshot().models.len(), 1);
    let found = directory.discover(Some("OpenAI"), false, &by()).await.unwrap();
    assert_eq!(found.added, [ModelId::from("gpt-4o-mini"), ModelId::from("text-embedding-3-small")]);
    assert!(found.found.contains(&"mine".into()));
    let snapshot = bench.engine.registry().snapshot();
    assert_eq!(snapshot.models["text-embedding-3-small"].capabilities, [Capability::Embedding]);
    let again = directory.discover(None, false, &by()).await.unwrap();
    assert_eq!((again.added.len(), again.changed.len(), again.gone.len()), (0, 0, 0));
    assert_eq!(directory.discover(Some("nobody"), false, &by()).await.err().unwrap().code, Code::NotFound);
}

/// Each change is told and noted in the same transaction, with what was and what is.
#[tokio::test]
async fn changes_are_told_and_noted() {
    let (bench, directory) = directory(vec![lists("found")], Vec::new()).await;
    directory.register(registered("a"), &by()).await.unwrap();
    directory.update(&"a".into(), None, &by(), |model| model.description = Some("one".into())).await.unwrap();
    directory.remove(&"a".into(), false, &by()).await.unwrap();
    directory.register(registered("a"), &by()).await.unwrap();
    assert!(directory.register(registered("a"), &by()).await.is_err());
    directory.discover(None, false, &by()).await.unwrap();
    directory.discover(None, false, &by()).await.unwrap();
    let events = bench.store.events().unplaced(100).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.kind.name(), event.subject.as_str())).collect();
    let expected = [
        ("model.registered", "a"),
        ("model.updated", "a"),
        ("model.deleted", "a"),
        ("model.registered", "a"),
        ("model.registered", "found"),
    ];
    assert_eq!(told, expected);
    let mut noted = bench.store.audit().list(&AuditFilter::default(), None, 100).await.unwrap().items;
    noted.reverse();
    let actions: Vec<_> = noted.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["model.register", "model.update", "model.delete", "model.register", "model.discover"]);
    let there: Vec<_> = noted.iter().map(|entry| (entry.before.is_some(), entry.after.is_some())).collect();
    assert_eq!(there, [(false, true), (true, true), (true, false), (false, true), (false, true)]);
    assert!(noted.iter().all(|entry| entry.actor == "baton:tests"));
}

/// Two nodes take over the same list at the same time: both succeed, and each model is registered once.
#[tokio::test]
async fn two_nodes_may_discover_at_once() {
    let (bench, first) = directory(vec![lists("x"), lists("y"), lists("x")], Vec::new()).await;
    let names = BTreeMap::from([("openai".into(), "openai".to_owned())]);
    let vendors = Vendors { names, ..Vendors::default() };
    let second = Directory::new(bench.store.clone(), bench.engine.clone(), Vec::new(), vendors, |_| "{}".into());
    let (by, other) = (by(), by());
    let (one, two) = tokio::join!(first.discover(None, false, &by), second.discover(None, false, &other));
    assert_eq!(one.unwrap().added.len() + two.unwrap().added.len(), 2);
    assert_eq!(bench.store.models().list().await.unwrap().len(), 2);
}
