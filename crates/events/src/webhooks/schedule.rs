//! When a delivery that failed is tried again.

use rand::Rng;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// The longest that a service can ask to be left alone.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * HOUR);

/// The waits after the first failure, the second, and so on; after the last of them a delivery is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(pub Vec<Duration>);

impl Default for Schedule {
    /// Eight tries within a day.
    fn default() -> Self {
        Self([5, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR].map(Duration::from_secs).to_vec())
    }
}

impl Schedule {
    /// The wait before the next try, after `failures` before this one; `None`: there is none. Varied by a fifth either
    /// way, so that what failed together does not return together; never less than the service asked for.
    pub fn next(&self, failures: u32, asked: Option<Duration>, rng: &mut impl Rng) -> Option<Duration> {
        let wait = *self.0.get(usize::try_from(failures).ok()?)?;
        // Bounded: a service could otherwise keep its deliveries in the queue for ever.
        let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
        Some(wait.mul_f64(rng.random_range(0.8..1.2)).max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn waits_grow_and_end() {
        let (schedule, rng) = (Schedule::default(), &mut StdRng::seed_from_u64(1));
        for (failures, seconds) in [(0, 5), (1, 60), (2, 300), (3, 1_800), (4, 7_200), (5, 21_600), (6, 43_200)] {
            let wait = schedule.next(failures, None, rng).map(|wait| wait.as_secs_f64());
            let expected = f64::from(seconds);
            assert!(wait.is_some_and(|wait| (expected * 0.8..expected * 1.2).contains(&wait)), "{failures}: {wait:?}");
        }
        assert_eq!(schedule.next(7, None, rng), None);
        assert_eq!(schedule.next(u32::MAX, None, rng), None);
    }

    #[test]
    fn a_service_is_left_alone_as_long_as_it_asks_but_no_longer_than_a_day() {
        let (schedule, rng) = (Schedule::default(), &mut StdRng::seed_from_u64(1));
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(schedule.next(0, asked(600), rng), asked(600));
        assert_eq!(schedule.next(0, asked(u64::MAX), rng), asked(86_400));
        assert!(schedule.next(1, asked(1), rng) > asked(1));
        assert_eq!(schedule.next(7, asked(600), rng), None, "asking makes no new tries");
    }
}
