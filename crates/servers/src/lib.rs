//! PostgreSQL, Redis and NATS for tests: real servers, never imitations. A development dependency only.
//!
//! Two kinds. *Shared* servers run already (`./run_tests.sh` starts them where none replies on the standard port), and
//! each test takes a database or a prefix of its own there. *Own* servers are started by a test that means to stop,
//! fill or break one, on a free port, in a folder that goes with them.
//!
//! Whoever needs one calls [`postgres::database`], [`redis::prefix`], [`nats::prefix`], or [`postgres::PostgresServer::start`],
//! [`redis::RedisServer::start`], [`nats::NatsServer::start`]. What can't be had is a panic: a test without its server has failed.
#![expect(clippy::panic, clippy::expect_used, reason = "a test without its server has failed, and says why")]

pub mod disk;
pub mod nats;
pub mod postgres;
mod process;
pub mod redis;

pub use process::free_port;

/// A name that no other test uses, of letters, digits and `_`.
fn unique(what: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    // Tests of one process run at the same moment.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // Process ids come again, and a test that was killed has left its database behind.
    let moment = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
    format!("baton_{what}_{}_{moment}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The address that a variable gives, or the standard one.
#[expect(clippy::disallowed_methods, reason = "tests are told by variables where their servers are")]
fn address(variable: &str, standard: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| standard.to_owned())
}
