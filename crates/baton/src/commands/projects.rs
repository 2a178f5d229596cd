//! `baton projects`.

use super::output::Column;
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Map, json};
use std::process::ExitCode;

/// Creates, lists, renames and removes projects.
///
/// Example: baton projects create search --name "Search team"
#[derive(Args)]
pub struct ProjectsCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Creates a project.
    ///
    /// Example: baton projects create search --name "Search team"
    Create {
        /// The project's id, as keys, tokens and requests refer to it
        id: String,
        /// A name for people [default: the id]
        #[arg(long)]
        name: Option<String>,
    },
    /// Lists projects.
    ///
    /// Example: baton projects list --output json
    List,
    /// Gives a project another name; its id stays.
    ///
    /// Example: baton projects rename search "Search and retrieval"
    Rename {
        /// The project's id
        id: String,
        /// Its new name
        name: String,
    },
    /// Removes a project; its requests stay in the ledger.
    ///
    /// Example: baton projects remove search
    Remove {
        /// The project's id
        id: String,
    },
}

const PROJECT: &[ExpectedField] = &[ExpectedField::Text("/id")];
const COLUMNS: [Column<'_>; 3] = [("id", "/id"), ("name", "/name"), ("created", "/created_at")];

impl ProjectsCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/projects/{}", segment(id));
        match self.action {
            Action::Create { id, name } => {
                let mut body = Map::from_iter([("id".to_owned(), json!(id))]);
                body.extend(name.map(|name| ("name".to_owned(), json!(name))));
                let created = client.post("/api/projects", &body.into(), &ExpectedReply::created(PROJECT)).await?;
                output.print_done(&format!("project `{id}` created"), &created);
            }
            Action::List => output.print_list(&COLUMNS, &client.all("/api/projects", &[]).await?),
            Action::Rename { id, name } => {
                let changed = client.put(&path(&id), &json!({ "name": name }), &ExpectedReply::ok(PROJECT)).await?;
                output.print_done(&format!("project `{id}` renamed to `{name}`"), &changed);
            }
            Action::Remove { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("project", "removed", "id", &id);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
