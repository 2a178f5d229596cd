//! What stands in the way of opening a file, said so that someone can act on it.

use crate::{file, samples};
use baton_model::chat::Json;
use baton_model::{Code, Cost, EventKind, Model, Project, PublicError, Timestamp, Usage, Webhook};
use baton_store::{Store, StoreError};
use sea_orm::{ConnectionTrait, Database};
use std::path::Path;

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

async fn open_error(url: &str) -> String {
    match Store::open(url).await {
        Ok(store) => store.migrate().await.unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let (store, folder) = file().await;
    store.models().insert(&samples::model("a")).await.unwrap();
    store.close().await;
    let store = Store::open(&url(&folder.path().join("deep/baton.db"))).await.unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.models().list().await.unwrap(), [samples::model("a")]);
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let (store, folder) = file().await;
    store.close().await;
    let path = folder.path().join("deep/baton.db");
    let other = Database::connect(url(&path)).await.unwrap();
    let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_teleport', 0)";
    other.execute_unprepared(insert).await.unwrap();
    other.close().await.unwrap();
    let store = Store::open(&url(&path)).await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Newer { migration } if migration == "m20990101_teleport"), "{error:?}");
    assert!(error.to_string().contains("a newer Baton has used it"), "{error}");
}

#[tokio::test]
async fn the_reason_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "this is a shopping list, and it is long enough to be looked at: milk, bread, tea").unwrap();
    assert!(open_error(&url(&text)).await.ends_with("the file is not a SQLite database"));
    assert!(open_error(&url(folder.path())).await.ends_with("it is a folder; use a file in it"));
    let below = open_error(&url(&text.join("baton.db"))).await;
    assert!(below.contains("its folder") && below.contains("can't be created"), "{below}");
    assert_eq!(
        open_error("mysql://baton:secret@db/baton").await,
        "`mysql://baton:…@db/baton` is not a database address: use `sqlite:PATH`, `sqlite::memory:` or \
         `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`"
    );
    assert!(open_error("sqlite:").await.contains("is not a database address"));
}

/// The last attempt of the batch is refused, after everything else has been written.
#[tokio::test]
async fn a_batch_that_fails_at_its_end_leaves_nothing() {
    let (store, folder) = file().await;
    let other = Database::connect(url(&folder.path().join("deep/baton.db"))).await.unwrap();
    let trigger = "CREATE TRIGGER poison BEFORE INSERT ON attempts WHEN NEW.model = 'poison' \
                   BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    other.execute_unprepared(trigger).await.unwrap();
    let attempt = |model: &str| vec![samples::attempt(model, Cost::Unpriced, Usage::default())];
    let mut records = (0..1_200).map(|number| samples::record(number, 0, attempt("good"))).collect::<Vec<_>>();
    records.push(samples::record(1_200, 0, attempt("poison")));
    let error = store.ledger().write(&records).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(store.ledger().usage(&crate::ledger::everything()).await.unwrap(), []);
    other.execute_unprepared("DROP TRIGGER poison").await.unwrap();
    store.ledger().write(&records).await.unwrap();
    assert_eq!(store.ledger().usage(&crate::ledger::everything()).await.unwrap()[0].requests, 1_201);
}

#[tokio::test]
async fn two_may_write_at_once() {
    let (first, folder) = file().await;
    let second = Store::open(&url(&folder.path().join("deep/baton.db"))).await.unwrap();
    let records = (0..200).map(|number| samples::record(number, 0, Vec::new())).collect::<Vec<_>>();
    let write = async |store: &Store| {
        for records in records.chunks(10) {
            store.ledger().write(records).await.unwrap();
        }
    };
    tokio::join!(write(&first), write(&second));
    let rows = second.ledger().usage(&crate::ledger::everything()).await.unwrap();
    assert_eq!(rows[0].requests, 200);
}

/// Permissions don't keep root from writing, and tests may run as root: so the address says that it is read-only.
#[tokio::test]
async fn a_read_only_database_is_named() {
    let (store, folder) = file().await;
    store.close().await;
    let path = folder.path().join("deep/baton.db");
    let store = Store::open(&format!("{}?mode=ro", url(&path))).await.unwrap();
    let error = store.models().insert(&samples::model("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
    assert_eq!(store.models().list().await.unwrap(), []);
}

/// Drops a migration after each number of steps that it may take, as a killed process does: all of it has happened, or
/// nothing, and the next start goes on from there.
#[tokio::test]
async fn an_interrupted_migration_leaves_all_or_nothing() {
    let (mut nothing, mut all) = (0, 0);
    // Steps of 23, so that the test takes seconds and still stops at many places.
    for steps in (0..600).step_by(23) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baton.db");
        let store = Store::open(&url(&path)).await.unwrap();
        {
            let mut migrate = std::pin::pin!(store.migrate());
            for _ in 0..steps {
                if futures::FutureExt::now_or_never(migrate.as_mut()).is_some() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_micros(50)).await;
            }
        }
        store.close().await;
        let other = Database::connect(url(&path)).await.unwrap();
        let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let tables = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, tables);
        let tables = other.query_one_raw(tables).await.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap();
        match tables {
            0 => nothing += 1,
            // All tables of this version, with the one that lists the migrations.
            23 => all += 1,
            some => panic!("{some} tables after {steps} steps"),
        }
        other.close().await.unwrap();
        let store = Store::open(&url(&path)).await.unwrap();
        store.migrate().await.unwrap();
        store.models().insert(&samples::model("a")).await.unwrap();
        store.close().await;
    }
    assert!(nothing > 0 && all > 0, "{nothing} interrupted, {all} done");
}

/// The audit log only grows, whoever writes.
#[tokio::test]
async fn the_audit_log_refuses_changes() {
    let (store, folder) = file().await;
    let other = Database::connect(url(&folder.path().join("deep/baton.db"))).await.unwrap();
    let (server, database) = crate::server().await;
    for store in [&store, &server] {
        let change = store.change(&crate::changes::ada()).await.unwrap();
        let (kind, subject) = ("key", "key_1".to_owned());
        let entry = baton_store::NewAudit { action: "key.revoke", kind, subject, before: None, after: None };
        change.audit(entry).await.unwrap();
        change.commit().await.unwrap();
    }
    // Past Baton, with a connection of one's own: it is the database that refuses.
    for statement in ["DELETE FROM audit", "UPDATE audit SET actor = 'nobody'"] {
        let error = other.execute_unprepared(statement).await.unwrap_err().to_string();
        assert!(error.contains("rows of audit are only added"), "{error}");
        // Says what it was refused with, as a value.
        let caught = format!(
            "CREATE OR REPLACE FUNCTION attempt() RETURNS text LANGUAGE plpgsql AS $$ \
             BEGIN {statement}; RETURN 'done'; EXCEPTION WHEN raise_exception THEN RETURN SQLERRM; END $$"
        );
        database.sql(&caught);
        assert_eq!(database.sql("SELECT attempt()"), "rows of audit are only added");
    }
    let all = baton_store::audit::AuditFilter::default();
    for store in [&store, &server] {
        assert_eq!(store.audit().list(&all, None, 9).await.unwrap().items.len(), 1);
    }
    server.close().await;
}

/// As a newer version may have written them before an update was taken back, or somebody by hand.
#[tokio::test]
async fn rows_that_cannot_be_read_are_left_out() {
    let (store, folder) = file().await;
    for id in ["a", "b"] {
        store.models().insert(&samples::model(id)).await.unwrap();
    }
    for number in 1..=2 {
        store.keys().insert(&crate::keys::key(number)).await.unwrap();
    }
    let other = Database::connect(url(&folder.path().join("deep/baton.db"))).await.unwrap();
    for spoil in [
        "UPDATE models SET capabilities = '[\"TELEPATHY\"]' WHERE id = 'a'",
        "UPDATE api_keys SET role = 'emperor' WHERE id = 'key_1'",
    ] {
        assert_eq!(other.execute_unprepared(spoil).await.unwrap().rows_affected(), 1);
    }
    assert_eq!(store.models().list().await.unwrap(), [samples::model("b")]);
    assert_eq!(store.keys().all().await.unwrap(), [crate::keys::key(2)]);
    // Asked for by itself, it is an error: only lists go on without it.
    assert!(matches!(store.models().get(&"a".into()).await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_caller_is_told_nothing_of_the_database() {
    let (store, folder) = file().await;
    let other = Database::connect(url(&folder.path().join("deep/baton.db"))).await.unwrap();
    other.execute_unprepared("DROP TABLE models").await.unwrap();
    let public = PublicError::from(store.models().list().await.unwrap_err());
    assert_eq!(
        (public.code, public.message.as_str()),
        (Code::Overloaded, "the database is unavailable at the moment; try again later")
    );
    assert!(public.cause.unwrap().chain().contains("no such table: models"));
}

/// A newer version has fields that this one does not know.
#[tokio::test]
async fn rows_of_a_newer_version_are_read() {
    let (store, folder) = file().await;
    let other = Database::connect(url(&folder.path().join("deep/baton.db"))).await.unwrap();
    for row in [
        r#"INSERT INTO projects (id, name, metadata, created_at, updated_at, more) VALUES ('p', 'P', '{"a": 1.0}', 5, 6, '{"colour":"red"}')"#,
        r#"INSERT INTO webhooks (id, url, types, sealed_secret, active, created_at, updated_at, more)
            VALUES ('w', 'https://w.example', '["key.revoked"]', 's', 0, 5, 6, '{"colour":"red"}')"#,
    ] {
        other.execute_unprepared(row).await.unwrap();
    }
    let project = Project {
        name: "P".into(),
        metadata: Json(r#"{"a": 1.0}"#.into()),
        created_at: Timestamp(5),
        updated_at: Timestamp(6),
        ..Project::new("p")
    };
    assert_eq!(store.projects().get("p").await.unwrap(), project);
    let webhook = Webhook {
        types: Some(vec![EventKind::KeyRevoked]),
        sealed_secret: "s".into(),
        active: false,
        created_at: Timestamp(5),
        updated_at: Timestamp(6),
        ..Webhook::new("w", "https://w.example")
    };
    assert_eq!(store.webhooks().get("w").await.unwrap(), webhook);
}

/// Rows as version 0.1 wrote them, before fields without a column had a place: read, and written whole again.
#[tokio::test]
async fn rows_of_the_first_version_are_read() {
    let (store, folder) = file().await;
    let other = Database::connect(url(&folder.path().join("deep/baton.db"))).await.unwrap();
    let model = r#"INSERT INTO models (id, provider, upstream, capabilities, status, display_name, max_tokens, token_limit, price,
        fallbacks, configuration, metadata, quirks, tokenizer, source, created_at, updated_at) VALUES ('fast', 'groq',
        'llama-3.3-70b-versatile', '["CHAT","AUDIO_SPEECH"]', 'DEPRECATED', 'Fast "one"', 32768, 131072,
        '{"rates":{"input":"0.59","output":"0.000000001"},"context_tiers":[{"above":200000,"rates":{"input":"0.59","output":"0.000000001"}}],"service_tiers":{"flex":{"input":"0.59","output":"0.000000001"}}}',
        '["org/model:q4","ü"]', '{"temperature":1e0,"big":12345678901234567890123}', '{"b":1,"a":[1.10]}',
        '{"max_tokens_field":"max_tokens","refuses":["temperature"],"reasoning":"adaptive","stream_usage":true,"prefill":false,"unheard_of":1}',
        'o200k', 'api', 1795392000000000, 1795392000000001)"#;
    let key = r#"INSERT INTO api_keys (id, name, prefix, hash, role, project, models, created_at, expires_at, addresses, strict)
        VALUES ('key_1', 'team 1', 'bt-abc', '0000000000000000000000000000000000000000000000000000000000000001', 'caller', 'search',
        '["fast"]', 1795392000000001, 1795392000000099, '["10.0.0.0/8"]', 0)"#;
    for row in [model, key] {
        other.execute_unprepared(row).await.unwrap();
    }
    let read = store.models().get(&"fast".into()).await.unwrap();
    assert_eq!(read, samples::model("fast"));
    assert_eq!(store.keys().all().await.unwrap(), [crate::keys::key(1)]);
    let changed = Model { updated_at: Timestamp(read.updated_at.0 + 1), ..read.clone() };
    store.models().update(&changed, read.updated_at).await.unwrap();
    assert_eq!(store.models().get(&"fast".into()).await.unwrap(), changed);
}
