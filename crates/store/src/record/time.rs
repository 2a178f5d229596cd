//! Times in JSON.

use baton_model::Timestamp;
use chrono::{DateTime, SecondsFormat};

/// RFC 3339 in UTC, to the microsecond. A time beyond the calendar (a clock gone wild) is written as the calendar's end.
pub(super) fn write(time: Timestamp) -> String {
    let time = DateTime::from_timestamp_micros(time.0).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC);
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(super) fn read(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| Timestamp(time.timestamp_micros()))
}
