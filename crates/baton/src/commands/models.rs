//! `baton models`.

use super::audit::keep_given;
use super::output::Column;
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Lists, shows, registers, removes and discovers models.
///
/// Example: baton models list --provider ollama
#[derive(Args)]
pub struct ModelsCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists models.
    ///
    /// Example: baton models list --capability EMBEDDING
    List {
        /// Only models of this provider
        #[arg(long)]
        provider: Option<String>,
        /// Only models with this capability, such as CHAT or EMBEDDING
        #[arg(long)]
        capability: Option<String>,
        /// Only models whose name contains this text
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Shows one model.
    ///
    /// Example: baton models show gpt-4o-mini
    Show {
        /// The model's id
        model: String,
    },
    /// Registers a model.
    ///
    /// Example: baton models add fast --provider groq --upstream llama-3.3-70b-versatile --price input=0.59,output=0.79
    Add(Add),
    /// Removes a model.
    ///
    /// Example: baton models remove fast
    Remove {
        /// The model's id
        model: String,
        /// Remove it even if other models fall back on it
        #[arg(long)]
        force: bool,
    },
    /// Asks the providers for their models and registers them.
    ///
    /// Example: baton models discover --dry-run
    Discover {
        /// Ask only this provider
        #[arg(long)]
        provider: Option<String>,
        /// Show what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Shows whether a model works, and its last errors.
    ///
    /// Example: baton models health fast
    Health {
        /// The model's id
        model: String,
    },
}

#[derive(Args)]
struct Add {
    /// The model's id: the name that clients use
    model: String,
    /// The provider that serves it
    #[arg(long)]
    provider: String,
    /// The provider's name for it [default: the same]
    #[arg(long)]
    upstream: Option<String>,
    /// Its capabilities
    #[arg(long, value_delimiter = ',', default_value = "CHAT")]
    capability: Vec<String>,
    /// Its context window, in tokens
    #[arg(long, value_name = "TOKENS")]
    token_limit: Option<u64>,
    /// Its largest output, in tokens
    #[arg(long, value_name = "TOKENS")]
    max_tokens: Option<u64>,
    /// Its price in dollars per million tokens, such as input=0.59,output=0.79 [default: the built-in price, if any]
    #[arg(long, value_delimiter = ',', value_name = "CLASS=DOLLARS", value_parser = rate)]
    price: Vec<(String, String)>,
    /// Models to try when it fails, in this order
    #[arg(long, value_delimiter = ',', value_name = "MODEL")]
    fallback: Vec<String>,
}

const MODEL: &[ExpectedField] = &[ExpectedField::Text("/model_id")];
const DISCOVERED: &[ExpectedField] = &[
    ExpectedField::List("/added"),
    ExpectedField::List("/changed"),
    ExpectedField::List("/gone"),
    ExpectedField::List("/failed"),
];
const COLUMNS: [Column<'_>; 7] = [
    ("model", "/model_id"),
    ("provider", "/provider"),
    ("upstream", "/upstream"),
    ("capabilities", "/capabilities"),
    ("status", "/status"),
    ("context", "/token_limit"),
    ("source", "/source"),
];

impl ModelsCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        // Ids may contain slashes and colons.
        let path = |model: &str| format!("/api/models/{}", segment(model));
        match self.action {
            Action::List { provider, capability, search } => {
                let filters = [("provider", &provider), ("capability", &capability), ("search", &search)];
                output.print_list(&COLUMNS, &client.all("/api/models", &keep_given(&filters)).await?);
            }
            Action::Show { model } => {
                output.print_object(&client.get(&path(&model), &[], &ExpectedReply::ok(MODEL)).await?)
            }
            Action::Health { model } => {
                let path = format!("{}/health", path(&model));
                output.print_object(&client.get(&path, &[], &ExpectedReply::ok(MODEL)).await?);
            }
            Action::Add(add) => {
                let added = client.post("/api/models", &add.body(), &ExpectedReply::created(MODEL)).await?;
                output.print_done(&format!("model `{}` registered", add.model), &added);
            }
            Action::Remove { model, force } => {
                let force: &[_] = if force { &[("force", "true")] } else { &[] };
                client.delete(&path(&model), force).await?;
                output.print_gone("model", "removed", "model_id", &model);
            }
            Action::Discover { provider, dry_run } => {
                let mut body = Map::from_iter([("dry_run".to_owned(), json!(dry_run))]);
                body.extend(provider.map(|provider| ("provider".to_owned(), json!(provider))));
                let report = client.post("/api/models/discover", &body.into(), &ExpectedReply::ok(DISCOVERED)).await?;
                output.print_done(&discovered(&report), &report);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("model_id".to_owned(), json!(self.model));
        body.insert("provider".to_owned(), json!(self.provider));
        body.insert("capabilities".to_owned(), json!(self.capability));
        body.insert("fallbacks".to_owned(), json!(self.fallback));
        body.extend(self.upstream.as_ref().map(|upstream| ("upstream".to_owned(), json!(upstream))));
        body.extend(self.token_limit.map(|tokens| ("token_limit".to_owned(), json!(tokens))));
        body.extend(self.max_tokens.map(|tokens| ("max_tokens".to_owned(), json!(tokens))));
        let price: Map<String, Value> =
            self.price.iter().map(|(class, dollars)| (class.clone(), json!(dollars))).collect();
        body.extend((!price.is_empty()).then(|| ("price".to_owned(), price.into())));
        body.into()
    }
}

/// What a discovery found, a line for each kind of change.
fn discovered(report: &Value) -> String {
    let line = |what: &str| {
        let items = report.get(what).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<String> = items.iter().map(describe_item).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("{what:<8} {names}")
    };
    ["added", "changed", "gone", "failed"].map(line).join("\n")
}

/// A model's name, or a provider that failed, with its error.
fn describe_item(item: &Value) -> String {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    match item.as_str() {
        Some(model) => model.to_owned(),
        None => format!("{} ({})", text("provider"), text("error")),
    }
}

/// An amount of a price. It stays text: dollars are exact decimals.
pub(super) fn rate(text: &str) -> Result<(String, String), String> {
    let (class, dollars) = text.split_once('=').ok_or("must be CLASS=DOLLARS, such as input=0.59")?;
    // As text: a float would change the price.
    Ok((class.to_owned(), dollars.to_owned()))
}
