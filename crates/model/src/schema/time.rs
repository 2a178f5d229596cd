//! Times: RFC 3339 in UTC, to the microsecond.

use crate::clock::Timestamp;
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// As text. A time beyond the calendar is written as the calendar's end.
pub fn write(time: Timestamp) -> String {
    let time = DateTime::from_timestamp_micros(time.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What [`read`] takes.
pub const EXPECTED: &str = "a time such as 2026-11-23T15:00:00Z, or a date such as 2026-11-23";

/// Reads RFC 3339, or a date: its beginning in UTC.
pub fn read(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).ok().map(|time| Timestamp(time.timestamp_micros()));
    time.or_else(|| read_day(text))
}

/// The beginning of a date in UTC.
pub fn read_day(text: &str) -> Option<Timestamp> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(Timestamp(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros()))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&write(*self))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text)
            .map_err(|_| D::Error::custom("must be a time such as 2026-11-23T15:00:00Z"))?;
        Ok(Self(time.timestamp_micros()))
    }
}
