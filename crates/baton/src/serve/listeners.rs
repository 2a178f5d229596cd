//! The ports, opened before anything else is set up: a second Baton ends here.

use super::files;
use crate::config::Config;
use crate::config::sections::ServerSection;
use anyhow::anyhow;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket, lookup_host};

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

/// How many connections the system keeps that were not accepted yet; it may have a lower limit. Beyond it a client waits
/// a second or more before it tries again, so a burst must fit.
const BACKLOG: u32 = 4096;

/// As Tokio's `bind`, which keeps 1024 connections.
async fn open(address: &str) -> std::io::Result<TcpListener> {
    let mut last = Error::new(ErrorKind::InvalidInput, "it stands for no address");
    for address in lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Else a port that was in use a moment ago, by connections of an earlier process, would be taken. On Windows it
        // would let two programs have the same port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn bind(address: &str, advice: &str) -> anyhow::Result<TcpListener> {
    open(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let port = address.rsplit(':').next().unwrap_or(address);
            anyhow!("port {port} is in use by another program (address {address}); stop it, or {advice}")
        }
        _ => anyhow!("can't listen on {address}: {error}; {}", advice.replace("port", "address")),
    })
}
