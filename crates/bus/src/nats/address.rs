//! Where NATS is, and how to come in.

use crate::{BusError, BusSettings};
use async_nats::{Client, ConnectError, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One server or the servers of a cluster, with their credentials kept apart: addresses are logged.
pub(super) struct NatsServers {
    servers: Vec<ServerAddr>,
    credentials: Credentials,
}

enum Credentials {
    None,
    Token(String),
    Password { user: String, password: String },
}

const EXPECTED: &str = "must be nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT], or tls:// for TLS";

impl NatsServers {
    pub fn read(text: &str) -> Result<Self, BusError> {
        let bad = || BusError::Setup(EXPECTED.into());
        let (mut servers, mut credentials) = (Vec::new(), Credentials::None);
        for text in text.split(',').map(str::trim) {
            let server: ServerAddr = text.parse().map_err(|_| bad())?;
            if !matches!(server.scheme(), "nats" | "tls") || server.host().is_empty() {
                return Err(bad());
            }
            let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            match (server.username().map(plain), server.password().map(plain)) {
                (Some(user), Some(password)) => credentials = Credentials::Password { user, password },
                // NATS writes a token where other addresses have the user.
                (Some(token), None) => credentials = Credentials::Token(token),
                (None, _) => {}
            }
            // Credentials are taken out of the address, which is logged and shown in messages.
            let mut url = server.into_inner();
            let stripped = url.set_username("").and_then(|()| url.set_password(None));
            stripped.map_err(|()| bad())?;
            servers.push(ServerAddr::from_url(url).map_err(|_| bad())?);
        }
        Ok(Self { servers, credentials })
    }

    /// Connects, or says why it can't.
    pub async fn connect_once(&self, settings: &BusSettings) -> Result<Client, ConnectError> {
        self.options(settings).connect(self.servers.clone()).await
    }

    /// Connects as soon as it can, again and again.
    pub async fn connect_with_retry(&self, settings: &BusSettings) -> Result<Client, ConnectError> {
        let here = self.to_string();
        let away = Arc::new(AtomicBool::new(false));
        let told = move |event: Event| {
            let (away, here) = (Arc::clone(&away), here.clone());
            async move { log_event(&event, &away, &here) }
        };
        self.options(settings)
            // Baton starts while NATS is away.
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| {
                let exponent = u32::try_from(attempts.min(5)).unwrap_or(5);
                Duration::from_millis(100 << exponent).min(Duration::from_secs(2))
            })
            .event_callback(told)
            .connect(self.servers.clone())
            .await
    }

    fn options(&self, settings: &BusSettings) -> ConnectOptions {
        let options = ConnectOptions::new()
            .name("baton")
            .connection_timeout(settings.timeout)
            .request_timeout(Some(settings.timeout))
            .ping_interval(Duration::from_secs(10));
        match &self.credentials {
            Credentials::None => options,
            Credentials::Token(token) => options.token(token.clone()),
            Credentials::Password { user, password } => options.user_and_password(user.clone(), password.clone()),
        }
    }
}

/// Logs the begin and the end of each outage, and what the server complains about.
fn log_event(event: &Event, away: &AtomicBool, here: &str) {
    match event {
        Event::Disconnected => {
            if !away.swap(true, Ordering::Relaxed) {
                tracing::warn!(nats = here, "NATS is unavailable");
            }
        }
        Event::Connected => {
            if away.swap(false, Ordering::Relaxed) {
                tracing::info!(nats = here, "NATS is available again");
            }
        }
        other => tracing::debug!(nats = here, event = %other, "message from NATS"),
    }
}

/// Hosts and ports, without credentials.
impl fmt::Display for NatsServers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> =
            self.servers.iter().map(|server| format!("{}:{}", server.host(), server.port())).collect();
        formatter.write_str(&places.join(", "))
    }
}
