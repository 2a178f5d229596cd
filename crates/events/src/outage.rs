//! Failures in a row: pauses between tries, and one line in the log for all of them.

use std::fmt::Display;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Whether something works, and when it is tried again if it does not.
#[derive(Debug, Default)]
pub struct Outage {
    failures: u32,
    until: Option<Instant>,
}

impl Outage {
    /// Whether the pause after the last failure is still on.
    pub fn is_pausing(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// It failed. Only the first time is for the log.
    pub fn note_failure(&mut self, now: Instant, what: &str, error: &impl Display) {
        if self.failures == 0 {
            tracing::warn!(%error, "{what} is interrupted; nothing is lost, and it continues automatically");
        } else {
            tracing::debug!(%error, "{what} is still interrupted");
        }
        // The pause is computed before the failure is counted, so that the first one is the shortest.
        self.until = Some(now + self.pause());
        self.failures = self.failures.saturating_add(1);
    }

    /// It works.
    pub fn note_success(&mut self, what: &str) {
        if self.failures > 0 {
            tracing::info!(tries = self.failures, "{what} continues");
        }
        // The pauses begin anew: a short outage after a long one is over soon.
        *self = Self::default();
    }

    fn pause(&self) -> Duration {
        FIRST.saturating_mul(2u32.saturating_pow(self.failures.min(16))).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let mut outage = Outage::default();
        let mut now = Instant::now();
        assert!(!outage.is_pausing(now));
        for expected in [200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            outage.note_failure(now, "it", &"gone");
            now += Duration::from_millis(expected - 1);
            assert!(outage.is_pausing(now), "{expected}");
            now += Duration::from_millis(1);
            assert!(!outage.is_pausing(now), "{expected}");
        }
        outage.note_success("it");
        outage.note_failure(now, "it", &"gone");
        assert!(!outage.is_pausing(now + FIRST));
    }
}
