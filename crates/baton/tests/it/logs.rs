//! Log files: their names, their lines, what never stands in them and what stands there by opt-in.

use crate::running::{KEY, Running};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What stands in the log files, once a line with that message is there.
fn lines(folder: &Path, message: &str) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut lines = Vec::new();
        for file in std::fs::read_dir(folder.join("logs")).unwrap().map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            let date = name.strip_prefix("baton.").and_then(|name| name.strip_suffix(".log"));
            assert!(date.is_some_and(|date| chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok()), "{name}");
            let text = std::fs::read_to_string(file).unwrap();
            // The last line may be half written.
            lines.extend(
                text.split_inclusive('\n')
                    .filter(|line| line.ends_with('\n'))
                    .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))),
            );
        }
        if lines.iter().any(|line| line["message"] == message) || Instant::now() > deadline {
            return lines;
        }
        std::thread::yield_now();
    }
}

fn line<'l>(lines: &'l [Value], message: &str) -> &'l Value {
    lines.iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("no `{message}` in {lines:?}"))
}

const SECRET: &str = "mail jane@example.com, card 4111 1111 1111 1111, project Zephyr-42";

/// One request to a demonstration with that configuration: its log lines.
fn ask(configuration: &str) -> (tempfile::TempDir, Running, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("baton.toml"), configuration).unwrap();
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let body = format!(r#"{{"model":"gpt","messages":[{{"role":"user","content":"{SECRET}"}}]}}"#);
    let url = format!("http://{}/v1/chat/completions", demo.address);
    let output = std::process::Command::new("curl")
        .args(["-sS", "--fail-with-body", "-H", &format!("authorization: Bearer {KEY}")])
        .args(["-H", &format!("traceparent: {PARENT}"), "-H", "x-baton-project: shop", "-d", &body, &url])
        .output()
        .unwrap();
    let reply = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && reply.contains("jane@example.com"), "the provider repeats it: {reply}");
    (folder, demo, reply)
}

#[test]
fn a_request_is_a_line_and_says_nothing_of_its_content() {
    let (folder, _demo, _) = ask("");
    let lines = lines(folder.path(), "request");
    let request = line(&lines, "request");
    for (name, value) in [
        ("level", "INFO"),
        ("api", "openai"),
        ("model.served", "gpt"),
        ("outcome", "completed"),
        ("trace.id", "0af7651916cd43dd8448eb211c80319c"),
    ] {
        assert_eq!(request[name], value, "{request}");
    }
    let all = format!("{lines:?}");
    for secret in ["jane", "4111 1111", "Zephyr", KEY] {
        assert!(!all.contains(secret), "{secret} stands in {all}");
    }
}

#[test]
fn content_is_logged_by_opt_in_and_without_what_the_rules_find() {
    let (folder, demo, _) = ask(
        "[logs.content]\nenabled = true\nredact = [\"email\", \"card\", { pattern = \"Zephyr-[0-9]+\", with = \"[name]\" }]\n",
    );
    let lines = lines(folder.path(), "content");
    let content = line(&lines, "content");
    let told = "mail [email], card [card], project [name]";
    let prompt: Value = serde_json::from_str(content["prompt"].as_str().unwrap()).unwrap();
    assert_eq!(prompt["messages"][0]["content"], told);
    assert!(content["reply"].as_str().unwrap().contains(told), "{content}");
    assert_eq!(content["request.id"], line(&lines, "request")["request.id"]);
    assert!(!demo.lines.iter().any(|line| line.contains("[email]")), "the terminal shows no contents");
    let all = format!("{lines:?}");
    assert!(!all.contains("jane") && !all.contains("4111 1111") && !all.contains("Zephyr"), "{all}");
}

#[test]
fn content_is_cut_and_kept_to_the_projects_that_agreed() {
    let (folder, _demo, _) = ask("[logs.content]\nenabled = true\nmax_bytes = 60\nprojects = [\"shop\"]\n");
    let lines_of_shop = lines(folder.path(), "content");
    let prompt = line(&lines_of_shop, "content")["prompt"].as_str().unwrap().to_owned();
    assert!(prompt.ends_with('…') && prompt.len() == 60 + '…'.len_utf8(), "{prompt}");

    let (folder, _demo, _) = ask("[logs.content]\nenabled = true\nprojects = [\"another\"]\n");
    let others = lines(folder.path(), "request");
    assert!(!others.iter().any(|line| line["message"] == "content"), "{others:?}");
}
