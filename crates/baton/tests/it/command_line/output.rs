//! What commands print: tables for people, one shape of JSON, CSV.

use super::things::Things;
use crate::running::{KEY, command, printed_text, run};
use serde_json::{Value, json};
use std::process::Output;

/// Runs a command against that Baton.
fn ask(things: &Things, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", things.address());
    let mut command = command(folder.path(), arguments);
    command.env("BATON_URL", url).env("BATON_API_KEY", KEY).output().unwrap()
}

#[track_caller]
fn stdout(things: &Things, arguments: &[&str]) -> String {
    let output = ask(things, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", printed_text(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(things: &Things, arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(things, &[arguments, &["-o", "json"]].concat())).unwrap()
}

#[test]
fn a_list_has_the_same_rows_in_every_format() {
    let mut things = Things::start();
    assert_eq!(stdout(&things, &["projects", "list"]), "none\n");
    assert_eq!(json_of(&things, &["projects", "list"]), json!({ "total": 0, "items": [] }));
    assert_eq!(stdout(&things, &["projects", "list", "-o", "csv"]), "id,name,budget,limits,models,created\n");

    let [second, first] = ["{project}", "{project}"].map(|project| things.fill(project, "", ""));
    let table = stdout(&things, &["projects", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    // A row is a line: no rules between them, no fractions of seconds.
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("ID ") && lines[1].starts_with(&first) && lines[2].starts_with(&second), "{table}");
    assert!(lines[1].ends_with('Z') && !table.contains('.') && !table.contains('─'), "{table}");
    let list = json_of(&things, &["projects", "list"]);
    assert_eq!((&list["total"], &list["items"][1]["id"]), (&json!(2), &json!(second)));
    assert_eq!(list, json_of(&things, &["projects", "list", "--config", "nowhere.toml"]), "it reads no file");
    let csv = stdout(&things, &["projects", "list", "--output", "csv"]);
    assert!(csv.lines().nth(1).unwrap().starts_with(&format!("{first},{first},,,,20")), "{csv}");
}

#[test]
fn usage_ends_with_the_totals() {
    let mut things = Things::start();
    things.fill("{request}", "", "");
    stdout(&things, &["chat", "claude", "Say hello"]);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    // Records reach the database a moment after their replies the clients.
    while json_of(&things, &["usage"])["totals"]["requests"] != 2 {
        assert!(std::time::Instant::now() < until);
    }
    let table = stdout(&things, &["usage"]);
    let last: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((last[0], last[1]), ("total", "2"), "{table}");
    assert!(table.lines().next().unwrap().contains("UNPRICED"), "{table}");
    let usage = json_of(&things, &["usage"]);
    let sum: f64 = usage["items"].as_array().unwrap().iter().map(|row| row["cost"].as_f64().unwrap()).sum();
    assert!((usage["totals"]["cost"].as_f64().unwrap() - sum).abs() < 1e-12, "{usage}");
    // The header and two models: no line of totals, which a spreadsheet would add up with the others.
    assert_eq!(stdout(&things, &["usage", "-o", "csv"]).lines().count(), 3);
    assert_eq!(stdout(&things, &["usage", "--to", "2020-01-01"]), "none\n");
}

#[test]
fn a_key_for_what_is_not_there_is_warned_of() {
    let things = Things::start();
    let create = ["keys", "create", "a", "--models", "gpt,gtp", "--project", "nowhere"];
    let output = ask(&things, &create);
    assert!(output.status.success());
    let warnings = String::from_utf8(output.stderr).unwrap();
    assert_eq!(warnings, "warning: unknown model `gtp`\nwarning: unknown project `nowhere`\n");
    assert!(ask(&things, &["keys", "create", "b", "--models", "gpt"]).stderr.is_empty());
}

#[test]
fn a_key_is_changed_only_where_something_is_said() {
    let mut things = Things::start();
    let id = things.fill("{key}", "", "");
    let change = |arguments: &[&str]| json_of(&things, &[&["keys", "update", &id], arguments].concat());
    let key = change(&["--models", "gpt", "--addresses", "10.0.0.0/8", "--expires-at", "2090-01-01T00:00:00Z"]);
    assert_eq!((&key["models"], &key["addresses"]), (&json!(["gpt"]), &json!(["10.0.0.0/8"])));
    let key = change(&["--name", "b", "--strict", "true"]);
    assert_eq!((&key["name"], &key["strict"], &key["models"]), (&json!("b"), &json!(true), &json!(["gpt"])));
    let key = change(&["--all-models", "--any-address", "--never-expires"]);
    assert_eq!((&key["models"], &key["addresses"], &key["expires_at"]), (&Value::Null, &Value::Null, &Value::Null));
    // A command without what it needs must not be taken for "change nothing" or "purge everything".
    for nothing in [&["keys", "update", &id][..], &["feedback", "an-id"], &["cache", "purge"]] {
        assert_eq!(ask(&things, nothing).status.code(), Some(2), "{nothing:?}");
    }
}

#[test]
fn a_model_is_added_with_its_price() {
    let things = Things::start();
    let add = ["models", "add", "mine", "--provider", "sim-openai", "--upstream", "gpt-4o", "--price"];
    let model = json_of(&things, &[&add[..], &["input=0.59,output=0.79"]].concat());
    assert_eq!(model["price"], json!({ "input": 0.59, "output": 0.79 }));
    let refused = ask(&things, &[&add[..], &["0.59"]].concat());
    assert!(printed_text(&refused).contains("must be CLASS=DOLLARS, such as input=0.59"), "{}", printed_text(&refused));
}

#[test]
fn a_webhook_is_tested() {
    let mut things = Things::start();
    let replying = things.fill("{replying}", "", "");
    let result = json_of(&things, &["webhooks", "test", &replying]);
    assert_eq!((&result["delivered"], &result["status"]), (&json!(true), &json!(204)));
    // The service sees a signed message that says that it is a test, and no key.
    let seen = things.service.seen();
    assert!(seen.contains("webhook-signature: v1,") && seen.contains(r#""type":"webhook.test""#), "{seen}");
    assert!(seen.contains(result["event_id"].as_str().unwrap()) && !seen.contains(KEY), "{seen}");
    let silent = things.fill("{webhook}", "", "");
    let output = ask(&things, &["webhooks", "test", &silent]);
    assert_eq!(output.status.code(), Some(1), "{}", printed_text(&output));
    assert!(printed_text(&output).contains("did not accept the test message: "), "{}", printed_text(&output));
    assert_eq!(json_of(&things, &["webhooks", "deliveries", &silent])["items"], json!([]));
    assert_eq!(json_of(&things, &["audit", "--action", "webhook.test"])["items"][0]["subject"], json!(silent));
}

#[test]
fn a_short_secret_makes_no_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let mint = |secret: &str| {
        command(folder.path(), &["token", "mint", "--sub", "ada"]).env("JWT_SECRET", secret).output().unwrap()
    };
    let refused = mint("0123456789012345678901234567890");
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", printed_text(&refused));
    assert!(printed_text(&refused).contains("JWT_SECRET must be at least 32 bytes long"), "{}", printed_text(&refused));
    assert!(mint("01234567890123456789012345678901").status.success());
}

#[test]
fn a_shell_completes_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(folder.path(), &["completions", shell]);
        assert!(output.status.success() && printed_text(&output).contains("redeliver"), "{shell}");
    }
}
