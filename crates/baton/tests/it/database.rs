//! The binary and its database: migrated, copied, checked.

use crate::running::{command, printed_text, run};
use baton_servers::postgres::{self, TestDatabase};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// Waits until something is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn on(folder: &Path, url: &str, arguments: &[&str]) -> Output {
    command(folder, arguments).env("DATABASE_URL", url).output().unwrap()
}

fn tables(database: &TestDatabase) -> String {
    database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
}

/// The process gets SIGKILL when half of the tables are made: none of them stays, and the next run goes through.
#[test]
fn a_killed_migration_leaves_what_was_there() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres::database());
    // Making the table `webhooks` waits for whoever has the lock: this test.
    database.sql(
        "CREATE FUNCTION wait() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.webhooks') \
         THEN PERFORM pg_advisory_xact_lock(7); END IF; END $$; \
         CREATE EVENT TRIGGER wait ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION wait()",
    );
    let mut holder = std::process::Command::new("psql")
        .args(["-X", "-q", "-c", "SELECT pg_advisory_lock(7)", "-c", "SELECT pg_sleep(600)", &database.url()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the lock is held", || database.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "1");
    let mut migrate = command(folder.path(), &["migrate"]).env("DATABASE_URL", database.url()).spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    until("the migration is in the middle", || database.sql(waits) == "1");
    migrate.kill().unwrap();
    migrate.wait().unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    // PostgreSQL notices the death of a client only when it writes to it; until then the lock would be held.
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
    database.sql(others);
    until("the server has noticed", || {
        database.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'baton' AND datname = current_database()",
        ) == "0"
    });
    assert_eq!(tables(&database), "0");
    let output = on(folder.path(), &database.url(), &["migrate"]);
    assert!(output.status.success(), "{}", printed_text(&output));
    assert_ne!(tables(&database), "0");
    let again = on(folder.path(), &database.url(), &["migrate"]);
    assert!(printed_text(&again).contains("is up to date"), "{}", printed_text(&again));
}

/// Two nodes at the same moment, on each database.
#[test]
fn nodes_started_at_once_do_not_collide() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres::database());
    for url in [database.url(), format!("sqlite:{}/baton.db", folder.path().display())] {
        let start = || {
            let mut migrate = command(folder.path(), &["migrate"]);
            migrate.env("DATABASE_URL", &url).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let nodes = [start(), start(), start()];
        for node in nodes {
            let output = node.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", printed_text(&output));
        }
    }
}

#[test]
fn an_installation_moves_over_and_back() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres::database());
    let lite = format!("sqlite:{}/baton.db", folder.path().display());
    assert!(on(folder.path(), &lite, &["migrate"]).status.success());
    let store = |url: &str| {
        let url = url.to_owned();
        async move { baton_store::Store::open(&url).await.unwrap() }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = store(&lite).await;
        store.settings().set("pepper", "first").await.unwrap();
        store.close().await;
    });
    let copy = |from: &str, to: &str| run(folder.path(), &["db", "copy", "--from", from, "--to", to]);
    // The second run finds everything there and has to change nothing.
    for _ in 0..2 {
        let output = copy(&lite, &database.url());
        assert!(output.status.success(), "{}", printed_text(&output));
        assert!(printed_text(&output).contains("copy complete; counts and totals match"), "{}", printed_text(&output));
    }
    let back = format!("sqlite:{}/back.db", folder.path().display());
    assert!(copy(&database.url(), &back).status.success());
    let json = run(folder.path(), &["db", "copy", "--json", "--from", &database.url(), "--to", &back]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let settings = serde_json::json!({ "table": "settings", "source": 1, "written": 0, "target": 1 });
    assert_eq!((&json["ok"], &json["items"][0]), (&serde_json::json!(true), &settings));

    runtime.block_on(async {
        let store = store(&back).await;
        // With another pepper, none of the copied keys would be known.
        store.settings().set("pepper", "another").await.unwrap();
        store.close().await;
    });
    let refused = copy(&lite, &back);
    assert!(!refused.status.success());
    assert!(
        printed_text(&refused).contains("the target differs from the source at `pepper`"),
        "{}",
        printed_text(&refused)
    );
    // SQLite would make it, and an empty installation would be copied with success.
    let nothing = copy("sqlite:nowhere.db", &back);
    assert!(printed_text(&nothing).contains("--from: the database `nowhere.db`"), "{}", printed_text(&nothing));
    assert!(!folder.path().join("nowhere.db").exists());
    let itself = copy("postgresql://baton:s3cr3t@db/baton", "postgresql://baton:s3cr3t@db/baton");
    assert!(
        printed_text(&itself).contains("is both the source and the target")
            && !printed_text(&itself).contains("s3cr3t"),
        "{}",
        printed_text(&itself)
    );
}

/// What `baton check` says of each fault of a database, word for word.
#[test]
fn check_names_what_is_wrong() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres::database());
    let port = baton_servers::free_port();
    let server = database.url().replace(&format!("/{}", database.name()), "");
    let (_, place) = server.split_once('@').unwrap();
    let newer = postgres::database();
    assert!(on(folder.path(), &newer.url(), &["migrate"]).status.success());
    newer.sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_teleport', 0)");
    // Roles are of the whole server, which other tests use too: the name has to be this test's alone.
    let reader = format!("{}_reader", database.name());
    database.sql(&format!("CREATE ROLE {reader} LOGIN"));
    let read_only = postgres::database();
    read_only.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", read_only.name()));
    for (url, fault) in [
        (
            format!("postgresql://baton:s3cr3t@127.0.0.1:{port}/baton"),
            format!(
                "the database `baton at 127.0.0.1:{port}` can't be opened: nothing listens on port {port} of \
                 127.0.0.1; check that the server is running, and the port"
            ),
        ),
        (
            format!("{server}/nowhere"),
            format!(
                "the database `nowhere at {place}` can't be opened: the database `nowhere` does not exist; create it \
                 with `CREATE DATABASE \"nowhere\"`"
            ),
        ),
        (
            format!("postgresql://{reader}@{place}/{}", database.name()),
            "the database does not allow it (permission denied for schema public): grant its user that right, or run \
             `baton migrate` once as a user who may create tables"
                .to_owned(),
        ),
        (
            read_only.url(),
            "the database is read-only: check the owner and permissions of its file and folder; for a server, check \
             that it is not a standby, and `default_transaction_read_only`"
                .to_owned(),
        ),
        (
            newer.url(),
            "the database has the migration `m20990101_teleport`, which this version does not know, because a newer \
             Baton has used it; start that version, or restore a backup from before the update"
                .to_owned(),
        ),
        (
            "mysql://baton:s3cr3t@db/baton".to_owned(),
            "`mysql://baton:…@db/baton` is not a database address: use `sqlite:PATH`, `sqlite::memory:` or \
             `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`"
                .to_owned(),
        ),
    ] {
        let output = on(folder.path(), &url, &["check", "--offline"]);
        assert!(!output.status.success());
        let told = printed_text(&output);
        assert!(told.contains(&format!("error   database: {fault}\n")), "{told}");
        assert!(!told.contains("s3cr3t"), "{told}");
    }
    database.sql(&format!("DROP ROLE {reader}"));
}
