//! A connection that left HTTP.

use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// In the extensions of a request that asks for another protocol: whoever speaks that keeps this as long as the
/// connection lasts. Its place stays taken and the node waits for it, until the last copy is dropped.
#[derive(Debug, Clone)]
pub struct UpgradedConnection {
    closing: CancellationToken,
    _open: Arc<DropGuard>,
}

impl UpgradedConnection {
    /// Of a port that closes with `closing`; and what is cancelled when the last copy is dropped.
    pub fn new(closing: CancellationToken) -> (Self, CancellationToken) {
        let dropped = CancellationToken::new();
        (Self { closing, _open: Arc::new(dropped.clone().drop_guard()) }, dropped)
    }

    /// Cancelled when the port closes: then what is under way is finished, and nothing begun.
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }
}
