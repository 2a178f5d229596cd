//! PostgreSQL on bad days: what it says, and that nothing is lost.

use crate::ledger::everything;
use crate::samples::{self, MIDNIGHT};
use baton_model::chat::Json;
use baton_model::{ModelId, Timestamp};
use baton_servers::disk::SmallDisk;
use baton_servers::postgres::{self, PostgresServer};
use baton_store::ledger::RequestFilter;
use baton_store::{Pools, Store, StoreError, masked};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

fn quick() -> Pools {
    Pools { acquire_timeout: Duration::from_secs(2), ..Pools::default() }
}

async fn open_error(url: &str) -> String {
    match Store::open_with(url, &quick()).await {
        Ok(store) => store.migrate().await.unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

/// `postgresql://…` with another user.
fn as_user(url: &str, user: &str) -> String {
    let (_, place) = url.split_once('@').unwrap();
    format!("postgresql://{user}@{place}")
}

/// Waits until something works again.
async fn eventually<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match ask().await {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < until, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_reason_is_named() {
    let database = postgres::database();
    let port = baton_servers::free_port();
    assert_eq!(
        open_error(&format!("postgresql://baton:secret@127.0.0.1:{port}/baton")).await,
        format!(
            "the database `baton at 127.0.0.1:{port}` can't be opened: nothing listens on port {port} of 127.0.0.1; \
             check that the server is running, and the port"
        )
    );
    let nowhere = open_error("postgresql://baton:secret@no-such-host.invalid/baton").await;
    assert!(nowhere.contains("no-such-host.invalid can't be reached") && !nowhere.contains("secret"), "{nowhere}");
    let missing = open_error(&database.url().replace(database.name(), "no_such_database")).await;
    assert!(
        missing.ends_with(
            "the database `no_such_database` does not exist; create it with `CREATE DATABASE \"no_such_database\"`"
        ),
        "{missing}"
    );
    let stranger = open_error(&as_user(&database.url(), "no_such_user")).await;
    assert!(stranger.contains("the server refuses the user `no_such_user`"), "{stranger}");
    // A password with a character that ends the address: what can't be parsed must not be shown either.
    let wrong = open_error("postgresql://baton:sec#ret@[::1/baton").await;
    assert!(wrong.contains("is not a database address") && !wrong.contains("sec#ret"), "{wrong}");
}

#[test]
fn passwords_are_not_shown() {
    for (address, shown) in [
        ("postgresql://baton:s3cr3t@db:5432/baton", "postgresql://baton:…@db:5432/baton"),
        ("postgresql://baton:p@ss@db/baton?sslmode=require", "postgresql://baton:…@db/baton?sslmode=require"),
        ("postgresql://db/baton?user=a&password=s3cr3t", "postgresql://db/baton?user=a&password=…"),
        ("postgresql://baton@db/baton", "postgresql://baton@db/baton"),
        ("sqlite:data/baton.db?mode=ro", "sqlite:data/baton.db?mode=ro"),
    ] {
        assert_eq!(masked(address), shown);
    }
}

#[tokio::test]
async fn the_addresses_of_other_programs_are_taken() {
    let database = postgres::database();
    // What a service in Python has in its environment (SQLAlchemy): `ssl` instead of `sslmode`.
    let asyncpg = database.url().replace("postgresql://", "postgresql+asyncpg://");
    for url in
        [format!("{asyncpg}?ssl=disable"), asyncpg.clone(), database.url().replace("postgresql://", "postgres://")]
    {
        let store = Store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        store.ping().await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn connections_are_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    // The server runs as another user, and refuses a key that others may read.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(&key, Some(servers_user().parse().unwrap()), None).unwrap();
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file='{}'", certificate.display()),
        format!("ssl_key_file='{}'", key.display()),
    ];
    let server = PostgresServer::start(&settings.each_ref().map(String::as_str));
    let url = server.url().replace("postgresql://", "postgresql+asyncpg://").replace("127.0.0.1", "localhost");
    let trusted = format!("{url}/postgres?ssl=verify-full&sslrootcert={}", certificate.display());
    for url in [format!("{url}/postgres?ssl=require"), trusted] {
        let store = Store::open(&url).await.unwrap();
        store.ping().await.unwrap();
        let ours =
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'baton'";
        assert_eq!(printed("psql", &["-XAtc", ours, &format!("{}/postgres?sslmode=disable", server.url())]), "t");
        store.close().await;
    }
    let stranger = open_error(&format!("{url}/postgres?ssl=verify-full")).await;
    assert!(stranger.contains("the connection can't be encrypted") && stranger.contains("`sslrootcert`"), "{stranger}");
    let plain = PostgresServer::start(&[]);
    let refusal = open_error(&format!("{}/postgres?sslmode=require", plain.url())).await;
    assert!(refusal.contains("the connection can't be encrypted"), "{refusal}");
}

#[tokio::test]
async fn a_wrong_password_is_named() {
    let server = PostgresServer::start(&["password_encryption='scram-sha-256'"]);
    let database = postgres::database_on(&server.url());
    database.sql("CREATE ROLE baton LOGIN PASSWORD 'right'");
    let file = database.sql("SHOW hba_file");
    std::fs::write(&file, "host all baton 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n").unwrap();
    database.sql("SELECT pg_reload_conf()");
    // Since PostgreSQL 15, a new role may make no tables in `public`.
    database.sql("GRANT CREATE ON SCHEMA public TO baton");
    let url = |password: &str| as_user(&database.url(), &format!("baton{password}"));
    // The server reloads its rules when it comes to it.
    let until = Instant::now() + Duration::from_secs(30);
    while Store::open(&url("")).await.is_ok() {
        assert!(Instant::now() < until, "the rules are not in force");
    }
    for wrong in [":wr0ng", ""] {
        let told = open_error(&url(wrong)).await;
        assert!(told.ends_with("the password of the user `baton` is wrong or missing"), "{told}");
        assert!(!told.contains("wr0ng"), "{told}");
    }
    let store = Store::open(&url(":right")).await.unwrap();
    store.migrate().await.unwrap();
    assert!(!format!("{store:?}").contains("right"));
    store.close().await;
}

/// May not make tables: told so, and free to work once another has made them.
#[tokio::test]
async fn missing_rights_are_named() {
    let database = postgres::database();
    let role = format!("{}_reader", database.name());
    database.sql(&format!("CREATE ROLE {role} LOGIN"));
    let url = as_user(&database.url(), &role);
    let told = open_error(&url).await;
    assert!(told.starts_with("the database does not allow it (permission denied for schema public)"), "{told}");
    assert!(told.contains("`baton migrate`"), "{told}");
    let owner = Store::open(&database.url()).await.unwrap();
    owner.migrate().await.unwrap();
    database.sql(&format!("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {role}"));
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    store.models().insert(&samples::model("a")).await.unwrap();
    let error = store.models().delete(&ModelId::from("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Denied { .. }), "{error:?}");
    store.close().await;
    owner.close().await;
    database.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[tokio::test]
async fn a_read_only_database_is_named() {
    let database = postgres::database();
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    store.models().insert(&samples::model("a")).await.unwrap();
    store.close().await;
    database.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name()));
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.models().list().await.unwrap(), [samples::model("a")]);
    let error = store.models().insert(&samples::model("b")).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error:?}");
    let error = store.ledger().write(&[samples::record(1, 0, Vec::new())]).await.unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    store.close().await;
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let database = postgres::database();
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    database.sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_teleport', 0)");
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::Newer { migration } if migration == "m20990101_teleport"), "{error:?}");
    store.close().await;
}

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let database = postgres::database();
    let start = async || {
        let store = Store::open(&database.url()).await.unwrap();
        store.migrate().await.unwrap();
        store
    };
    let stores = tokio::join!(start(), start(), start(), start());
    stores.3.models().insert(&samples::model("a")).await.unwrap();
    assert_eq!(stores.0.models().list().await.unwrap().len(), 1);
    assert_eq!(database.sql("SELECT count(*) FROM seaql_migrations"), "17");
    for store in [stores.0, stores.1, stores.2, stores.3] {
        store.close().await;
    }
}

/// What the version before has left: the queries of its providers, and what its keys have kept.
#[tokio::test]
async fn an_earlier_database_gets_accounts_and_loses_queries() {
    let database = postgres::database();
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    database.sql(
        "DELETE FROM seaql_migrations WHERE version = 'm20261129_scopes_and_quotas'; \
         ALTER TABLE events DROP COLUMN project; ALTER TABLE audit DROP COLUMN project; \
         ALTER TABLE kept_responses DROP COLUMN account, DROP COLUMN bytes; \
         ALTER TABLE holdings DROP COLUMN account; DROP INDEX feedback_actor",
    );
    let settings = r#"{"query": "key=s3cret&a=1", "retries": 2}"#;
    database.sql(&format!(
        "INSERT INTO events (id, kind, subject, time, data, source) VALUES ('e', 'provider.registered', 'p', 1, '{settings}', 'n'); \
         INSERT INTO audit (id, at, actor, role, action, kind, subject, before, after) \
         VALUES ('a', 1, 'admin', 'admin', 'provider.update', 'provider', 'p', '{settings}', '{settings}'); \
         INSERT INTO kept_responses (id, key_id, project, user_id, model, input, response, created_at, expires_at) \
         VALUES ('r', 'key_1', 'p', 'u', 'm', 'é', 'abc', 1, 9); \
         INSERT INTO holdings (id, object, kind, provider, user_id, created_at) VALUES ('h', 'o', 'file', 'openai', 'ada', 1)"
    ));
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    let masked = r#"{"query":["key","a"],"retries":2}"#;
    assert_eq!(database.sql("SELECT data FROM events WHERE id = 'e'"), masked);
    assert_eq!(database.sql("SELECT before || after FROM audit WHERE id = 'a'"), format!("{masked}{masked}"));
    assert_eq!(database.sql("SELECT account || ' ' || bytes FROM kept_responses"), "key:key_1 5");
    assert_eq!(database.sql("SELECT account FROM holdings"), "user:ada");
    assert_eq!(
        database.sql("SELECT count(*) FROM pg_trigger WHERE tgname = 'audit_only_grows'"),
        "1",
        "the log refuses changes again"
    );
    store.close().await;
}

/// Something in the way in the middle of it: what was there before is there, and once it is gone the next start goes on.
#[tokio::test]
async fn a_failed_migration_leaves_what_was_there() {
    let database = postgres::database();
    database.sql("CREATE TABLE webhooks (in_the_way int)");
    let error = open_error(&database.url()).await;
    assert_eq!(error, "the database failed");
    let tables = "SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.sql(tables), "webhooks");
    database.sql("DROP TABLE webhooks");
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_server_that_was_away_is_found_again() {
    let server = PostgresServer::start(&[]);
    let database = postgres::database_on(&server.url());
    let store = Store::open_with(&database.url(), &quick()).await.unwrap();
    store.migrate().await.unwrap();
    let records = |number: u32| vec![samples::record(number, number.into(), Vec::new())];
    store.ledger().write(&records(1)).await.unwrap();
    server.stop();
    for _ in 0..3 {
        let error = store.ledger().write(&records(2)).await.unwrap_err();
        assert!(error.is_temporary(), "{error:?}");
    }
    assert!(store.models().list().await.is_err());
    server.restart();
    eventually(async || store.ledger().write(&records(2)).await).await;
    assert_eq!(eventually(async || store.ledger().list(&RequestFilter::default(), None, 9).await).await.items.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_server_without_connections_left_is_named() {
    let server = PostgresServer::start(&["max_connections=4", "superuser_reserved_connections=0", "max_wal_senders=0"]);
    let database = postgres::database_on(&server.url());
    let store = Store::open_with(&database.url(), &Pools { readers: 1, writers: 1, ..quick() }).await.unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    // Those two connections stay; the next two are others'.
    let others = [open_one(&database.url()).await, open_one(&database.url()).await];
    let told = open_error(&database.url()).await;
    assert!(told.contains("the server has no free connection") && told.contains("`max_connections`"), "{told}");
    store.ledger().write(&[samples::record(1, 0, Vec::new())]).await.unwrap();
    drop(others);
    let second = eventually(async || Store::open_with(&database.url(), &quick()).await).await;
    second.close().await;
    store.close().await;
}

async fn open_one(url: &str) -> sqlx::PgConnection {
    <sqlx::PgConnection as sqlx::Connection>::connect(url).await.unwrap()
}

/// The user that an own server runs as: it refuses to be root.
fn servers_user() -> String {
    if printed("id", &["-u"]) == "0" { printed("id", &["-u", "postgres"]) } else { printed("id", &["-u"]) }
}

fn printed(program: &str, arguments: &[&str]) -> String {
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_lost() {
    let disk = SmallDisk::mount_for_postgres(24);
    let server = PostgresServer::start(&[]);
    let all = postgres::database_on(&server.url());
    all.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    all.sql("CREATE DATABASE small TABLESPACE small");
    let url = all.url().replace(all.name(), "small");
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    // Something to remove afterwards: a disk that is full of the ledger alone could not be helped.
    all.sql("CREATE TABLE ballast TABLESPACE small AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 4000) n");
    let batch = |number: u32| {
        let record = |place| {
            let mut record = samples::record(number * 100 + place, i64::from(number), Vec::new());
            // Hardly compressible: the table has to grow.
            let seed = u64::from(number * 100 + place + 1);
            let noise =
                (1..400_u64).map(|noise| format!("{:016x}", (noise * seed).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            record.attribution.metadata = Some(Json(format!("{{\"noise\": \"{}\"}}", noise.collect::<String>())));
            record
        };
        (0..50).map(record).collect::<Vec<_>>()
    };
    let mut written = 0;
    let error = loop {
        match store.ledger().write(&batch(written)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the disk is not small");
    };
    assert!(matches!(error, StoreError::Full(_)) && error.is_temporary(), "{error:?}");
    assert!(error.to_string().starts_with("the database's disk is full: free some space"), "{error}");
    let there = async || store.ledger().usage(&everything()).await.unwrap().first().map_or(0, |row| row.requests);
    // Whole batches: of the one that failed, nothing is there.
    assert_eq!(there().await, u64::from(written) * 50);
    all.sql("DROP TABLE ballast");
    store.ledger().write(&batch(written)).await.unwrap();
    assert_eq!(there().await, u64::from(written + 1) * 50);
    store.close().await;
}

/// What arrives in months that have a part, and in others, is found alike; old months go as a whole.
#[tokio::test]
async fn months_are_dropped_whole() {
    let database = postgres::database();
    let store = Store::open(&database.url()).await.unwrap();
    store.migrate().await.unwrap();
    let day = 86_400_000_000_i64;
    // 23 November 2026, and days before and after: most of them have no part yet.
    let days = [0, -30, -60, -61, -400, 40, 4_000];
    let records = days.iter().zip(1..).map(|(days, number)| {
        let attempts = vec![samples::attempt("a", baton_model::Cost::Unpriced, baton_model::Usage::default())];
        samples::record(number, days * day, attempts)
    });
    let records = records.collect::<Vec<_>>();
    store.ledger().write(&records).await.unwrap();
    let rest =
        || database.sql("SELECT (SELECT count(*) FROM requests_rest) || ',' || (SELECT count(*) FROM attempts_rest)");
    store.ledger().prepare(Timestamp(MIDNIGHT)).await.unwrap();
    store.ledger().prepare(Timestamp(MIDNIGHT)).await.unwrap();
    assert_eq!(rest(), "4,4", "October to February have parts; what was among the rest for them has moved");
    assert_eq!(database.sql("SELECT count(*) FROM requests_2026_11"), "1");
    for record in &records {
        assert_eq!(store.ledger().get(&record.id).await.unwrap(), *record);
    }
    assert_eq!(store.ledger().usage(&everything()).await.unwrap()[0].requests, 7);
    crate::events::place_all(&store).await;
    // Half of November has passed the limit: November stays, October goes, and so do those without a part.
    let gone = store.ledger().retain(Timestamp(MIDNIGHT - 8 * day)).await.unwrap();
    assert_eq!((gone.months.as_slice(), gone.requests), (["2026-10".to_owned()].as_slice(), 3));
    assert_eq!(rest(), "1,1");
    let left = store.ledger().list(&RequestFilter::default(), None, 10).await.unwrap().items;
    assert_eq!(
        left.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(),
        ["0193-000007", "0193-000006", "0193-000001"]
    );
    store.close().await;
}
