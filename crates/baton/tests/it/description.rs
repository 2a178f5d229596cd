//! What `/openapi.json` says against what a running server does: requests made from the description, good and bad.

use crate::running::{KEY, Running, printed_text};
use std::process::Command;

/// Requests per call and phase; the seed makes them the same in every run.
const REQUESTS: &str = "25";
const SEED: &str = "20261123";

/// No reply is a 5xx that the description does not foresee, none has a status, type or shape that it does not name.
#[test]
#[expect(clippy::disallowed_methods, reason = "run_tests says which Python has the tools")]
fn the_server_does_what_its_description_says() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let python = std::env::var("BATON_TEST_PYTHON").expect(
        "BATON_TEST_PYTHON names a Python that has the tools of tests/sdk/requirements.txt: ./run_tests.sh makes one",
    );
    let checks = [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ];
    let output = Command::new(python)
        .args(["-m", "schemathesis.cli", "run", &format!("http://{}/openapi.json", demo.address)])
        .args(["-H", &format!("Authorization: Bearer {KEY}"), "--checks", &checks.join(",")])
        .args(["--max-examples", REQUESTS, "--seed", SEED, "--generation-database", "none"])
        // Its reply has no end.
        .args(["--exclude-path", "/api/events"])
        // One at a time: with threads, Python 3.11's parser fails now and then.
        .args(["--workers", "1"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", printed_text(&output));
}
