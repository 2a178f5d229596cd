//! Models registered, changed, removed, discovered.

use crate::bench::{Bench, model};
use baton_control::{Conflict, Discovery, ModelDirectory, Problem, VendorInfo};
use baton_model::{Actor, Capability, Code, Dialect, Model, ModelId, ModelSource, UsageClass, bounds};
use baton_provider_api::DiscoveredModel;
use baton_provider_api::fake::FakeProvider;
use baton_store::audit::AuditFilter;
use std::collections::BTreeMap;
use std::sync::Arc;

async fn directory(listing: Vec<DiscoveredModel>, configured: Vec<Model>) -> (Bench, ModelDirectory) {
    let fake = Arc::new(FakeProvider::new("openai", Dialect::OpenAi).listing(listing));
    let bench = Bench::new(Vec::new(), vec![fake]).await;
    let names = BTreeMap::from([("openai".into(), "openai".to_owned())]);
    let vendors = VendorInfo { names, ..VendorInfo::default() };
    let directory = ModelDirectory::new(bench.store.clone(), bench.engine.clone(), configured, vendors);
    directory.reload().await.unwrap();
    (bench, directory)
}

fn registered(id: &str) -> Model {
    Model { source: ModelSource::Api, upstream: id.into(), price: None, ..model(id, "openai") }
}

fn by() -> Actor {
    Actor::service("tests")
}

fn lists(upstream: &str) -> DiscoveredModel {
    DiscoveredModel { upstream: upstream.into(), ..DiscoveredModel::default() }
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
        .update(&"a".into(), Some(&[first.updated_at]), &by(), |model| model.description = Some("one".into()))
        .await
        .unwrap();
    assert_eq!(changed.description.as_deref(), Some("one"));
    let stale = directory.update(&"a".into(), Some(&[first.updated_at]), &by(), |_| ()).await;
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
async fn a_name_tells_what_a_model_does_where_nothing_else_does() {
    use Capability as C;
    let kinds = [
        ("gpt-99", vec![C::Chat]),
        ("gpt-4o-audio-preview-2099", vec![C::Chat]),
        ("dall-e-2", vec![C::ImageGeneration]),
        ("gpt-image-9", vec![C::ImageGeneration]),
        ("chatgpt-image-2099", vec![C::ImageGeneration]),
        ("whisper-large-v3", vec![C::AudioTranscription, C::AudioTranslation]),
        ("openai/whisper-1", vec![C::AudioTranscription, C::AudioTranslation]),
        ("gpt-4o-transcribe-2099", vec![C::AudioTranscription]),
        ("tts-1-1106", vec![C::AudioSpeech]),
        ("gpt-4o-mini-tts-2099", vec![C::AudioSpeech]),
        ("omni-moderation-latest", vec![C::Moderation]),
        ("text-embedding-4", vec![C::Embedding]),
        ("BAAI/bge-reranker-v2", vec![C::Rerank]),
        ("gpt-3.5-turbo-instruct-2099", vec![C::Completion]),
        // There is no API for these.
        ("sora-2", vec![]),
        ("gpt-realtime", vec![]),
        ("gpt-4o-mini-realtime-preview-2024-12-17", vec![]),
    ];
    // A vendor whose models are in the catalogue, and one whose are not.
    for provider in ["openai", "other"] {
        let listing = kinds.iter().map(|(name, _)| lists(name)).collect();
        let fake = Arc::new(FakeProvider::new(provider, Dialect::OpenAi).listing(listing));
        let bench = Bench::new(Vec::new(), vec![fake]).await;
        let names = BTreeMap::from([("openai".into(), "openai".to_owned())]);
        let vendors = VendorInfo { names, ..VendorInfo::default() };
        let directory = ModelDirectory::new(bench.store.clone(), bench.engine.clone(), Vec::new(), vendors);
        let told = directory.discover(None, false, &by()).await.unwrap();
        assert!(told.conflicts.is_empty(), "{:?}", told.conflicts);
        let snapshot = bench.engine.registry().snapshot();
        for (name, capabilities) in &kinds {
            let found = snapshot.models.get(*name).map(|model| model.capabilities.clone());
            assert_eq!(&found.unwrap_or_default(), capabilities, "{provider}: {name}");
        }
    }
}

#[tokio::test]
async fn what_a_provider_says_of_reasoning_holds_for_registered_models_too() {
    use baton_model::entity::ReasoningStyle;
    let says = |name: &str, reasoning| DiscoveredModel { reasoning: Some(reasoning), ..lists(name) };
    let listing = vec![says("plain:latest", false), says("thinker", true)];
    let (bench, directory) = directory(listing, Vec::new()).await;
    let mine = |id: &str, upstream: &str| Model { upstream: upstream.into(), ..registered(id) };
    for (id, upstream) in [("a", "plain:latest"), ("b", "plain"), ("c", "thinker"), ("d", "other")] {
        directory.register(mine(id, upstream), &by()).await.unwrap();
    }
    let mut told = mine("e", "plain:latest");
    told.quirks.reasoning = ReasoningStyle::Budget;
    directory.register(told, &by()).await.unwrap();
    let styles = || {
        let snapshot = bench.engine.registry().snapshot();
        ["a", "b", "c", "d", "e"].map(|id| snapshot.models[id].quirks.reasoning)
    };
    let (unsaid, unsupported) = (ReasoningStyle::Unspecified, ReasoningStyle::Unsupported);
    assert_eq!(styles(), [unsaid, unsaid, unsaid, unsaid, ReasoningStyle::Budget]);
    directory.discover(None, false, &by()).await.unwrap();
    // What the operator says himself wins.
    assert_eq!(styles(), [unsupported, unsupported, unsaid, unsaid, ReasoningStyle::Budget]);
}

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
    let events = bench.store.events().list_unplaced(100).await.unwrap();
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
    let vendors = VendorInfo { names, ..VendorInfo::default() };
    let second = ModelDirectory::new(bench.store.clone(), bench.engine.clone(), Vec::new(), vendors);
    let (by, other) = (by(), by());
    let (one, two) = tokio::join!(first.discover(None, false, &by), second.discover(None, false, &other));
    assert_eq!(one.unwrap().added.len() + two.unwrap().added.len(), 2);
    assert_eq!(bench.store.models().list().await.unwrap().len(), 2);
}

/// Discovers twice, first without and then with an effect: both say the same, and a third time finds nothing to do.
async fn discovered(directory: &ModelDirectory) -> Discovery {
    let dry = directory.discover(None, true, &by()).await.unwrap();
    let real = directory.discover(None, false, &by()).await.unwrap();
    assert_eq!(dry, real);
    let again = directory.discover(None, false, &by()).await.unwrap();
    assert_eq!((again.added.len(), again.changed.len(), again.gone.len()), (0, 0, 0));
    assert_eq!((&again.found, &again.conflicts), (&real.found, &real.conflicts));
    real
}

fn conflicts(discovery: &Discovery) -> Vec<(&str, &str)> {
    discovery.conflicts.iter().map(|conflict| (conflict.provider.as_str(), conflict.listed.as_str())).collect()
}

#[tokio::test]
async fn a_name_that_is_taken_at_the_same_provider_is_one_conflict() {
    let listing = vec![lists("gpt-4o"), lists("gpt-4o-2024-08-06"), lists("gpt-4o-mini")];
    let (bench, directory) = directory(listing, Vec::new()).await;
    let alias = Model { upstream: "gpt-4o-2024-08-06".into(), ..registered("gpt-4o") };
    directory.register(alias, &by()).await.unwrap();
    let found = discovered(&directory).await;
    let problem = "the id `gpt-4o` is used by the model that the provider calls `gpt-4o-2024-08-06`".to_owned();
    assert_eq!(found.conflicts, [Conflict { provider: "openai".into(), listed: "gpt-4o".into(), problem }]);
    assert_eq!(found.added, [ModelId::from("gpt-4o-mini")]);
    assert_eq!(found.found, [ModelId::from("gpt-4o"), ModelId::from("gpt-4o-mini")]);
    assert_eq!(bench.engine.registry().snapshot().models["gpt-4o"].upstream, "gpt-4o-2024-08-06");
}

#[tokio::test]
async fn names_that_no_model_can_have_are_conflicts() {
    let long = "m".repeat(300);
    let odd = ["", "a\0b", "/x", " y", long.as_str()];
    let listing = odd.iter().chain(&["chat", "Llama", "llama", "llama"]).map(|name| lists(name)).collect();
    let (_bench, directory) = directory(listing, Vec::new()).await;
    let found = discovered(&directory).await;
    let cut = format!("{}…", "m".repeat(255));
    assert_eq!(conflicts(&found), ["", "a\0b", "/x", " y", cut.as_str()].map(|name| ("openai", name)));
    assert_eq!(found.added, ["openai/chat", "Llama", "llama"].map(ModelId::from));
}

#[tokio::test]
async fn a_list_without_end_is_cut() {
    let names: Vec<String> = (0..bounds::DISCOVERED + 3).map(|number| format!("m{number:06}")).collect();
    let (_bench, directory) = directory(names.iter().map(|name| lists(name)).collect(), Vec::new()).await;
    let found = directory.discover(None, true, &by()).await.unwrap();
    assert_eq!(found.added.len(), bounds::DISCOVERED);
    assert_eq!(conflicts(&found), [("openai", names[bounds::DISCOVERED].as_str())]);
    assert!(found.conflicts[0].problem.contains("the first of 3"), "{}", found.conflicts[0].problem);
}

/// What a provider says beside the name is foreign data as well: PostgreSQL refuses NUL, a column holds 63 bits.
#[tokio::test]
async fn what_the_database_cannot_keep_of_a_listed_model_is_as_not_said() {
    let odd = DiscoveredModel {
        display_name: Some("a\0b".into()),
        token_limit: Some(u64::MAX),
        max_tokens: Some(0),
        ..lists("odd")
    };
    let (bench, directory) = directory(vec![odd], Vec::new()).await;
    discovered(&directory).await;
    let model = Arc::clone(&bench.engine.registry().snapshot().models["odd"]);
    assert_eq!((model.display_name.as_deref(), model.token_limit, model.max_tokens), (None, None, None));
}

#[tokio::test]
async fn two_providers_may_list_the_same_name() {
    let list = |provider: &str, names: &[&str]| {
        Arc::new(FakeProvider::new(provider, Dialect::OpenAi).listing(names.iter().map(|name| lists(name)).collect()))
    };
    let fakes = vec![list("a", &["same", "b/same"]), list("b", &["same", "own"]), list("c", &["same", "c/same"])];
    let bench = Bench::new(Vec::new(), fakes).await;
    let directory = ModelDirectory::new(bench.store.clone(), bench.engine.clone(), Vec::new(), VendorInfo::default());
    let found = discovered(&directory).await;
    assert_eq!(found.added, ["same", "b/same", "own", "c/same"].map(ModelId::from));
    assert_eq!(conflicts(&found), [("b", "same"), ("c", "c/same")]);
    let snapshot = bench.engine.registry().snapshot();
    let owners: Vec<&str> = snapshot.models.values().map(|model| model.provider.as_str()).collect();
    // By id: `b/same` is a's, because it had that name before b's model needed it.
    assert_eq!(owners, ["a", "c", "b", "a"]);
}

#[tokio::test]
async fn a_configured_model_hides_a_discovered_one() {
    let (bench, first) = directory(vec![lists("x"), lists("y")], Vec::new()).await;
    first.discover(None, false, &by()).await.unwrap();
    let configured = Model { fallbacks: vec!["lost".into()], provider: "away".into(), ..model("x", "away") };
    let second =
        ModelDirectory::new(bench.store.clone(), bench.engine.clone(), vec![configured], VendorInfo::default());
    let found = discovered(&second).await;
    assert_eq!((conflicts(&found), found.found.as_slice()), (vec![("openai", "x")], &[ModelId::from("y")][..]));
    let problem = |problem: &str| Problem { model: "x".into(), problem: problem.into() };
    let expected = [
        problem("it is registered in the database too; the model of the configuration file is used"),
        problem("unknown provider `away`, so requests for it are refused"),
        problem("its fallback `lost` is not a registered model; it is skipped"),
    ];
    assert_eq!(second.problems().await.unwrap(), expected);
}

/// An operator registers what was discovered before: the discovered one goes, as soon as the list is taken over.
#[tokio::test]
async fn a_registered_model_takes_the_place_of_the_discovered_one() {
    let (_bench, directory) = directory(vec![lists("x")], Vec::new()).await;
    directory.discover(None, false, &by()).await.unwrap();
    directory.register(Model { upstream: "x".into(), ..registered("mine") }, &by()).await.unwrap();
    let found = discovered(&directory).await;
    assert_eq!((found.found, found.gone), (vec![ModelId::from("mine")], vec![ModelId::from("x")]));
}

#[tokio::test]
async fn a_model_whose_references_are_gone_can_still_be_changed() {
    let (bench, directory) = directory(Vec::new(), Vec::new()).await;
    directory.register(registered("b"), &by()).await.unwrap();
    directory.register(Model { fallbacks: vec!["b".into()], ..registered("a") }, &by()).await.unwrap();
    directory.remove(&"b".into(), true, &by()).await.unwrap();
    bench.engine.registry().update(|snapshot| snapshot.providers.clear());
    let id = ModelId::from("a");
    let changed = directory.update(&id, None, &by(), |model| model.description = Some("one".into())).await.unwrap();
    assert_eq!((changed.description.as_deref(), &*changed.fallbacks), (Some("one"), &[ModelId::from("b")][..]));
    let wrong = directory.update(&id, None, &by(), |model| model.fallbacks.push("nobody".into())).await;
    assert_eq!(wrong.err().unwrap().param.as_deref(), Some("fallbacks"));
    let wrong = directory.update(&id, None, &by(), |model| model.provider = "nobody".into()).await;
    assert_eq!(wrong.err().unwrap().param.as_deref(), Some("provider"));
}
