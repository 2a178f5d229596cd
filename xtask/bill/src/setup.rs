//! What is configured and registered for the run: providers, models, projects, keys, budgets.

use crate::node::Api;
use crate::prices::{self, MODELS};
use crate::providers::Providers;
use crate::traffic::{KEYS, PROJECTS};
use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write;

/// What a request costs on the average, as runs have shown: budgets that are to be spent are a part of what comes.
const NANOS_PER_REQUEST: u64 = 19_000;

/// A key of a caller.
#[derive(Debug, Clone)]
pub struct CallerKey {
    pub id: String,
    pub secret: String,
    /// Whether it has a budget of its own.
    pub has_budget: bool,
}

/// `baton.toml`.
pub fn configuration(providers: &Providers) -> String {
    // Faults are the traffic here: neither circuits nor the bound of retries may keep it away from the providers. Timeouts are
    // long for an idle machine and short for a provider that hangs on purpose.
    let mut file = String::from(
        "[discovery]\nat_start = false\n\
         [routing]\ncircuit_failures = 1000000\nretry_budget_percent = 100\nretry_pause = \"5ms\"\nlongest_retry_pause = \"50ms\"\n",
    );
    for (name, kind, url) in providers.addresses() {
        let _ = write!(
            file,
            "[providers.{name}]\nkind = \"{kind}\"\nbase_url = \"{url}\"\napi_key = \"sim\"\nretries = 1\n\
             [providers.{name}.timeouts]\nfirst_token = \"3s\"\nidle = \"3s\"\ntotal = \"30s\"\n"
        );
    }
    let rates = |rates: &[(&str, &str)]| {
        let parts: Vec<String> = rates.iter().map(|(class, rate)| format!("{class} = \"{rate}\"")).collect();
        parts.join(", ")
    };
    for model in &MODELS {
        let above = model.above.map_or_else(String::new, |(above, above_rates)| {
            format!(", context_tiers = [{{ above = {above}, {} }}]", rates(above_rates))
        });
        let _ = write!(
            file,
            "[[models]]\nmodel_id = \"{}\"\nprovider = \"{}\"\nupstream = \"{}\"\ncapabilities = [\"{}\"]\n\
             token_limit = 100000\nmax_tokens = 400\nfallbacks = {:?}\n{}price = {{ {}{above} }}\n",
            model.id,
            model.provider,
            model.upstream,
            model.capability,
            model.fallbacks,
            model.settings,
            rates(model.rates),
        );
    }
    file
}

/// A part of what the run comes to, in percent, as dollars.
fn part(requests: u64, percent: u64) -> Value {
    let nanos = (requests * NANOS_PER_REQUEST * percent / 100).max(1_000_000);
    let text = prices::dollars(i64::try_from(nanos).unwrap_or(i64::MAX));
    // As a number, which is how an amount is usually written.
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// Registers projects, keys and budgets: wide ones that bind everything, and tight ones that are spent on the way.
///
/// # Errors
/// If something is refused.
pub async fn register(api: &Api, requests: u64) -> anyhow::Result<Vec<CallerKey>> {
    let post = async |path: &str, body: Value| api.admin(Method::POST, path, &body).await;
    for project in 0..PROJECTS {
        let mut body = json!({ "id": format!("p{project}"), "name": format!("project {project}") });
        if project == 2 {
            body["budget"] = json!({ "amount": part(requests, 1000), "period": "day" });
        }
        post("/api/projects", body).await?;
    }
    let mut keys = Vec::new();
    for key in 0..KEYS {
        let mut body =
            json!({ "name": format!("k{key}"), "role": "caller", "project_id": format!("p{}", key % PROJECTS) });
        // Spent at about two thirds of the run.
        let has_budget = key == 2;
        if has_budget {
            body["budget"] = json!({ "amount": part(requests, 8), "period": "day" });
        }
        let made: Value = serde_json::from_str(&post("/api/keys", body).await?)?;
        let text = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("a key without {name}"));
        keys.push(CallerKey { id: text("id")?, secret: text("key")?, has_budget });
    }
    let wide = part(requests, 1000);
    for budget in [
        json!({ "budget_id": "everything", "scope": {}, "amount": wide, "period": "total" }),
        json!({ "budget_id": "everything-today", "scope": {}, "amount": part(requests, 50), "period": "day", "mode": "soft" }),
        json!({ "budget_id": "each-user", "scope": { "user": "*" }, "amount": wide, "period": "day" }),
        json!({ "budget_id": "each-project-and-model", "scope": { "project": "*", "model": "*" }, "amount": wide, "period": "total" }),
        json!({ "budget_id": "anthropic", "scope": { "provider": "anthropic" }, "amount": wide, "period": "hour" }),
        json!({ "budget_id": "tight-project", "scope": { "project": "p1" }, "amount": part(requests, 16), "period": "total" }),
        json!({ "budget_id": "shrinking-project", "scope": { "project": "p3" }, "amount": part(requests, 18), "period": "total", "shrink": true }),
        json!({ "budget_id": "tight-reasoner", "scope": { "model": "reasoner" }, "amount": part(requests, 14), "period": "day" }),
        json!({ "budget_id": "soft-key", "scope": { "key": keys[4].id }, "amount": part(requests, 3), "period": "total", "mode": "soft" }),
    ] {
        post("/api/budgets", budget).await?;
    }
    Ok(keys)
}
