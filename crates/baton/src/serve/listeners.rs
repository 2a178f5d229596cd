//! The ports, opened before anything else is set up: a second Baton ends here.

use super::files;
use crate::config::Config;
use crate::config::sections::ServerSection;
use anyhow::anyhow;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The ports of one Baton.
#[derive(Debug)]
pub struct Listeners {
    /// The limit of open files, which is raised before any is opened.
    pub(super) files: u64,
    /// For requests.
    pub main: TcpListener,
    /// For health, metrics and management, if they have one of their own.
    pub management: Option<TcpListener>,
}

/// Raises the limit of open files, and opens the ports.
///
/// # Errors
/// If one is taken or not ours.
pub async fn listen(config: &Config) -> anyhow::Result<Listeners> {
    let ServerSection { listen, management, .. } = &config.server;
    let files = files::raise_limit();
    let main = bind(listen, "choose another port with --listen or BATON_LISTEN").await?;
    let management = match &management.listen {
        Some(listen) => Some(bind(listen, "choose another port with server.management.listen").await?),
        None => None,
    };
    Ok(Listeners { files, main, management })
}

impl Listeners {
    /// Where requests are accepted.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.main.local_addr()
    }
}

async fn bind(address: &str, advice: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error: Error| match error.kind() {
        ErrorKind::AddrInUse => {
            let port = address.rsplit(':').next().unwrap_or(address);
            anyhow!("port {port} is in use by another program (address {address}); stop it, or {advice}")
        }
        _ => anyhow!("can't listen on {address}: {error}; {}", advice.replace("port", "address")),
    })
}
