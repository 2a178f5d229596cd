//! Reads an archive. Whoever made it is unknown, so nothing of it decides where bytes go or how many there may be: names
//! come from a fixed list, sizes from the manifest, and the manifest's sizes from what a file of that length can hold.

use super::bar::begin;
use super::hash::{self, Hashed};
use super::manifest::{MANIFEST, MOST_BYTES, Manifest, ManifestPart, Part};
use anyhow::{Context, bail, ensure};
use baton_store::backup::find_unknown_migration;
use flate2::read::GzDecoder;
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use tar::{Archive, Entry};

/// The most bytes that a byte of gzip can become (the format's bound is 1032).
const MOST_EXPANSION: u64 = 1_040;
/// What may stand behind the last part: the end of a tar, and its padding.
const MOST_PADDING: u64 = 1 << 20;

/// Reads an archive of `length` bytes, and writes each part into the file that `open` makes for it. Whoever calls it
/// removes those files if it fails.
///
/// # Errors
/// If it is no archive, a damaged one, or one that this program can't use; the first thing that is wrong.
pub(super) fn read_archive(
    archive: impl Read,
    length: u64,
    room: impl FnOnce(u64) -> anyhow::Result<()>,
    mut open: impl FnMut(Part) -> io::Result<File>,
    bar: &ProgressBar,
) -> anyhow::Result<Manifest> {
    let mut unpacked = Archive::new(GzDecoder::new(archive));
    // Raw: names of any length and other extensions are not put together in memory; their entries are refused below.
    let mut entries = unpacked.entries()?.raw(true);
    let manifest = read_manifest(&mut next(&mut entries)?)?;
    let total = manifest.total().unwrap_or(u64::MAX);
    ensure!(
        total <= length.saturating_mul(MOST_EXPANSION),
        "its manifest promises more than a file of its size can hold"
    );
    if let Some(migration) = find_unknown_migration(&manifest.migrations) {
        bail!(
            "it was made by Baton {} and has the migration `{migration}`, which this version ({}) does not know; restore it \
             with Baton {0} or newer",
            manifest.baton,
            env!("CARGO_PKG_VERSION")
        );
    }
    room(total)?;
    begin(bar, "unpacking", total);
    for (part, described) in manifest.parts() {
        let mut entry = next(&mut entries)?;
        check_header(&entry, &described.name, described.bytes)?;
        let mut file = open(part).with_context(|| format!("`{}` can't be unpacked", described.name))?;
        read_part(&mut entry, described, &mut file, bar)?;
    }
    match entries.next() {
        None => {}
        Some(Ok(_)) => bail!("it has more files than its manifest names"),
        Some(Err(error)) => return Err(error).context("it is damaged or cut off"),
    }
    // To the end of the compressed bytes, whose checksum stands there.
    let behind = io::copy(&mut unpacked.into_inner().take(MOST_PADDING), &mut io::sink()).context("it is cut off")?;
    ensure!(behind < MOST_PADDING, "it goes on behind its last file");
    Ok(manifest)
}

fn next<'a, R: Read>(entries: &mut tar::Entries<'a, R>) -> anyhow::Result<Entry<'a, R>> {
    entries.next().context("it ends too early")?.context("it is no backup, or is damaged")
}

fn read_manifest(entry: &mut Entry<'_, impl Read>) -> anyhow::Result<Manifest> {
    ensure!(entry.size() <= MOST_BYTES, "its first file is too large for a manifest");
    check_header(entry, MANIFEST, entry.size())?;
    let mut text = Vec::new();
    entry.read_to_end(&mut text).context("it is damaged or cut off")?;
    ensure!(text.len() as u64 == entry.size(), "it is cut off");
    Manifest::read(&text)
}

/// Whether the next file is the expected one, and a plain file.
fn check_header(entry: &Entry<'_, impl Read>, name: &str, bytes: u64) -> anyhow::Result<()> {
    let header = entry.header();
    ensure!(
        header.path_bytes().as_ref() == name.as_bytes() && header.entry_type().is_file() && entry.size() == bytes,
        "it does not have the file `{name}` of {bytes} bytes where its manifest says"
    );
    Ok(())
}

fn read_part(
    entry: &mut impl Read,
    described: &ManifestPart,
    file: &mut File,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let copied = hash::copy(entry, file, bar).map_err(|error| match error.kind() {
        // Of the decompression; other errors are of the disk.
        ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            anyhow::anyhow!("it is cut off or damaged in `{}`", described.name)
        }
        _ => anyhow::Error::new(error).context(format!("`{}` can't be unpacked", described.name)),
    });
    let Hashed { bytes, sha256 } = copied?;
    ensure!(bytes == described.bytes, "it is cut off in `{}`", described.name);
    ensure!(sha256 == described.sha256, "`{}` in it is damaged: its checksum is not the manifest's", described.name);
    file.sync_all().with_context(|| format!("`{}` can't be unpacked", described.name))
}
