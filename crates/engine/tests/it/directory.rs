//! Models registered, changed, removed, discovered.

use crate::bench::{Bench, model};
use baton_engine::Directory;
use baton_model::{Capability, Code, Dialect, Model, ModelId, ModelSource, UsageClass};
use baton_provider::Discovered;
use baton_provider::fake::Fake;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

async fn directory(listing: Vec<Discovered>, configured: Vec<Model>) -> (Bench, Directory) {
    let fake = Arc::new(Fake::new("openai", Dialect::OpenAi).listing(listing));
    let bench = Bench::new(Vec::new(), vec![fake]).await;
    let vendors = BTreeMap::from([("openai".into(), "openai".to_owned())]);
    let directory = Directory::new(bench.store.clone(), bench.engine.clone(), configured, vendors, BTreeSet::new());
    directory.reload().await.unwrap();
    (bench, directory)
}

fn registered(id: &str) -> Model {
    Model { source: ModelSource::Api, upstream: id.into(), price: None, ..model(id, "openai") }
}

fn lists(upstream: &str) -> Discovered {
    Discovered { upstream: upstream.into(), ..Discovered::default() }
}

#[tokio::test]
async fn a_registration_is_completed_from_the_catalogue() {
    let (_bench, directory) = directory(Vec::new(), Vec::new()).await;
    let model = directory.register(registered("gpt-4o-mini")).await.unwrap();
    let price = model.price.clone().unwrap();
    assert!(price.rates.get(UsageClass::Input).is_some());
    assert_eq!(model.token_limit, Some(128_000));
    let unknown = directory.register(registered("home-made")).await.unwrap();
    assert_eq!((unknown.price.clone(), unknown.token_limit), (None, None));
}

#[tokio::test]
async fn names_are_taken_once_and_references_must_lead_somewhere() {
    let (_bench, directory) = directory(Vec::new(), vec![model("fixed", "openai")]).await;
    directory.register(registered("a")).await.unwrap();
    for (wrong, code) in [
        (registered("a"), Code::Conflict),
        (registered("fixed"), Code::Conflict),
        (Model { provider: "nobody".into(), ..registered("b") }, Code::ValidationError),
        (Model { fallbacks: vec!["nobody".into()], ..registered("b") }, Code::ValidationError),
        (Model { fallbacks: vec!["b".into()], ..registered("b") }, Code::ValidationError),
    ] {
        assert_eq!(directory.register(wrong).await.err().unwrap().code, code);
    }
}

#[tokio::test]
async fn what_others_fall_back_on_is_removed_only_by_force() {
    let (bench, directory) = directory(Vec::new(), vec![model("fixed", "openai")]).await;
    directory.register(registered("b")).await.unwrap();
    directory.register(Model { fallbacks: vec!["b".into()], ..registered("a") }).await.unwrap();
    assert_eq!(directory.remove(&"b".into(), false).await.err().unwrap().code, Code::Conflict);
    assert_eq!(directory.remove(&"fixed".into(), true).await.err().unwrap().code, Code::Conflict);
    directory.remove(&"b".into(), true).await.unwrap();
    assert_eq!(directory.remove(&"b".into(), true).await.err().unwrap().code, Code::ModelNotFound);
    assert!(!bench.engine.registry().snapshot().models.contains_key("b"));
}

#[tokio::test]
async fn a_change_based_on_what_is_no_longer_so_is_refused() {
    let (_bench, directory) = directory(Vec::new(), Vec::new()).await;
    let first = directory.register(registered("a")).await.unwrap();
    let changed = directory
        .update(&"a".into(), Some(first.updated_at), |model| model.description = Some("one".into()))
        .await
        .unwrap();
    assert_eq!(changed.description.as_deref(), Some("one"));
    let stale = directory.update(&"a".into(), Some(first.updated_at), |_| ()).await;
    assert_eq!(stale.err().unwrap().code, Code::PreconditionFailed);
}

#[tokio::test]
async fn a_discovery_adds_what_is_new_and_removes_what_is_gone() {
    let (bench, directory) = directory(
        vec![lists("gpt-4o-mini"), lists("text-embedding-3-small"), lists("renamed")],
        vec![Model { upstream: "renamed".into(), ..model("mine", "openai") }],
    )
    .await;
    let dry = directory.discover(None, true).await.unwrap();
    assert_eq!(dry.added.len(), 2);
    assert_eq!(bench.engine.registry().snapshot().models.len(), 1);
    let found = directory.discover(Some("OpenAI"), false).await.unwrap();
    assert_eq!(found.added, [ModelId::from("gpt-4o-mini"), ModelId::from("text-embedding-3-small")]);
    assert!(found.found.contains(&"mine".into()));
    let snapshot = bench.engine.registry().snapshot();
    assert_eq!(snapshot.models["text-embedding-3-small"].capabilities, [Capability::Embedding]);
    let again = directory.discover(None, false).await.unwrap();
    assert_eq!((again.added.len(), again.changed.len(), again.gone.len()), (0, 0, 0));
    assert_eq!(directory.discover(Some("nobody"), false).await.err().unwrap().code, Code::NotFound);
}
