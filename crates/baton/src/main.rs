//! The `baton` command.

use std::process::ExitCode;

// Gives memory back after bursts, which the system's allocator does not.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    baton::commands::main()
}
