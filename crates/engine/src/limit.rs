//! How much may be under way at once: requests on this node, calls to each provider, bytes of bodies.
//!
//! Each is refused where it costs least: a request that would find no place is refused at its head, before its body is
//! read; a body is counted before its bytes are taken in. Nobody waits in line, which would only make every client
//! slower: a refusal says when to come back.

use crate::shares::{Hold, NoShareLeft, Shares};
use baton_model::{Caller, Code, ProviderId, PublicError};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What a body costs for each of its bytes: itself, and the copy in which what Baton must change is changed.
pub const READ_COST: u64 = 2;
/// What its meaning costs beside that for each of its bytes: its text in the canonical form and in the provider's format.
const TEXT_COST: u64 = 3;
/// What each value in it costs: `{"role":"user","content":"a"}` has 30 bytes and takes 400 in memory.
const VALUE_COST: u64 = 120;

/// What the meaning of a body costs beside the body, while it is read and written in another format.
pub fn translation_cost(body: &[u8]) -> u64 {
    // Every value but the first has one of these before it. Those inside of strings count too: too much is safe.
    let values = body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    (TEXT_COST * body.len() as u64).saturating_add(VALUE_COST * values as u64)
}

/// When a refused client may come back: places come free within moments.
const COME_BACK: Duration = Duration::from_secs(1);

/// The bounds of this node.
pub struct NodeLimits {
    slots: Shares,
    bytes: Shares,
    /// The places at providers that have a bound.
    providers: RwLock<HashMap<ProviderId, Shares>>,
}

impl NodeLimits {
    /// At most so many requests at once, and so many bytes of bodies.
    pub fn new(max_in_flight: usize, max_bytes_in_flight: u64) -> Self {
        Self {
            slots: Shares::new(max_in_flight as u64),
            bytes: Shares::new(max_bytes_in_flight),
            providers: RwLock::default(),
        }
    }

    /// Whether a request of this caller would find a place now. Asked at the head: a request that would be refused is
    /// not read.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn check(&self, caller: &Caller) -> Result<(), PublicError> {
        self.slots.check(&holder_of(caller), 1).map_err(|full| self.no_place(full))
    }

    /// A place for one more request, given back when dropped.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn reserve(&self, caller: &Caller) -> Result<Hold, PublicError> {
        self.slots.take(&holder_of(caller), 1).map_err(|full| self.no_place(full))
    }

    /// Counts bytes that are about to be taken into memory for a caller, until the hold is dropped.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn hold_bytes(&self, caller: &Caller, bytes: u64) -> Result<Hold, PublicError> {
        self.bytes.take(&holder_of(caller), bytes).map_err(no_bytes)
    }

    /// A place for one more call to a provider that takes at most `most` at once.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn reserve_at(&self, provider: &ProviderId, most: u64, caller: &Caller) -> Result<Hold, PublicError> {
        // The read lock is let go of at the end of this line, before the write lock is taken.
        let known = self.providers.read().unwrap_or_else(PoisonError::into_inner).get(provider).cloned();
        let shares = known.filter(|shares| shares.limit() == most).unwrap_or_else(|| {
            let mut providers = self.providers.write().unwrap_or_else(PoisonError::into_inner);
            let shares = providers.entry(provider.clone()).or_insert_with(|| Shares::new(most));
            // Its setting was changed: calls under way go on and are counted with the old one.
            if shares.limit() != most {
                *shares = Shares::new(most);
            }
            shares.clone()
        });
        shares.take(&holder_of(caller), 1).map_err(|full| {
            overloaded(match full {
                NoShareLeft::Taken => {
                    format!("{most} requests are in flight to the provider `{provider}`, the maximum")
                }
                // A call takes one place, and there is at least one.
                NoShareLeft::Share | NoShareLeft::Never => {
                    format!("this key has reached its share of the requests in flight to `{provider}`")
                }
            })
        })
    }

    /// Requests under way.
    pub fn in_flight(&self) -> u64 {
        self.slots.taken()
    }

    /// Bytes of bodies that are held, by what they cost.
    pub fn bytes_in_flight(&self) -> u64 {
        self.bytes.taken()
    }

    fn no_place(&self, full: NoShareLeft) -> PublicError {
        overloaded(match full {
            NoShareLeft::Taken => format!("{} requests are in flight on this node, the maximum", self.slots.limit()),
            NoShareLeft::Share | NoShareLeft::Never => {
                "this key has reached its share of the requests in flight on this node".into()
            }
        })
    }
}

/// No more bytes can be held.
pub fn no_bytes(full: NoShareLeft) -> PublicError {
    overloaded(match full {
        NoShareLeft::Taken => "the request bodies in flight on this node use the maximum of memory".into(),
        NoShareLeft::Share => "this key has reached its share of the memory for request bodies on this node".into(),
        NoShareLeft::Never => {
            let message = "the body needs more memory than request bodies may take on this node \
                           (`server.max_bytes_in_flight`)";
            return PublicError::new(Code::PayloadTooLarge, message);
        }
    })
}

fn overloaded(message: String) -> PublicError {
    PublicError { retry_after: Some(COME_BACK), ..PublicError::new(Code::Overloaded, message) }
}

/// Who shares with whom: a key; else a user or a project that a token names; else all who have none of these.
fn holder_of(caller: &Caller) -> Arc<str> {
    match (&caller.key, &caller.user, &caller.project) {
        (Some(key), _, _) => Arc::from(key.as_str()),
        (None, Some(user), _) => Arc::clone(user),
        (None, None, Some(project)) => Arc::clone(project),
        (None, None, None) => Arc::from(""),
    }
}
