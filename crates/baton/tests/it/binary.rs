//! The binary: commands, exit codes, and what a killed process leaves.

use crate::running::{KEY, Running, command, printed_text, run};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn every_command_helps_with_an_example() {
    check_help(&baton::commands::definition(), "baton");
}

/// Every command that is listed, those with subcommands too.
fn check_help(command: &clap::Command, path: &str) {
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        let path = format!("{path} {}", command.get_name());
        let help = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        let groups = command.has_subcommands() && help.is_empty();
        assert!(groups || path == "baton db" || help.contains(&format!("Example: {path}")), "{path}: {help}");
        check_help(command, &path);
    }
}

#[cfg(unix)]
#[test]
fn the_lines_that_the_demonstration_prints_work() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let lines: Vec<&String> = demo.lines.iter().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 4, "{:?}", demo.lines);
    for line in lines {
        let output = Command::new("bash").args(["-c", &format!("{line} -sS --fail-with-body")]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", printed_text(&output));
        assert!(!output.stdout.is_empty(), "{line}");
    }
    let (status, models) = demo.ask("GET", "/v1/models", KEY, "");
    assert_eq!(status, 200);
    assert!(models.contains("\"tiny\"") && models.contains("\"broken\""), "{models}");
    // The demonstration shows what a refusal and a failing provider look like, so these two have to stay as they are.
    let body = r#"{"model":"tiny","messages":[{"role":"user","content":"This prompt is surely longer than the few tokens that fit into a window of thirty-two tokens, is it not, dear reader of these tests? And should anyone doubt it, here is one more sentence, so that it is twice as long as it would have to be."}]}"#;
    let (status, refused) = demo.ask("POST", "/api/models/chat", KEY, body);
    assert_eq!((status, refused.contains("token_limit_exceeded")), (400, true), "{refused}");
    let body = r#"{"model":"broken","messages":[{"role":"user","content":"hello"}]}"#;
    assert_eq!(demo.ask("POST", "/api/models/chat", KEY, body).0, 502);
}

#[test]
fn a_killed_process_has_every_request_that_a_client_saw_finish() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{"model":"gpt","messages":[{"role":"user","content":"Say hello"}]}"#;
    let mut finished = 0;
    {
        let mut demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
        for _ in 0..25 {
            assert_eq!(demo.ask("POST", "/v1/chat/completions", KEY, body).0, 200);
            finished += 1;
        }
        // SIGKILL: nothing is flushed by the process itself.
        demo.child.kill().unwrap();
        demo.child.wait().unwrap();
    }
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let recorded = || -> u64 {
        let (status, usage) = demo.ask("GET", "/api/usage?group_by=model", KEY, "");
        assert_eq!(status, 200, "{usage}");
        let usage: Value = serde_json::from_str(&usage).unwrap();
        let rows = usage.as_array().or_else(|| usage["items"].as_array()).cloned().unwrap_or_default();
        rows.iter().filter_map(|row| row["requests"].as_u64()).sum()
    };
    // The journal is moved into the database in the background.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while recorded() < finished && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(recorded(), finished);
}

#[test]
fn check_names_each_fault_and_where_it_stands() {
    for (text, fault) in [
        ("[server]\nlisen = \"127.0.0.1:1\"\n", "baton.toml:2:1: server: unknown key `lisen`; did you mean `listen`?"),
        // The place is that of the file as it was written, though it is read a second time with its variables filled
        // in.
        ("[server\n", "baton.toml:1:8"),
        ("[server]\nlisten = \"here\"\n", "server.listen: must be ADDRESS:PORT"),
        (
            "[server]\nmax_in_flight = \"many\"\n",
            "baton.toml:2:17: server.max_in_flight: must be an integer of at least 0, got \"many\"",
        ),
        (
            "[providers.x]\nkind = \"openai\"\napi_key = \"${NOT_SET_ANYWHERE}\"\n",
            "providers.x.api_key: the environment variable `NOT_SET_ANYWHERE` is not set",
        ),
        ("[providers.x]\nkind = \"openay\"\nbase_url = \"http://127.0.0.1:9\"\n", "providers.x.kind"),
        ("[providers.x]\nkind = \"openai\"\nbase_url = \"ftp://nowhere\"\n", "providers.x.base_url"),
        ("[providers.x]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n", "provider x: unreachable"),
        ("[[models]]\nmodel_id = \"a\"\nprovider = \"nobody\"\n", "models[0].provider: unknown provider `nobody`"),
        (
            "[providers.x]\nkind = \"ollama\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\n",
            "models[1].model_id: `a` is used by models[0]",
        ),
        (
            "[providers.x]\nkind = \"ollama\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\nprice = { input = \"1,5\" }\n",
            "models[0].price.input",
        ),
        (
            "[providers.x]\nkind = \"ollama\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\ncapabilities = [\"FLY\"]\n",
            "models[0].capabilities: `FLY` is not one of",
        ),
        (
            "[providers.x]\nkind = \"ollama\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\nstatus = \"ASLEEP\"\n",
            "models[0].status: `ASLEEP` is not one of",
        ),
        (
            "[providers.x]\nkind = \"ollama\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\nprice.input = 1\ntoken_limit = \"many\"\n",
            "models[0].token_limit: must be an integer of at least 0, got \"many\"",
        ),
        (
            "[providers.x]\nkind = \"ollama\"\n[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\nquirks = { strikt = true }\n",
            "models[0].quirks.strikt: unknown key `strikt`; did you mean `strict`?",
        ),
        (
            "[[models]]\nmodel_id = \"a\"\nmodelid = \"x\"\n",
            "baton.toml:3:1: unknown key `modelid`; did you mean `model_id`?",
        ),
        ("[database]\nurl = \"mysql://x\"\n", "database: `mysql://x` is not a database address"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("baton.toml"), text).unwrap();
        let output = run(folder.path(), &["check"]);
        assert_eq!(output.status.code(), Some(1), "{text}: {}", printed_text(&output));
        assert!(printed_text(&output).contains(fault), "{text}\nexpected {fault}\ngot {}", printed_text(&output));
    }
    for (variable, value, fault) in [
        ("ENVIRONMENT", "prod", "environment: ENVIRONMENT: must be `development` or `production`, got `prod`"),
        ("BATON_LISTEN", "here", "environment: BATON_LISTEN: server.listen: must be ADDRESS:PORT"),
        ("BATON_LISTEN", "0.0.0.0:8080", "set BATON_ADMIN_KEY"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = command(folder.path(), &["check"]).env(variable, value).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{variable}={value}: {}", printed_text(&output));
        assert!(
            printed_text(&output).contains(fault),
            "{variable}={value}\nexpected {fault}\ngot {}",
            printed_text(&output)
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["serve", "--listen", "here"]);
    assert!(
        printed_text(&output).contains("error: --listen: server.listen: must be ADDRESS:PORT"),
        "{}",
        printed_text(&output)
    );
    let output = command(folder.path(), &["check", "--json"]).env("BATON_LISTEN", "127.0.0.1:0").output().unwrap();
    assert!(output.status.success(), "{}", printed_text(&output));
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reply["ok"], true);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_no_matter() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    // `std::env::vars` panics at such a variable, whoever set it.
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let output =
        command(folder.path(), &["check"]).env("BATON_LISTEN", "127.0.0.1:0").env("ODD", odd).output().unwrap();
    assert!(output.status.success(), "{}", printed_text(&output));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_ends_a_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path(), &["openapi"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Closed before the description, which is larger than a pipe holds, is written.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", printed_text(&output));
}

#[test]
fn an_open_address_without_a_key_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["serve", "--listen", "0.0.0.0:0"]);
    assert!(!output.status.success());
    assert!(printed_text(&output).contains("set BATON_ADMIN_KEY"), "{}", printed_text(&output));
}

#[cfg(unix)]
#[test]
fn a_first_start_shows_its_key_apart_and_a_stop_is_the_last_line() {
    use std::io::{BufRead, BufReader, Read};
    let folder = tempfile::tempdir().unwrap();
    let mut serve = command(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let mut child = serve
        .env("ENVIRONMENT", "production")
        .env("BATON_DRAIN_DELAY", "0s")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(log.any(|line| line.contains("baton is ready")));
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let log: Vec<String> = log.collect();
    assert!(log.last().unwrap().ends_with("baton has stopped"), "{log:?}");
    assert!(child.wait().unwrap().success());
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].is_empty() && lines[1].starts_with("───") && lines[4] == lines[1], "{shown}");
    assert!(lines[2].starts_with("The admin key, shown only once: bt-"), "{shown}");
    // Log lines are gathered and kept for long; the key is on the other output alone.
    assert!(!log.iter().any(|line| line.contains("bt-")), "{log:?}");
}

#[test]
fn an_address_in_the_environment_without_effect_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("baton.toml"), "[providers.openai]\nkind = \"openai\"\napi_key = \"sk-x\"\n")
        .unwrap();
    let variables = [("BATON_LISTEN", "127.0.0.1:0"), ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")];
    let output = command(folder.path(), &["check", "--offline"]).envs(variables).output().unwrap();
    let warning = "warning configuration: OPENAI_BASE_URL is set but not used, because the configuration file defines the provider";
    assert!(output.status.success() && printed_text(&output).contains(warning), "{}", printed_text(&output));
}

#[test]
fn a_data_folder_has_one_baton() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Running::start(folder.path(), &["serve"], &[], "baton is ready");
    let second = run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(!second.status.success());
    assert!(
        printed_text(&second).contains("another process uses it; each process needs its own folder"),
        "{}",
        printed_text(&second)
    );
    // The check opens no journal, so the lock of the first is in nobody's way.
    let checked = command(folder.path(), &["check"]).env("BATON_LISTEN", "127.0.0.1:0").output().unwrap();
    assert!(checked.status.success(), "a running Baton can be checked: {}", printed_text(&checked));
}

#[test]
fn the_command_line_asks_a_running_baton() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let url = format!("http://{}", demo.address);
    let asked = |arguments: &[&str]| {
        let output = run(folder.path(), &[arguments, &["--url", &url, "--key", KEY]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", printed_text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(asked(&["models", "list"]).contains("sim-anthropic"));
    let spoken = asked(&["chat", "claude", "Say hello"]);
    assert!(spoken.contains("Say hello") && spoken.contains("tokens in"), "{spoken}");
    let made: Value = serde_json::from_str(&asked(&["keys", "create", "team a", "--models", "gpt", "--json"])).unwrap();
    let key = made["key"].as_str().unwrap();
    assert_eq!(
        demo.ask(
            "POST",
            "/v1/chat/completions",
            key,
            r#"{"model":"claude","messages":[{"role":"user","content":"hi"}]}"#
        )
        .0,
        404
    );
    assert_eq!(
        demo.ask("POST", "/v1/chat/completions", key, r#"{"model":"gpt","messages":[{"role":"user","content":"hi"}]}"#)
            .0,
        200
    );
    assert!(asked(&["keys", "list"]).contains("team a"));
    asked(&["keys", "revoke", made["id"].as_str().unwrap()]);
    assert_eq!(demo.ask("GET", "/v1/models", key, "").0, 401);
    asked(&["projects", "create", "search", "--name", "Search team"]);
    assert!(asked(&["projects", "list"]).contains("Search team"));
    asked(&["projects", "rename", "search", "Search"]);
    asked(&["projects", "remove", "search"]);
    let changes = asked(&["audit", "--kind", "project"]);
    assert!(changes.contains("project.create") && changes.contains("project.delete"), "{changes}");
    let webhooks: Value = serde_json::from_str(&asked(&["webhooks", "list", "--json"])).unwrap();
    assert_eq!(webhooks, serde_json::json!({ "total": 0, "items": [] }));
    asked(&["models", "add", "another", "--provider", "sim-openai", "--upstream", "gpt-4o"]);
    assert!(asked(&["models", "show", "another"]).contains("gpt-4o"));
    asked(&["models", "remove", "another"]);
    asked(&["models", "add", "first", "--provider", "sim-openai", "--upstream", "gpt-4o"]);
    asked(&["models", "add", "second", "--provider", "sim-openai", "--upstream", "gpt-4o", "--fallback", "first"]);
    let refused = run(folder.path(), &["models", "remove", "first", "--url", &url, "--key", KEY]);
    assert!(printed_text(&refused).contains("have the fallback `first`"), "{}", printed_text(&refused));
    asked(&["models", "remove", "first", "--force"]);
    let wrong = ["models", "add", "third", "--provider", "nobody", "--capability", "FLY", "--url", &url, "--key", KEY];
    let wrong = printed_text(&run(folder.path(), &wrong));
    assert!(wrong.contains("error: 2 fields are invalid:\n  provider: unknown provider `nobody`"), "{wrong}");
    assert!(wrong.contains("\n  capabilities: `FLY` is not one of CHAT") && !wrong.contains('{'), "{wrong}");
    assert!(asked(&["usage"]).contains("gpt"));
    let unreachable = run(folder.path(), &["models", "list", "--url", "http://127.0.0.1:9"]);
    assert!(printed_text(&unreachable).contains("is Baton running there?"), "{}", printed_text(&unreachable));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "run_tests says which Python has the SDK")]
fn the_official_openai_sdk_cannot_tell_the_difference() {
    let python = std::env::var("BATON_TEST_PYTHON").expect(
        "BATON_TEST_PYTHON names a Python that has the SDK of tests/sdk/requirements.txt: ./run_tests.sh makes one",
    );
    let folder = tempfile::tempdir().unwrap();
    let demo = Running::start(folder.path(), &["demo"], &[("BATON_DEMO_KEY", KEY)], "group_by=model");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/openai_sdk.py");
    let url = format!("http://{}", demo.address);
    let output = Command::new(python).arg(script).args([url.as_str(), KEY]).output().unwrap();
    assert!(output.status.success(), "{}", printed_text(&output));
}
