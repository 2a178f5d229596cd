//! `baton health`.

use super::configuration;
use crate::client::Server;
use crate::config::{Config, Environment, Source};
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Asks a running Baton whether it serves; exit code 1 if not. For health checks where there is no shell and no curl.
///
/// Example: baton health --url http://127.0.0.1:8080
#[derive(Args)]
pub struct Health {
    /// Address of the Baton; by default that on which one with this configuration listens
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Health {
    /// Runs it.
    pub async fn run(self, source: Source, environment: &Environment) -> anyhow::Result<ExitCode> {
        let url = match self.url {
            Some(url) => url,
            None => own_address(&configuration(&source, environment)?)?,
        };
        Server::at(url).client(environment)?.open(http::Method::GET, "/health/ready", None, None).await?;
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
    Ok(format!("http://{address}"))
}
