//! Durations of the configuration: `90s`, `24h`. Bounded, so that no sum with a moment overflows.

use humantime_serde::Serde;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use std::time::Duration;

/// The longest that means anything. What is never to happen is switched off by other means.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// Reads one; for `#[serde(with = …)]`.
///
/// # Errors
/// If it is no duration, or longer than a hundred years.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Bounded,
    Serde<T>: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let duration = Serde::<T>::deserialize(deserializer)?.into_inner();
    if duration.max_duration() > LONGEST {
        return Err(D::Error::custom("must be at most 100 years"));
    }
    Ok(duration)
}

/// Writes one; the configuration reference shows defaults by it.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T, S>(duration: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    for<'a> Serde<&'a T>: Serialize,
    S: Serializer,
{
    humantime_serde::serialize(duration, serializer)
}

/// What may stand for a duration.
pub trait Bounded {
    /// The duration; zero for none.
    fn max_duration(&self) -> Duration;
}

impl Bounded for Duration {
    fn max_duration(&self) -> Duration {
        *self
    }
}

impl Bounded for Option<Duration> {
    fn max_duration(&self) -> Duration {
        self.unwrap_or_default()
    }
}
