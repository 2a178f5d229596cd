//! Moments as this format writes them: RFC 3339.

use chrono::{DateTime, SecondsFormat};

/// Seconds since 1970 of a `created_at`.
pub(super) fn read(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp())
}

/// A `created_at` of seconds since 1970; the epoch itself for a moment that has no calendar date.
pub(super) fn write(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        assert_eq!(read("2026-11-23T14:29:08.292416119Z"), Some(1_795_444_148));
        assert_eq!(read("2026-11-23T15:29:08+01:00"), Some(1_795_444_148));
        assert_eq!(write(1_795_444_148), "2026-11-23T14:29:08Z");
        assert_eq!((read("yesterday"), write(i64::MAX)), (None, "1970-01-01T00:00:00Z".into()));
    }
}
