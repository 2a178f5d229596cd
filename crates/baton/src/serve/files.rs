//! The limit of open files.

/// What is kept for files, the database, the bus and management.
const KEPT: u64 = 256;
/// The most connections where nothing else is configured. Beyond it memory is scarce before files are.
const MOST: usize = 10_000;

/// Raises the limit as far as this process may; the limit then.
pub fn raise_limit() -> u64 {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => limit,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            // What every system grants.
            1024
        }
    }
}

/// How many connections of clients go with that many files: each may need another one to a provider.
pub fn connections(limit: u64) -> usize {
    let pairs = limit.saturating_sub(KEPT.min(limit / 2)) / 2;
    usize::try_from(pairs).unwrap_or(MOST).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::connections;

    #[test]
    fn files_are_left_for_everything_else() {
        assert_eq!(connections(u64::MAX), 10_000);
        assert_eq!(connections(20_256), 10_000);
        assert_eq!(connections(1024), 384);
        // Where there are very few, half of them are kept.
        assert_eq!(connections(256), 64);
        assert_eq!(connections(0), 1);
    }
}
