//! Kills, databases that are away, full disks: when they come, by the number of requests that have begun.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Something that happens to Baton.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// `kill -9`; what is away is given back, and the process starts again.
    Kill,
    /// The database is taken away.
    DatabaseAway,
    /// It is given back.
    DatabaseBack,
    /// The disk of the data folder is filled.
    DiskFull,
    /// It has room again.
    DiskFree,
}

/// The requests of the longest time without database or disk.
const LONGEST: u64 = 400;

/// What happens, in order: each with the number of requests after which it does.
pub fn plan(seed: u64, requests: u64, kills: u32, has_small_disk: bool) -> Vec<(u64, Disturbance)> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x6469_7374_7572_6273);
    let step = requests / (u64::from(kills) + 1);
    let mut plan = Vec::new();
    let mut begin = 0;
    for round in 0..=kills {
        let last = round == kills;
        // Anywhere in the middle half of its part, so that no two are far apart or together.
        let middle = u64::from(round + 1) * step;
        let end = if last { requests } else { middle - step / 4 + rng.random_range(0..=step / 2) };
        let length = ((end - begin) / 4).min(LONGEST);
        let disk = has_small_disk && rng.random_bool(0.5);
        let (away, back) = match disk {
            true => (Disturbance::DiskFull, Disturbance::DiskFree),
            false => (Disturbance::DatabaseAway, Disturbance::DatabaseBack),
        };
        // The first part always has one, so that a short run meets it too.
        if round == 0 || rng.random_bool(0.5) {
            // Half of them last until the kill: that process can't write down what it knows.
            let until_kill = !last && rng.random_bool(0.5);
            let start = if until_kill { end - length } else { begin + length + rng.random_range(0..=length) };
            plan.push((start, away));
            if !until_kill {
                plan.push((start + length, back));
            }
        }
        if !last {
            plan.push((end, Disturbance::Kill));
        }
        begin = end;
    }
    plan
}

/// What fills a disk.
pub struct Ballast(PathBuf);

impl Ballast {
    /// Fills the disk of that folder.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn fill(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join("ballast");
        let mut file = std::fs::File::create(&path)?;
        // To the last page: what is left is less than any write that matters.
        for size in [1 << 20, 4096] {
            let piece = vec![0; size];
            while file.write_all(&piece).is_ok() {}
        }
        Ok(Self(path))
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        // If it is gone, so is the whole disk.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_is_given_back_by_the_next_kill_or_the_end() {
        for seed in 0..50 {
            let plan = plan(seed, 2000, 7, seed % 2 == 0);
            assert!(plan.is_sorted_by_key(|(at, _)| *at), "{plan:?}");
            assert!(plan.iter().all(|(at, _)| *at <= 2000));
            assert_eq!(plan.iter().filter(|(_, what)| *what == Disturbance::Kill).count(), 7);
            let mut away = false;
            for (_, what) in plan {
                assert_eq!(away, away && !matches!(what, Disturbance::DatabaseAway | Disturbance::DiskFull));
                away = matches!(what, Disturbance::DatabaseAway | Disturbance::DiskFull);
            }
            assert!(!away);
        }
    }
}
