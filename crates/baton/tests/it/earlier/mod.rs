//! What an earlier version left in its data folder is read by this one: rows, journal and events.

use baton::app::App;
use baton::config::{ConfigSource, Environment, load};
use baton_model::entity::ReasoningStyle;
use baton_model::record::Outcome;
use baton_model::{EventKind, ModelId, Nanos, RequestId, UsageClass};
use baton_store::audit::AuditFilter;
use baton_store::record;
use serde_json::{Map, Value};
use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use tempfile::TempDir;

const SECRET_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// What else may stand in a database of that version: a provider whose key is in its query, also in the audit log and an
/// event, and two viewers, one of them of a project.
const MORE: &str = r#"
INSERT INTO providers VALUES('vendor','openai','http://127.0.0.1:1/v1',NULL,'{"query":"key=s3cret&api-version=1","discover":false}',1,1);
INSERT INTO audit VALUES('01a21b2b-ffff-7000-8000-000000000001',1,'admin','admin',NULL,NULL,NULL,'provider.register','provider','vendor',NULL,'{"name":"vendor","query":"key=s3cret&api-version=1"}');
INSERT INTO events VALUES('01a21b2b-ffff-7000-8000-000000000002','provider.registered','vendor',1,'{"name":"vendor","query":"key=s3cret&api-version=1"}',NULL,'n',NULL);
INSERT INTO api_keys VALUES('key_all','viewer of all','bt-all','h1','viewer',NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,FALSE);
INSERT INTO api_keys VALUES('key_shop','viewer of a project','bt-shop','h2','viewer','shop',NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,FALSE);
"#;

/// Puts the recording into a data folder, as the killed process left it.
async fn lay(data: &Path) {
    std::fs::create_dir_all(data.join("journal")).unwrap();
    std::fs::write(data.join("journal/0000000000000001.journal"), include_str!("journal.txt")).unwrap();
    let url = format!("sqlite://{}?mode=rwc", data.join("baton.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(include_str!("database.sql")).execute(&mut database).await.unwrap();
    sqlx::raw_sql(MORE).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

/// A Baton over that data, whose configuration says this too.
async fn start(more: &str) -> (App, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    lay(&folder.path().join("data")).await;
    let app = start_again(&folder, more).await;
    (app, folder)
}

async fn start_again(folder: &TempDir, more: &str) -> App {
    let file = folder.path().join("baton.toml");
    let provider = "kind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\napi_key = \"sim\"\n";
    std::fs::write(&file, format!("{more}[providers.openai]\n{provider}[providers.anthropic]\n{provider}")).unwrap();
    let mut config = load(&ConfigSource { file: Some(file), listen: None }, &Environment::default()).unwrap();
    config.data_dir = folder.path().join("data");
    // Another test of this process may have done it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    App::build(&config).await.unwrap()
}

#[tokio::test]
async fn the_data_of_an_earlier_version_is_read() {
    let (app, _folder) = start("").await;

    let snapshot = app.engine.registry().snapshot();
    let fast = &snapshot.models[&ModelId::from("fast")];
    // Beside what was kept, what the catalogue of today knows of the vendor.
    assert!(fast.quirks.refuses.contains(&"seed".to_owned()), "{:?}", fast.quirks.refuses);
    assert_eq!(fast.quirks.strict, Some(true));
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
    let unplaced = app.store.events().list_unplaced(100).await.unwrap();
    let told: Vec<(EventKind, &str)> = unplaced.iter().map(|event| (event.kind, event.subject.as_str())).collect();
    for id in ["01a21b2b-2bae-77ce-9cc1-92a3256f2c42", "01a21b2b-2bbd-7090-886b-67c33cd4df21"] {
        assert!(told.contains(&(EventKind::ModelRequestCompleted, id)), "{id}: {told:?}");
    }
    let first = "01a21b2b-23cc-73d5-a609-774d4cf138b8";
    assert!(told.iter().all(|(_, subject)| *subject != first), "its event has a position already: {told:?}");
    // Positions go on from there: consumers have stored theirs.
    assert_eq!(app.store.events().last_position().await.unwrap(), 15);
}

#[test]
fn a_record_of_an_earlier_version_is_written_as_it_was() {
    for line in include_str!("journal.txt").lines() {
        let text = &line[line.find('{').unwrap()..];
        let mut expected: Map<String, Value> = serde_json::from_str(text).unwrap();
        let api = expected.remove("door").unwrap();
        expected.insert("api".to_owned(), api);
        // It follows from the rest, as the cost does.
        expected.insert("charge".to_owned(), expected["cost"].clone());
        for attempt in expected["attempts"].as_array_mut().unwrap() {
            attempt["upstream_request_id"] = Value::Null;
        }
        let written = record::to_json(&record::from_json(text).unwrap());
        assert_eq!(serde_json::from_str::<Map<String, Value>>(&written).unwrap(), expected);
    }
}

/// Everything that the database shows of providers, as text.
async fn of_providers(app: &App) -> String {
    let rows = app.store.providers().list().await.unwrap();
    let audit = app.store.audit().list(&AuditFilter::default(), None, 100).await.unwrap();
    let events = app.store.events().list_unplaced(100).await.unwrap();
    format!("{rows:?}{audit:?}{events:?}")
}

#[tokio::test]
async fn a_key_in_a_providers_query_is_sealed_and_masked() {
    // Without a key to encrypt with it stays where it has to, and is masked everywhere else.
    let (app, folder) = start("").await;
    assert_eq!(of_providers(&app).await.matches("s3cret").count(), 1);
    assert!(app.engine.registry().snapshot().providers.contains_key("vendor"));
    app.close().await;

    let app = start_again(&folder, &format!("[auth]\nsecret_key = \"{}\"\n", SECRET_KEY)).await;
    let shown = of_providers(&app).await;
    assert!(!shown.contains("s3cret") && shown.contains("api-version"), "{shown}");
    let row = app.store.providers().list().await.unwrap().remove(0);
    assert!(row.sealed_key.is_some() && app.engine.registry().snapshot().providers.contains_key("vendor"));
    app.close().await;
}

#[tokio::test]
async fn keys_of_an_earlier_version_see_what_is_safe() {
    let (app, _folder) = start("").await;
    let keys = app.store.keys().all().await.unwrap();
    let sees = |id: &str| {
        let key = keys.iter().find(|key| key.id.as_str() == id).unwrap();
        (key.scope, key.project.clone())
    };
    assert_eq!(sees("key_all"), (None, None), "all projects, as before");
    assert_eq!(sees("key_shop"), (None, Some("shop".into())), "its project alone");
    app.close().await;
}
