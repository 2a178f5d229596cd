//! Makes an archive.
//!
//! The journal is copied first and the database after it. A record leaves the journal only once it is committed in the
//! database, so one that the copied journal lacks is in the database that is copied later. The other way round, a record
//! could move between the two copies and be in neither. A record that is in both is written twice at the restore, by its
//! request id, which changes nothing.
//!
//! Everything is made in a folder beside the archive, `FILE.partial`, and the whole archive gets its name at the end. A
//! backup that is killed leaves that folder, and the next one to the same file removes it.

use super::bar::begin;
use super::hash::{self, Hashed};
use super::manifest::{MANIFEST, Manifest, ManifestPart, Part};
use crate::private;
use anyhow::{Context, bail};
use baton_engine::ledger::{list_segments, lock_folder};
use baton_model::Timestamp;
use baton_store::{Store, backup};
use chrono::{DateTime, SecondsFormat};
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the growing copy of the database is looked at, for the bar.
const LOOK: Duration = Duration::from_millis(100);

/// What a backup has come to.
#[derive(Debug)]
pub struct BackupSummary {
    pub manifest: Manifest,
    /// Of the archive.
    pub bytes: u64,
    pub database_bytes: u64,
    pub journal_bytes: u64,
}

/// Writes an archive of the database and of the journal in that folder.
///
/// # Errors
/// If the file exists, or anything can't be read or written. Nothing has the archive's name then.
pub async fn write_backup(
    store: &Store,
    database: &Path,
    journal: &Path,
    file: &Path,
    now: Timestamp,
    bar: &ProgressBar,
) -> anyhow::Result<BackupSummary> {
    if file.symlink_metadata().is_ok() {
        bail!("`{}` exists already; choose another name, or remove it first", file.display());
    }
    let staging = Staging::create(file)?;
    let copying = (journal.to_owned(), staging.folder.clone(), bar.clone());
    let mut parts = blocking(move || copy_segments(&copying.0, &copying.1, &copying.2)).await?;
    let journal_bytes = parts.iter().map(|part| part.bytes).sum();

    let copy = staging.path(Part::Database);
    copy_database(store, database, &copy, bar).await.context("the database can't be copied")?;
    // Of the copy and not of the database, which a newer Baton may migrate at this moment. A damaged database is found
    // now, and not when the backup is needed.
    let migrations = backup::check_copy(&copy).await.context("the copy of the database is of no use")?;
    if migrations.is_empty() {
        bail!("`{}` has no tables of Baton; check `database.url` and `data_dir`", database.display());
    }

    let packing = (staging.folder.clone(), bar.clone(), file.to_owned());
    let archived = blocking(move || {
        let (folder, bar, file) = packing;
        parts.push(hash_database(&folder, &bar)?);
        let manifest = Manifest::new(written_time(now), migrations, parts);
        manifest.check().context("the backup could not be restored")?;
        let archive = folder.join("archive");
        let bytes = pack(&manifest, &folder, &archive, &bar)
            .with_context(|| format!("`{}` can't be written", archive.display()))?;
        // Only whole archives have the name. The folder is synchronized too, else a power cut could undo the renaming.
        fs::rename(&archive, &file).and_then(|()| sync_folder(parent(&file))).with_context(|| cannot_write(&file))?;
        let database_bytes = manifest.parts().map(|(_, part)| part.bytes).last().unwrap_or(0);
        Ok(BackupSummary { manifest, bytes, database_bytes, journal_bytes })
    });
    let summary = archived.await?;
    drop(staging);
    Ok(summary)
}

/// Runs what waits for the disk, off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("the work on the disk ended early")?
}

/// The folder in which an archive is made; removed when dropped.
struct Staging {
    folder: PathBuf,
    /// Two backups to one file at once would mix their parts.
    _lock: File,
}

impl Staging {
    fn create(file: &Path) -> anyhow::Result<Self> {
        let mut name: OsString = file.as_os_str().to_owned();
        name.push(".partial");
        let folder = PathBuf::from(name);
        if folder.symlink_metadata().is_ok() {
            let leftover =
                folder.join("lock").is_file() || fs::read_dir(&folder).is_ok_and(|mut list| list.next().is_none());
            if !leftover {
                bail!("`{}` exists and was made by something else; move it away", folder.display());
            }
        } else {
            // Not by `private::folder` alone, which would make the archive's folder too: a name that is mistyped.
            fs::create_dir(&folder).with_context(|| cannot_write(file))?;
        }
        private::folder(&folder).with_context(|| cannot_write(file))?;
        let lock = lock_folder(&folder).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => anyhow::anyhow!("another backup to `{}` is under way", file.display()),
            _ => anyhow::Error::new(error).context(cannot_write(file)),
        })?;
        let staging = Self { folder, _lock: lock };
        staging
            .clear()
            .and_then(|()| fs::create_dir(staging.folder.join("journal")))
            .with_context(|| cannot_write(file))?;
        Ok(staging)
    }

    /// Where a part is staged.
    fn path(&self, part: Part) -> PathBuf {
        self.folder.join(part.name())
    }

    /// Removes what a killed backup has left, but for the lock.
    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else if entry.file_name() != "lock" {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What stays is removed by the next backup.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn cannot_write(file: &Path) -> String {
    format!("`{}` can't be written", file.display())
}

/// The folder of a file.
pub(super) fn parent(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes renamings in a folder outlive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder can't be opened as a file, and the system does this by itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn written_time(time: Timestamp) -> String {
    let time = DateTime::from_timestamp_micros(time.0).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Copies the segments as they are now, in order: an end stands in the segment of its start or in a later one, so a start
/// whose end was missed is only one that had not ended when the backup began.
fn copy_segments(journal: &Path, staging: &Path, bar: &ProgressBar) -> anyhow::Result<Vec<ManifestPart>> {
    let unreadable = || format!("the journal in `{}` can't be read", journal.display());
    let segments = match list_segments(journal) {
        // No Baton has run on this data folder yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.with_context(unreadable)?,
    };
    begin(bar, "copying the journal", segments.values().filter_map(|path| Some(path.metadata().ok()?.len())).sum());
    let mut parts = Vec::new();
    for (number, path) in segments {
        let mut segment = match File::open(&path) {
            // Baton has deleted it meanwhile, because its records are in the database.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.with_context(unreadable)?,
        };
        let name = Part::Segment(number).name();
        let mut copy = File::create_new(staging.join(&name)).context("the journal can't be copied")?;
        // The newest segment grows meanwhile: its last entry may be cut off, which readers of the journal pass over.
        let Hashed { bytes, sha256 } =
            hash::copy(&mut segment, &mut copy, bar).context("the journal can't be copied")?;
        if bytes > 0 {
            parts.push(ManifestPart { name, bytes, sha256 });
        }
    }
    Ok(parts)
}

async fn copy_database(store: &Store, database: &Path, copy: &Path, bar: &ProgressBar) -> anyhow::Result<()> {
    begin(bar, "copying the database", database.metadata().map_or(0, |file| file.len()));
    let mut copying = std::pin::pin!(backup::write_copy(store, copy));
    loop {
        tokio::select! {
            done = &mut copying => return Ok(done?),
            () = tokio::time::sleep(LOOK) => bar.set_position(copy.metadata().map_or(0, |file| file.len())),
        }
    }
}

fn hash_database(staging: &Path, bar: &ProgressBar) -> anyhow::Result<ManifestPart> {
    let name = Part::Database.name();
    let mut copy = File::open(staging.join(&name)).context("the copy of the database can't be read")?;
    begin(bar, "computing checksums", copy.metadata().map_or(0, |file| file.len()));
    let Hashed { bytes, sha256 } =
        hash::copy(&mut copy, &mut io::sink(), bar).context("the copy of the database can't be read")?;
    Ok(ManifestPart { name, bytes, sha256 })
}

/// Packs what is staged; the size of the archive.
fn pack(manifest: &Manifest, staging: &Path, archive: &Path, bar: &ProgressBar) -> anyhow::Result<u64> {
    begin(bar, "writing the archive", manifest.total().unwrap_or(0));
    // Fast, because Baton may be serving on this machine; a ledger repeats itself enough to become small even so.
    let compressed = GzEncoder::new(BufWriter::new(private_file(archive)?), Compression::fast());
    let mut packed = tar::Builder::new(compressed);
    let description = serde_json::to_vec_pretty(manifest)?;
    packed.append(&header(MANIFEST, description.len() as u64)?, description.as_slice())?;
    for (part, described) in manifest.parts() {
        let copy = File::open(staging.join(part.name()))?;
        packed.append(&header(&described.name, described.bytes)?, bar.wrap_read(copy))?;
    }
    let file = packed.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// A new file that nobody else reads, whatever the mask of the process.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn header(name: &str, bytes: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(bytes);
    // For whoever unpacks it by hand.
    header.set_mode(0o600);
    header.set_cksum();
    Ok(header)
}
