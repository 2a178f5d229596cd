//! A disk that is full, and a database that takes no records: what can't be recorded is not served, and what was served is
//! recorded.

use crate::running::{KEY, Running};
use baton_servers::disk::SmallDisk;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

const BODY: &str = r#"{"model":"gpt","messages":[{"role":"user","content":"Say hello"}]}"#;

/// Asks once: the status, and the request's id if there was a reply.
fn ask(node: &Running) -> (u16, Option<String>) {
    let (status, body) = node.ask("POST", "/api/models/chat", KEY, BODY);
    let body: Value = serde_json::from_str(&body).unwrap();
    (status, body["request_id"].as_str().map(str::to_owned))
}

/// Asks until the reply has that status; the ids of the replies on the way.
fn ask_until(node: &Running, wanted: u16) -> BTreeSet<String> {
    let until = Instant::now() + Duration::from_secs(60);
    let mut answered = BTreeSet::new();
    loop {
        let (status, id) = ask(node);
        if status == 200 {
            answered.extend(id);
        }
        if status == wanted {
            return answered;
        }
        assert!(matches!(status, 200 | 503) && Instant::now() < until, "{status}");
    }
}

/// Waits until each of these requests is in the ledger.
fn until_recorded(node: &Running, ids: &BTreeSet<String>, until: Instant) {
    for id in ids {
        while node.ask("GET", &format!("/api/requests/{id}"), KEY, "").0 != 200 {
            assert!(Instant::now() < until, "{id} is not in the ledger");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_full_disk_refuses_requests_and_loses_no_record() {
    let folder = tempfile::tempdir().unwrap();
    // A real file system: what a full disk does (a half line, a database that can't roll back) no double shows.
    let disk = SmallDisk::mount(12);
    // Journal and database are both there.
    std::os::unix::fs::symlink(disk.path(), folder.path().join("data")).unwrap();
    let node = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let mut answered = ask_until(&node, 200);

    let ballast = disk.path().join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);

    answered.extend(ask_until(&node, 503));
    let (status, refused) = node.ask("POST", "/v1/chat/completions", KEY, BODY);
    assert!(status == 503 && refused.contains("check whether the disk of the data folder is full"), "{refused}");
    let (status, reason) = node.ask("GET", "/health/ready", "", "");
    assert!(status == 503 && reason.contains("the disk of the data folder"), "{reason}");

    std::fs::remove_file(&ballast).unwrap();
    answered.extend(ask_until(&node, 200));
    let until = Instant::now() + Duration::from_secs(60);
    until_recorded(&node, &answered, until);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_records_wait_says_by_how_much_it_slows_requests_down() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("baton.toml"), "[ledger]\nmax_journal_bytes = 65536\n").unwrap();
    let node = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let mut answered = ask_until(&node, 200);

    // Another program holds the database's only lock for writers.
    let url = format!("sqlite:{}", folder.path().join("data/demo/baton.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let ready = || node.ask("GET", "/health/ready", "", "");
    let until = Instant::now() + Duration::from_secs(60);
    while ready() == (200, "ready".to_owned()) {
        assert!(Instant::now() < until, "it does not say that it is behind");
        let (status, id) = ask(&node);
        assert_eq!(status, 200);
        answered.extend(id);
    }
    let (status, text) = ready();
    assert!(status == 200 && text.starts_with("ready, slowed down by 0."), "{status}: {text}");
    let (_, metrics) = node.ask("GET", "/metrics", KEY, "");
    let slowdown = metrics.lines().find_map(|line| line.strip_prefix("baton_ledger_slowdown_seconds ")).unwrap();
    assert!(slowdown.parse::<f64>().unwrap() > 0.0, "{slowdown}");

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    while ready() != (200, "ready".to_owned()) {
        assert!(Instant::now() < until, "it does not catch up");
        std::thread::sleep(Duration::from_millis(20));
    }
    // It is up to speed before the last records are in the database.
    until_recorded(&node, &answered, until);
}
