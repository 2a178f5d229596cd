//! Recorded traffic of providers, played through the binary: `BATON_TEST_CORPUS` names a folder with `replay.py` and
//! `dev`. Every exchange passes but for those in `corpus/exceptions.txt`, and these fail as it says.

use crate::running::{KEY, Running, command, free_address};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const EXCEPTIONS: &str = include_str!("../corpus/exceptions.txt");

/// Which exchanges may fail, with the reason.
fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let lines = EXCEPTIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap_or_else(|| panic!("`{line}` gives no reason"))).collect()
}

#[expect(clippy::disallowed_methods, reason = "where the recordings are is printed by the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Plays all of it; what failed, each with its first difference.
fn replay(corpus: &Path) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (config, report) = (folder.path().join("baton.toml"), folder.path().join("report.jsonl"));
    let python = variable("BATON_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let port = free_address().rsplit_once(':').unwrap().1.to_owned();
    let script = |arguments: &[&str]| {
        let mut script = Command::new(&python);
        script.arg(corpus.join("replay.py")).args(["--set", "dev", "--port", &port, "--quiet"]).args(arguments);
        script
    };
    let written = script(&["--emit-config", config.to_str().unwrap()]).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let mut serve = command(folder.path(), &["serve"]);
    serve.env("BATON_ADMIN_KEY", KEY);
    let baton = Running::start_by(serve, "baton is ready");
    let url = format!("http://{}", baton.address);
    let played = script(&["--gateway", &url, "--key", KEY, "--report", report.to_str().unwrap()]).output().unwrap();
    let printed = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(report.exists(), "{printed}{}\n{}", String::from_utf8_lossy(&played.stderr), baton.lines.join("\n"));
    // What it counts: how many exchanges there were, and how many of them passed.
    // Into the output of the test runner, which shows it on request.
    eprintln!("{}", printed.lines().rev().take(2).collect::<Vec<_>>().join("; "));
    let text = std::fs::read_to_string(report).unwrap();
    let failed = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    failed.map(|line| (line["id"].as_str().unwrap().to_owned(), line["differences"][0].to_string())).collect()
}

#[test]
fn recorded_traffic_passes_but_for_named_exceptions() {
    let Some(corpus) = variable("BATON_TEST_CORPUS") else { return };
    let (failed, excepted) = (replay(Path::new(&corpus)), exceptions());
    let new: Vec<_> = failed.iter().filter(|(id, _)| !excepted.contains_key(id.as_str())).collect();
    assert!(new.is_empty(), "{} exchanges fail: {:#?}", new.len(), &new[..new.len().min(20)]);
    let passing: BTreeSet<_> = excepted.keys().filter(|id| !failed.contains_key(**id)).collect();
    assert!(passing.is_empty(), "these pass by now; take them out of corpus/exceptions.txt: {passing:?}");
}
