//! What bounds connections, as the configuration says it.

use super::files;
use super::streams::Streams;
use crate::config::sections::{ConnectionsSection, Http2Section, ServerSection};
use baton_engine::EdgeMetrics;
use baton_web::paced::Pace;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use std::time::Duration;

/// The bounds of every connection, and the counters of those who meet them.
#[derive(Clone)]
pub struct ConnectionLimits {
    /// How long the TLS handshake may take.
    pub handshake: Duration,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long a connection may be open without a request.
    pub idle: Duration,
    /// How long a client may read nothing.
    pub write: Duration,
    /// How slowly the body of a request may arrive.
    pub pace: Pace,
    /// What serves HTTP/1 and HTTP/2 within bounds.
    pub builder: Builder<Streams>,
    /// Where those are counted who meet them.
    pub metrics: EdgeMetrics,
}

/// The most connections of the main port, and of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxConnections {
    /// In all.
    pub total: usize,
    /// Of one address.
    pub per_address: usize,
}

impl ConnectionLimits {
    /// Those of that section.
    pub fn of(server: &ServerSection, metrics: EdgeMetrics) -> Self {
        let connections = &server.connections;
        Self {
            handshake: connections.handshake_timeout,
            head: connections.head_timeout,
            idle: connections.idle_timeout,
            write: connections.write_timeout,
            pace: Pace { bytes_per_second: connections.min_body_rate, grace: connections.body_grace },
            builder: builder(connections, &server.http2, &metrics),
            metrics,
        }
    }
}

impl MaxConnections {
    /// What the section says, else what goes with that many open files.
    pub fn of(server: &ServerSection, files: u64) -> Self {
        // Connections of that port take files too.
        let management = server.management.listen.as_ref().map_or(0, |_| server.management.max_connections as u64);
        let total = server.connections.max.unwrap_or_else(|| files::connections(files.saturating_sub(management)));
        // Half, so that no address keeps out all others; a whole one where there is but one.
        let per_address = server.connections.max_per_address.unwrap_or(total.div_ceil(2));
        Self { total, per_address }
    }
}

fn builder(connections: &ConnectionsSection, http2: &Http2Section, metrics: &EdgeMetrics) -> Builder<Streams> {
    let streams = Streams { longest: connections.write_timeout, metrics: metrics.clone() };
    let mut builder = Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would end idle connections too; `Activity` tells the two apart.
        .header_read_timeout(None)
        // Of what comes and of what goes: hyper has one bound for both.
        .max_buf_size(connections.max_head_bytes as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(connections.max_head_bytes)
        .max_send_buf_size(http2.max_unread_bytes as usize)
        .max_concurrent_streams(http2.max_streams)
        // Against "rapid reset" (CVE-2023-44487): a client opens streams and resets them at once, which costs it
        // nothing.
        .max_pending_accept_reset_streams(http2.max_pending_resets)
        .max_local_error_reset_streams(http2.max_faulty_streams)
        .initial_stream_window_size(http2.stream_window_bytes)
        .initial_connection_window_size(http2.connection_window_bytes)
        .keep_alive_interval(http2.ping_interval)
        .keep_alive_timeout(http2.ping_timeout);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_counts_and_else_what_goes_with_the_files() {
        let mut server = ServerSection::default();
        assert_eq!(MaxConnections::of(&server, 1024), MaxConnections { total: 384, per_address: 192 });
        server.management.listen = Some("127.0.0.1:0".into());
        assert_eq!(MaxConnections::of(&server, 1024), MaxConnections { total: 320, per_address: 160 });
        server.connections.max = Some(5);
        assert_eq!(MaxConnections::of(&server, 1024), MaxConnections { total: 5, per_address: 3 });
        server.connections.max_per_address = Some(1);
        assert_eq!(MaxConnections::of(&server, 1024), MaxConnections { total: 5, per_address: 1 });
    }
}
