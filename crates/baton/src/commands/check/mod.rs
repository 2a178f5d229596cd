//! `baton check`.
//!
//! [`local`] looks at what this machine has to give: the port, the folders, the certificate. [`fallbacks`] looks for
//! models that are named and not there, [`policies`] for what budgets and limits name.

mod fallbacks;
mod finding;
mod local;
mod policies;

use super::ignored;
use super::output::{self, Column, Format, Output};
use crate::app;
use crate::config::{Config, ConfigSource, Environment, load};
use crate::shared_state;
use baton_auth::token::Issuer;
use baton_control::policies::KnownTargets;
use baton_model::SystemClock;
use baton_model::entity::Model;
use baton_provider_api::Provider;
use clap::Args;
use finding::{Finding, FindingStatus, ListedModels};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Checks the configuration, this machine, the databases and the providers; exits 1 if there are problems, and lists them.
///
/// Example: baton check --config baton.toml
#[derive(Args)]
pub struct CheckCommand {
    #[command(flatten)]
    output: Output,
    /// Do not call the providers and the token issuer
    #[arg(long)]
    offline: bool,
}

const COLUMNS: [Column<'_>; 3] = [("status", "/status"), ("check", "/check"), ("message", "/message")];

impl CheckCommand {
    /// Runs it.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        let findings = match load(&source, environment) {
            // Without a configuration no port, folder or provider is known, so nothing else is looked at.
            Err(error) => error.faults.iter().map(|fault| Finding::bad("configuration", fault.to_string())).collect(),
            Ok(config) => {
                let mut findings = vec![match app::open_on_loopback(&config) {
                    Ok(_) => Finding::good("configuration", summary(&config)),
                    Err(error) => Finding::bad("configuration", format!("{error:#}")),
                }];
                let ignored = ignored::warnings(&config, environment).into_iter();
                findings.extend(ignored.map(|warning| Finding::warning("configuration", warning)));
                findings.extend(local::check_local(&config));
                let (database, registered) = database(&config).await;
                findings.push(database);
                let (models, targets) = registered.unzip();
                findings.extend(policies::check_policies(&config, targets));
                findings.extend(check_shared_services(&config).await);
                findings.extend(self.issuer(&config).await);
                let (providers, listed) = self.providers(&config).await;
                findings.extend(providers);
                findings.extend(fallbacks::check_fallbacks(&config, models, listed));
                findings
            }
        };
        let faulty = findings.iter().any(|finding| finding.status == FindingStatus::Error);
        self.show(&findings, !faulty);
        Ok(if faulty { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// For people, a finding is a line: messages are too long for a column.
    fn show(&self, findings: &[Finding], ok: bool) {
        if self.output.format() == Format::Table {
            for Finding { check, status, message } in findings {
                output::print_line(&format!("{:<7} {check}: {message}", status.name()));
            }
            return;
        }
        let items = findings.iter().map(
            |Finding { check, status, message }| json!({ "check": check, "status": status.name(), "message": message }),
        );
        self.output.print_list(&COLUMNS, &json!({ "ok": ok, "items": items.collect::<Vec<_>>() }));
    }

    /// Whether the keys of the token issuer can be fetched.
    async fn issuer(&self, config: &Config) -> Option<Finding> {
        let jwt = &config.auth.jwt;
        let source = jwt.source()?;
        let check = "token issuer";
        if self.offline {
            return Some(Finding::good(check, "not called"));
        }
        let issuer = Issuer::new(source, jwt.issuer_settings(), Arc::new(SystemClock));
        Some(match issuer.fetch().await {
            Ok(keys) => Finding::good(check, format!("{keys} signing keys")),
            Err(fault) => {
                let key = if jwt.jwks_url.is_some() { "jwks_url" } else { "issuer" };
                let advice = "its tokens are refused until its keys can be fetched";
                Finding::bad(check, format!("{fault}; look at auth.jwt.{key}: {advice}"))
            }
        })
    }

    /// What the providers say, and the models that they list; `None`: not all of them were reached.
    async fn providers(&self, config: &Config) -> (Vec<Finding>, Option<Vec<ListedModels>>) {
        let providers = match app::providers(config) {
            Ok((providers, _)) => providers,
            Err(error) => return (vec![Finding::bad("providers", format!("{error:#}"))], None),
        };
        if self.offline {
            let message = format!("{} configured, not called", providers.len());
            return (vec![Finding::good("providers", message)], providers.is_empty().then(Vec::new));
        }
        // All at once: each one that can't be reached takes its whole timeout.
        let asked = providers.values().map(|provider| check_provider(Arc::clone(provider)));
        let (findings, lists): (Vec<_>, Vec<_>) = futures::future::join_all(asked).await.into_iter().unzip();
        // One list that is missing makes the whole `None`: with a gap, no name can be called unknown.
        (findings, lists.into_iter().collect())
    }
}

fn summary(config: &Config) -> String {
    format!("{} providers, {} models", config.providers.len(), config.models.len())
}

/// Whether the database can be used, and the models and providers that it holds.
async fn database(config: &Config) -> (Finding, Option<(Vec<Model>, KnownTargets)>) {
    let looked_at = async {
        // As a start does it, migrations included: one that fails is found here and not at the restart of a node.
        let store = app::open_store(config).await?;
        let models = store.models().list().await?;
        let known = KnownTargets {
            models: models.iter().map(|model| model.id.to_string()).collect(),
            providers: store.providers().list().await?.into_iter().map(|provider| provider.name.to_string()).collect(),
        };
        store.close().await;
        anyhow::Ok((models, known))
    };
    match looked_at.await {
        Ok(registered) => {
            (Finding::good("database", baton_store::masked(&app::database_url(config))), Some(registered))
        }
        Err(error) => (Finding::bad("database", format!("{error:#}")), None),
    }
}

/// Redis and the bus.
async fn check_shared_services(config: &Config) -> Vec<Finding> {
    let found = shared_state::check(config).await;
    let finding = |(check, result): (&str, Result<String, String>)| match result {
        Ok(message) => Finding::good(check, message),
        Err(problem) => Finding::bad(check, problem),
    };
    found.into_iter().map(finding).collect()
}

/// A provider that lists its models can be reached, and accepts its key.
async fn check_provider(provider: Arc<dyn Provider>) -> (Finding, Option<ListedModels>) {
    let check = format!("provider {}", provider.id());
    match provider.discover().await {
        Ok(models) => {
            let found = Finding::good(check, format!("{} models", models.len()));
            let upstreams = models.into_iter().map(|model| model.upstream).collect();
            (found, Some(ListedModels { provider: provider.id().to_string(), upstreams }))
        }
        // Operators, who run this, need the address and the cause; a caller never sees them.
        Err(error) => (Finding::bad(check, error.chain()), None),
    }
}
