//! A process with little memory.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A bound of memory for processes: a control group of the kernel, or where this user may make none, a limit of the process's
/// address space.
pub struct Container {
    group: Option<PathBuf>,
    mib: u64,
}

impl Container {
    /// With that much memory, in MiB.
    pub fn new(mib: u64) -> Self {
        Self { group: group(mib), mib }
    }

    /// Starts a program in it.
    pub fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new("sh");
        // The shell enters the bound and becomes the program, so that no instruction of it runs outside.
        let enter = match &self.group {
            Some(group) => format!("echo $$ >{}/cgroup.procs", group.display()),
            // The address space holds what is only reserved too: a fourth of it is used at most.
            None => format!("ulimit -v {}", self.mib * 4 * 1024),
        };
        command.args(["-c", &format!("{enter} && exec \"$0\" \"$@\"")]).arg(program);
        command
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            // It goes once the kernel has seen the last process end.
            for _ in 0..100 {
                if std::fs::remove_dir(group).is_ok() {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
}

/// A group of its own in the first version of the kernel's interface, or in the second.
fn group(mib: u64) -> Option<PathBuf> {
    let name = format!("baton-abuse-{}", std::process::id());
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")].into_iter().find_map(
        |(root, limit)| {
            let group = Path::new(root).join(&name);
            std::fs::create_dir(&group).ok()?;
            if std::fs::write(group.join(limit), (mib << 20).to_string()).is_ok() {
                return Some(group);
            }
            let _ = std::fs::remove_dir(&group);
            None
        },
    )
}
