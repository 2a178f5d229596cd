//! `baton keys`.

use super::output;
use crate::client::{Expected, Field, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Makes, lists, rotates and revokes API keys of a running Baton.
///
/// Example: baton keys create "team a" --models gpt-4o-mini,claude-haiku
#[derive(Args)]
pub struct Keys {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes a key, and prints it this once.
    ///
    /// Example: baton keys create "team a" --models gpt-4o-mini
    Create {
        /// A name for people
        name: String,
        /// `admin` or `caller` (also `operator`, `viewer`)
        #[arg(long, default_value = "caller")]
        role: String,
        /// The models it may use; by default all
        #[arg(long, value_delimiter = ',')]
        models: Vec<String>,
        /// The project that its requests are booked on
        #[arg(long)]
        project: Option<String>,
        /// The networks it may be used from, as 10.0.0.0/8; by default any
        #[arg(long, value_delimiter = ',')]
        addresses: Vec<String>,
        /// Refuses its requests where something in them can't be said to the model
        #[arg(long)]
        strict: bool,
        /// From when on it is refused, as 2027-01-31T00:00:00Z
        #[arg(long)]
        expires_at: Option<String>,
    },
    /// Gives a key another secret, and prints it this once; the one before is accepted for a while.
    ///
    /// Example: baton keys rotate key_7b533dc67ca782efa1a16069 --overlap 1h
    Rotate {
        /// Its id
        id: String,
        /// How long the one before is accepted too
        #[arg(long, default_value = "24h")]
        overlap: String,
    },
    /// Lists keys, without the keys themselves.
    ///
    /// Example: baton keys list --json
    List,
    /// Revokes a key, in force at once.
    ///
    /// Example: baton keys revoke key_7b533dc67ca782efa1a16069
    Revoke {
        /// Its id
        id: String,
    },
}

const WITH_KEY: &[Field] = &[Field::Text("/id"), Field::Text("/key")];
const COLUMNS: [(&str, &str); 7] = [
    ("id", "/id"),
    ("name", "/name"),
    ("prefix", "/prefix"),
    ("role", "/role"),
    ("project", "/project_id"),
    ("expires", "/expires_at"),
    ("revoked", "/revoked_at"),
];

impl Keys {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        match self.what {
            What::Create { name, role, models, project, addresses, strict, expires_at } => {
                let mut body = json!({ "name": name, "role": role, "strict": strict });
                if let Some(body) = body.as_object_mut() {
                    body.extend((!models.is_empty()).then(|| ("models".to_owned(), json!(models))));
                    body.extend((!addresses.is_empty()).then(|| ("addresses".to_owned(), json!(addresses))));
                    body.extend(project.map(|project| ("project_id".to_owned(), json!(project))));
                    body.extend(expires_at.map(|time| ("expires_at".to_owned(), json!(time))));
                }
                let made = client.post("/api/keys", &body, &Expected::created(WITH_KEY)).await?;
                show_once(&made, self.server.json);
            }
            What::Rotate { id, overlap } => {
                let path = format!("/api/keys/{}/rotate", segment(&id));
                let rotated = client.post(&path, &json!({ "overlap": overlap }), &Expected::ok(WITH_KEY)).await?;
                show_once(&rotated, self.server.json);
            }
            What::List => {
                let answer = client.get("/api/keys", &[("page_size", "100")], &Expected::LIST).await?;
                let items = answer.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
                if self.server.json { output::json(&answer) } else { output::table(&COLUMNS, &items) }
            }
            What::Revoke { id } => {
                client.delete(&format!("/api/keys/{}", segment(&id)), &[]).await?;
                output::line(&format!("`{id}` is revoked"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a key, which nobody can print again.
fn show_once(made: &Value, json: bool) {
    if json {
        return output::json(made);
    }
    let text = |pointer: &str| made.pointer(pointer).map(output::cell).unwrap_or_default();
    output::line(&format!("{}\n\nThis is the only time the key `{}` is shown.", text("/key"), text("/id")));
}
