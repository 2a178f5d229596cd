//! Spans of time, as people write them: `90d`, `12h`, `1h 30m`. None is null.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;
use std::time::Duration;

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

pub(crate) fn serialize<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(span) = span else { return serializer.serialize_none() };
    let seconds = span.as_secs();
    // In one unit where one fits: the library would write 90 days as 2 months and a remainder.
    let whole = UNITS.into_iter().find(|(length, _)| span.subsec_nanos() == 0 && seconds.is_multiple_of(*length));
    match whole {
        Some((length, unit)) => serializer.collect_str(&format_args!("{}{unit}", seconds / length)),
        None => serializer.collect_str(&humantime::format_duration(*span)),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    humantime::parse_duration(&text).map(Some).map_err(|_| D::Error::custom("must be a time such as 90d or 12h"))
}
