//! `baton check`.
//!
//! [`local`] looks at what this machine has to give: the port, the folders, the certificate. [`fallbacks`] looks for
//! models that are named and not there.

mod fallbacks;
mod local;

use super::output;
use crate::app;
use crate::config::{Config, Environment, Source, load};
use crate::shared_state;
use baton_auth::token::Issuer;
use baton_model::SystemClock;
use baton_model::entity::Model;
use baton_provider::Provider;
use clap::Args;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

/// Checks the configuration, this machine, the servers behind Baton and the providers; exit code 1 names each fault.
///
/// Example: baton check --config baton.toml
#[derive(Args)]
pub struct Check {
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Does not call the providers
    #[arg(long)]
    offline: bool,
}

/// One thing that was looked at.
struct Finding {
    what: String,
    fault: Option<String>,
    told: String,
}

impl Finding {
    fn good(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { what: what.into(), fault: None, told: told.into() }
    }

    fn bad(what: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { what: what.into(), fault: Some(fault.into()), told: String::new() }
    }
}

impl Check {
    /// Runs it.
    pub async fn run(self, source: Source, environment: &Environment) -> anyhow::Result<ExitCode> {
        let findings = match load(&source, environment) {
            Err(error) => error.faults.iter().map(|fault| Finding::bad("configuration", fault.to_string())).collect(),
            Ok(config) => {
                let mut findings = vec![match app::open_on_loopback(&config) {
                    Ok(_) => Finding::good("configuration", summary(&config)),
                    Err(error) => Finding::bad("configuration", format!("{error:#}")),
                }];
                findings.extend(local::look(&config).await);
                let (database, registered) = database(&config).await;
                findings.push(database);
                findings.extend(shared(&config).await);
                findings.extend(self.issuer(&config).await);
                let (providers, listed) = self.providers(&config).await;
                findings.extend(providers);
                findings.extend(fallbacks::look(&config, registered, listed));
                findings
            }
        };
        let faulty = findings.iter().any(|finding| finding.fault.is_some());
        if self.json {
            let items: Vec<_> = findings
                .iter()
                .map(|finding| json!({ "what": finding.what, "ok": finding.fault.is_none(), "fault": finding.fault, "told": finding.told }))
                .collect();
            output::json(&json!({ "ok": !faulty, "findings": items }));
        } else {
            for Finding { what, fault, told } in &findings {
                match fault {
                    Some(fault) => output::line(&format!("FAULT {what}: {fault}")),
                    None => output::line(&format!("ok    {what}: {told}")),
                }
            }
        }
        Ok(if faulty { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// Whether the keys of the token issuer can be fetched.
    async fn issuer(&self, config: &Config) -> Option<Finding> {
        let jwt = &config.auth.jwt;
        let source = jwt.source()?;
        let what = "token issuer";
        if self.offline {
            return Some(Finding::good(what, "not called"));
        }
        let issuer = Issuer::new(source, jwt.issuer_settings(), Arc::new(SystemClock));
        Some(match issuer.fetch().await {
            Ok(keys) => Finding::good(what, format!("{keys} signing keys")),
            Err(fault) => {
                let key = if jwt.jwks_url.is_some() { "jwks_url" } else { "issuer" };
                let advice = "until its keys can be fetched, its tokens are refused";
                Finding::bad(what, format!("{fault}; look at auth.jwt.{key}: {advice}"))
            }
        })
    }

    /// What the providers say, and the models that they list; `None`: not all of them were asked and answered.
    async fn providers(&self, config: &Config) -> (Vec<Finding>, Option<Vec<Listed>>) {
        let providers = match app::providers(config) {
            Ok((providers, _)) => providers,
            Err(error) => return (vec![Finding::bad("providers", format!("{error:#}"))], None),
        };
        if self.offline {
            let told = format!("{} configured, not called", providers.len());
            return (vec![Finding::good("providers", told)], providers.is_empty().then(Vec::new));
        }
        let asked = providers.values().map(|provider| ask(Arc::clone(provider)));
        let (findings, lists): (Vec<_>, Vec<_>) = futures::future::join_all(asked).await.into_iter().unzip();
        (findings, lists.into_iter().collect())
    }
}

fn summary(config: &Config) -> String {
    format!("{} providers, {} models", config.providers.len(), config.models.len())
}

/// Whether the database can be used, and the models that it holds.
async fn database(config: &Config) -> (Finding, Option<Vec<Model>>) {
    let looked_at = async {
        let store = app::open_store(config).await?;
        let models = store.models().list().await?;
        store.close().await;
        anyhow::Ok(models)
    };
    match looked_at.await {
        Ok(models) => (Finding::good("database", baton_store::masked(&app::database_url(config))), Some(models)),
        Err(error) => (Finding::bad("database", format!("{error:#}")), None),
    }
}

/// Redis and the bus.
async fn shared(config: &Config) -> Vec<Finding> {
    let found = shared_state::check(config).await;
    let finding = |(what, told): (&str, Result<String, String>)| match told {
        Ok(told) => Finding::good(what, told),
        Err(fault) => Finding::bad(what, fault),
    };
    found.into_iter().map(finding).collect()
}

/// The models that a provider lists: its name, and theirs.
struct Listed {
    provider: String,
    upstreams: Vec<String>,
}

/// A provider that lists its models can be reached, and accepts its key.
async fn ask(provider: Arc<dyn Provider>) -> (Finding, Option<Listed>) {
    let what = format!("provider {}", provider.id());
    match provider.discover().await {
        Ok(models) => {
            let found = Finding::good(what, format!("{} models", models.len()));
            let upstreams = models.into_iter().map(|model| model.upstream).collect();
            (found, Some(Listed { provider: provider.id().to_string(), upstreams }))
        }
        Err(error) => (Finding::bad(what, error.to_string()), None),
    }
}
