//! One node among others: it follows what the others change, tells them what it changed itself, and takes its turn at
//! the work that one node does at a time.
//!
//! Nodes share the database, and a bus and Redis where they are configured. Nothing here needs more than the database:
//! notices make a node look at once, but it looks twice a second anyway.

mod announce;
mod chores;
mod follow;
mod learned;
mod lease;
mod start;

pub use announce::announce_changes;
pub use lease::Lease;
pub use start::start;

/// The leases, by the work that they are for.
pub mod leases {
    /// Asking the providers for their models.
    pub const DISCOVERY: &str = "discovery";
    /// Taking over newer prices.
    pub const PRICES: &str = "prices";
    /// Bringing events from the database to the bus.
    pub const RELAY: &str = "relay";
    /// Delivering events to webhooks.
    pub const WEBHOOKS: &str = "webhooks";
    /// Removing what is too old.
    pub const RETENTION: &str = "retention";
}
