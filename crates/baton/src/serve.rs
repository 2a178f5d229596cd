//! Sockets and signals: accepts connections until told to stop, then lets requests finish.

use crate::app::App;
use crate::config::Config;
use anyhow::Context;
use axum::serve::ListenerExt;
use baton_engine::Directory;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Opens the port.
///
/// # Errors
/// If it is taken or not ours.
pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = &config.server.listen;
    TcpListener::bind(address).await.with_context(|| {
        format!("can't listen on {address}; if another program uses it, choose one with --listen or BATON_LISTEN")
    })
}

/// Serves until `stop`, then until the requests under way are over, or the grace is.
///
/// # Errors
/// If the socket fails.
pub async fn serve(app: App, listener: TcpListener, config: &Config, stop: CancellationToken) -> anyhow::Result<()> {
    let discovery = tokio::spawn(discover(Arc::clone(&app.directory), config.discovery.every, stop.clone()));
    let router = app.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    // Each piece of a stream leaves at once instead of waiting for the next.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(config.server.shutdown_grace).await;
    };
    tokio::select! {
        ended = std::future::IntoFuture::into_future(server) => ended.context("the server's socket failed")?,
        () = grace => tracing::warn!(grace = ?config.server.shutdown_grace, "requests still under way were cut off"),
    }
    discovery.abort();
    app.close().await;
    Ok(())
}

/// Asks the providers for their models again and again.
async fn discover(directory: Arc<Directory>, every: Option<Duration>, stop: CancellationToken) {
    let Some(every) = every.filter(|every| !every.is_zero()) else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = directory.discover(None, false).await {
            tracing::warn!(%error, "the models could not be discovered");
        }
    }
}

/// Is cancelled at Ctrl-C, and at SIGTERM where there is one.
pub fn signals() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        wait().await;
        told.cancel();
    });
    stop
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait() {
    let _ = tokio::signal::ctrl_c().await;
}
