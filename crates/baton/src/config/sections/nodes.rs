//! `[node]` and `[commands]`.

use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// This node, among the nodes that share the database.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NodeSection {
    /// Its name in events, leases and the claims of commands; by default the host name and a random part. Every node
    /// needs another name.
    pub name: Option<String>,
    /// How often it checks for changes of other nodes, if no notice tells it earlier.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub follow: Duration,
}

impl Default for NodeSection {
    fn default() -> Self {
        Self { name: None, follow: Duration::from_millis(500) }
    }
}

/// Commands from the bus.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CommandsSection {
    /// Whether this node executes commands.
    pub enabled: bool,
    /// The most commands that this node executes at a time.
    #[schemars(extend("x-limit" = true))]
    pub concurrency: usize,
    /// The number of deliveries after which a command is given up that was refused for lack of capacity.
    #[schemars(extend("x-limit" = true))]
    pub attempts: u32,
    /// How long a node holds a command before another may take it over; renewed while it is executed.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub lease: Duration,
    /// The identity of commands without `apikey`; absent: such commands are refused.
    pub identity: Option<IdentitySection>,
}

impl Default for CommandsSection {
    fn default() -> Self {
        Self { enabled: true, concurrency: 16, attempts: 8, lease: Duration::from_secs(30), identity: None }
    }
}

/// The identity of commands without an API key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentitySection {
    /// `admin`, `operator`, `viewer` or `caller`.
    pub role: String,
    /// The project that requests are attributed to.
    #[serde(default)]
    pub project: Option<String>,
    /// The user that requests are attributed to.
    #[serde(default)]
    pub user: Option<String>,
    /// The models it may use; absent: all.
    #[serde(default)]
    pub models: Option<Vec<String>>,
}

impl NodeSection {
    /// The node's name: the configured one, else the host's with a random part.
    pub fn name(&self, rng: u32) -> String {
        // The host's name tells an operator where the node runs; the chance keeps apart those that share it.
        let host = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = || Some(host().trim().to_owned()).filter(|host| !host.is_empty()).unwrap_or("baton".into());
        self.name.clone().unwrap_or_else(|| format!("{}-{rng:08x}", host()))
    }
}

impl IdentitySection {
    /// As a caller; `None` if the role is none.
    pub fn caller(&self) -> Option<baton_model::Caller> {
        Some(baton_model::Caller {
            project: self.project.as_deref().map(Into::into),
            user: Some(self.user.as_deref().unwrap_or("commands").into()),
            models: self.models.as_ref().map(|models| models.iter().map(baton_model::ModelId::from).collect()),
            ..baton_model::Caller::new(baton_model::entity::Role::lookup(&self.role)?)
        })
    }
}
