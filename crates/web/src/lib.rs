//! What every HTTP API of Baton does with a request before and after its handler.
//!
//! The request APIs (`baton-http`) and the management API (`baton-admin`) stand side by side on this crate:
//!
//! - [`mod@respond`]: a layer around each group of paths. It gives a request its id and trace, renders the error of a
//!   handler in the shape of the group's [`ClientApi`], and puts both on every response;
//! - [`Inbound`]: the extractor of a request whose caller is known;
//! - [`parse`]: the body of a request to a model, as far as the pipeline needs it;
//! - [`identify`]: credentials become a caller;
//! - [`move_path_key`]: a key in the path becomes a header;
//! - [`body`]: reading a body within its bound, for authenticated callers alone; [`paced`]: how slowly it may arrive;
//! - [`address`]: which client stands behind trusted proxies.
//!
//! What is *not* here: paths, and what is done for a request.

pub mod address;
pub mod body;
pub mod bounds;
pub mod client_api;
pub mod draining;
pub mod encoding;
pub mod failure;
pub mod headers;
pub mod identify;
pub mod inbound;
mod linger;
pub mod paced;
pub mod parse;
mod path_key;
pub mod respond;
mod upgraded;

pub use address::{ForwardedHeader, Proxies};
pub use client_api::ClientApi;
pub use draining::Draining;
pub use failure::ErrorResponse;
pub use inbound::Inbound;
pub use linger::linger;
pub use path_key::move_path_key;
pub use respond::{Refused, Responding, respond};
pub use upgraded::UpgradedConnection;

use baton_auth::ApiKeys;
use baton_engine::Engine;
use std::sync::Arc;
use std::time::Duration;

/// What every API needs to know a request's caller and to reply. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// The pipeline; its clock and traces are every API's.
    pub engine: Engine,
    /// The credentials in force.
    pub keys: Arc<ApiKeys>,
    /// Who is believed about where requests come from.
    pub proxies: Proxies,
    /// Whether this node is about to stop.
    pub draining: Draining,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Silence in a stream after which a comment is sent, so that nothing between client and Baton gives it up.
    pub keep_alive: Duration,
}

/// The largest request body where the operator says nothing, in bytes.
pub const MAX_BODY_BYTES: usize = 64 << 20;

/// The silence after which a stream is kept alive where the operator says nothing.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl Web {
    /// For that engine and those credentials; everything else as where the operator says nothing.
    pub fn new(engine: Engine, keys: Arc<ApiKeys>) -> Self {
        Self {
            engine,
            keys,
            proxies: Proxies::default(),
            draining: Draining::default(),
            max_body_bytes: MAX_BODY_BYTES,
            keep_alive: KEEP_ALIVE,
        }
    }
}
