//! What is counted where clients and disks are met: connections, clients that are too slow, log lines that were lost.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::Ordering;

/// The counters of the edge. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct EdgeMetrics {
    pub(crate) connections: Family<PortLabels, Gauge>,
    pub(crate) refused: Family<RefusalLabels, Counter>,
    pub(crate) slow: Family<SlowLabels, Counter>,
    pub(crate) lost_lines: Family<OutputLabels, Counter>,
}

/// Which port a connection came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Port {
    /// The one for requests.
    Main,
    /// The one for health, metrics and management, where there is one.
    Management,
}

/// Why a connection was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionRefusal {
    /// As many are open as may be.
    Total,
    /// As many of its address are open as may be.
    Address,
    /// The system had no room for it, such as no free file.
    System,
}

/// What a client was too slow at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlowClient {
    /// The handshake of TLS.
    Handshake,
    /// Sending the head of a request, or HTTP/2's preface.
    Head,
    /// Sending the body of a request.
    Body,
    /// Sending another request.
    Idle,
    /// Sending another request, while others waited for a connection.
    Evicted,
    /// Reading from its socket.
    Read,
    /// Reading one stream of HTTP/2.
    Stream,
    /// Replying to a PING of HTTP/2.
    Ping,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PortLabels {
    port: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RefusalLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SlowLabels {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutputLabels {
    output: &'static str,
}

impl Port {
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Management => "management",
        }
    }
}

impl ConnectionRefusal {
    fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Address => "address",
            Self::System => "system",
        }
    }
}

impl SlowClient {
    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Body => "body",
            Self::Idle => "idle",
            Self::Evicted => "evicted",
            Self::Read => "read",
            Self::Stream => "stream",
            Self::Ping => "ping",
        }
    }
}

impl EdgeMetrics {
    /// A connection was opened; it is open for as long as what this returns is kept.
    pub fn count_opened(&self, port: Port) -> OpenConnection {
        let open = self.connections.get_or_create_owned(&PortLabels { port: port.name() });
        open.inc();
        OpenConnection(open)
    }

    /// A connection was refused.
    pub fn count_refused(&self, reason: ConnectionRefusal) {
        self.refused.get_or_create(&RefusalLabels { reason: reason.name() }).inc();
    }

    /// A client was too slow, and what it did was ended.
    pub fn too_slow(&self, what: SlowClient) {
        self.slow.get_or_create(&SlowLabels { what: what.name() }).inc();
    }

    /// How many log lines for that output this process has lost so far. They are counted where they are written.
    pub fn lost_lines(&self, output: &'static str, number: u64) {
        self.lost_lines.get_or_create(&OutputLabels { output }).inner().store(number, Ordering::Relaxed);
    }
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}
