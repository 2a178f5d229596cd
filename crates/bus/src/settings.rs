//! How a bus behaves.

use std::time::Duration;

/// How a bus behaves. Nodes that share one must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusSettings {
    /// What the names of streams and subjects begin with: letters, digits, `-` and `_`.
    pub prefix: String,
    /// How long a command is a node's before another gets it, unless [`Delivery::extend`](crate::CommandDelivery::extend) is
    /// called.
    pub ack_wait: Duration,
    /// The longest that one operation may take.
    pub timeout: Duration,
    /// How long the bus remembers an event's `id`.
    pub duplicate_window: Duration,
    /// The most commands that may wait.
    pub max_commands: u64,
    /// How many events are kept for those who read them later.
    pub events: StreamBound,
    /// How many dead letters are kept.
    pub dead: StreamBound,
}

/// The bounds of a stream: the oldest go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamBound {
    /// The most entries. Redis may keep a few more.
    pub length: u64,
    /// How long an entry is kept.
    pub age: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Default for BusSettings {
    fn default() -> Self {
        Self {
            prefix: "baton".into(),
            ack_wait: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            duplicate_window: Duration::from_secs(120),
            max_commands: 100_000,
            events: StreamBound { length: 1_000_000, age: 7 * DAY },
            dead: StreamBound { length: 10_000, age: 30 * DAY },
        }
    }
}
