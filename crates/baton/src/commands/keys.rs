//! `baton keys`.

use super::output::{self, Column};
use super::own_policies::OwnPolicyArguments;
use crate::client::{ApiClient, ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{ArgAction, ArgGroup, Args, Subcommand};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Creates, changes, rotates, lists and revokes API keys.
///
/// Example: baton keys create "team a" --models gpt-4o-mini,claude-haiku
#[derive(Args)]
pub struct KeysCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Creates a key and prints it; it is shown only once.
    ///
    /// Example: baton keys create "team a" --models gpt-4o-mini
    Create(Create),
    /// Changes a key's name, scope, models, networks, strictness or expiry, effective at once.
    ///
    /// Example: baton keys update key_7b533dc67ca782efa1a16069 --models gpt-4o-mini --never-expires
    Update(Update),
    /// Gives a key a new secret and prints it, only once; the previous secret stays valid for a while.
    ///
    /// Example: baton keys rotate key_7b533dc67ca782efa1a16069 --overlap 1h
    Rotate {
        /// The key's id
        id: String,
        /// How long the previous secret stays valid
        #[arg(long, value_name = "TIME", default_value = "24h")]
        overlap: String,
    },
    /// Lists the keys, without their secrets.
    ///
    /// Example: baton keys list --output json
    List,
    /// Revokes a key, effective at once.
    ///
    /// Example: baton keys revoke key_7b533dc67ca782efa1a16069
    Revoke {
        /// The key's id
        id: String,
    },
}

#[derive(Args)]
struct Create {
    /// A name for people
    name: String,
    /// Role: `caller`, `viewer`, `operator` or `admin` [default: caller]
    #[arg(long)]
    role: Option<String>,
    /// What a viewer or operator sees: the records of its `project`, or of `all` [default: those of its project, if it has one]
    #[arg(long)]
    scope: Option<String>,
    /// Models that the key may use [default: all]
    #[arg(long, value_delimiter = ',')]
    models: Vec<String>,
    /// Project that the key's requests are charged to
    #[arg(long)]
    project: Option<String>,
    /// Networks that the key may be used from, such as 10.0.0.0/8 [default: any]
    #[arg(long, value_delimiter = ',', value_name = "NETWORK")]
    addresses: Vec<String>,
    /// Refuse requests that contain something their model does not support, instead of dropping it
    #[arg(long)]
    strict: bool,
    /// When the key expires, such as 2027-01-31T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// User that the key's requests are attributed to
    #[arg(long)]
    user: Option<String>,
    #[command(flatten)]
    own: OwnPolicyArguments,
}

#[derive(Args)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true).args(CHANGES))]
struct Update {
    /// The key's id
    id: String,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    /// What a viewer or operator sees: the records of its `project`, or of `all`
    #[arg(long)]
    scope: Option<String>,
    /// Models that the key may use
    #[arg(long, value_delimiter = ',')]
    models: Vec<String>,
    /// Let the key use all models
    #[arg(long, conflicts_with = "models")]
    all_models: bool,
    /// Networks that the key may be used from
    #[arg(long, value_delimiter = ',', value_name = "NETWORK")]
    addresses: Vec<String>,
    /// Let the key be used from any network
    #[arg(long, conflicts_with = "addresses")]
    any_address: bool,
    /// Whether to refuse requests that contain something their model does not support: `true` or `false`
    #[arg(long, action = ArgAction::Set, value_name = "BOOL")]
    strict: Option<bool>,
    /// When the key expires
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// Let the key never expire
    #[arg(long, conflicts_with = "expires_at")]
    never_expires: bool,
    #[command(flatten)]
    own: OwnPolicyArguments,
}

/// What can be changed; at least one of them must be given.
const CHANGES: [&str; 11] = [
    "name",
    "scope",
    "models",
    "all_models",
    "addresses",
    "any_address",
    "strict",
    "expires_at",
    "never_expires",
    "budget",
    "limits",
];
const KEY: &[ExpectedField] = &[ExpectedField::Text("/id")];
const KEY_WITH_SECRET: &[ExpectedField] = &[ExpectedField::Text("/id"), ExpectedField::Text("/key")];
const COLUMNS: [Column<'_>; 9] = [
    ("id", "/id"),
    ("name", "/name"),
    ("prefix", "/prefix"),
    ("role", "/role"),
    ("scope", "/scope"),
    ("project", "/project_id"),
    ("models", "/models"),
    ("expires", "/expires_at"),
    ("revoked", "/revoked_at"),
];

impl KeysCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/keys/{}", segment(id));
        match self.action {
            Action::Create(create) => {
                let created =
                    client.post("/api/keys", &create.body(), &ExpectedReply::created(KEY_WITH_SECRET)).await?;
                output.print_secret("key", "key", &created);
                warn_of_unknown(&client, &create.models, create.project.as_deref()).await;
            }
            Action::Update(update) => {
                let changed = client.put(&path(&update.id), &update.body(), &ExpectedReply::ok(KEY)).await?;
                output.print_done(&format!("key `{}` changed", update.id), &changed);
                warn_of_unknown(&client, &update.models, None).await;
            }
            Action::Rotate { id, overlap } => {
                let body = json!({ "overlap": overlap });
                let path = format!("{}/rotate", path(&id));
                let rotated = client.post(&path, &body, &ExpectedReply::ok(KEY_WITH_SECRET)).await?;
                output.print_secret("key", "key", &rotated);
            }
            Action::List => output.print_list(&COLUMNS, &client.all("/api/keys", &[]).await?),
            Action::Revoke { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("key", "revoked", "id", &id);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        // Only what is given: the rest may stand in the template of the key's project.
        body.extend(self.role.as_ref().map(|role| ("role".to_owned(), json!(role))));
        body.extend(self.strict.then(|| ("strict".to_owned(), json!(true))));
        body.extend(self.user.as_ref().map(|user| ("user_id".to_owned(), json!(user))));
        body.extend(self.own.fields());
        body.extend(self.scope.as_ref().map(|scope| ("scope".to_owned(), json!(scope))));
        body.extend((!self.models.is_empty()).then(|| ("models".to_owned(), json!(self.models))));
        body.extend((!self.addresses.is_empty()).then(|| ("addresses".to_owned(), json!(self.addresses))));
        body.extend(self.project.as_ref().map(|project| ("project_id".to_owned(), json!(project))));
        body.extend(self.expires_at.as_ref().map(|time| ("expires_at".to_owned(), json!(time))));
        body.into()
    }
}

impl Update {
    /// Only what is given is changed; null takes a restriction away.
    fn body(&self) -> Value {
        let mut body = Map::new();
        let mut set = |field: &str, value: Option<Value>| body.extend(value.map(|value| (field.to_owned(), value)));
        set("name", self.name.as_ref().map(|name| json!(name)));
        set("scope", self.scope.as_ref().map(|scope| json!(scope)));
        set("models", (!self.models.is_empty()).then(|| json!(self.models)));
        // An empty list would allow no model; null takes the restriction away.
        set("models", self.all_models.then_some(Value::Null));
        set("addresses", (!self.addresses.is_empty()).then(|| json!(self.addresses)));
        set("addresses", self.any_address.then_some(Value::Null));
        set("strict", self.strict.map(Value::Bool));
        set("expires_at", self.expires_at.as_ref().map(|time| json!(time)));
        set("expires_at", self.never_expires.then_some(Value::Null));
        body.extend(self.own.fields());
        body.into()
    }
}

/// A key may name what does not exist yet, so that it can be made first; mostly it is a typing error.
async fn warn_of_unknown(client: &ApiClient, models: &[String], project: Option<&str>) {
    let models = models.iter().map(|model| ("model", "/api/models", model.as_str()));
    for (kind, path, name) in models.chain(project.map(|project| ("project", "/api/projects", project))) {
        // If the question itself fails, the key is there all the same, and was printed.
        if let Ok(false) = client.exists(&format!("{path}/{}", segment(name))).await {
            output::print_note(&format!("warning: unknown {kind} `{name}`"));
        }
    }
}
