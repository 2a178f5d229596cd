//! Sockets and signals: accepts connections until told to stop, then lets requests finish.
//!
//! - [`listeners`]: the ports; `accept`: takes connections for which there is `room`, and refuses others;
//! - `connection`: serves one, within `limits`; `activity` knows what it waits for, `socket` and `bodies` report to it;
//! - `streams`: streams of HTTP/2 whose client does not read; [`tls`]: certificates; `files`: the limit of open files.

mod accept;
mod activity;
mod bodies;
mod connection;
mod files;
mod limits;
pub mod listeners;
mod slots;
mod socket;
mod streams;
pub mod tls;

pub use listeners::{Listeners, listen};

use crate::app::App;
use crate::config::Config;
use crate::config::sections::TlsSection;
use crate::nodes;
use baton_auth::ApiKeys;
use baton_engine::Port;
use baton_model::Timestamp;
use baton_tasks::run_supervised;
use connection::Served;
use limits::{ConnectionLimits, MaxConnections};
use slots::ConnectionSlots;
use std::sync::Arc;
use std::time::Duration;
use tls::Certificates;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often it is written down when keys were last used.
const NOTING: Duration = Duration::from_secs(30);
/// Fewer connections than that are hardly meant.
const FEW: usize = 1000;

/// Serves until `stop`; then says that it is not ready, for as long as load balancers need to see it; then takes no new
/// connections and waits until the requests and commands under way are over, or the grace is.
///
/// # Errors
/// If a certificate is of no use.
pub async fn serve(app: App, listeners: Listeners, config: &Config, stop: CancellationToken) -> anyhow::Result<()> {
    let now = app.engine.clock().now();
    // Before anything is started, so that a certificate of no use ends the start and nothing has to be stopped again.
    let main = certificates("server.tls", config.server.tls.as_ref(), now)?;
    let management = certificates("server.management.tls", config.server.management.tls.as_ref(), now)?;
    // These may be cut off at any moment, so `shutdown` ends them.
    let mut chores = JoinSet::new();
    // These end by `stop` themselves: they finish a round, give back their leases and let commands end.
    let mut node = nodes::start(&app, config, &stop);
    chores.spawn(run_supervised("note_key_uses", note_uses(Arc::clone(&app.keys))));
    chores.spawn(run_supervised("token_keys", keep_tokens_fresh(Arc::clone(&app.keys))));
    for certificates in [&main, &management].into_iter().flatten() {
        chores.spawn(run_supervised("certificates", tls::refresh_forever(Arc::clone(certificates))));
    }
    let closing = CancellationToken::new();
    let accepting = accept_all(&app, listeners, config, (main, management), &closing);
    let (delay, grace) = (config.drain_delay(), config.server.shutdown_grace);
    let stopping = async {
        stop.cancelled().await;
        tracing::info!("stopping; requests in flight are finished first");
        // Not ready first, port closed later: load balancers need time to see it.
        app.draining.begin();
        if !delay.is_zero() {
            tracing::info!(delay = %humantime::format_duration(delay), "not ready any more; the port closes after the drain delay");
            tokio::time::sleep(delay).await;
        }
        // The time counts from here: until now the node was serving as before.
        closing.cancel();
        tokio::time::sleep(grace).await;
    };
    // Commands under way count as requests do: cut off, they would be executed again elsewhere.
    let finished = async {
        accepting.await;
        while node.join_next().await.is_some() {}
    };
    tokio::select! {
        () = finished => {}
        () = stopping => {
            tracing::warn!(grace = %humantime::format_duration(grace), "requests still in flight were cut off");
        }
    }
    // The loops end first; what they had left to write is written below.
    chores.shutdown().await;
    node.shutdown().await;
    if let Err(error) = app.keys.note_uses().await {
        tracing::warn!(%error, "the last use of keys could not be stored");
    }
    app.close().await;
    // The last line: whoever reads the log later can tell a stop from a crash.
    tracing::info!("baton has stopped");
    Ok(())
}

/// The certificate of a port, if it speaks TLS.
fn certificates(
    place: &'static str,
    section: Option<&TlsSection>,
    now: Timestamp,
) -> anyhow::Result<Option<Arc<Certificates>>> {
    let Some(section) = section else { return Ok(None) };
    let certificates = Certificates::load(place, section)?;
    if let Err(error) = certificates.check_time(now) {
        tracing::warn!(error = format!("{error:#}"), "clients won't accept the certificate");
    }
    Ok(Some(Arc::new(certificates)))
}

/// Serves the connections of all ports, until they are closed and every connection has ended.
fn accept_all(
    app: &App,
    listeners: Listeners,
    config: &Config,
    (main, management): (Option<Arc<Certificates>>, Option<Arc<Certificates>>),
    closing: &CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let server = &config.server;
    let metrics = app.engine.edge().clone();
    let limits = ConnectionLimits::of(server, metrics.clone());
    let files = listeners.files;
    let MaxConnections { total, per_address } = MaxConnections::of(server, files);
    if server.connections.max.is_none() && total < FEW {
        tracing::warn!(
            files,
            connections = total,
            "the limit of open files allows few connections; raise it (ulimit -n)"
        );
    }
    let room = ConnectionSlots::new(Port::Main, total, per_address, server.proxies(), metrics.clone());
    let served = Served { paths: app.paths.main.clone(), limits: limits.clone(), room };
    let main = accept::run(listeners.main, main, served, closing.clone());
    let management = listeners.management.map(|listener| {
        let most = server.management.max_connections;
        // Places of its own, so that clients who fill the main port don't keep an operator out. All of them may be of
        // one address: one monitor asks from one.
        let room = ConnectionSlots::new(Port::Management, most, most, server.proxies(), metrics);
        let served = Served { paths: app.paths.management.clone(), limits, room };
        accept::run(listener, management, served, closing.clone())
    });
    async move {
        tokio::join!(main, async {
            if let Some(management) = management {
                management.await;
            }
        });
    }
}

/// Writes down when keys were last used, again and again.
async fn note_uses(keys: Arc<ApiKeys>) {
    loop {
        tokio::time::sleep(NOTING).await;
        if let Err(error) = keys.note_uses().await {
            tracing::debug!(%error, "the last use of keys will be stored later");
        }
    }
}

/// Fetches the signing keys of the token issuer again and again.
async fn keep_tokens_fresh(keys: Arc<ApiKeys>) {
    if let Some(issuer) = keys.tokens().and_then(baton_auth::TokenVerifier::issuer) {
        issuer.refresh_forever().await;
    }
}

/// Is cancelled at Ctrl-C, and at SIGTERM where there is one. Signals are listened for from this call on: one that comes
/// while the first request is still to come must not end the process at once.
pub fn signals() -> CancellationToken {
    let stop = CancellationToken::new();
    let (signal, on_signal) = (signal(), stop.clone());
    tokio::spawn(async move {
        signal.await;
        on_signal.cancel();
    });
    stop
}

#[cfg(unix)]
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        let [Ok(mut terminate), Ok(mut interrupt)] = signals else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
