//! Ollama's own command line in front of Baton, its key in the path: the requests that the real one makes, recorded, for
//! a model of every vendor; and the program itself where `BATON_TEST_OLLAMA` names it.

use crate::running::{KEY, Running, printed_text};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A model of OpenAI's, one of Anthropic's, one of an Ollama.
const MODELS: [&str; 3] = ["gpt", "claude", "llama"];

#[derive(Deserialize)]
struct Recording {
    user_agent: String,
    commands: Vec<RecordedCommand>,
}

#[derive(Deserialize)]
struct RecordedCommand {
    command: String,
    requests: Vec<RecordedRequest>,
}

#[derive(Deserialize)]
struct RecordedRequest {
    method: String,
    path: String,
    body: Option<Value>,
}

/// A demonstration that logs all that it can.
fn demo() -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("baton.toml"), "logs.level = \"trace\"\n").unwrap();
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    (folder, demo)
}

/// The status and all else of a reply to a request with these lines in its head.
fn ask(demo: &Running, method: &str, path: &str, lines: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&demo.address).unwrap();
    let (host, length) = (&demo.address, body.len());
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n");
    write!(stream, "{head}{lines}\r\n{body}").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let status = reply.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{reply}"));
    (status, reply)
}

/// What the reply to a recorded request has to be: its status, and what stands in it.
fn expected(command: &str, path: &str, model: &str) -> (u16, &'static str) {
    let at_ollama = model == "llama";
    match (command, path) {
        (_, "/") => (200, ""),
        ("list", _) => (200, "\"claude:latest\""),
        ("-v", _) => (200, "\"version\""),
        ("ps", _) => (200, "\"models\""),
        // The program asks for a pull where a 404 says so, and ends with a sentence of its own for `stop`.
        ("show of none" | "run of none", "/api/show") | (_, "/api/generate") if command.ends_with("of none") => {
            (404, "not found")
        }
        // A panic of the program if this is no number.
        (_, "/api/show") if at_ollama => (200, "\"modelfile\""),
        (_, "/api/show") => (200, "\"general.parameter_count\":0"),
        ("stop" | "rm", "/api/generate") => (200, "\"done_reason\":\"unload\""),
        (_, "/api/generate") => (200, "\"done\":true"),
        (_, "/api/pull") => (200, "{\"status\":\"success\"}"),
        ("cp" | "rm" | "push", _) if !at_ollama => (400, "is no Ollama"),
        ("cp" | "rm" | "push" | "rm of none", _) => (200, ""),
        other => panic!("{other:?} is not expected"),
    }
}

#[test]
fn every_recorded_command_is_served_with_the_key_in_the_path() {
    let recording: Recording = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let (folder, demo) = demo();
    let lines = format!(
        "user-agent: {}\r\naccept: application/json\r\ncontent-type: application/json\r\n",
        recording.user_agent
    );
    let mut told = String::new();
    for model in MODELS {
        for RecordedCommand { command, requests } in &recording.commands {
            for request in requests {
                let body = request.body.as_ref().map(|body| body.to_string().replace("MODEL", model));
                let path = format!("/key/{KEY}{}", request.path);
                let (status, reply) = ask(&demo, &request.method, &path, &lines, &body.unwrap_or_default());
                let (wanted, part) = expected(command, &request.path, model);
                assert!(status == wanted && reply.contains(part), "{command} of {model}: {part} not in {reply}");
                told.push_str(&reply);
            }
        }
    }
    // What goes wrong names the path, and may not name the key.
    for (path, wanted) in [
        (format!("/key/{KEY}/nowhere"), 404),
        (format!("/key/{KEY}/key/{KEY}/nowhere"), 404),
        (format!("/key/{KEY}x/api/tags"), 401),
        (format!("/key/{KEY}/api/delete"), 405),
        (format!("/key/{KEY}/api/show"), 400),
    ] {
        let method = if wanted == 400 { "POST" } else { "GET" };
        let (status, reply) = ask(&demo, method, &path, "", "");
        assert_eq!(status, wanted, "{reply}");
        told.push_str(&reply);
    }
    let (_, metrics) = ask(&demo, "GET", "/metrics", "", "");
    told.push_str(&metrics);
    let (_, records) = ask(&demo, "GET", &format!("/key/{KEY}/api/requests"), "", "");
    assert!(records.contains("\"api\":\"ollama\""), "{records}");
    told.push_str(&records);
    assert!(!told.contains(KEY), "a reply has the key");
    drop(demo);
    let logged = logged(folder.path());
    assert!(logged.contains("\"api\":\"ollama\"") && !logged.contains(KEY), "the logs have the key");
}

/// All that stands in the log files.
fn logged(folder: &Path) -> String {
    let logs = std::fs::read_dir(folder.join("logs")).unwrap();
    logs.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn models_have_digests_of_their_own() {
    let (_folder, demo) = demo();
    let list = |path: &str| {
        let (status, reply) = demo.ask("GET", path, KEY, "");
        assert_eq!(status, 200, "{reply}");
        let list: Value = serde_json::from_str(&reply).unwrap();
        let models = list["models"].as_array().unwrap().clone();
        models.into_iter().map(|model| (model["name"].to_string(), model["digest"].as_str().unwrap().to_owned()))
    };
    let tags: BTreeSet<(String, String)> = list("/api/tags").collect();
    let digests: BTreeSet<&String> = tags.iter().map(|(_, digest)| digest).collect();
    assert_eq!(digests.len(), tags.len(), "{tags:?}");
    assert!(digests.iter().all(|digest| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit())));
    assert_eq!(list("/api/tags").collect::<BTreeSet<_>>(), tags);
    let loaded: BTreeSet<_> = list("/api/ps").collect();
    assert!(!loaded.is_empty() && loaded.is_subset(&tags), "{loaded:?} {tags:?}");
}

#[test]
fn a_key_may_be_the_password_of_a_user_on_every_api() {
    let (_folder, demo) = demo();
    let ask = |path: &str, key: &str| {
        let url = format!("http://{}{path}", demo.address);
        let output = Command::new("curl").args(["-sS", "-i", "-u", &format!("any:{key}"), &url]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().to_lowercase()
    };
    for path in ["/v1/models", "/api/tags", "/api/models", "/api/keys"] {
        assert!(ask(path, KEY).starts_with("http/1.1 200"), "{path}");
        let refused = ask(path, "bt-wrong");
        // No challenge for a password: a browser would ask for one, keep it, and send it for every page.
        assert!(
            refused.starts_with("http/1.1 401") && !refused.contains("www-authenticate: basic"),
            "{path}: {refused}"
        );
    }
}

/// Runs the real program.
fn ollama(program: &str, demo: &Running, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env("OLLAMA_HOST", format!("http://{}/key/{KEY}", demo.address))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the environment says where the program is, if it is there")]
fn the_program_itself() {
    let Ok(program) = std::env::var("BATON_TEST_OLLAMA") else { return };
    let (_folder, demo) = demo();
    let check = |arguments: &[&str], succeeds: bool, part: &str| {
        let output = ollama(&program, &demo, arguments);
        let printed = printed_text(&output);
        assert!(output.status.success() == succeeds && printed.contains(part), "{arguments:?}: {part}: {printed}");
    };
    check(&["-v"], true, "0.9.3");
    check(&["ps"], true, "llama:latest");
    for model in MODELS {
        let at_ollama = model == "llama";
        check(&["list"], true, &format!("{model}:latest"));
        check(&["show", model], true, "context length");
        check(&["run", model, "Say hello"], true, "You said");
        check(&["run", model, "--format", "json", "Say hello in JSON"], true, "");
        check(&["stop", model], true, "");
        check(&["pull", model], true, "success");
        check(&["push", model], at_ollama, if at_ollama { "success" } else { "is no Ollama" });
        check(&["rm", model], at_ollama, if at_ollama { "deleted" } else { "is no Ollama" });
    }
    check(&["show", "nothing"], false, "not found");
    check(&["stop", "nothing"], false, "couldn't find model");
}
