//! `baton apply`, `baton export` and `baton import`, against a running Baton.

use super::things::Things;
use crate::running::{KEY, ask_at, command, printed_text};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// Everything that a file may hold: two models that fall back on each other, in an order in which neither can be first.
const TEAM: &str = r#"
[[providers]]
name = "mine"
kind = "openai"
base_url = "http://127.0.0.1:1/v1"
api_key = "${MINE_API_KEY}"
headers = { x-org = "${MINE_HEADER_X_ORG}" }
timeouts = { first_token = "60s" }
discover = false

[[models]]
model_id = "a"
provider = "mine"
upstream = "gpt-4o"
capabilities = ["chat"]
price = { input = "0.59", output = 0.79 }
fallbacks = ["b"]
metadata = { team = "search", levels = [1, 2.5] }

[[models]]
model_id = "b"
provider = "MINE"
fallbacks = ["a"]

[[prices]]
price_id = "discount"
provider = "mine"
factor = 0.9

[[projects]]
id = "search"
name = "Search"
budget = { amount = 50, period = "day" }
models = ["b", "a"]
members = [{ user_id = "ben", role = "caller" }, { user_id = "ada", role = "operator" }]

[[users]]
id = "ada"
name = "Ada"
limits = { rpm = 30 }

[[keys]]
name = "ci"
project_id = "search"
models = ["b", "a"]
addresses = ["10.1.2.3/8"]
expires_at = 2999-01-01

[[keys]]
name = "ci"
limits = { rpm = 60 }

[[budgets]]
budget_id = "search-monthly"
scope = { project = ["search"] }
amount = "500.50"
period = "month"
alerts = [0.5, 0.9]

[[limits]]
limit_id = "each-user"
scope = { user = "*" }
requests = 60
per = "minute"

[[webhooks]]
url = "http://127.0.0.1:1/hook"
types = ["model.updated", "key.revoked"]
"#;

/// A Baton, and a folder with files for it.
struct Site {
    things: Things,
    folder: TempDir,
}

impl Site {
    fn start() -> Self {
        Self { things: Things::start(), folder: tempfile::tempdir().unwrap() }
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.folder.path().join(file)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command(self.folder.path(), arguments);
        command.env("BATON_URL", format!("http://{}", self.things.address())).env("BATON_API_KEY", KEY);
        command.env("MINE_API_KEY", "sk-0123456789abcdef").env("MINE_HEADER_X_ORG", "org-1");
        command.output().unwrap()
    }

    /// Runs a command that must end with that code; what it printed on either way.
    #[track_caller]
    fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let printed = printed_text(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {printed}");
        printed
    }

    /// What it prints on the standard output alone.
    #[track_caller]
    fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", printed_text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        let (_, reply) = ask_at(self.things.address(), "GET", path, KEY, "");
        serde_json::from_str(&reply).unwrap()
    }
}

#[test]
fn a_file_is_applied_once() {
    let site = Site::start();
    site.write("team.toml", TEAM);
    let planned = site.ends(2, &["apply", "-f", "team.toml", "--dry-run"]);
    assert!(planned.contains("+ provider `mine`") && planned.contains("11 to create, 0 unchanged"), "{planned}");
    assert!(!planned.contains("sk-0123") && !planned.contains("org-1"), "a secret is shown: {planned}");
    assert_eq!(site.get("/api/projects")["total"], 0, "a dry run has changed something");

    let done = site.ends(0, &["apply", "-f", "team.toml"]);
    assert!(done.contains("11 created, 0 unchanged"), "{done}");
    assert_eq!(done.matches("bt-").count(), 2, "{done}");
    assert_eq!(done.matches("whsec_").count(), 1, "{done}");
    assert_eq!(site.get("/api/models/a")["fallbacks"], json!(["b"]));
    assert_eq!(site.get("/api/models/b")["fallbacks"], json!(["a"]));

    for arguments in [&["apply", "-f", "team.toml", "--dry-run"][..], &["apply", "-f", "team.toml"]] {
        let again = site.ends(0, arguments);
        assert!(again.contains("nothing to change; 11 unchanged"), "{again}");
    }
}

#[test]
fn what_differs_is_changed_field_by_field() {
    let site = Site::start();
    site.write("team.toml", TEAM);
    site.ends(0, &["apply", "-f", "team.toml"]);
    let changed = TEAM.replace("\"0.59\"", "\"0.6\"").replace("name = \"Search\"\n", "").replace("500.50", "600");
    site.write("team.toml", &changed.replace("fallbacks = [\"a\"]", "fallbacks = []"));
    let planned = site.ends(2, &["apply", "-f", "team.toml", "--dry-run"]);
    for expected in
        ["~ model `a`", "price.input", "0.59 → 0.6", "~ model `b`", "a → -", "~ budget `search-monthly`", "500.5 → 600"]
    {
        assert!(planned.contains(expected), "{expected} is not in {planned}");
    }
    assert!(!planned.contains("price.output") && planned.contains("3 to change, 8 unchanged"), "{planned}");
    site.ends(0, &["apply", "-f", "team.toml"]);
    assert_eq!(site.get("/api/budgets/search-monthly")["amount"], 600);
    assert_eq!(site.get("/api/projects/search")["name"], "Search", "a field that is left out stays");

    // What is fixed is said before anything is done.
    site.write("role.toml", "[[projects]]\nid = \"new\"\n[[keys]]\nname = \"ci\"\nrole = \"admin\"\n");
    let refused = site.ends(1, &["apply", "-f", "role.toml"]);
    assert!(refused.contains("role.toml:3: keys[0] (`ci`): role stays as it was made"), "{refused}");
    assert_eq!(site.get("/api/projects")["total"], 1);
}

#[test]
fn what_is_not_in_the_file_is_removed_if_that_is_wanted() {
    let site = Site::start();
    site.write("team.toml", TEAM);
    site.ends(0, &["apply", "-f", "team.toml"]);
    // Kinds that are not mentioned stay as they are.
    site.write("less.json", r#"{"models": [], "keys": [{"name": "ci"}], "webhooks": []}"#);
    assert!(site.ends(0, &["apply", "-f", "less.json"]).contains("nothing to change"));
    let planned = site.ends(2, &["apply", "-f", "less.json", "--prune", "--dry-run"]);
    assert!(planned.contains("- key `search/ci`") && planned.contains("4 to delete, 1 unchanged"), "{planned}");
    let done = site.ends(0, &["apply", "-f", "less.json", "--prune"]);
    assert!(done.contains("4 deleted"), "{done}");
    // The demonstration's own models are in its configuration.
    assert_eq!(site.get("/api/models?search=gpt-4o-mini")["items"][0]["source"], "config");
    assert_eq!(site.get("/api/providers/mine")["name"], "mine");
    assert!(site.ends(0, &["apply", "-f", "less.json", "--prune", "--dry-run"]).contains("nothing to change"));

    // A provider that something else needs is not removed.
    site.write("one.toml", "[[models]]\nmodel_id = \"a\"\nprovider = \"mine\"\n");
    site.ends(0, &["apply", "-f", "one.toml"]);
    site.write("none.toml", "providers = []\n");
    let refused = site.ends(1, &["apply", "-f", "none.toml", "--prune"]);
    assert!(
        refused.contains("provider `mine` is not in the file and would be removed, but model `a` names it"),
        "{refused}"
    );
}

#[test]
fn an_export_makes_the_same_and_changes_nothing() {
    let site = Site::start();
    site.write("team.toml", TEAM);
    site.ends(0, &["apply", "-f", "team.toml"]);
    for (format, file) in [("toml", "export.toml"), ("json", "export.json")] {
        let export = site.stdout(&["export", "--format", format]);
        assert!(!export.contains("sk-0123") && export.contains("${MINE_API_KEY}"), "{export}");
        assert!(!export.contains("created_at") && !export.contains("sim-openai"), "{export}");
        // The catalogue knows the limits of gpt-4o; nobody has registered them.
        assert!(!export.contains("max_tokens"), "{export}");
        site.write(file, &export);
        let again = site.ends(0, &["apply", "-f", file, "--prune", "--dry-run"]);
        assert!(again.contains("nothing to change; 11 unchanged"), "{again}");

        let empty = Site::start();
        empty.write(file, &export);
        empty.ends(0, &["apply", "-f", file]);
        assert_eq!(empty.stdout(&["export", "--format", format]), export);
    }
    let some = site.stdout(&["export", "--kinds", "budgets,limits", "--json"]);
    let some: Value = serde_json::from_str(&some).unwrap();
    assert_eq!(some.as_object().unwrap().keys().collect::<Vec<_>>(), ["budgets", "limits"]);
    assert!(site.ends(1, &["export", "--kinds", "budget"]).contains("did you mean `budgets`?"));
    // With what stands in the configuration, which is passed over where it is the same.
    let all = site.stdout(&["export", "--all"]);
    assert!(all.contains("sim-openai"), "{all}");
    site.write("all.toml", &all);
    let again = site.ends(0, &["apply", "-f", "all.toml", "--dry-run"]);
    assert!(again.contains("is passed over: it stands in the server's configuration file"), "{again}");
}

#[test]
fn what_stands_in_the_configuration_is_not_changed() {
    let site = Site::start();
    let model = site.get("/api/models/gpt");
    let same = json!({ "models": [{ "model_id": "gpt", "upstream": model["upstream"] }] });
    site.write("same.json", &same.to_string());
    let done = site.ends(0, &["apply", "-f", "same.json"]);
    assert!(done.contains("model `gpt` is passed over: it stands in the server's configuration file"), "{done}");
    site.write("other.toml", "[[projects]]\nid = \"p\"\n[[models]]\nmodel_id = \"gpt\"\nupstream = \"other\"\n");
    let refused = site.ends(1, &["apply", "-f", "other.toml"]);
    assert!(refused.contains("models[0] (`gpt`): upstream is") && refused.contains("nothing was changed"), "{refused}");
    assert_eq!(site.get("/api/projects")["total"], 0);
}

#[test]
fn problems_are_found_before_anything_is_changed() {
    let site = Site::start();
    for (text, expected) in [
        ("[[projects]]\nid = \"p\"\n[[model]]\n", "unknown kind `model`; did you mean `models`?"),
        (
            "[[projects]]\nid = \"p\"\nnam = \"x\"\n",
            "f.toml:1: projects[0] (`p`): unknown field `nam`; did you mean `name`?",
        ),
        (
            "[[projects]]\nid = \"p\"\n[[models]]\nmodel_id = \"m\"\nprovider = \"nobody\"\n",
            "provider names `nobody`, which is not there",
        ),
        (
            "[[projects]]\nid = \"p\"\n[[providers]]\nname = \"x\"\napi_key = \"${NOBODY}\"\n",
            "the environment variable `NOBODY` is not set",
        ),
        ("[[projects]]\nid = p\n", "f.toml:2: is not valid TOML"),
    ] {
        site.write("f.toml", text);
        let refused = site.ends(1, &["apply", "-f", "f.toml"]);
        assert!(refused.contains(expected) && refused.contains("nothing was changed"), "{refused}");
    }
    // Two keys of a name can't be told apart.
    for _ in 0..2 {
        ask_at(site.things.address(), "POST", "/api/keys", KEY, r#"{"name": "twin"}"#);
    }
    site.write("f.toml", "[[projects]]\nid = \"p\"\n[[keys]]\nname = \"twin\"\nstrict = true\n");
    let refused = site.ends(1, &["apply", "-f", "f.toml"]);
    assert!(refused.contains("there are several keys `twin`"), "{refused}");
    assert_eq!(site.get("/api/projects")["total"], 0);
}

#[test]
fn what_was_done_before_a_failure_is_said() {
    let site = Site::start();
    let text = "[[projects]]\nid = \"p\"\n[[keys]]\nname = \"k\"\n[[budgets]]\nbudget_id = \"b\"\nscope = {}\namount = -1\n\
                period = \"month\"\n[[limits]]\nlimit_id = \"l\"\nscope = {}\nconcurrency = 1000\n";
    site.write("f.toml", text);
    let failed = site.ends(1, &["apply", "-f", "f.toml"]);
    for expected in [
        "done      create project `p`",
        "done      create key `k`",
        "not done  create budget `b`",
        "not done  create limit `l`",
        "f.toml:5: budgets[0] (`b`): ",
        "amount",
    ] {
        assert!(failed.contains(expected), "{expected} is not in {failed}");
    }
    assert!(failed.contains("bt-"), "the secret of the key that was made is lost: {failed}");
    assert_eq!((&site.get("/api/projects")["total"], &site.get("/api/limits")["total"]), (&json!(1), &json!(0)));
    let report = site.run(&["apply", "-f", "f.toml", "--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let states: Vec<&Value> = report["items"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
    assert_eq!(states, ["failed", "not done"]);
    assert!(report["failure"].as_str().unwrap().contains("budgets[0]"), "{report}");
    // Mended, the rest is done.
    site.write("f.toml", &text.replace("-1", "1"));
    assert!(site.ends(0, &["apply", "-f", "f.toml"]).contains("2 created, 2 unchanged"));
}

#[test]
fn secrets_go_into_a_file_for_their_owner_alone() {
    let site = Site::start();
    site.write("f.toml", "[[keys]]\nname = \"k\"\n");
    let done = site.ends(0, &["apply", "-f", "f.toml", "--secrets", "secrets.jsonl"]);
    assert!(!done.contains("bt-"), "{done}");
    let written = std::fs::read_to_string(site.path("secrets.jsonl")).unwrap();
    let secret: Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&secret["kind"], &secret["name"]), (&json!("keys"), &json!("k")));
    assert_eq!(ask_at(site.things.address(), "GET", "/api/me", secret["key"].as_str().unwrap(), "").0, 200);
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(site.path("secrets.jsonl")).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    }
    // No secret is made: the file of the first run is no obstacle, and stays.
    site.ends(0, &["apply", "-f", "f.toml", "--secrets", "secrets.jsonl"]);
    site.write("f.toml", "[[keys]]\nname = \"k\"\n[[keys]]\nname = \"other\"\n");
    let refused = site.ends(1, &["apply", "-f", "f.toml", "--secrets", "secrets.jsonl"]);
    assert!(refused.contains("can't be made"), "{refused}");
    assert_eq!(std::fs::read_to_string(site.path("secrets.jsonl")).unwrap(), written);
    assert_eq!(site.get("/api/keys")["total"], 1);
    // In JSON they are in the report.
    let report: Value = serde_json::from_str(&site.stdout(&["apply", "-f", "f.toml", "--json"])).unwrap();
    assert!(report["secrets"][0]["key"].as_str().unwrap().starts_with("bt-"), "{report}");
}

#[test]
fn what_is_read_of_another_gateway_can_be_applied() {
    let site = Site::start();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/litellm");
    for file in ["config.yaml", "keys.json", "teams.json", "users.json"] {
        std::fs::copy(fixtures.join(file), site.path(file)).unwrap();
    }
    let arguments = [
        "import",
        "litellm",
        "--config",
        "config.yaml",
        "--keys",
        "keys.json",
        "--keys",
        "teams.json",
        "--keys",
        "users.json",
        "--out",
        "out.toml",
    ];
    let read = site.ends(0, &arguments);
    assert!(read.contains("`weight` has no equivalent") && read.contains("out.toml written"), "{read}");
    let apply = |arguments: &[&str]| {
        let mut command = command(site.folder.path(), &[&["apply", "-f", "out.toml"], arguments].concat());
        command.env("BATON_URL", format!("http://{}", site.things.address())).env("BATON_API_KEY", KEY);
        for variable in ["OPENAI_API_KEY", "AZURE_EU_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"] {
            command.env(variable, "sk-0123456789abcdef");
        }
        command.output().unwrap()
    };
    let done = apply(&[]);
    assert!(done.status.success(), "{}", printed_text(&done));
    assert_eq!(site.get("/api/models/gpt-4o")["fallbacks"], json!(["gpt-4o-2", "haiku", "local"]));
    let again = apply(&["--dry-run"]);
    assert_eq!(again.status.code(), Some(0), "{}", printed_text(&again));
    assert!(site.ends(1, &["import", "litellm"]).contains("there is nothing to read"));
}
