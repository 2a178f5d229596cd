//! `[server.connections]`, `[server.http2]` and `[server.management]`: what bounds connections.

use super::TlsSection;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

/// How many connections there may be, and how long a client may take.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionsSection {
    /// The most connections at a time; more are refused. By default half of the limit of open files, which Baton raises
    /// as far as possible at start, at most 10000.
    #[schemars(extend("x-limit" = true))]
    pub max: Option<usize>,
    /// The most connections from one address, or one IPv6 /64 network; trusted proxies may have more. By default half
    /// of `max`.
    #[schemars(extend("x-limit" = true))]
    pub max_per_address: Option<usize>,
    /// How long the TLS handshake may take.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub handshake_timeout: Duration,
    /// How long the head of a request may take: from the connection for the first request, from the first byte for
    /// later ones.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub head_timeout: Duration,
    /// How long a connection may be open without a request. Where all places are taken, one without a request is closed for each new one.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub idle_timeout: Duration,
    /// How long a client may read nothing of the data that waits for it. After that its requests are cancelled.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub write_timeout: Duration,
    /// The lowest average rate at which the body of a request must arrive, in bytes a second.
    #[schemars(extend("x-limit" = true))]
    pub min_body_rate: u32,
    /// How much later than `min_body_rate` requires a body may arrive; also the longest silence within a body.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub body_grace: Duration,
    /// The largest head of a request, in bytes. With HTTP/1 also the most bytes of a reply that wait for the client;
    /// Baton reads no more from the provider until the client has read some.
    #[schemars(extend("x-limit" = true))]
    pub max_head_bytes: u32,
}

impl Default for ConnectionsSection {
    fn default() -> Self {
        Self {
            max: None,
            max_per_address: None,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            write_timeout: Duration::from_secs(30),
            min_body_rate: 1024,
            body_grace: Duration::from_secs(10),
            max_head_bytes: 32 << 10,
        }
    }
}

impl ConnectionsSection {
    /// What is wrong with it: the key, and what was expected.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        for (key, most) in [("max", self.max), ("max_per_address", self.max_per_address)] {
            if most == Some(0) {
                faults.push((key, "must be at least 1, got 0".to_owned()));
            }
        }
        for (key, timeout) in [
            ("handshake_timeout", self.handshake_timeout),
            ("head_timeout", self.head_timeout),
            ("idle_timeout", self.idle_timeout),
            ("write_timeout", self.write_timeout),
        ] {
            faults.extend(too_short(key, timeout));
        }
        if self.min_body_rate == 0 {
            faults.push(("min_body_rate", "must be at least 1, got 0".to_owned()));
        }
        // What every server takes, and hyper demands.
        if !(8 << 10..=16 << 20).contains(&self.max_head_bytes) {
            faults.push(("max_head_bytes", format!("must be from 8192 to 16777216, got {}", self.max_head_bytes)));
        }
        faults
    }
}

/// What one HTTP/2 connection may do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http2Section {
    /// The most requests at a time.
    #[schemars(extend("x-limit" = true))]
    pub max_streams: u32,
    /// The most requests that the client may reset before they are processed; more end the connection.
    #[schemars(extend("x-limit" = true))]
    pub max_pending_resets: usize,
    /// The most requests that may violate the protocol; more end the connection.
    #[schemars(extend("x-limit" = true))]
    pub max_faulty_streams: usize,
    /// The flow-control window of one body, in bytes.
    #[schemars(extend("x-limit" = true))]
    pub stream_window_bytes: u32,
    /// The flow-control window of all bodies together, in bytes.
    #[schemars(extend("x-limit" = true))]
    pub connection_window_bytes: u32,
    /// The most bytes of one reply that wait for the client; Baton reads no more from the provider until the client has
    /// read some.
    #[schemars(extend("x-limit" = true))]
    pub max_unread_bytes: u32,
    /// The silence after which the client is sent a PING.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub ping_interval: Duration,
    /// How long the reply to a PING may take.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub ping_timeout: Duration,
}

impl Default for Http2Section {
    fn default() -> Self {
        Self {
            max_streams: 100,
            max_pending_resets: 20,
            max_faulty_streams: 128,
            stream_window_bytes: 1 << 20,
            connection_window_bytes: 1 << 20,
            max_unread_bytes: 64 << 10,
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(20),
        }
    }
}

impl Http2Section {
    /// What is wrong with it: the key, and what was expected.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if self.max_streams == 0 {
            faults.push(("max_streams", "must be at least 1, got 0".to_owned()));
        }
        for (key, bytes) in [
            ("stream_window_bytes", self.stream_window_bytes),
            ("connection_window_bytes", self.connection_window_bytes),
        ] {
            // The protocol's own bounds: it begins with the first, and can't count beyond the second.
            if !(65_535..=0x7fff_ffff).contains(&bytes) {
                faults.push((key, format!("must be from 65535 to 2147483647, got {bytes}")));
            }
        }
        if self.max_unread_bytes == 0 {
            faults.push(("max_unread_bytes", "must be at least 1, got 0".to_owned()));
        }
        for (key, timeout) in [("ping_interval", self.ping_interval), ("ping_timeout", self.ping_timeout)] {
            faults.extend(too_short(key, timeout));
        }
        faults
    }
}

/// A separate port for health, metrics and the management API. The main port then serves only requests and health, so
/// that neither port can exhaust the other.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManagementSection {
    /// Address and port. Absent: the main port serves everything.
    pub listen: Option<String>,
    /// A certificate for TLS on this port.
    pub tls: Option<TlsSection>,
    /// The most connections at a time.
    #[schemars(extend("x-limit" = true))]
    pub max_connections: usize,
}

impl Default for ManagementSection {
    fn default() -> Self {
        Self { listen: None, tls: None, max_connections: 128 }
    }
}

impl ManagementSection {
    /// What is wrong with it: the key, and what was expected.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if let Some(listen) = self.listen.as_ref().filter(|listen| listen.parse::<SocketAddr>().is_err()) {
            faults.push(("listen", format!("must be ADDRESS:PORT such as 127.0.0.1:9090, got `{listen}`")));
        }
        if self.max_connections == 0 {
            faults.push(("max_connections", "must be at least 1, got 0".to_owned()));
        }
        faults
    }
}

/// A time that nobody can keep.
fn too_short(key: &'static str, timeout: Duration) -> Option<(&'static str, String)> {
    let least = Duration::from_millis(50);
    (timeout < least).then(|| (key, format!("must be at least {least:?}, got {timeout:?}")))
}
