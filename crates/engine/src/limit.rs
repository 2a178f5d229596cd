//! How much may be under way at once.
//!
//! Today that is the number of requests in flight on this node; rates and budgets take their place here, as
//! reservations that the recorder gives back.

use baton_model::{Code, PublicError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bound on requests in flight.
pub struct Limits {
    in_flight: Arc<Semaphore>,
    most: usize,
}

impl Limits {
    /// At most that many at once.
    pub fn new(most: usize) -> Self {
        // A semaphore panics above its own maximum, and the number comes from the configuration.
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { in_flight: Arc::new(Semaphore::new(most)), most }
    }

    /// A place for one more request, given back when dropped.
    ///
    /// # Errors
    /// `overloaded` if there is none: waiting in line would only make every client slower.
    pub fn reserve(&self) -> Result<OwnedSemaphorePermit, PublicError> {
        Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_| PublicError {
            retry_after: Some(Duration::from_secs(1)),
            ..PublicError::new(Code::Overloaded, format!("{} requests are under way on this node, its most", self.most))
        })
    }
}
