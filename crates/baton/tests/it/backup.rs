//! `baton backup` and `baton restore`: under load, killed in between, and on what they refuse.

use crate::kills::{ask_and_tell, configuration, rows};
use crate::running::{KEY, Running, command, printed_text, run};
use baton_model::record::Outcome;
use baton_sim::{Kind, Sim, SimOptions};
use baton_store::Store;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CLIENTS: usize = 4;
/// Replies that are waited for.
const REPLIES: usize = 20;

/// Marks of the requests that were replied to.
type Finished = Arc<Mutex<BTreeSet<String>>>;

/// Waits until so many more are replied to.
async fn until_replied_to(finished: &Finished, more: usize) {
    let enough = finished.lock().unwrap().len() + more;
    until(|| finished.lock().unwrap().len() >= enough).await;
}

async fn until(so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < until, "it is not so after a minute");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Begins a backup and kills it once that path is there.
async fn kill_backup_at(folder: &Path, path: &str) -> ExitStatus {
    let mut child =
        command(folder, &["backup", "killed.tar.gz"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let path = folder.join("killed.tar.gz.partial").join(path);
    let until = Instant::now() + Duration::from_secs(60);
    // It may be over before it is seen.
    while !path.exists() && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "{} is never there", path.display());
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap()
}

fn post(running: &Running, path: &str, body: &str) -> Value {
    let (status, made) = running.ask("POST", path, KEY, body);
    assert_eq!(status, 201, "{made}");
    serde_json::from_str(&made).unwrap()
}

/// Text that gzip takes its time for, so that a backup is not over at once.
fn noise() -> String {
    (0..500_000).fold(String::new(), |mut text, _| {
        let _ = write!(text, "{:016x}", rand::random::<u64>());
        text
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_replied_to_before_a_backup_is_restored_once() {
    let options = SimOptions { token_delay: Duration::from_millis(2), ..SimOptions::of(Kind::OpenAi) };
    let sim = Sim::start(Kind::OpenAi, options).await.unwrap();
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&folder, &elsewhere] {
        std::fs::write(folder.path().join("baton.toml"), configuration(&sim)).unwrap();
    }
    let variables = [("BATON_ADMIN_KEY", KEY)];
    let mut running = Running::start(folder.path(), &["serve"], &variables, "baton is ready");
    let key = post(&running, "/api/keys", r#"{"name":"kept","role":"caller"}"#);
    let secret = key["key"].as_str().unwrap();
    post(&running, "/api/models", r#"{"model_id":"kept","provider":"openai","upstream":"gpt-4o"}"#);
    post(&running, "/api/budgets", r#"{"budget_id":"kept","scope":{"user":"*"},"amount":1000,"period":"month"}"#);
    let live = format!("sqlite:{}", folder.path().join("data/baton.db").display());
    let store = Store::open(&live).await.unwrap();
    store.settings().set("noise", &noise()).await.unwrap();

    let finished = Finished::default();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (address, finished) = (running.address.clone(), Arc::clone(&finished));
        clients.spawn(async move {
            let tell = |mark| {
                finished.lock().unwrap().insert(mark);
            };
            ask_and_tell(&address, &format!("mark-{client}"), tell).await;
        });
    }
    until_replied_to(&finished, REPLIES).await;

    // Killed at each of its steps, a backup leaves nothing under its name.
    let mut killed = 0;
    for step in ["lock", "journal", "baton.db", "archive"] {
        let status = kill_backup_at(folder.path(), step).await;
        if status.signal() == Some(9) {
            killed += 1;
            assert!(!folder.path().join("killed.tar.gz").exists(), "killed at {step}");
        } else {
            assert!(status.success(), "{status} at {step}");
            std::fs::remove_file(folder.path().join("killed.tar.gz")).unwrap();
        }
    }
    assert!(killed > 0, "no backup was under way when it was killed");

    // Without the database no record leaves the journal, so what is replied to from now on is there alone.
    let mut lock = SqliteConnection::connect(&live).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut lock).await.unwrap();
    until_replied_to(&finished, REPLIES).await;
    let before = finished.lock().unwrap().clone();
    let in_database: BTreeSet<String> = rows(&store).await.into_keys().collect();
    assert!(!before.is_subset(&in_database), "every record is in the database already");
    // Over what the killed ones have left.
    let output = run(folder.path(), &["backup", "killed.tar.gz", "--json"]);
    assert!(output.status.success(), "{}", printed_text(&output));
    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();
    lock.close().await.unwrap();
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(made["journal_segments"].as_u64() > Some(0) && made["journal_bytes"].as_u64() > Some(0), "{made}");
    assert!(printed_text(&output).contains("BATON_SECRET_KEY"));
    let archive = folder.path().join("killed.tar.gz");
    assert_eq!(archive.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.path().join("killed.tar.gz.partial").exists());

    let archive = archive.to_str().unwrap();
    let output = run(folder.path(), &["restore", archive, "--force"]);
    assert!(!output.status.success() && printed_text(&output).contains("a Baton runs on"), "{}", printed_text(&output));
    until_replied_to(&finished, REPLIES).await;
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    clients.join_all().await;
    store.close().await;

    let output = run(elsewhere.path(), &["restore", archive]);
    assert!(output.status.success(), "{}", printed_text(&output));
    let output = run(elsewhere.path(), &["restore", archive]);
    assert!(!output.status.success() && printed_text(&output).contains("--force"), "{}", printed_text(&output));

    let running = Running::start(elsewhere.path(), &["serve"], &variables, "baton is ready");
    let url = format!("sqlite:{}", elsewhere.path().join("data/baton.db").display());
    let store = Store::open(&url).await.unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let rows = loop {
        let rows = rows(&store).await;
        let missing: Vec<&String> = before.iter().filter(|mark| !rows.contains_key(*mark)).collect();
        if missing.is_empty() {
            break rows;
        }
        assert!(Instant::now() < until, "{} of {} are not restored: {missing:?}", missing.len(), before.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for (mark, outcomes) in &rows {
        assert_eq!(outcomes.len(), 1, "{mark} is there more than once: {outcomes:?}");
    }
    for mark in &before {
        assert_eq!(rows[mark], [Outcome::Completed], "{mark} was replied to");
    }
    for path in ["/api/models/kept", "/api/budgets/kept"] {
        assert_eq!(running.ask("GET", path, KEY, "").0, 200, "{path}");
    }
    let (status, me) = running.ask("GET", "/api/me", secret, "");
    assert_eq!(status, 200, "{me}");
    assert_eq!(running.ask("GET", "/api/me", "bt-another", "").0, 401);
    store.close().await;
}

#[test]
fn what_can_not_be_backed_up_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str], url: &str, words: &str| {
        let mut command = command(folder.path(), arguments);
        if !url.is_empty() {
            command.env("DATABASE_URL", url);
        }
        let output = command.output().unwrap();
        let printed = printed_text(&output);
        assert!(!output.status.success() && printed.contains(words), "{arguments:?}: {printed}");
        assert!(!printed.contains("hidden"), "a password is printed: {printed}");
    };
    // No server is there, and none is asked.
    let postgres = "postgresql://baton:hidden@127.0.0.1:1/baton";
    refused(&["backup", "a.tar.gz"], postgres, "pg_dump");
    refused(&["restore", "a.tar.gz"], postgres, "pg_restore");
    refused(&["backup", "a.tar.gz"], "sqlite::memory:", "in memory");
    refused(&["backup", "a.tar.gz"], "", "does not exist");
    assert!(!folder.path().join("data").exists(), "a failed backup has made a data folder");
    refused(&["restore", "a.tar.gz"], "", "the backup `a.tar.gz` can't be restored");

    assert!(run(folder.path(), &["migrate"]).status.success());
    std::fs::write(folder.path().join("a.tar.gz"), "something of value").unwrap();
    refused(&["backup", "a.tar.gz"], "", "exists already");
    refused(&["backup", "no/folder/a.tar.gz"], "", "can't be written");
    refused(&["restore", "a.tar.gz"], "", "there is an installation already (`data/baton.db`)");
    refused(&["restore", "a.tar.gz", "--force"], "", "it is no backup");
    assert!(folder.path().join("data/baton.db").exists());
}

#[test]
fn nothing_starts_on_half_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["migrate"]).status.success());
    let output = run(folder.path(), &["backup", "a.tar.gz"]);
    assert!(output.status.success(), "{}", printed_text(&output));
    // What a restore leaves that was killed between its renamings.
    std::fs::write(folder.path().join("data/restore-unfinished"), "").unwrap();
    for arguments in [&["serve"][..], &["migrate"], &["backup", "b.tar.gz"]] {
        let output = run(folder.path(), arguments);
        let printed = printed_text(&output);
        assert!(!output.status.success() && printed.contains("was interrupted"), "{arguments:?}: {printed}");
    }
    let output = run(folder.path(), &["restore", "a.tar.gz", "--force"]);
    assert!(output.status.success(), "{}", printed_text(&output));
    assert!(run(folder.path(), &["migrate"]).status.success());
}
