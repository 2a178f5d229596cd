//! Small disks, to be filled.

use crate::process::run;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A disk of a few megabytes in memory, unmounted with this value. Needs root, or `sudo`.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// A disk for this process's own user.
    pub fn mount(megabytes: u32) -> Self {
        // By its number: in a container, the user may have no name.
        Self::mount_for("-u", megabytes)
    }

    /// A disk for the user that an own PostgreSQL runs as: it refuses to be root.
    pub fn mount_for_postgres(megabytes: u32) -> Self {
        Self::mount_for(if is_root() { "postgres" } else { "-u" }, megabytes)
    }

    fn mount_for(user: &str, megabytes: u32) -> Self {
        let folder = TempDir::new().expect("a folder");
        let user = match user {
            "-u" => run(Command::new("id").arg("-u")),
            name => run(Command::new("id").args(["-u", name])),
        };
        // A tmpfs belongs to root otherwise, and whoever runs the tests could not write there.
        let options = format!("size={megabytes}m,mode=0700,uid={}", user.trim());
        run(privileged("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()));
        Self(folder)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open there may be about to end.
        run(privileged("umount").arg("-l").arg(self.0.path()));
    }
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// Who is not root may be allowed to become it.
fn privileged(program: &str) -> Command {
    if is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}
