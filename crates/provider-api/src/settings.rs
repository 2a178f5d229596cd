//! How a provider is to be treated.

use std::time::Duration;

/// How a provider is to be treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Timeouts.
    pub timeouts: Timeouts,
    /// What becomes of the upstream call when the client leaves.
    pub on_disconnect: OnDisconnect,
    /// Whether requests are strict where neither the client nor the model says; absent: no.
    pub strict: Option<bool>,
    /// How often the same target is tried again on an error that invites it.
    pub retries: u32,
    /// The most calls to it at once from this node; absent: only the node's own bound.
    pub max_in_flight: Option<u64>,
    /// The largest whole reply, in bytes.
    pub max_reply_bytes: usize,
    /// The largest frame of a stream, in bytes.
    pub max_frame_bytes: usize,
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            on_disconnect: OnDisconnect::Cancel,
            strict: None,
            retries: 1,
            max_in_flight: None,
            max_reply_bytes: 64 << 20,
            max_frame_bytes: 16 << 20,
        }
    }
}

/// Bounds on waiting for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request to the first piece of a stream. A model that is loaded first takes minutes (Ollama). A whole
    /// reply has no such moment, because its head comes when the reply is complete: there only `total` holds.
    pub first_token: Duration,
    /// Between two pieces of the reply.
    pub idle: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(120),
            idle: Duration::from_secs(120),
            total: Duration::from_secs(600),
        }
    }
}

/// What becomes of the upstream call when the client leaves before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It is cancelled at once: that stops the spending; what was produced is metered as an estimate.
    Cancel,
    /// It is read to its end in the background, for its exact usage, within these bounds.
    Drain {
        /// The most time.
        time: Duration,
        /// The most bytes.
        bytes: usize,
    },
}
