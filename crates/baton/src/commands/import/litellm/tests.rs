//! What is read of LiteLLM's files. The fixtures were written by hand, after its documentation.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use super::convert;
use crate::commands::apply::file::{FileFormat, read, yaml};
use crate::commands::import::result::ImportResult;
use crate::config::Environment;
use baton_model::Timestamp;
use baton_model::schema::time;
use proptest::prelude::*;
use serde_json::{Value, json};

const CONFIG: &str = include_str!("../../../../tests/fixtures/litellm/config.yaml");
const KEYS: &str = include_str!("../../../../tests/fixtures/litellm/keys.json");
const TEAMS: &str = include_str!("../../../../tests/fixtures/litellm/teams.json");
const USERS: &str = include_str!("../../../../tests/fixtures/litellm/users.json");

fn now() -> Timestamp {
    time::read("2026-11-28").unwrap()
}

fn all() -> ImportResult {
    let lists = [KEYS, TEAMS, USERS].map(|text| serde_json::from_str(text).unwrap());
    convert(Some(yaml(CONFIG).unwrap()), lists.to_vec(), now())
}

fn entry(imported: &ImportResult, kind: &str, field: &str, name: &str) -> Value {
    let mut found = imported.of(kind).filter(|fields| fields[field] == name);
    let entry = found.next().unwrap_or_else(|| panic!("{kind} has no {name}: {imported:#?}"));
    entry.clone().into()
}

#[test]
fn deployments_become_models_with_their_providers() {
    let imported = all();
    assert_eq!(
        entry(&imported, "providers", "name", "openai"),
        json!({ "name": "openai", "kind": "openai", "api_key": "${OPENAI_API_KEY}",
            "timeouts": { "total": "60s" }, "retries": 2, "discover": false })
    );
    assert_eq!(
        entry(&imported, "providers", "name", "azure-deployments"),
        json!({ "name": "azure-deployments", "kind": "azure-deployments", "base_url": "https://eu.example.openai.azure.com",
            "api_key": "${AZURE_EU_KEY}", "query": "api-version=2024-10-21", "timeouts": { "total": "60s" }, "retries": 2,
            "discover": false })
    );
    assert_eq!(
        entry(&imported, "models", "model_id", "gpt-4o"),
        json!({ "model_id": "gpt-4o", "provider": "openai", "upstream": "gpt-4o", "capabilities": ["CHAT"],
            "token_limit": 128000, "max_tokens": 16384, "price": { "input": "2.5", "output": "10", "cache_read": "1.25" },
            "configuration": { "temperature": 0.2, "max_completion_tokens": 1000 },
            "fallbacks": ["gpt-4o-2", "haiku", "local"] })
    );
    assert_eq!(entry(&imported, "models", "model_id", "gpt-4o-2")["provider"], "azure-deployments");
    // The alias, with what it stands for.
    assert_eq!(entry(&imported, "models", "model_id", "gpt-4")["upstream"], "gpt-4o");
    assert_eq!(
        entry(&imported, "limits", "limit_id", "litellm-gpt-4o-requests"),
        json!({ "limit_id": "litellm-gpt-4o-requests", "scope": { "model": "gpt-4o" }, "requests": 200, "per": "minute" })
    );
    assert_eq!(
        entry(&imported, "budgets", "budget_id", "litellm-proxy"),
        json!({ "budget_id": "litellm-proxy", "scope": {}, "amount": 1000, "period": "month" })
    );
    let local = entry(&imported, "providers", "name", "openai-compatible");
    assert_eq!((&local["base_url"], local.get("api_key")), (&json!("http://10.0.0.5:8000/v1"), None));
}

#[test]
fn teams_keys_and_users_become_projects_keys_and_users() {
    let imported = all();
    assert_eq!(
        entry(&imported, "projects", "id", "team-search"),
        json!({ "id": "team-search", "name": "Search", "budget": { "amount": 500.5, "period": "month" },
            "limits": { "rpm": 600, "tpm": 200000 }, "metadata": { "cost_centre": "42" }, "models": ["gpt-4o", "haiku"],
            "members": [{ "user_id": "ada", "role": "operator" }, { "user_id": "bob@example.com", "role": "caller" }] })
    );
    assert_eq!(
        entry(&imported, "keys", "name", "ci"),
        json!({ "name": "ci", "project_id": "team-search", "user_id": "ada", "models": ["gpt-4o", "haiku"],
            "expires_at": "2999-01-01T00:00:00.000000Z", "budget": { "amount": 20, "period": "day" },
            "limits": { "rpm": 60, "concurrency": 4 } })
    );
    // Its own list is empty: those of the project hold.
    assert_eq!(entry(&imported, "keys", "name", "sk-...cdef").get("models"), None);
    assert_eq!(
        entry(&imported, "users", "id", "ada"),
        json!({ "id": "ada", "name": "ada@example.com", "budget": { "amount": 5.0, "period": "week" } })
    );
    assert_eq!(imported.of("keys").count(), 3, "{imported:#?}");
}

#[test]
fn what_has_no_equivalent_is_named() {
    let notes = all().notes.join("\n");
    for expected in [
        "model_list[1] (`gpt-4o`): `weight` has no equivalent",
        "model_list[0] (`gpt-4o`): its 2 deployments are not balanced",
        "model_list[3] (`local`): model_info: `supports_vision` has no equivalent",
        "model_list[4] (`titan`): the provider `bedrock` has no equivalent",
        "model_list[5] (`groq/*`): the wildcard is the discovery of `groq`",
        "model_list[6] (`whatever`): the key in `api_key` is not copied",
        "fallbacks of `gpt-4o`: `nowhere` is not in model_list",
        "router_settings: `routing_strategy` has no equivalent",
        "litellm_settings: `success_callback` has no equivalent",
        "general_settings: `master_key` has no equivalent; set BATON_ADMIN_KEY",
        "the configuration: `guardrails` has no equivalent",
        "environment_variables: set `REDIS_HOST`",
        "the key `old`: is blocked",
        "the key `expired`: has expired",
        "the key `ci`: a key has no metadata: tags",
        "the key `ci`: `aliases` has no equivalent",
        "the key `ci`: `soft_budget` has no equivalent",
        "the key `ci`: `spend` has no equivalent; what was spent before does not count",
        "the key `lone`: its team `team-unknown` is in no list",
        "the key `lone`: `max_budget` is not taken over: `45m` is no hour, day, week or month",
        "the user `ada`: `user_role` has no equivalent",
        "keys: LiteLLM keeps only hashes of its 3 keys",
    ] {
        assert!(notes.contains(expected), "{expected} is not in\n{notes}");
    }
}

#[test]
fn no_secret_is_copied() {
    let imported = all();
    let text = format!("{}{}", imported.toml().unwrap(), imported.notes.join("\n"));
    for secret in
        ["sk-written-in-the-file", "sk-master", "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"]
    {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn the_file_reads_as_what_was_taken_over() {
    let imported = all();
    let variables = ["OPENAI_API_KEY", "AZURE_EU_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"].map(|name| (name, "x"));
    let text = imported.toml().unwrap();
    let said =
        read("f", &text, FileFormat::Toml, &Environment::of(variables)).unwrap_or_else(|it| panic!("{it:?}\n{text}"));
    for kind in ["providers", "models", "projects", "users", "keys", "budgets", "limits"] {
        assert_eq!(said.kinds[kind].len(), imported.of(kind).count(), "{kind}");
    }
    // The notes are comments at the end.
    let (_, notes) = text.split_once("# What was not taken over").unwrap();
    assert_eq!(notes.lines().skip(1).filter(|line| line.starts_with("# - ")).count(), imported.notes.len());
}

/// JSON of any shape that has LiteLLM's words in it.
fn anything() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 24] = [
        "model_list",
        "model_name",
        "litellm_params",
        "model",
        "api_base",
        "api_key",
        "model_info",
        "rpm",
        "fallbacks",
        "router_settings",
        "litellm_settings",
        "model_group_alias",
        "keys",
        "token",
        "key_alias",
        "team_id",
        "user_id",
        "max_budget",
        "budget_duration",
        "expires",
        "models",
        "members_with_roles",
        "extra_headers",
        "input_cost_per_token",
    ];
    const TEXTS: [&str; 8] = ["openai/gpt-4o", "os.environ/A", "30d", "*", "-1e400", "2999-01-01", "azure/x", ""];
    let word = prop_oneof![prop::sample::select(&WORDS[..]).prop_map(str::to_owned), "\\PC{0,4}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A configuration and a list with anything in their fields.
fn shaped() -> impl Strategy<Value = (Value, Value)> {
    (anything(), anything(), anything(), anything()).prop_map(|(a, b, c, d)| {
        let deployment = json!({ "model_name": "m", "litellm_params": { "model": "openai/x", "api_key": a, "rpm": b, "timeout": c,
            "extra_headers": d, "input_cost_per_token": a, "organization": b }, "model_info": c });
        let config = json!({ "model_list": [deployment, a, { "model_name": "n", "litellm_params": b }],
            "router_settings": { "fallbacks": [{ "m": c }, d], "model_group_alias": { "x": a, "y": "m" } },
            "litellm_settings": { "max_budget": b, "budget_duration": a, "default_fallbacks": c }, "general_settings": d });
        let key = json!({ "token": a, "key_alias": b, "models": c, "expires": d, "max_budget": a, "rpm_limit": b, "team_id": d });
        let team = json!({ "team_id": a, "team_alias": b, "metadata": c, "members_with_roles": d, "keys": [a] });
        (config, json!([key, team, { "user_id": a, "metadata": b }, c]))
    })
}

proptest! {
    #[test]
    fn whatever_is_read_the_file_can_be_written(config in anything(), list in anything(), (shape, people) in shaped()) {
        for (config, list) in [(config, list), (shape, people)] {
            let imported = convert(Some(config), vec![list], now());
            let text = imported.toml().unwrap();
            toml::from_str::<toml::Table>(&text).unwrap();
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", lines in "( {0,4}[a-z_\\-:\\[\\]{}\"&*!|>]{0,10} ?[a-z0-9./]{0,6}\n){0,20}") {
        for text in [text, lines] {
            if let Ok(document) = yaml(&text) {
                let _ = convert(Some(document.clone()), vec![document], now());
            }
        }
    }
}
