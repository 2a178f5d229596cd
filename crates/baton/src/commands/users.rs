//! `baton users`.

use super::output::Column;
use super::own_policies::OwnPolicyArguments;
use super::scope::text;
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::process::ExitCode;

/// Lists users with what they used, and sets budgets and limits for them.
///
/// Example: baton users set anna --budget 20/day
#[derive(Args)]
pub struct UsersCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists users: those that are registered, members of projects, and those that requests of this month name.
    ///
    /// Example: baton users list --search ann
    List {
        /// Only users whose id or name holds this
        #[arg(long)]
        search: Option<String>,
    },
    /// Shows a user.
    ///
    /// Example: baton users get anna
    Get {
        /// The user's id
        id: String,
    },
    /// Sets something for a user.
    ///
    /// Example: baton users set anna --budget 20/day --limits rpm=60
    Set {
        /// The user's id, as tokens, keys and requests name it
        id: String,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        own: OwnPolicyArguments,
    },
    /// Removes what is set for a user; its requests stay in the ledger.
    ///
    /// Example: baton users remove anna
    Remove {
        /// The user's id
        id: String,
    },
}

const USER: &[ExpectedField] = &[ExpectedField::Text("/id")];
const COLUMNS: [Column<'_>; 7] = [
    ("id", "/id"),
    ("name", "/name"),
    ("projects", "/projects"),
    ("budget", "/budget"),
    ("limits", "/limits"),
    ("requests", "/month/requests"),
    ("cost", "/month/cost"),
];

impl UsersCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/users/{}", segment(id));
        match self.action {
            Action::List { search } => {
                let filters: Vec<(&str, &str)> = search.iter().map(|text| ("search", text.as_str())).collect();
                output.print_list(&COLUMNS, &client.all("/api/users", &filters).await?);
            }
            Action::Get { id } => output.print_object(&client.get(&path(&id), &[], &ExpectedReply::ok(USER)).await?),
            Action::Set { id, name, own } => {
                let mut body = own.fields();
                body.extend(text(name).map(|name| ("name".to_owned(), name)));
                let set = client.put(&path(&id), &Value::from(body), &ExpectedReply::ok(USER)).await?;
                output.print_done(&format!("user `{id}` set"), &set);
            }
            Action::Remove { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("user", "removed", "id", &id);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
