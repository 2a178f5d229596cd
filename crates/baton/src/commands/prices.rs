//! `baton prices`.

use super::audit::keep_given;
use super::models::rate;
use super::output::{Column, Format, print_line};
use crate::client::{ApiCall, ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use anyhow::Context;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Lists what models cost, sets prices, and takes over newer lists of prices.
///
/// Example: baton prices list --vendor openai --model gpt-5
#[derive(Args)]
pub struct PricesCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists what models cost and from where that is known.
    ///
    /// Example: baton prices list --vendor openai --model gpt-5
    List {
        /// Only this vendor's, or what is set for the provider of that name
        #[arg(long)]
        vendor: Option<String>,
        /// Only models with this in their names
        #[arg(long)]
        model: Option<String>,
        /// Only `built_in`, `update` or `override`
        #[arg(long)]
        origin: Option<String>,
    },
    /// Shows a price that was set.
    ///
    /// Example: baton prices show groq-contract
    Show {
        /// The price's id
        id: String,
    },
    /// Sets a price: of a model, of a model at a provider, or a factor on all prices of a provider.
    ///
    /// Example: baton prices set groq-contract --provider groq --factor 0.9
    Set(SetArguments),
    /// Removes a price that was set: what is known holds again.
    ///
    /// Example: baton prices rm groq-contract
    Rm {
        /// The price's id
        id: String,
    },
    /// Takes over a list of prices: in Baton's own form, as models.dev's api.json, or as LiteLLM's map.
    ///
    /// Example: baton prices update https://models.dev/api.json --dry-run
    Update(UpdateArguments),
}

#[derive(Args)]
struct SetArguments {
    /// The price's id, new or known
    id: String,
    /// The provider whose models it is for [default: any]
    #[arg(long)]
    provider: Option<String>,
    /// The provider's name for the model [default: all of the provider's models]
    #[arg(long)]
    model: Option<String>,
    /// Its price in dollars per million tokens, such as input=0.59,output=0.79
    #[arg(long, value_name = "CLASS=DOLLARS", value_delimiter = ',', value_parser = rate)]
    price: Vec<(String, String)>,
    /// In place of --price: what the known prices of tokens are multiplied by, such as 0.9
    #[arg(long, conflicts_with = "price")]
    factor: Option<String>,
    /// What it is, for people
    #[arg(long)]
    description: Option<String>,
}

#[derive(Args)]
struct UpdateArguments {
    /// A file, or an address that Baton fetches
    list: String,
    /// Only shows what would change
    #[arg(long)]
    dry_run: bool,
    /// What the list must have: sha256: and 64 hexadecimal digits
    #[arg(long, value_name = "CHECKSUM")]
    checksum: Option<String>,
    /// From when changed prices hold: a time, a date, or `always` [default: from now on]
    #[arg(long, value_name = "TIME")]
    effective: Option<String>,
}

const PRICE: &[ExpectedField] = &[ExpectedField::Text("/price_id")];
const UPDATE: &[ExpectedField] = &[ExpectedField::Text("/form"), ExpectedField::List("/changes")];
const COLUMNS: [Column<'_>; 9] = [
    ("vendor", "/vendor"),
    ("provider", "/provider"),
    ("model", "/model"),
    ("input", "/price/input"),
    ("output", "/price/output"),
    ("cached", "/price/cache_read"),
    ("factor", "/factor"),
    ("origin", "/origin"),
    ("date", "/date"),
];
const CHANGES: [Column<'_>; 5] =
    [("vendor", "/vendor"), ("model", "/model"), ("what", "/what"), ("before", "/before"), ("after", "/after")];

impl PricesCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/prices/{}", segment(id));
        match self.action {
            Action::List { vendor, model, origin } => {
                let filters = [("vendor", &vendor), ("model", &model), ("origin", &origin)];
                output.print_list(&COLUMNS, &client.all("/api/prices", &keep_given(&filters)).await?);
            }
            Action::Show { id } => output.print_object(&client.get(&path(&id), &[], &ExpectedReply::ok(PRICE)).await?),
            Action::Set(set) => {
                let known = client.exists(&path(&set.id)).await?;
                let id = set.id.clone();
                let body = set.body(!known);
                let done = if known {
                    client.put(&path(&id), &body, &ExpectedReply::ok(PRICE)).await?
                } else {
                    client.post("/api/prices", &body, &ExpectedReply::created(PRICE)).await?
                };
                output.print_done(&format!("price `{id}` set"), &done);
            }
            Action::Rm { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("price", "removed", "price_id", &id);
            }
            Action::Update(update) => {
                let done = update.run(&client).await?;
                match output.format() {
                    Format::Table => show(&self.server, &done),
                    _ => output.print_object(&done),
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl SetArguments {
    fn body(self, new: bool) -> Value {
        let mut body = Map::new();
        if new {
            body.insert("price_id".to_owned(), json!(self.id));
        }
        let texts = [
            ("provider", self.provider),
            ("model", self.model),
            ("factor", self.factor),
            ("description", self.description),
        ];
        body.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))));
        if !self.price.is_empty() {
            let price: Map<String, Value> =
                self.price.into_iter().map(|(class, dollars)| (class, json!(dollars))).collect();
            body.insert("price".to_owned(), price.into());
        }
        body.into()
    }
}

impl UpdateArguments {
    async fn run(&self, client: &crate::client::ApiClient) -> anyhow::Result<Value> {
        let dry_run = self.dry_run.then(|| "true".to_owned());
        let is_address = self.list.starts_with("https://") || self.list.starts_with("http://");
        let url = is_address.then(|| self.list.clone());
        // As it is: the checksum is of the file's own bytes.
        let raw = match is_address {
            true => None,
            false => Some(std::fs::read(&self.list).with_context(|| format!("`{}` can't be read", self.list))?.into()),
        };
        let query =
            [("url", &url), ("dry_run", &dry_run), ("checksum", &self.checksum), ("effective", &self.effective)];
        let query = keep_given(&query);
        let call = ApiCall { query: &query, raw, ..ApiCall::new(Method::POST, "/api/prices/update") };
        client.call(call, &ExpectedReply::ok(UPDATE)).await
    }
}

/// What has changed, as a table and a sentence.
fn show(server: &Server, done: &Value) {
    let changes = json!({ "items": done.get("changes"), "total": done.get("changed") });
    server.output.print_list(&CHANGES, &changes);
    let number = |name: &str| done.get(name).and_then(Value::as_u64).unwrap_or_default();
    let would = if done.get("dry_run") == Some(&json!(true)) { "would be " } else { "" };
    print_line(&format!(
        "{} models {would}added, {} amounts {would}changed, {} models as before, {} passed over ({})",
        number("added"),
        number("changed"),
        number("unchanged"),
        number("skipped"),
        done.get("checksum").and_then(Value::as_str).unwrap_or_default()
    ));
}
