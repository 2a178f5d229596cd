//! How much memory this process may use.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Where nothing can be learned: as much as a small container has.
const UNKNOWN: u64 = 512 << 20;

/// The memory that this process may use, in bytes: its container's limit, else what the machine has.
pub fn available() -> u64 {
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(MemoryRefreshKind::everything()));
    let limit = system.cgroup_limits().map(|limits| limits.total_memory);
    // Without a limit the kernel reports a number beyond every machine, so the smaller one counts.
    let least = [limit, Some(system.total_memory())].into_iter().flatten().filter(|bytes| *bytes > 0).min();
    least.unwrap_or(UNKNOWN)
}
