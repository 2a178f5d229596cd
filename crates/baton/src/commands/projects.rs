//! `baton projects`.

use super::output::Column;
use super::own_policies::OwnPolicyArguments;
use super::scope::{keep_fields, text};
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Map, Number, Value, json};
use std::process::ExitCode;

/// Creates, lists, changes and removes projects, and says who belongs to them.
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
        #[command(flatten)]
        fields: ProjectArguments,
    },
    /// Shows a project.
    ///
    /// Example: baton projects get search
    Get {
        /// The project's id
        id: String,
    },
    /// Changes the given fields of a project.
    ///
    /// Example: baton projects update search --models gpt-4o-mini --key-creation member
    Update {
        /// The project's id
        id: String,
        #[command(flatten)]
        fields: ProjectArguments,
    },
    /// Lists the members of a project.
    ///
    /// Example: baton projects members search
    Members {
        /// The project's id
        id: String,
    },
    /// Adds a member to a project, or gives one another role.
    ///
    /// Example: baton projects add-member search anna --role operator
    AddMember {
        /// The project's id
        id: String,
        /// The user's id
        user: String,
        /// What it may do in the project: `operator`, `viewer` or `caller`
        #[arg(long, default_value = "caller")]
        role: String,
    },
    /// Removes a member from a project; its keys stay valid.
    ///
    /// Example: baton projects remove-member search anna
    RemoveMember {
        /// The project's id
        id: String,
        /// The user's id
        user: String,
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

#[derive(Args)]
struct ProjectArguments {
    #[command(flatten)]
    own: OwnPolicyArguments,
    /// Models that its requests may use
    #[arg(long, value_delimiter = ',', conflicts_with = "all_models")]
    models: Option<Vec<String>>,
    /// Let its requests use all models
    #[arg(long)]
    all_models: bool,
    /// Providers whose models its requests may use
    #[arg(long, value_delimiter = ',', conflicts_with = "all_providers")]
    providers: Option<Vec<String>>,
    /// Let its requests use the models of all providers
    #[arg(long)]
    all_providers: bool,
    /// Who may create keys for it: `admin`, `operator` (of the project, too) or `member` (each for itself, too)
    #[arg(long, value_name = "WHO")]
    key_creation: Option<String>,
    /// What it is charged for its requests, as a multiple of their cost, such as 1.2
    #[arg(long, value_name = "FACTOR")]
    charge_factor: Option<Number>,
}

const PROJECT: &[ExpectedField] = &[ExpectedField::Text("/id")];
const MEMBER: &[ExpectedField] = &[ExpectedField::Text("/user_id")];
const COLUMNS: [Column<'_>; 6] = [
    ("id", "/id"),
    ("name", "/name"),
    ("budget", "/budget"),
    ("limits", "/limits"),
    ("models", "/models"),
    ("created", "/created_at"),
];
const MEMBERS: [Column<'_>; 2] = [("user", "/user_id"), ("role", "/role")];

impl ProjectsCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/projects/{}", segment(id));
        match self.action {
            Action::Create { id, name, fields } => {
                let mut body = fields.body();
                body.extend(keep_fields([("id", Some(json!(id))), ("name", text(name))]));
                let created = client.post("/api/projects", &body.into(), &ExpectedReply::created(PROJECT)).await?;
                output.print_done(&format!("project `{id}` created"), &created);
            }
            Action::List => output.print_list(&COLUMNS, &client.all("/api/projects", &[]).await?),
            Action::Get { id } => output.print_object(&client.get(&path(&id), &[], &ExpectedReply::ok(PROJECT)).await?),
            Action::Update { id, fields } => {
                let changed = client.put(&path(&id), &fields.body().into(), &ExpectedReply::ok(PROJECT)).await?;
                output.print_done(&format!("project `{id}` changed"), &changed);
            }
            Action::Members { id } => {
                output.print_list(&MEMBERS, &client.all(&format!("{}/members", path(&id)), &[]).await?);
            }
            Action::AddMember { id, user, role } => {
                let path = format!("{}/members/{}", path(&id), segment(&user));
                let member = client.put(&path, &json!({ "role": role }), &ExpectedReply::ok(MEMBER)).await?;
                output.print_done(&format!("`{user}` is {role} in the project `{id}`"), &member);
            }
            Action::RemoveMember { id, user } => {
                client.delete(&format!("{}/members/{}", path(&id), segment(&user)), &[]).await?;
                output.print_gone("member", "removed", "user_id", &user);
            }
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

impl ProjectArguments {
    fn body(self) -> Map<String, Value> {
        // Null takes a restriction away.
        let models = self.models.map(|names| json!(names)).or(self.all_models.then_some(Value::Null));
        let providers = self.providers.map(|names| json!(names)).or(self.all_providers.then_some(Value::Null));
        let mut body = keep_fields([
            ("models", models),
            ("providers", providers),
            ("key_creation", text(self.key_creation)),
            ("charge_factor", self.charge_factor.map(Value::from)),
        ]);
        body.extend(self.own.fields());
        body
    }
}
