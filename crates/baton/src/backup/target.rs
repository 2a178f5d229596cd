//! Where a backup is restored to.
//!
//! Everything is unpacked and verified beside its place first. Then old files are moved aside and the new ones get their
//! names. Those are several renamings: a mark in the data folder says that they are under way, and Baton does not start
//! on a folder that has it.

use super::manifest::{Manifest, Part};
use super::read::read_archive;
use super::write::{parent, sync_folder};
use crate::private;
use anyhow::{Context, bail, ensure};
use baton_engine::ledger::{list_segments, lock_folder, segment_name};
use baton_store::backup;
use indicatif::ProgressBar;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The mark of a restore whose renamings are not done.
const MARK: &str = "restore-unfinished";
/// What SQLite keeps beside a database. Its log has changes that are not in the file yet, so it goes where the file goes.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A data folder and a database that no Baton uses, for as long as this is held.
pub struct RestoreTarget {
    data_dir: PathBuf,
    database: PathBuf,
    journal: PathBuf,
    _lock: File,
}

/// What a restore has done.
#[derive(Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// Where the files went that were there before.
    pub moved: Vec<PathBuf>,
}

/// Refuses a data folder on which a restore was interrupted in the middle of its renamings.
///
/// # Errors
/// Says so.
pub fn refuse_unfinished(data_dir: &Path) -> anyhow::Result<()> {
    ensure!(
        !data_dir.join(MARK).exists(),
        "a restore into `{}` was interrupted, so its files may not belong together: run `baton restore FILE --force` again",
        data_dir.display()
    );
    Ok(())
}

impl RestoreTarget {
    /// Takes the data folder, as a running Baton would.
    ///
    /// # Errors
    /// If a Baton runs there, or the folders can't be made.
    pub fn lock(data_dir: &Path, database: &Path) -> anyhow::Result<Self> {
        let journal = data_dir.join("journal");
        for folder in [data_dir, &journal, parent(database)] {
            // One that is there keeps its mode: the database may be in a folder that others use too.
            if !folder.is_dir() {
                private::folder(folder)
                    .with_context(|| format!("the folder `{}` can't be created", folder.display()))?;
            }
        }
        let lock = lock_folder(&journal).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => {
                anyhow::anyhow!("a Baton runs on the data folder `{}`; stop it first", data_dir.display())
            }
            _ => anyhow::Error::new(error).context(format!("the journal in `{}` can't be locked", data_dir.display())),
        })?;
        Ok(Self { data_dir: data_dir.into(), database: database.into(), journal, _lock: lock })
    }

    /// The files that a restore would replace.
    ///
    /// # Errors
    /// If the journal can't be read.
    pub fn occupied(&self) -> anyhow::Result<Vec<PathBuf>> {
        let database = BESIDE.map(|suffix| with_suffix(&self.database, suffix));
        let database = database.into_iter().filter(|file| file.symlink_metadata().is_ok());
        let segments = list_segments(&self.journal)
            .with_context(|| format!("the journal in `{}` can't be read", self.data_dir.display()))?;
        // Every start of Baton begins a segment, and one without a record has nothing to lose.
        let segments = segments.into_values().filter(|path| path.metadata().is_ok_and(|file| file.len() > 0));
        Ok(database.chain(segments).collect())
    }

    /// Unpacks an archive, verifies it, and puts its files in place. `stamp` is part of the names of old files.
    ///
    /// # Errors
    /// What is wrong with the archive, before anything is touched; or what could not be renamed.
    pub async fn restore(&self, archive: &Path, stamp: &str, bar: &ProgressBar) -> anyhow::Result<Restored> {
        let staged = Staged::create(self)?;
        let manifest = tokio::task::block_in_place(|| staged.unpack(archive, bar))
            .with_context(|| format!("the backup `{}` can't be restored", archive.display()))?;
        // The manifest may say anything: the database itself tells which tables it has.
        let migrations =
            backup::check_copy(&staged.database).await.context("the database in the backup is of no use")?;
        ensure!(
            migrations == manifest.migrations,
            "the database in the backup has other tables than its manifest says"
        );
        let moved =
            tokio::task::block_in_place(|| self.put_in_place(&staged, &manifest, stamp)).with_context(|| {
                format!("the restore into `{}` is incomplete; run it again with --force", self.data_dir.display())
            })?;
        Ok(Restored { manifest, moved })
    }

    fn put_in_place(&self, staged: &Staged, manifest: &Manifest, stamp: &str) -> anyhow::Result<Vec<PathBuf>> {
        let mark = self.data_dir.join(MARK);
        File::create(&mark)?.sync_all()?;
        sync_folder(&self.data_dir)?;
        let moved = self.move_aside(stamp)?;
        for (part, _) in manifest.parts() {
            let Part::Segment(number) = part else { continue };
            fs::rename(staged.path(part), self.journal.join(segment_name(number)))?;
        }
        fs::rename(&staged.database, &self.database)?;
        sync_folder(&self.journal)?;
        sync_folder(parent(&self.database))?;
        // Last, when all the renamings are on the disk.
        fs::remove_file(&mark)?;
        sync_folder(&self.data_dir)?;
        Ok(moved)
    }

    /// Renames what is there; where it went.
    fn move_aside(&self, stamp: &str) -> anyhow::Result<Vec<PathBuf>> {
        let mut moved = Vec::new();
        let aside = with_suffix(&self.database, &format!(".before-restore-{stamp}"));
        for suffix in BESIDE {
            let (from, to) = (with_suffix(&self.database, suffix), with_suffix(&aside, suffix));
            if from.symlink_metadata().is_err() {
                continue;
            }
            ensure!(to.symlink_metadata().is_err(), "`{}` exists already", to.display());
            fs::rename(&from, &to)?;
            if suffix.is_empty() {
                moved.push(to);
            }
        }
        let segments = list_segments(&self.journal)?;
        if !segments.is_empty() {
            // Within the journal's folder, which may be a volume of its own. Baton reads no folder there.
            let folder = self.journal.join(format!("before-restore-{stamp}"));
            fs::create_dir(&folder)?;
            for (number, path) in segments {
                fs::rename(path, folder.join(segment_name(number)))?;
            }
            sync_folder(&folder)?;
            moved.push(folder);
        }
        Ok(moved)
    }
}

/// What is unpacked and not in place yet; removed when dropped.
struct Staged {
    /// On the file system of its place, as the folder of the segments is: a renaming can't be half done.
    database: PathBuf,
    journal: PathBuf,
}

impl Staged {
    fn create(target: &RestoreTarget) -> anyhow::Result<Self> {
        let staged =
            Self { database: with_suffix(&target.database, ".restoring"), journal: target.journal.join("restoring") };
        // What a killed restore has left. The lock says that no other is under way.
        staged.remove();
        private::folder(&staged.journal)
            .with_context(|| format!("the folder `{}` can't be created", staged.journal.display()))?;
        Ok(staged)
    }

    fn path(&self, part: Part) -> PathBuf {
        match part {
            Part::Segment(number) => self.journal.join(segment_name(number)),
            Part::Database => self.database.clone(),
        }
    }

    fn unpack(&self, archive: &Path, bar: &ProgressBar) -> anyhow::Result<Manifest> {
        let file = File::open(archive)?;
        let found = file.metadata()?;
        if !found.is_file() {
            bail!("it is not a file");
        }
        let room = |bytes: u64| check_room(parent(&self.database), bytes);
        let open = |part: Part| File::create_new(self.path(part));
        read_archive(io::BufReader::new(file), found.len(), room, open, bar)
    }

    fn remove(&self) {
        let _ = fs::remove_file(&self.database);
        let _ = fs::remove_dir_all(&self.journal);
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Whether there is room for that many bytes, so that a full disk is not found in the middle.
fn check_room(folder: &Path, bytes: u64) -> anyhow::Result<()> {
    #[cfg(unix)]
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        ensure!(bytes <= free, "it needs {bytes} bytes, and the disk of `{}` has {free} left", folder.display());
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
