//! A log that hangs stops nothing, and what is logged repeats nothing that clients sent.

use crate::running::{KEY, Running};
use crate::serving::LONG;
use baton_model::{Clock, SystemClock};
use chrono::{DateTime, Days};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Instant;

/// Makes the log file of today, and of tomorrow in case it becomes that, a pipe.
fn hanging_disk(folder: &Path) -> Vec<PathBuf> {
    std::fs::create_dir(folder.join("logs")).unwrap();
    let today = DateTime::from_timestamp_micros(SystemClock.now().0).unwrap();
    let days = [today, today + Days::new(1)];
    let files = days.map(|day| folder.join(format!("logs/baton.{}.log", day.format("%Y-%m-%d"))));
    assert!(Command::new("mkfifo").args(&files).status().unwrap().success());
    files.to_vec()
}

/// Opens a pipe such that a writer need not wait for a reader, and fills it. Nothing more goes in before somebody reads.
fn open(pipe: &Path) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let opened = options.open(pipe).unwrap();
    let mut filling = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(pipe).unwrap();
    while filling.write_all(b"it is full\n").is_ok() {}
    opened
}

fn lost(baton: &Running) -> u64 {
    let (status, metrics) = baton.ask("GET", "/metrics", "", "");
    assert_eq!(status, 200);
    let line =
        metrics.lines().find_map(|line| line.strip_prefix("baton_log_lines_lost_total{output=\"file\"} ")).unwrap();
    line.parse().unwrap()
}

fn until(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !so() {
        assert!(Instant::now() < end, "it never came to be so");
    }
}

#[test]
fn a_disk_that_takes_no_log_lines_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let pipes = hanging_disk(folder.path());
    let disks: Vec<File> = pipes.iter().map(|pipe| open(pipe)).collect();
    std::fs::write(folder.path().join("baton.toml"), "[logs]\nlevel = \"debug\"\nmax_waiting_bytes = 8192\n").unwrap();
    let baton = Running::start(folder.path(), &["serve"], &[("BATON_ADMIN_KEY", KEY)], "baton is ready");
    // More lines than the queue holds: each of these requests is refused, which is a line.
    until(|| {
        assert_eq!(baton.ask("POST", "/v1/chat/completions", KEY, "{}").0, 400);
        lost(&baton) > 0
    });
    let (status, ready) = baton.ask("GET", "/health/ready", "", "");
    assert_eq!((status, ready.as_str()), (200, "ready"));
    // The disk works again: what waited is written, and that there was more.
    let (sender, told) = channel();
    for disk in disks {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let lines = BufReader::new(disk).lines().map_while(Result::ok);
            lines.filter(|line| line.contains("log lines were lost")).try_for_each(|line| sender.send(line))
        });
    }
    let mut line = None;
    until(|| {
        assert_eq!(baton.ask("POST", "/v1/chat/completions", KEY, "{}").0, 400);
        line = told.try_recv().ok();
        line.is_some()
    });
    let told: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
    assert!(told["lines"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(told["output"], "file");
}

#[test]
fn debug_lines_repeat_nothing_that_clients_send() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("baton.toml"), "[logs]\nlevel = \"debug\"\n").unwrap();
    let baton = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let chat = |fields: &str| format!(r#"{{"model":"gpt","messages":[{{"role":"user","content":"Zephyr"}}]{fields}}}"#);
    for (path, key, body) in [
        ("/v1/chat/completions", KEY, chat(r#","temperature":"Zephyr-1""#)),
        ("/v1/chat/completions", KEY, chat(r#","stream":"Zephyr-2""#)),
        ("/api/models/chat", KEY, r#"{"model_id":"gpt","messages":[{"role":"Zephyr-3","content":"hi"}]}"#.to_owned()),
        (
            "/v1/messages",
            KEY,
            r#"{"model":"claude","max_tokens":5,"messages":[{"role":"Zephyr-4","content":"hi"}]}"#.to_owned(),
        ),
        ("/v1/chat/completions", "bt-Zephyr-5-0000000000000000000000000000000000", chat("")),
        ("/api/keys", KEY, r#"{"name":"k","role":"Zephyr-6"}"#.to_owned()),
        ("/api/keys/Zephyr-7", KEY, "{}".to_owned()),
        ("/Zephyr-8?Zephyr=9", KEY, String::new()),
        ("/v1/files?purpose=Zephyr-10", KEY, "Zephyr".to_owned()),
        // The last of them: lines are in order.
        ("/api/embed", KEY, "{}".to_owned()),
    ] {
        let (status, reply) = baton.ask("POST", path, key, &body);
        assert!(status >= 400, "{path}: {reply}");
    }
    let text = || {
        let files = std::fs::read_dir(folder.path().join("logs")).unwrap().map(|file| file.unwrap().path());
        files.map(|file| std::fs::read_to_string(file).unwrap()).collect::<String>()
    };
    until(|| text().contains(r#""api":"ollama","error.code""#));
    let text = text();
    let line = text.lines().find(|line| line.contains("Zephyr"));
    assert!(line.is_none(), "{line:?}");
    assert!(text.contains(r#""error.code":"invalid_request""#), "what was wrong is told by its code: {text}");
}
