//! Times on the wire: RFC 3339 in UTC.

use baton_model::Timestamp;
use baton_model::schema::time::{self, read_day};
pub use baton_model::schema::time::{EXPECTED, write};
use std::time::Duration;

/// Reads RFC 3339, or a date: its beginning in UTC.
pub fn read(text: &str) -> Option<Timestamp> {
    // A `+` of an offset that a client left unescaped arrives as a blank.
    time::read(&text.replace(' ', "+"))
}

/// The same as the end of a range: a date means its end, so that `to=2026-11-23` includes that day.
pub fn read_end(text: &str) -> Option<Timestamp> {
    match read_day(text) {
        Some(begin) => Some(begin.plus(Duration::from_secs(24 * 60 * 60))),
        None => read(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_dates_are_read() {
        for text in ["2026-11-23T00:00:00Z", "2026-11-23", "2026-11-23T01:00:00+01:00", "2026-11-23T01:00:00 01:00"] {
            assert_eq!(read(text).map(write).as_deref(), Some("2026-11-23T00:00:00.000000Z"), "{text}");
        }
        assert_eq!(read_end("2026-11-23").map(write).as_deref(), Some("2026-11-24T00:00:00.000000Z"));
        assert_eq!(read_end("2026-11-23T00:00:00Z"), read("2026-11-23"));
        for wrong in ["", "yesterday", "2026-13-01", "1700000000"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
