//! A disk that is full: what can't be recorded is not served, and what was served is recorded.

use crate::running::{KEY, Running};
use baton_servers::disk::SmallDisk;
use serde_json::Value;
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

#[test]
fn a_full_disk_refuses_requests_and_loses_no_record() {
    let folder = tempfile::tempdir().unwrap();
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
    assert!(status == 503 && refused.contains("see whether the disk of the data folder is full"), "{refused}");
    let (status, reason) = node.ask("GET", "/health/ready", "", "");
    assert!(status == 503 && reason.contains("the disk of the data folder"), "{reason}");

    std::fs::remove_file(&ballast).unwrap();
    answered.extend(ask_until(&node, 200));
    let until = Instant::now() + Duration::from_secs(60);
    for id in &answered {
        while node.ask("GET", &format!("/api/requests/{id}"), KEY, "").0 != 200 {
            assert!(Instant::now() < until, "{id} is not in the ledger");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
