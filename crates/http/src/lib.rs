//! The doors: request APIs in every client format.
//!
//! A door reads a request in its format, hands it to the engine as one [`baton_engine::Call`], and writes what comes
//! back in the same format. [`routes`] is the one page that lists every path; [`exchange`] is what they all do. No
//! vendor is known here.
//!
//! To add a path: a line in [`routes`], and one in [`describe`]. To add a format: a variant of [`door::Door`].

pub mod address;
pub mod answer;
mod anthropic;
pub mod body;
pub mod describe;
pub mod door;
pub mod draining;
pub mod exchange;
pub mod failure;
mod form;
mod headers;
pub mod identify;
mod kept;
mod linger;
mod listing;
mod named;
mod ollama;
mod openai;
mod responses;
pub mod routes;
mod spans;
mod timing;
mod upstream;

pub use address::{ForwardedHeader, Proxies};
pub use draining::Draining;
pub use failure::Failure;
pub use headers::MOST_FALLBACKS;
pub use identify::Identity;
pub use linger::linger;
pub use routes::router;

use baton_auth::Keys;
use baton_engine::responses::Responses;
use baton_engine::{Directory, Engine, Holdings};
use std::sync::Arc;
use std::time::Duration;

/// What the doors need.
#[derive(Clone)]
pub struct Doors {
    /// The pipeline.
    pub engine: Engine,
    /// Which models there are, and how that changes.
    pub directory: Arc<Directory>,
    /// What callers keep at providers.
    pub holdings: Holdings,
    /// Responses that Baton keeps itself.
    pub responses: Responses,
    /// What fetches sound that a caller names by its address.
    pub fetch: baton_fetch::Client,
    /// Who asks.
    pub keys: Arc<Keys>,
    /// Bounds and times.
    pub settings: Settings,
    /// Who is believed about where requests come from.
    pub proxies: Proxies,
    /// Whether this node is about to stop.
    pub draining: Draining,
}

/// Bounds and times of the doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Silence in a stream after which a comment is sent, so that nothing between client and Baton gives it up.
    pub keep_alive: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_body_bytes: 64 << 20, keep_alive: Duration::from_secs(15) }
    }
}
