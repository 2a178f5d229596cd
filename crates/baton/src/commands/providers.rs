//! `baton providers`.

use super::output::Column;
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Lists, shows, registers and removes providers.
///
/// Example: baton providers list
#[derive(Args)]
pub struct ProvidersCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists the providers, with the number of their models and how many of those are failing.
    ///
    /// Example: baton providers list --output json
    List,
    /// Shows one provider, never its key.
    ///
    /// Example: baton providers show groq
    Show {
        /// The provider's name
        name: String,
    },
    /// Registers a provider; its key is stored encrypted with BATON_SECRET_KEY.
    ///
    /// Example: baton providers add groq --kind groq --api-key-from GROQ_API_KEY
    Add(Add),
    /// Removes a registered provider.
    ///
    /// Example: baton providers remove groq
    Remove {
        /// The provider's name
        name: String,
        /// Remove its models too
        #[arg(long)]
        force: bool,
    },
}

#[derive(Args)]
struct Add {
    /// A name for the provider
    name: String,
    /// The vendor or the format of its API, such as openai, anthropic, ollama or groq
    #[arg(long)]
    kind: String,
    /// Its address [default: the vendor's]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    // The key itself is no argument: the arguments of a process can be read by others on the machine.
    /// The environment variable that contains the provider's API key
    #[arg(long, value_name = "VARIABLE")]
    api_key_from: Option<String>,
}

const PROVIDER: &[ExpectedField] = &[ExpectedField::Text("/name"), ExpectedField::Text("/kind")];
const COLUMNS: [Column<'_>; 6] = [
    ("name", "/name"),
    ("kind", "/kind"),
    ("source", "/source"),
    ("models", "/models"),
    ("failing", "/circuits/open"),
    ("problem", "/fault"),
];

impl ProvidersCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |name: &str| format!("/api/providers/{}", segment(name));
        match self.action {
            Action::List => output.print_list(&COLUMNS, &client.all("/api/providers", &[]).await?),
            Action::Show { name } => {
                output.print_object(&client.get(&path(&name), &[], &ExpectedReply::ok(PROVIDER)).await?)
            }
            Action::Add(add) => {
                let body = add.body(environment)?;
                let added = client.post("/api/providers", &body, &ExpectedReply::created(PROVIDER)).await?;
                output.print_done(&format!("provider `{}` registered", add.name), &added);
            }
            Action::Remove { name, force } => {
                let force: &[_] = if force { &[("force", "true")] } else { &[] };
                client.delete(&path(&name), force).await?;
                output.print_gone("provider", "removed", "name", &name);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn body(&self, environment: &Environment) -> anyhow::Result<Value> {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        body.insert("kind".to_owned(), json!(self.kind));
        body.extend(self.base_url.as_ref().map(|url| ("base_url".to_owned(), json!(url))));
        if let Some(variable) = &self.api_key_from {
            let key = environment.get(variable);
            let key = key.with_context(|| format!("--api-key-from: the environment variable {variable} is not set"))?;
            body.insert("api_key".to_owned(), json!(key));
        }
        Ok(body.into())
    }
}
