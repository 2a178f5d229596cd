//! The parts of one Baton put together.

use crate::backup::refuse_unfinished;
use crate::config::Config;
use crate::config::sections::EnvironmentKind;
use crate::earlier_nodes::EarlierNodes;
use crate::shared_state::SharedState;
use crate::surface::Ports;
use crate::telemetry::Witness;
use crate::{memory, private};
use anyhow::{Context, bail};
use baton_admin::Admin;
use baton_auth::token::Issuer;
use baton_auth::{ApiKeys, Bootstrap, TokenVerifier, bootstrap};
use baton_control::prices::PriceSource;
use baton_control::{
    ConfiguredProvider, ModelDirectory, PolicyDirectory, ProviderDirectory, ProviderObjects, VendorInfo,
};
use baton_conversations::Conversations;
use baton_engine::{
    CacheSettings, CircuitSettings, Engine, EngineParts, EngineSettings, JournalSettings, Ledger, Observer, Registry,
    RetryBudgetSettings, RetrySettings, Snapshot,
};
use baton_events::WebhookSender;
use baton_http::HttpState;
use baton_model::{Actor, Clock, ModelId, ProviderId, SystemClock};
use baton_provider_api::{Provider, Transport};
use baton_store::Store;
use baton_tasks::supervised;
use baton_web::{Draining, Web};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// One Baton, ready to serve.
pub struct App {
    /// Every path it serves.
    pub paths: Ports,
    /// The pipeline.
    pub engine: Engine,
    /// The models.
    pub models: Arc<ModelDirectory>,
    /// The database.
    pub store: Store,
    /// The providers, those that the database keeps included.
    pub providers: Arc<ProviderDirectory>,
    /// The budgets and limits.
    pub policies: Arc<PolicyDirectory>,
    /// What nodes share beside the database.
    pub shared: SharedState,
    /// Events on their way to webhooks.
    pub webhooks: Arc<WebhookSender>,
    /// Credentials.
    pub keys: Arc<ApiKeys>,
    /// Whether this node is about to stop.
    pub draining: Draining,
    /// How there comes to be an admin.
    pub bootstrap: Bootstrap,
    /// Whether requests from loopback need no key.
    pub open_on_loopback: bool,
    /// What writes into the database after its request.
    background: (ProviderObjects, Conversations),
    /// What makes traces and logs of requests.
    witness: Option<Arc<Witness>>,
}

impl App {
    /// Puts the parts together: database, keys, providers, models, pipeline, APIs.
    ///
    /// # Errors
    /// The first part that can't be had, and what to do about it.
    pub async fn build(config: &Config) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut rng = StdRng::from_os_rng();
        // The name is the holder of leases and of claimed commands, so two nodes on one machine must not share it:
        // hence the chance.
        let store = open_store(config).await?.for_node(&config.node.name(rng.random()), Arc::clone(&clock));
        let (providers, vendors) = providers(config)?;
        let journal = JournalSettings {
            max_bytes: config.ledger.max_journal_bytes,
            sync: config.ledger.sync,
            ..JournalSettings::in_folder(config.data_dir.join("journal"))
        };
        // Takes the lock of the journal's folder: a second Baton on the same data folder ends here, whatever port it
        // has.
        let ledger = Ledger::open(journal, store.clone(), Arc::clone(&clock))
            .with_context(|| format!("the journal in `{}` can't be opened", config.data_dir.display()))?;
        let shared = SharedState::open(config, store.node()).await?;
        let witness = Witness::start(config)?;
        let engine = Engine::new(EngineParts {
            settings: settings(config),
            registry: Registry::new(snapshot(config, providers.clone())),
            counters: shared.counters.clone(),
            cache: Arc::clone(&shared.cache),
            ledger,
            observer: witness.clone().map(|witness| witness as Arc<dyn Observer>),
            clock: Arc::clone(&clock),
            seed: rng.random(),
        });
        // In two steps: the engine needs the witness as its observer, and the metrics that are sent are the engine's.
        if let Some(witness) = &witness {
            witness.measure(config, &engine)?;
        }
        let configured = config.models.iter().map(|model| model.register(clock.now())).collect();
        let vendors = VendorInfo { unlisted: providers_without_discovery(config), ..vendors };
        let models = Arc::new(ModelDirectory::new(store.clone(), engine.clone(), configured, vendors.clone()));
        let keyring = config.auth.keyring().map_err(anyhow::Error::msg)?;
        let providers = ProviderDirectory::new(
            store.clone(),
            Arc::clone(&models),
            engine.clone(),
            keyring,
            ConfiguredProvider { providers, vendors, default_models: default_models(config) },
        );
        let providers = Arc::new(providers);
        // Before anything is served: until then, a registered model would be an unknown one.
        providers.reload().await.context("providers and models can't be read from the database")?;
        let policies = policies(config, &store, &engine).await?;
        settle_earlier_nodes(config, &store, &engine, &shared)?;
        if let Err(error) = providers.seal_queries(&Actor::service("start")).await {
            // It is tried again at the next start; a database that only reads must not keep a node from serving.
            tracing::warn!(%error, "unencrypted secrets of providers in the database could not be encrypted");
        }
        let open_on_loopback = open_on_loopback(config)?;
        let keys =
            ApiKeys::open(store.clone(), Arc::clone(&clock), &mut rng).await.context("the keys can't be read")?;
        // Never stored, so taking the variable away takes the access away.
        let given = config.auth.admin_key.as_ref().map(|key| baton_auth::KeySecret::from_text(key.reveal()));
        let keys = keys
            .open_on_loopback(open_on_loopback)
            .with_failures(config.auth.failures.limit())
            .with_tokens(tokens(config, &clock));
        let (keys, bootstrap) = bootstrap(keys, given.as_ref(), &mut rng).await?;
        let keys = Arc::new(keys);
        let web = Web {
            proxies: config.server.proxies(),
            max_body_bytes: config.server.max_body_bytes,
            keep_alive: config.server.keep_alive,
            ..Web::new(engine.clone(), Arc::clone(&keys))
        };
        let (draining, quotas) = (web.draining.clone(), config.quotas);
        let state = HttpState {
            web: web.clone(),
            models: Arc::clone(&models),
            provider_objects: ProviderObjects::new(store.clone(), Arc::clone(&clock)).with_quotas(quotas.objects()),
            conversations: Conversations::new(
                store.clone(),
                Arc::clone(&clock),
                config.responses.bounds(quotas.responses()),
            ),
            // A recording that is fetched becomes the body of a request to a provider, so it may be as large as a
            // body.
            fetch: config.audio.client(config.server.max_body_bytes),
            cors: config.server.cors.origins(config.environment),
        };
        // Clones share their tasks with what the router gets below, so `close` can wait for what requests have begun.
        let background = (state.provider_objects.clone(), state.conversations.clone());
        let admin = Admin::new(web, Arc::clone(&models), store.clone(), Arc::clone(&providers), Arc::clone(&policies));
        let admin = admin
            .allow_networks(config.webhooks.networks())
            .with_quotas(quotas.management())
            .with_price_source(PriceSource::new(config.prices.networks()));
        let apart = config.server.management.listen.is_some();
        let paths = Ports::new(state, admin, Arc::clone(&shared.notices), apart);
        let webhooks = webhooks(config, &store, &clock, rng.random())?;
        Ok(Self {
            webhooks,
            paths,
            engine,
            models,
            background,
            store,
            shared,
            providers,
            policies,
            keys,
            draining,
            bootstrap,
            open_on_loopback,
            witness,
        })
    }

    /// Ends what runs in the background and writes what is left.
    pub async fn close(self) {
        // In the order of who writes into whom: a request that ends stores its response and is seen by the witness,
        // and the store is written to by all.
        self.engine.close().await;
        self.background.0.close().await;
        self.background.1.close().await;
        if let Some(witness) = &self.witness {
            witness.close().await;
        }
        self.store.close().await;
    }
}

/// Sees to it that shared counters learn what the processes before this one did, once the ledger has it.
///
/// # Errors
/// If the data folder can't be written.
fn settle_earlier_nodes(config: &Config, store: &Store, engine: &Engine, shared: &SharedState) -> anyhow::Result<()> {
    let Some(counters) = &shared.counters else { return Ok(()) };
    let earlier = EarlierNodes::open(&config.data_dir, store.node())
        .with_context(|| format!("the data folder `{}` can't be written", config.data_dir.display()))?;
    tokio::spawn(supervised("earlier_nodes", earlier.settle(engine.clone(), Arc::clone(counters))));
    Ok(())
}

/// The budgets and limits, in force.
///
/// # Errors
/// If those of the configuration name a model or provider that is not there.
async fn policies(config: &Config, store: &Store, engine: &Engine) -> anyhow::Result<Arc<PolicyDirectory>> {
    let configured = config.policies(engine.clock().now());
    let policies = PolicyDirectory::new(store.clone(), engine.clone(), configured);
    policies.reload().await.context("budgets and limits can't be read from the database")?;
    // A budget that never applies, because a name was misspelt, must not look as if it held.
    let unknown = policies.unknown_targets();
    if !unknown.is_empty() {
        let problems: Vec<String> =
            unknown.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect();
        bail!("budgets or limits of the configuration can't be enforced: {}", problems.join("; "));
    }
    policies.warn_of_absent_owners().await.context("budgets and limits can't be checked against the database")?;
    Ok(Arc::new(policies))
}

fn webhooks(config: &Config, store: &Store, clock: &Arc<dyn Clock>, seed: u64) -> anyhow::Result<Arc<WebhookSender>> {
    let keyring = config.auth.keyring().map_err(anyhow::Error::msg)?;
    Ok(Arc::new(WebhookSender::new(store.clone(), keyring, config.webhooks.settings(), Arc::clone(clock), seed)))
}

/// Opens the database and brings its tables up to date.
///
/// # Errors
/// If it can't be opened, or is newer than this program.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    refuse_unfinished(&config.data_dir)?;
    // Also where the database is elsewhere: the journal is always here.
    private::folder(&config.data_dir)
        .with_context(|| format!("the data folder `{}` can't be created", config.data_dir.display()))?;
    let url = database_url(config);
    let store = Store::open_with(&url, &config.database.pools()).await?;
    store.migrate().await?;
    Ok(store)
}

/// The address of the database.
pub fn database_url(config: &Config) -> String {
    let in_data_dir = |dir: &Path| format!("sqlite:{}", dir.join("baton.db").display());
    config.database.url.clone().unwrap_or_else(|| in_data_dir(&config.data_dir))
}

/// Whether requests from this machine need no key.
///
/// # Errors
/// If then other machines could ask too.
pub fn open_on_loopback(config: &Config) -> anyhow::Result<bool> {
    let given = config.auth.admin_key.is_some() || config.auth.jwt.is_on();
    let development = config.environment == EnvironmentKind::Development && !given;
    // Every port has to be on loopback: the one for management alone would be enough to give the role admin away.
    let loopback = |listen: &str| listen.parse::<SocketAddr>().is_ok_and(|listen| listen.ip().is_loopback());
    if let Some((key, listen)) = config.server.listens().find(|(_, listen)| development && !loopback(listen)) {
        bail!(
            "server.{key}: `{listen}` is reachable from other machines, but neither an admin key nor JWT_SECRET is \
             set: set BATON_ADMIN_KEY, or listen on 127.0.0.1"
        );
    }
    Ok(development)
}

/// The tokens that are taken, if any are.
fn tokens(config: &Config, clock: &Arc<dyn Clock>) -> Option<TokenVerifier> {
    let jwt = &config.auth.jwt;
    let issuer = jwt.source().map(|source| Arc::new(Issuer::new(source, jwt.issuer_settings(), Arc::clone(clock))));
    jwt.is_on().then(|| TokenVerifier::new(jwt.settings(), issuer, Arc::clone(clock)))
}

type ProviderMap = BTreeMap<ProviderId, Arc<dyn Provider>>;

/// The configured providers, and of those that are vendors themselves what the catalogue calls them.
///
/// # Errors
/// If one can't be made of what is configured: the key is named.
pub fn providers(config: &Config) -> anyhow::Result<(ProviderMap, VendorInfo)> {
    let transport = Transport::default();
    let (mut providers, mut vendors) = (ProviderMap::new(), VendorInfo::default());
    for (name, section) in &config.providers {
        let provider = baton_providers::build(&section.describe(name), &transport)
            .map_err(|error| anyhow::anyhow!("providers.{name}.{}: {}", error.field, error.problem))?;
        let id = ProviderId::from(name);
        if let Some(vendor) = section.vendor(name) {
            vendors.names.insert(id.clone(), vendor.name);
            vendors.regions.extend(vendor.region.map(|region| (id.clone(), region)));
        }
        providers.insert(id, provider);
    }
    Ok((providers, vendors))
}

fn providers_without_discovery(config: &Config) -> BTreeSet<ProviderId> {
    // Only an explicit `false`: without a word, what a provider lists is taken over.
    let told = config.providers.iter().filter(|(_, section)| section.discover == Some(false));
    told.map(|(name, _)| ProviderId::from(name)).collect()
}

/// For each provider that has one, the model for requests that name only the provider.
fn default_models(config: &Config) -> BTreeMap<ProviderId, ModelId> {
    let named = config.providers.iter();
    named
        .filter_map(|(name, section)| Some((ProviderId::from(name), ModelId::from(section.default_model.as_ref()?))))
        .collect()
}

fn snapshot(config: &Config, providers: ProviderMap) -> Snapshot {
    Snapshot {
        // The first `reload` puts them in: most of them are in the database.
        models: BTreeMap::new(),
        providers,
        default_model: config.default_model.as_ref().map(ModelId::from),
        default_models: default_models(config),
        prices: None,
    }
}

fn settings(config: &Config) -> EngineSettings {
    EngineSettings {
        cache: CacheSettings {
            share: config.cache.share,
            default: config.cache.default,
            ttl: config.cache.ttl,
            max_reply_bytes: config.cache.max_reply_bytes,
        },
        circuit: CircuitSettings {
            failures: config.routing.circuit_failures,
            cooldown: config.routing.circuit_cooldown,
        },
        retry: RetrySettings {
            pause: config.routing.retry_pause,
            longest: config.routing.longest_retry_pause,
            budget: RetryBudgetSettings {
                percent: config.routing.retry_budget_percent,
                min_per_second: config.routing.retry_budget_min,
            },
        },
        max_in_flight: config.server.max_in_flight,
        // The other half is for replies, the cache, the database and everything else.
        max_bytes_in_flight: config.server.max_bytes_in_flight.unwrap_or_else(|| memory::available() / 2),
        max_translated_bytes: config.server.max_translated_bytes,
        sampling: config.telemetry.sampling(),
    }
}
