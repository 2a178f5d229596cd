//! When requests are due, if so many are begun each second.

use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// For each connection the moments at which it has to send, in turn and evenly spread, until `end`.
///
/// A thread tells them: the runtime's timers come once in a millisecond, so that all requests of a millisecond would be sent
/// together and wait for each other.
pub fn pace(rate: f64, connections: u32, started: Instant, end: Instant) -> Vec<UnboundedReceiver<Instant>> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..connections).map(|_| mpsc::unbounded_channel()).unzip();
    std::thread::spawn(move || {
        for (number, connection) in (0_u32..).zip(senders.iter().cycle()) {
            let due = started + Duration::from_secs_f64(f64::from(number) / rate);
            if due >= end {
                break;
            }
            let wait = due.saturating_duration_since(Instant::now());
            std::thread::sleep(wait);
            // What the system's timer comes too late is not the gateway's. A thread that is behind has no timer to blame.
            let due = if wait.is_zero() { due } else { Instant::now() };
            // A connection that failed has ended the measurement.
            if connection.send(due).is_err() {
                break;
            }
        }
    });
    receivers
}
