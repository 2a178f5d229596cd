//! `baton health`.

use super::configuration;
use crate::config::{Config, Environment, Source};
use anyhow::{Context, bail};
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Asks a running Baton whether it serves; exit code 1 if not. For health checks where there is no shell and no curl.
///
/// Example: baton health --url http://127.0.0.1:8080
#[derive(Args)]
pub struct Health {
    /// Address of the Baton; by default that on which one with this configuration listens
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

impl Health {
    /// Runs it.
    pub async fn run(self, source: Source, environment: &Environment) -> anyhow::Result<ExitCode> {
        let (url, own) = match self.url {
            Some(url) => (url, false),
            None => (own_address(&configuration(&source, environment)?)?, true),
        };
        // The certificate of this very machine is for the name by which others know it. Nothing secret is sent.
        let client = reqwest::Client::builder().timeout(PATIENCE).tls_danger_accept_invalid_certs(own).no_proxy();
        let path = format!("{}/health/ready", url.trim_end_matches('/'));
        let reply = client.build()?.get(&path).send().await.with_context(|| format!("{path} can't be reached"))?;
        if !reply.status().is_success() {
            bail!("{path} says: {}", reply.text().await.unwrap_or_default().trim());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where this machine reaches a Baton of that configuration.
fn own_address(config: &Config) -> anyhow::Result<String> {
    let mut address: SocketAddr = config.server.listen.parse()?;
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        address.set_ip(loopback.parse()?);
    }
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{address}"))
}
