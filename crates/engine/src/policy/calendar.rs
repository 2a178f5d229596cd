//! Periods of the calendar: which one a moment is in, by the clock on the wall of a time zone.

use baton_model::Timestamp;
use baton_model::entity::BudgetPeriod;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan, Zoned};

/// Whether the database of time zones, which is part of the program, has that name.
pub fn is_time_zone(name: &str) -> bool {
    zone(name).is_some()
}

/// The time zone of that name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    // `TimeZone::get` would also take a zone from the machine's own database, which nodes need not have alike.
    jiff::tz::db().get(name).ok()
}

/// When the period that a moment is in began, in UTC.
pub fn begin_of(period: BudgetPeriod, now: Timestamp) -> Timestamp {
    period_at(period, &TimeZone::UTC, now).0
}

/// The period that a moment is in: its first moment, and the first one after it.
///
/// A day begins with its first moment, whatever the clock says then: where midnight is left out, at one. An hour is one of the
/// clock; the one that the clock has twice is two.
pub(super) fn period_at(period: BudgetPeriod, zone: &TimeZone, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
    // Nothing was recorded before 1970.
    let all_time = (Timestamp(0), None);
    let bounds = || {
        let now = Instant::from_microsecond(now.0).ok()?.to_zoned(zone.clone());
        let date = now.date();
        let (first, next) = match period {
            BudgetPeriod::Total => return None,
            BudgetPeriod::Hour => return hour(&now),
            BudgetPeriod::Day => (date, date.tomorrow().ok()?),
            BudgetPeriod::Week => {
                let first = week_begin(date)?;
                (first, first.checked_add(1.week()).ok()?)
            }
            BudgetPeriod::Month => {
                let first = date.first_of_month();
                (first, first.checked_add(1.month()).ok()?)
            }
        };
        Some((begin(first, zone)?, Some(begin(next, zone)?)))
    };
    // Beyond the calendar's end nothing begins anew.
    bounds().unwrap_or(all_time)
}

/// The first moment of a day.
fn begin(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(moment(&date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?))
}

fn week_begin(date: Date) -> Option<Date> {
    if date.weekday() == Weekday::Monday { Some(date) } else { date.nth_weekday(-1, Weekday::Monday).ok() }
}

/// Counted from the moment, and not by setting minutes to zero: in a zone that is half an hour off, the hour of the clock is found all
/// the same, and of two hours of one name each is itself.
fn hour(now: &Zoned) -> Option<(Timestamp, Option<Timestamp>)> {
    let into = i64::from(now.minute()) * 60_000_000
        + i64::from(now.second()) * 1_000_000
        + i64::from(now.subsec_nanosecond()) / 1_000;
    let first = Timestamp(moment(now).0 - into);
    Some((first, Some(Timestamp(first.0 + 3_600_000_000))))
}

fn moment(zoned: &Zoned) -> Timestamp {
    Timestamp(zoned.timestamp().as_microsecond())
}

#[cfg(test)]
#[expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::schema::time;
    use proptest::prelude::*;

    /// Period, zone, moment, and the period's first moment and the next one's, in UTC. Made with the rules of the zones as the
    /// IANA database has them.
    const PERIODS: &str = include_str!("calendar.csv");

    fn at(text: &str) -> Timestamp {
        time::read(text).unwrap_or_else(|| panic!("`{text}` is no time"))
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        let mut lines = 0;
        for line in PERIODS.lines().filter(|line| !line.starts_with('#')) {
            let [period, name, now, first, next] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let period = BudgetPeriod::lookup(period).expect("a period");
            let found = period_at(period, &zone(name).expect("a zone"), at(now));
            assert_eq!(found, (at(first), Some(at(next))), "{line}");
            lines += 1;
        }
        assert!(lines > 20);
    }

    #[test]
    fn all_time_has_no_end() {
        let found = period_at(BudgetPeriod::Total, &TimeZone::UTC, at("2026-11-28T00:00:00Z"));
        assert_eq!(found, (Timestamp(0), None));
    }

    #[test]
    fn names_are_those_of_the_database() {
        assert!(["UTC", "Europe/Berlin", "Asia/Kathmandu"].into_iter().all(is_time_zone));
        assert!(!["", "Berlin", "Mars/Olympus", "../etc/passwd"].into_iter().any(is_time_zone));
    }

    proptest! {
        /// Every moment is in its period, and the next period begins where it ends.
        #[test]
        fn periods_follow_one_another(now in 0_i64..4_000_000_000_000_000, which in 0_usize..4, place in 0_usize..5) {
            let names = ["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"];
            let zone = zone(names[place]).unwrap();
            let period = BudgetPeriod::ALL[which];
            let (first, next) = period_at(period, &zone, Timestamp(now));
            let next = next.unwrap();
            prop_assert!(first.0 <= now && now < next.0);
            prop_assert_eq!(period_at(period, &zone, Timestamp(next.0 - 1)).0, first);
            // An hour that a change of the clock cuts short ends with the change.
            if period != BudgetPeriod::Hour {
                prop_assert_eq!(period_at(period, &zone, next).0, next);
            }
        }
    }
}
