//! `baton health`.

use super::Output;
use crate::config::{Config, ConfigSource, Environment, load};
use anyhow::{Context, bail};
use clap::Args;
use reqwest::redirect::Policy;
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Checks whether a running Baton can serve requests; exits 1 if not. For health checks without a shell or curl.
///
/// Example: baton health --url http://127.0.0.1:8080
#[derive(Args)]
pub struct HealthCommand {
    /// Address of the Baton [default: where one with this configuration listens]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// How long the reply may take.
const PATIENCE: Duration = Duration::from_secs(4);

impl HealthCommand {
    /// Runs it.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        let (url, own) = match self.url {
            Some(url) => (url, false),
            None => (own_address(&load(&source, environment)?)?, true),
        };
        let url = url.trim_end_matches('/');
        // The certificate of this very machine is for the name by which others know it. Nothing secret is sent.
        let client = reqwest::Client::builder().timeout(PATIENCE).tls_danger_accept_invalid_certs(own).no_proxy();
        // Another address that is ready says nothing about this one.
        let client = client.redirect(Policy::none()).build()?;
        let reply = client.get(format!("{url}/health/ready")).send().await;
        let reply = reply.with_context(|| format!("{url} can't be reached"))?;
        let (status, of_baton) = (reply.status(), reply.headers().contains_key("x-request-id"));
        let message = reply.text().await.unwrap_or_default();
        if !status.is_success() && of_baton {
            bail!("{url} is not ready: {}", message.trim());
        }
        // A web page that says "ready" to everything is no Baton.
        if !(status.is_success() && of_baton && message == "ready") {
            bail!("{url} did not reply like Baton: the status is {status}");
        }
        self.output.print_done(&format!("{url} is ready"), &json!({ "url": url, "ready": true }));
        Ok(ExitCode::SUCCESS)
    }
}

/// Where this machine reaches a Baton of that configuration.
fn own_address(config: &Config) -> anyhow::Result<String> {
    let server = &config.server;
    // The port for management replies even while clients have filled the other.
    let (listen, tls) = match &server.management.listen {
        Some(listen) => (listen, &server.management.tls),
        None => (&server.listen, &server.tls),
    };
    let mut address: SocketAddr = listen.parse()?;
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        address.set_ip(loopback.parse()?);
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://{address}"))
}
