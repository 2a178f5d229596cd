//! Files and folders for the user that Baton runs as, and for nobody else: the database holds what keys are hashed with,
//! and logs may hold prompts.

use std::fs::DirBuilder;
use std::io::Result;
use std::path::Path;

/// Lets nobody else read or write the files that this process makes from now on.
pub fn files() {
    #[cfg(unix)]
    // By the process and not for each file: SQLite makes files of its own, such as its log.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Makes a folder that is closed to others, or closes one that is there.
///
/// # Errors
/// If there is none and none can be made.
pub fn folder(folder: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // An existing folder keeps its mode, hence `close`.
    builder.create(folder)?;
    #[cfg(unix)]
    close(folder);
    Ok(())
}

/// Closes a folder to others, if it is ours to close.
#[cfg(unix)]
fn close(folder: &Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::{fs, io};
    let closed = fs::metadata(folder).and_then(|found| {
        let (mode, private) = (found.mode(), found.mode() & !0o077);
        if mode == private {
            return Ok(());
        }
        // A volume that belongs to another user and lets this one in by its group has to stay as it is.
        // With the sticky and group bits that were there: a volume's group may come from them.
        let result = fs::set_permissions(folder, fs::Permissions::from_mode(private & 0o7777));
        if mode & 0o007 == 0 { Ok(()) } else { result }
    });
    if let Err(error) = closed {
        let error: io::Error = error;
        tracing::warn!(folder = %folder.display(), %error, "the data folder is open to other users and can't be closed");
    }
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn folders_are_closed_to_others() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("a").join("b");
        let mode = || metadata(&folder).unwrap().permissions().mode() & 0o7777;
        super::folder(&folder).unwrap();
        assert_eq!(mode(), 0o700);
        // The group's bit (setgid), as volumes of Kubernetes have it, stays.
        set_permissions(&folder, Permissions::from_mode(0o2755)).unwrap();
        super::folder(&folder).unwrap();
        assert_eq!(mode(), 0o2700);
    }
}
