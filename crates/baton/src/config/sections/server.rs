//! `[server]`.

use super::{ConnectionsSection, CorsSection, Http2Section, ManagementSection, TlsSection};
use baton_web::{ForwardedHeader, Proxies};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Ports, and limits for requests and connections.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// Address and port.
    pub listen: String,
    /// A certificate for TLS on this port. Absent: plain HTTP, for example behind a proxy that terminates TLS.
    pub tls: Option<TlsSection>,
    /// The networks of trusted proxies, whose header with the client's address is used (`["10.0.0.0/8"]`). The client's
    /// address matters for keys that are bound to networks, and appears in the audit log.
    pub trusted_proxies: Vec<String>,
    /// The header with the client's address: `x-forwarded-for` or `forwarded`. The other one is ignored.
    pub forwarded_header: ForwardedSection,
    /// The largest request body, in bytes.
    #[schemars(extend("x-limit" = true))]
    pub max_body_bytes: usize,
    /// The largest request body that is translated into another format, in bytes; larger bodies can only be sent to
    /// providers of the client's own format.
    #[schemars(extend("x-limit" = true))]
    pub max_translated_bytes: usize,
    /// The most requests in flight; more are refused with `overloaded`. On a busy node, one key can't exceed its share.
    #[schemars(extend("x-limit" = true))]
    pub max_in_flight: usize,
    /// The most memory for the bodies of requests in flight, in bytes, counted at what a body costs: twice its size; if it
    /// is translated, three times its size and 120 bytes for each value in it more. Absent: half of the memory that the
    /// process may use (of its container, else of the machine).
    #[schemars(extend("x-limit" = true))]
    pub max_bytes_in_flight: Option<u64>,
    /// The silence in a stream after which a comment is sent.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// How long the port still accepts connections after a signal to stop, while `/health/ready` replies `draining` for
    /// load balancers; by default 0 in development, 5s in production.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>")]
    pub drain_delay: Option<Duration>,
    /// How long requests in flight may continue after that.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub shutdown_grace: Duration,
    /// Web pages that may call the client APIs.
    pub cors: CorsSection,
    /// Limits for connections, and timeouts for clients.
    pub connections: ConnectionsSection,
    /// Limits for HTTP/2 connections.
    pub http2: Http2Section,
    /// A separate port for health, metrics and management.
    pub management: ManagementSection,
}

/// In which header proxies say for whom they ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedSection {
    /// `x-forwarded-for: client, proxy`.
    #[default]
    XForwardedFor,
    /// `forwarded: for=client` (RFC 7239).
    Forwarded,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            tls: None,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedSection::default(),
            max_body_bytes: baton_web::MAX_BODY_BYTES,
            max_translated_bytes: baton_engine::EngineSettings::default().max_translated_bytes,
            max_in_flight: baton_engine::EngineSettings::default().max_in_flight,
            max_bytes_in_flight: None,
            keep_alive: baton_web::KEEP_ALIVE,
            drain_delay: None,
            shutdown_grace: Duration::from_secs(30),
            cors: CorsSection::default(),
            connections: ConnectionsSection::default(),
            http2: Http2Section::default(),
            management: ManagementSection::default(),
        }
    }
}

impl ServerSection {
    /// The addresses of all ports: the key below `server`, and what it says.
    pub fn listens(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let management = self.management.listen.as_deref().map(|listen| ("management.listen", listen));
        [("listen", self.listen.as_str())].into_iter().chain(management)
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> Proxies {
        let header = match self.forwarded_header {
            ForwardedSection::XForwardedFor => ForwardedHeader::XForwardedFor,
            ForwardedSection::Forwarded => ForwardedHeader::Forwarded,
        };
        Proxies::new(self.trusted_proxies.iter().filter_map(|text| network(text)).collect(), header)
    }

    /// What is wrong beyond types: the key below `server`, and the problem.
    pub fn faults(&self) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        if self.listen.parse::<SocketAddr>().is_err() {
            let problem = format!("must be ADDRESS:PORT such as 127.0.0.1:8080, got `{}`", self.listen);
            faults.push(("listen".to_owned(), problem));
        }
        for (index, text) in self.trusted_proxies.iter().enumerate().filter(|(_, text)| network(text).is_none()) {
            let problem = format!("must be a network such as 10.0.0.0/8, or an address, got `{text}`");
            faults.push((format!("trusted_proxies[{index}]"), problem));
        }
        let inner = [
            ("cors", self.cors.faults()),
            ("connections", self.connections.faults()),
            ("http2", self.http2.faults()),
            ("management", self.management.faults()),
        ];
        for (section, found) in inner {
            faults.extend(found.into_iter().map(|(key, problem)| (format!("{section}.{key}"), problem)));
        }
        faults
    }
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
