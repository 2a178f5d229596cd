//! What the configuration can say. The doc comments of this file are the configuration reference.

use super::fault::ConfigFault;
use baton_control::policies::ConfiguredPolicies;
use baton_engine::{CacheDefault, CacheShare};
use baton_model::Timestamp;
use baton_model::entity::{Budget, RateLimit};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

mod audio;
mod auth;
mod connections;
mod cors;
mod database;
mod environment;
mod logs;
mod model;
mod nodes;
mod policy;
mod prices;
mod provider;
mod quotas;
mod registered;
mod server;
mod shared;
mod telemetry;
mod tls;
mod webhooks;

pub use audio::AudioSection;
pub use auth::{AuthSection, JwtSection};
pub use connections::{ConnectionsSection, Http2Section, ManagementSection};
pub use cors::CorsSection;
pub use database::{DatabaseSection, EventsSection, LedgerSection, ResponsesSection};
pub use environment::EnvironmentKind;
pub use logs::{ConsoleForm, ContentSection, LogsSection};
pub use model::ModelSection;
pub use nodes::{CommandsSection, IdentitySection, NodeSection};
pub use policy::{ConfiguredPolicy, PolicySection};
pub use prices::PricesSection;
pub use provider::{DisconnectSection, ProviderSection, TimeoutsSection};
pub use quotas::QuotasSection;
pub use server::ServerSection;
pub use shared::{BusSection, NatsSection, RedisSection};
pub use telemetry::TelemetrySection;
pub use tls::TlsSection;
pub use webhooks::WebhooksSection;

/// The configuration of one Baton.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `development` or `production`. In production, requests without a key are always refused.
    pub environment: EnvironmentKind,
    /// Folder of the journal and the SQLite file.
    pub data_dir: PathBuf,
    /// The model for requests without a model.
    pub default_model: Option<String>,
    /// Ports, and limits for requests and connections.
    pub server: ServerSection,
    /// The database for records and registrations.
    pub database: DatabaseSection,
    /// Redis, for state that nodes share.
    pub redis: RedisSection,
    /// NATS, for events and commands.
    pub nats: NatsSection,
    /// The bus for events and commands.
    pub bus: BusSection,
    /// Credentials.
    pub auth: AuthSection,
    /// Log files.
    pub logs: LogsSection,
    /// Traces and metrics for an OTLP collector.
    pub telemetry: TelemetrySection,
    /// The response cache.
    pub cache: CacheSection,
    /// Retries and circuits.
    pub routing: RoutingSection,
    /// The ledger, and its journal.
    pub ledger: LedgerSection,
    /// The stream of events.
    pub events: EventsSection,
    /// OpenAI responses that Baton stores itself.
    pub responses: ResponsesSection,
    /// What one key may store.
    pub quotas: QuotasSection,
    /// Audio files that requests give by URL.
    pub audio: AudioSection,
    /// Events that are sent to services over HTTP.
    pub webhooks: WebhooksSection,
    /// Discovery: registering the models that providers list.
    pub discovery: DiscoverySection,
    /// What models cost: where newer lists of prices are taken from.
    pub prices: PricesSection,
    /// This node, among the nodes that share the database.
    pub node: NodeSection,
    /// Commands from the bus.
    pub commands: CommandsSection,
    /// Providers, by name.
    pub providers: BTreeMap<String, ProviderSection>,
    /// Models. Models defined here are read-only in the API.
    pub models: Vec<ModelSection>,
    /// Budgets: how much money requests may cost. Those defined here are read-only in the API.
    pub budgets: Vec<PolicySection<Budget>>,
    /// Limits: how much requests may take in a time. Those defined here are read-only in the API.
    pub limits: Vec<PolicySection<RateLimit>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            environment: EnvironmentKind::default(),
            data_dir: "data".into(),
            default_model: None,
            server: ServerSection::default(),
            database: DatabaseSection::default(),
            redis: RedisSection::default(),
            nats: NatsSection::default(),
            bus: BusSection::default(),
            auth: AuthSection::default(),
            logs: LogsSection::default(),
            telemetry: TelemetrySection::default(),
            cache: CacheSection::default(),
            routing: RoutingSection::default(),
            ledger: LedgerSection::default(),
            events: EventsSection::default(),
            responses: ResponsesSection::default(),
            quotas: QuotasSection::default(),
            audio: AudioSection::default(),
            webhooks: WebhooksSection::default(),
            discovery: DiscoverySection::default(),
            prices: PricesSection::default(),
            node: NodeSection::default(),
            commands: CommandsSection::default(),
            providers: BTreeMap::new(),
            models: Vec::new(),
            budgets: Vec::new(),
            limits: Vec::new(),
        }
    }
}

impl Config {
    /// The budgets and limits.
    pub fn policies(&self, now: Timestamp) -> ConfiguredPolicies {
        ConfiguredPolicies {
            budgets: self.budgets.iter().map(|section| section.register(now)).collect(),
            limits: self.limits.iter().map(|section| section.register(now)).collect(),
        }
    }

    /// Whether other nodes may serve beside this one, as far as the configuration can tell: they would share its database.
    fn may_have_other_nodes(&self) -> bool {
        self.database.url.as_ref().is_some_and(|url| !url.starts_with("sqlite:"))
    }

    /// How long the port still accepts after a signal to stop.
    pub fn drain_delay(&self) -> Duration {
        self.server.drain_delay.unwrap_or(match self.environment {
            EnvironmentKind::Development => Duration::ZERO,
            EnvironmentKind::Production => Duration::from_secs(5),
        })
    }
}

/// The response cache.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSection {
    /// Which replies are cached without a header that says so: `off`, `deterministic` (embeddings, and requests with
    /// temperature 0 or a seed) or `all`.
    #[schemars(with = "String")]
    pub default: CacheDefault,
    /// Who may get a cached reply: `caller` (the same key, project and user) or `project` (all requests attributed to
    /// the same project).
    #[schemars(with = "String")]
    pub share: CacheShare,
    /// How long a reply is kept.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub ttl: Duration,
    /// The most memory that the cache uses, in bytes.
    #[schemars(extend("x-limit" = true))]
    pub max_bytes: u64,
    /// The largest reply that is cached, in bytes.
    #[schemars(extend("x-limit" = true))]
    // Earlier configurations call a reply an answer.
    #[serde(alias = "max_answer_bytes")]
    pub max_reply_bytes: usize,
}

impl Default for CacheSection {
    fn default() -> Self {
        let engine = baton_engine::CacheSettings::default();
        Self {
            default: engine.default,
            share: engine.share,
            ttl: engine.ttl,
            max_bytes: 128 << 20,
            max_reply_bytes: engine.max_reply_bytes,
        }
    }
}

/// Retries and circuits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingSection {
    /// The number of failures in a row after which a model's circuit opens, so that it is not tried.
    pub circuit_failures: u32,
    /// How long the circuit stays open; then one request tries the model.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub circuit_cooldown: Duration,
    /// The pause before the same model is tried again, doubled each time.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub retry_pause: Duration,
    /// The longest such pause; a provider that requires a longer one is skipped.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub longest_retry_pause: Duration,
    /// The number of retries per 100 recent requests of a provider; beyond it, requests are not tried again.
    #[schemars(extend("x-limit" = true))]
    pub retry_budget_percent: u16,
    /// The number of retries per second that a provider gets in any case.
    #[schemars(extend("x-limit" = true))]
    pub retry_budget_min: u32,
}

impl Default for RoutingSection {
    fn default() -> Self {
        let (circuit, retry) = (baton_engine::CircuitSettings::default(), baton_engine::RetrySettings::default());
        Self {
            circuit_failures: circuit.failures,
            circuit_cooldown: circuit.cooldown,
            retry_pause: retry.pause,
            longest_retry_pause: retry.longest,
            retry_budget_percent: retry.budget.percent,
            retry_budget_min: retry.budget.min_per_second,
        }
    }
}

/// Discovery: registering the models that providers list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiscoverySection {
    /// Whether to discover models at start.
    pub at_start: bool,
    /// How often to discover models again; absent: never.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>")]
    pub every: Option<Duration>,
}

impl Default for DiscoverySection {
    fn default() -> Self {
        Self { at_start: true, every: Some(Duration::from_secs(3600)) }
    }
}

/// Everything that is wrong beyond single types: references that lead nowhere, prices that are no prices.
pub fn check(config: &Config, place: &str) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    let mut fault = |key: String, problem: String| faults.push(ConfigFault::new(place, key, problem));
    for (key, problem) in config.server.faults() {
        fault(format!("server.{key}"), problem);
    }
    for (key, problem) in config.prices.faults() {
        fault(format!("prices.{key}"), problem);
    }
    for (key, problem) in config.auth.faults(config.environment) {
        fault(format!("auth.{key}"), problem);
    }
    for (key, problem) in config.audio.faults() {
        fault(format!("audio.{key}"), problem);
    }
    for (key, problem) in config.webhooks.faults() {
        fault(format!("webhooks.{key}"), problem);
    }
    for (key, problem) in config.telemetry.faults() {
        fault(format!("telemetry.{key}"), problem);
    }
    if let Err((number, problem)) = config.logs.content.redactor() {
        fault(format!("logs.content.redact[{number}].pattern"), problem);
    }
    if let Some(identity) = config.commands.identity.as_ref().filter(|identity| identity.caller().is_none()) {
        let known = baton_model::entity::Role::ALL.map(baton_model::entity::Role::name).join(", ");
        fault("commands.identity.role".into(), format!("`{}` is not one of {known}", identity.role));
    }
    // It is renewed at a third of it: a database that is slow for a second must not hand the command to another node.
    if config.commands.lease < Duration::from_secs(3) {
        fault("commands.lease".into(), "must be at least 3s".into());
    }
    for (key, problem) in shared::faults(&config.redis, &config.nats, &config.bus) {
        fault(key.into(), problem);
    }
    for (index, key, problem) in policy::faults(&config.budgets) {
        fault(format!("budgets[{index}].{key}"), super::fault::message(&problem));
    }
    for (index, key, problem) in policy::faults(&config.limits) {
        fault(format!("limits[{index}].{key}"), super::fault::message(&problem));
    }
    if let Some(hard) =
        first_hard_policy(config).filter(|_| config.may_have_other_nodes() && config.redis.url.is_none())
    {
        let problem = format!(
            "is required: {hard} is hard, and nodes that share a PostgreSQL database can count together only in Redis; \
             configure Redis, or set `mode = \"soft\"` there"
        );
        fault("redis.url".into(), problem);
    }
    let mut names = BTreeMap::new();
    for (index, ModelSection { model, faults: faults_of_fields }) in config.models.iter().enumerate() {
        let key = |field: &str| format!("models[{index}].{field}");
        let lacks = |field: &str| faults_of_fields.iter().any(|(key, _)| key == field);
        if model.id.as_str().is_empty() && !lacks("model_id") {
            fault(key("model_id"), "is empty".into());
        }
        if let Some(first) = names.insert(&model.id, index)
            && !lacks("model_id")
        {
            fault(key("model_id"), format!("`{}` is used by models[{first}] already", model.id));
        }
        if !config.providers.contains_key(model.provider.as_str()) && !lacks("provider") {
            let known: Vec<&str> = config.providers.keys().map(String::as_str).collect();
            fault(
                key("provider"),
                format!("unknown provider `{}`; configured providers: {}", model.provider, known.join(", ")),
            );
        }
        for (field, problem) in faults_of_fields {
            fault(key(field), super::fault::message(problem));
        }
        // A fallback may also be a model that is registered or discovered later; only itself is surely wrong.
        if model.fallbacks.contains(&model.id) {
            fault(key("fallbacks"), format!("`{}` can't be its own fallback", model.id));
        }
    }
    faults
}

/// The place of a budget or limit that refuses, if there is one.
fn first_hard_policy(config: &Config) -> Option<String> {
    let budget = config.budgets.iter().position(|section| section.policy.is_hard());
    let limit = || config.limits.iter().position(|section| section.policy.is_hard());
    let place = |kind: &str, index: usize| format!("`{kind}[{index}]`");
    budget.map(|index| place("budgets", index)).or_else(|| limit().map(|index| place("limits", index)))
}
