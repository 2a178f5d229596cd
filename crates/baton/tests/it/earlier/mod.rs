//! What an earlier version left in its data folder is read by this one: rows, journal and events.

use baton::app::App;
use baton::config::{Environment, Source, load};
use baton_model::entity::ReasoningStyle;
use baton_model::record::Outcome;
use baton_model::{EventKind, ModelId, Nanos, RequestId, UsageClass};
use sqlx::{Connection, SqliteConnection};
use std::path::Path;

/// Puts the recording into a data folder, as the killed process left it.
async fn lay(data: &Path) {
    std::fs::create_dir_all(data.join("journal")).unwrap();
    std::fs::write(data.join("journal/0000000000000001.journal"), include_str!("journal.txt")).unwrap();
    let url = format!("sqlite://{}?mode=rwc", data.join("baton.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(include_str!("database.sql")).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn the_data_of_an_earlier_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    lay(&folder.path().join("data")).await;
    let file = folder.path().join("baton.toml");
    let provider = "kind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\napi_key = \"sim\"\n";
    std::fs::write(&file, format!("[providers.openai]\n{provider}[providers.anthropic]\n{provider}")).unwrap();
    let mut config = load(&Source { file: Some(file), listen: None }, &Environment::default()).unwrap();
    config.data_dir = folder.path().join("data");
    // Another test of this process may have done it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let app = App::build(&config).await.unwrap();

    let snapshot = app.engine.registry().snapshot();
    let fast = &snapshot.models[&ModelId::from("fast")];
    assert_eq!((fast.quirks.refuses.as_slice(), fast.quirks.strict), (&["seed".to_owned()][..], Some(true)));
    assert_eq!((fast.quirks.reasoning, fast.quirks.developer_role), (ReasoningStyle::Unsupported, Some(false)));
    assert_eq!(fast.price.as_ref().unwrap().rates.get(UsageClass::Input), Some(Nanos::DOLLAR));
    assert_eq!(fast.metadata.0, r#"{"team": "a"}"#);
    let keys = app.store.keys().all().await.unwrap();
    let key = keys.iter().find(|key| key.name == "team a").unwrap();
    assert_eq!((key.project.as_deref(), key.strict, key.projects.is_none()), (Some("shop"), true, true));

    // Moves what is left in the journal into the database.
    app.engine.close().await;
    for (id, api, stream) in [
        ("01a21b2b-23cc-73d5-a609-774d4cf138b8", "openai", false),
        ("01a21b2b-2bae-77ce-9cc1-92a3256f2c42", "anthropic", false),
        ("01a21b2b-2bbd-7090-886b-67c33cd4df21", "openai", true),
    ] {
        let record = app.store.ledger().get(&RequestId::from(id)).await.unwrap();
        assert_eq!((record.api.as_str(), record.stream, record.outcome), (api, stream, Outcome::Completed), "{id}");
        assert_eq!(record.attempts.len(), 1, "{id}");
        assert!(record.cost().known().is_some_and(|cost| cost > Nanos::ZERO), "{id}");
    }
    let unplaced = app.store.events().unplaced(100).await.unwrap();
    let told: Vec<(EventKind, &str)> = unplaced.iter().map(|event| (event.kind, event.subject.as_str())).collect();
    for id in ["01a21b2b-2bae-77ce-9cc1-92a3256f2c42", "01a21b2b-2bbd-7090-886b-67c33cd4df21"] {
        assert!(told.contains(&(EventKind::ModelRequestCompleted, id)), "{id}: {told:?}");
    }
    let first = "01a21b2b-23cc-73d5-a609-774d4cf138b8";
    assert!(told.iter().all(|(_, subject)| *subject != first), "its event has a position already: {told:?}");
    assert_eq!(app.store.events().last_position().await.unwrap(), 15);
}
