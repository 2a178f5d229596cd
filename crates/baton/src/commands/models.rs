//! `baton models`.

use super::output;
use crate::client::{Expected, Field, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Lists, registers, removes and discovers models of a running Baton.
///
/// Example: baton models list --provider ollama
#[derive(Args)]
pub struct Models {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Lists models.
    ///
    /// Example: baton models list --capability EMBEDDING
    List {
        /// Only those of this provider
        #[arg(long)]
        provider: Option<String>,
        /// Only those that can do this (CHAT, EMBEDDING …)
        #[arg(long)]
        capability: Option<String>,
        /// Only those whose name holds this
        #[arg(long)]
        search: Option<String>,
    },
    /// Shows one model.
    ///
    /// Example: baton models show gpt-4o-mini
    Show {
        /// Its name
        model: String,
    },
    /// Registers a model.
    ///
    /// Example: baton models add fast --provider groq --upstream llama-3.3-70b-versatile --fallback gpt-4o-mini
    Add {
        /// What clients ask for
        model: String,
        /// The provider that serves it
        #[arg(long)]
        provider: String,
        /// What the provider calls it; by default the same
        #[arg(long)]
        upstream: Option<String>,
        /// What it can do; by default CHAT
        #[arg(long, value_delimiter = ',', default_value = "CHAT")]
        capability: Vec<String>,
        /// The context window, in tokens
        #[arg(long)]
        token_limit: Option<u64>,
        /// Models to try when it fails, in order
        #[arg(long, value_delimiter = ',')]
        fallback: Vec<String>,
    },
    /// Removes a model.
    ///
    /// Example: baton models remove fast
    Remove {
        /// Its name
        model: String,
        /// Also while others fall back on it
        #[arg(long)]
        force: bool,
    },
    /// Asks the providers for their models and takes them over.
    ///
    /// Example: baton models discover --dry-run
    Discover {
        /// Only this provider
        #[arg(long)]
        provider: Option<String>,
        /// Only says what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows whether a model works, and its last errors.
    ///
    /// Example: baton models health fast
    Health {
        /// Its name
        model: String,
    },
}

const MODEL: &[Field] = &[Field::Text("/model_id")];
const DISCOVERED: &[Field] =
    &[Field::List("/added"), Field::List("/changed"), Field::List("/gone"), Field::List("/failed")];
const COLUMNS: [(&str, &str); 7] = [
    ("model", "/model_id"),
    ("provider", "/provider"),
    ("upstream", "/upstream"),
    ("can", "/capabilities"),
    ("status", "/status"),
    ("context", "/token_limit"),
    ("source", "/source"),
];

impl Models {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let show = |value: &Value| output::json(value);
        match self.what {
            What::List { provider, capability, search } => {
                let filters = [("provider", provider), ("capability", capability), ("search", search)];
                let mut items = Vec::new();
                for page in 1.. {
                    let number = page.to_string();
                    let mut query = vec![("page_size", "100"), ("page", number.as_str())];
                    query.extend(filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
                    let answer = client.get("/api/models", &query, &Expected::LIST).await?;
                    let more: Vec<Value> =
                        answer.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
                    let total = answer.pointer("/total").and_then(Value::as_u64).unwrap_or(0);
                    let empty = more.is_empty();
                    items.extend(more);
                    if empty || items.len() as u64 >= total {
                        break;
                    }
                }
                if self.server.json { output::json(&Value::Array(items)) } else { output::table(&COLUMNS, &items) }
            }
            What::Show { model } => {
                show(&client.get(&format!("/api/models/{}", segment(&model)), &[], &Expected::ok(MODEL)).await?)
            }
            What::Health { model } => {
                let path = format!("/api/models/{}/health", segment(&model));
                show(&client.get(&path, &[], &Expected::ok(MODEL)).await?)
            }
            What::Add { model, provider, upstream, capability, token_limit, fallback } => {
                let mut body = json!({ "model_id": model, "provider": provider, "capabilities": capability, "fallbacks": fallback });
                if let Some(body) = body.as_object_mut() {
                    body.extend(upstream.map(|upstream| ("upstream".to_owned(), json!(upstream))));
                    body.extend(token_limit.map(|limit| ("token_limit".to_owned(), json!(limit))));
                }
                let added = client.post("/api/models", &body, &Expected::created(MODEL)).await?;
                if self.server.json { show(&added) } else { output::line(&format!("`{model}` is registered")) }
            }
            What::Remove { model, force } => {
                let force: &[_] = if force { &[("force", "true")] } else { &[] };
                client.delete(&format!("/api/models/{}", segment(&model)), force).await?;
                output::line(&format!("`{model}` is removed"));
            }
            What::Discover { provider, dry_run } => {
                let mut body = json!({ "dry_run": dry_run });
                if let (Some(provider), Some(body)) = (provider, body.as_object_mut()) {
                    body.insert("provider".into(), json!(provider));
                }
                let found = client.post("/api/models/discover", &body, &Expected::ok(DISCOVERED)).await?;
                if self.server.json {
                    show(&found);
                } else {
                    for (what, pointer) in
                        [("added", "/added"), ("changed", "/changed"), ("gone", "/gone"), ("failed", "/failed")]
                    {
                        output::line(&format!(
                            "{what:<8} {}",
                            found.pointer(pointer).map(output::cell).unwrap_or_default()
                        ));
                    }
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
