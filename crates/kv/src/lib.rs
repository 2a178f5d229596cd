//! What nodes share while they run, and may lose: the response cache, notices, and what is counted against limits.
//!
//! All are promises without a place. A [`Cache`] is in this process ([`Memory`]), in [`Redis`], or in [`SharedCache`]:
//! Redis, and memory while it is away. [`Notices`] go through this process ([`InProcess`]) or through Redis. Values are
//! bytes, so that they can travel. [`Counters`] are in this process ([`MemoryCounters`]) or in Redis ([`RedisCounters`]).
//!
//! Nobody waits for Redis: every operation has a hard timeout, and after failures a dead Redis is skipped until a probe
//! in the background finds it well again (`redis/link.rs`).
//!
//! To add something that nodes share: a trait here, a file for each place, a line for each place in `tests/it`.

mod cache;
// Money is counted in integers all the way.
#[deny(clippy::float_arithmetic, clippy::cast_precision_loss)]
mod counters;
mod memory;
mod notices;
mod redis;
mod shared;

pub use self::redis::{Redis, RedisCounters, RedisFault, RedisSettings};
pub use cache::{Cache, CacheHealth, CacheSize, Purged};
pub use counters::{Count, Counters, Lease, MemoryCounters, NotTaken, Take, Window};
pub use memory::Memory;
pub use notices::{InProcess, Notice, Notices};
pub use shared::SharedCache;
