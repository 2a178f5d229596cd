//! Sockets and signals: accepts connections until told to stop, then lets requests finish.

mod accept;
pub mod tls;

use crate::app::App;
use crate::config::Config;
use crate::nodes;
use baton_auth::Keys;
use baton_tasks::run_supervised;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tls::Certificates;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often it is written down when keys were last used.
const NOTING: Duration = Duration::from_secs(30);

/// Opens the port.
///
/// # Errors
/// If it is taken or not ours.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = &config.server.listen;
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let port = address.rsplit(':').next().unwrap_or(address);
            anyhow::anyhow!(
                "port {port} is in use by another program (address {address}); stop it, or choose another port with --listen or BATON_LISTEN"
            )
        }
        _ => anyhow::anyhow!("can't listen on {address}: {error}; choose another address with --listen or BATON_LISTEN"),
    })
}

/// Serves until `stop`; then says that it is not ready, for as long as load balancers need to see it; then takes no new
/// connections and waits until the requests and commands under way are over, or the grace is.
///
/// # Errors
/// If the certificate is of no use.
pub async fn serve(app: App, listener: TcpListener, config: &Config, stop: CancellationToken) -> anyhow::Result<()> {
    let certificates = config.server.tls.as_ref().map(Certificates::load).transpose()?.map(Arc::new);
    if let Some(Err(error)) =
        certificates.as_ref().map(|certificates| certificates.check_time(app.engine.clock().now()))
    {
        tracing::warn!(error = format!("{error:#}"), "clients won't accept the certificate");
    }
    let mut chores = JoinSet::new();
    let mut node = nodes::start(&app, config, &stop);
    chores.spawn(run_supervised("note_key_uses", note_uses(Arc::clone(&app.keys))));
    chores.spawn(run_supervised("token_keys", keep_tokens_fresh(Arc::clone(&app.keys))));
    if let Some(certificates) = &certificates {
        chores.spawn(run_supervised("certificates", tls::keep_fresh(Arc::clone(certificates))));
    }
    let closing = CancellationToken::new();
    let accepting = accept::run(listener, app.router.clone(), certificates, closing.clone());
    let (delay, grace) = (config.drain_delay(), config.server.shutdown_grace);
    let stopping = async {
        stop.cancelled().await;
        tracing::info!("asked to stop; requests under way are finished first");
        // Not ready first, port closed later: load balancers need time to see it.
        app.draining.begin();
        if !delay.is_zero() {
            tracing::info!(delay = %humantime::format_duration(delay), "no longer ready; the port closes after the delay");
            tokio::time::sleep(delay).await;
        }
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
            tracing::warn!(grace = %humantime::format_duration(grace), "requests still under way were cut off");
        }
    }
    // The loops end first; what they had left to write is written below.
    chores.shutdown().await;
    node.shutdown().await;
    if let Err(error) = app.keys.note_uses().await {
        tracing::warn!(%error, "when keys were last used could not be written down");
    }
    app.close().await;
    // The last line: whoever reads the log later can tell a stop from a crash.
    tracing::info!("baton has stopped");
    Ok(())
}

/// Writes down when keys were last used, again and again.
async fn note_uses(keys: Arc<Keys>) {
    loop {
        tokio::time::sleep(NOTING).await;
        if let Err(error) = keys.note_uses().await {
            tracing::debug!(%error, "when keys were last used is written down later");
        }
    }
}

/// Fetches the signing keys of the token issuer again and again.
async fn keep_tokens_fresh(keys: Arc<Keys>) {
    if let Some(issuer) = keys.tokens().and_then(baton_auth::Tokens::issuer) {
        issuer.keep_fresh().await;
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
