//! `baton projects`.

use super::output;
use crate::client::{Expected, Field, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Makes, lists and removes the projects of a running Baton.
///
/// Example: baton projects create search --name "Search team"
#[derive(Args)]
pub struct Projects {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Makes a project.
    ///
    /// Example: baton projects create search --name "Search team"
    Create {
        /// Its id, as keys, tokens and requests name it
        id: String,
        /// A name for people; by default the id
        #[arg(long)]
        name: Option<String>,
    },
    /// Lists projects.
    ///
    /// Example: baton projects list --json
    List,
    /// Gives a project another name.
    ///
    /// Example: baton projects rename search "Search and retrieval"
    Rename {
        /// Its id
        id: String,
        /// Its new name
        name: String,
    },
    /// Removes a project; its requests stay in the ledger.
    ///
    /// Example: baton projects remove search
    Remove {
        /// Its id
        id: String,
    },
}

const ID: Field = Field::Text("/id");
const COLUMNS: [(&str, &str); 3] = [("id", "/id"), ("name", "/name"), ("created", "/created_at")];

impl Projects {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let path = |id: &str| format!("/api/projects/{}", segment(id));
        match self.what {
            What::Create { id, name } => {
                let mut body = json!({ "id": id });
                if let (Some(body), Some(name)) = (body.as_object_mut(), name) {
                    body.insert("name".to_owned(), json!(name));
                }
                let made = client.post("/api/projects", &body, &Expected::created(&[ID])).await?;
                if self.server.json { output::json(&made) } else { output::line(&format!("`{id}` is made")) }
            }
            What::List => {
                let answer = client.get("/api/projects", &[("page_size", "100")], &Expected::LIST).await?;
                let items = answer.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
                if self.server.json { output::json(&answer) } else { output::table(&COLUMNS, &items) }
            }
            What::Rename { id, name } => {
                let changed = client.put(&path(&id), &json!({ "name": name }), &Expected::ok(&[ID])).await?;
                if self.server.json {
                    output::json(&changed)
                } else {
                    output::line(&format!("`{id}` is now called `{name}`"))
                }
            }
            What::Remove { id } => {
                client.delete(&path(&id), &[]).await?;
                output::line(&format!("`{id}` is removed"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
