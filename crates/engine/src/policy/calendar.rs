//! The calendar that budgets count by.

use jiff::tz::TimeZone;

/// Whether a name is that of a time zone in the IANA database, such as `Europe/Berlin`. The database is a part of the
/// program, so every node knows the same names, whatever its machine has installed.
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_iana_database_are_known() {
        for name in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            assert!(is_time_zone(name), "{name}");
        }
        for name in ["", "Berlin", "Europe/Atlantis", "+02:00", "../Europe/Berlin"] {
            assert!(!is_time_zone(name), "{name}");
        }
    }
}
