//! Archives that nobody of good will has made.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::bar::progress_bar;
use super::target::RestoreTarget;
use super::write::write_backup;
use baton_model::Timestamp;
use baton_store::Store;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Bytes of a segment; what they say is no matter here.
const SEGMENT: &[u8] = b"some entries of the journal";

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap())
}

/// A good archive, made once.
fn archive() -> &'static [u8] {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("baton.db");
        let journal = folder.path().join("journal");
        std::fs::create_dir(&journal).unwrap();
        std::fs::write(journal.join("0000000000000007.journal"), SEGMENT).unwrap();
        let file = folder.path().join("backup.tar.gz");
        runtime().block_on(async {
            let store = Store::open(&format!("sqlite:{}", database.display())).await.unwrap();
            store.migrate().await.unwrap();
            write_backup(&store, &database, &journal, &file, Timestamp(0), &progress_bar()).await.unwrap();
            store.close().await;
        });
        assert!(!folder.path().join("backup.tar.gz.partial").exists());
        std::fs::read(file).unwrap()
    })
}

/// Restores bytes into an empty folder.
fn restore(bytes: &[u8]) -> (TempDir, Result<(), String>) {
    let folder = tempfile::tempdir().unwrap();
    let outcome = restore_into(folder.path(), bytes);
    (folder, outcome)
}

fn restore_into(folder: &Path, bytes: &[u8]) -> Result<(), String> {
    let file = folder.join("archive");
    std::fs::write(&file, bytes).unwrap();
    let target = RestoreTarget::lock(&folder.join("data"), &folder.join("data/baton.db")).unwrap();
    let restored = runtime().block_on(target.restore(&file, "then", &progress_bar()));
    restored.map(drop).map_err(|error| format!("{error:#}"))
}

/// Every file below a folder but the lock.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "lock" {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

/// Refused, with these words, and nothing of it is left anywhere.
fn check_refused(bytes: &[u8], words: &str) {
    let (folder, outcome) = restore(bytes);
    let error = outcome.unwrap_err();
    assert!(error.contains(words), "expected `{words}` in: {error}");
    assert_eq!(files(folder.path()), [folder.path().join("archive").display().to_string()], "{error}");
}

/// The files of the good archive, to be put together otherwise.
fn entries() -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive()));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    archive.entries().unwrap().map(read).collect()
}

/// An archive of these files; names are written as they are, whatever they are.
fn pack(entries: &[(String, Vec<u8>)], kind: tar::EntryType) -> Vec<u8> {
    let mut packed = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (place, (name, bytes)) in entries.iter().enumerate() {
        let mut header = tar::Header::new_ustar();
        // `set_path` would refuse some.
        header.as_old_mut().name.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        header.set_size(bytes.len() as u64);
        header.set_entry_type(if place == 0 { tar::EntryType::Regular } else { kind });
        header.set_cksum();
        packed.append(&header, bytes.as_slice()).unwrap();
    }
    packed.into_inner().unwrap().finish().unwrap()
}

/// Every byte in its place is one of the good archive.
fn check_restored(folder: &Path) {
    let data = folder.join("data");
    assert_eq!(std::fs::read(data.join("journal/0000000000000007.journal")).unwrap(), SEGMENT);
    let database = std::fs::read(data.join("baton.db")).unwrap();
    assert!(database == entries().last().unwrap().1, "the database is another one");
}

/// The good archive with another manifest.
fn with_manifest(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut entries = entries();
    let mut manifest: Value = serde_json::from_slice(&entries.first().unwrap().1).unwrap();
    change(&mut manifest);
    entries.first_mut().unwrap().1 = manifest.to_string().into_bytes();
    pack(&entries, tar::EntryType::Regular)
}

#[test]
fn a_good_archive_is_restored_and_old_files_are_moved_aside() {
    let (folder, outcome) = restore(archive());
    outcome.unwrap();
    let data = folder.path().join("data");
    check_restored(folder.path());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(data.metadata().unwrap().permissions().mode() & 0o077, 0, "others can read the data folder");
    }
    std::fs::write(data.join("baton.db-wal"), "changes that are only in the log").unwrap();
    restore_into(folder.path(), archive()).unwrap();
    let names = [
        "baton.db",
        "baton.db.before-restore-then",
        "baton.db.before-restore-then-wal",
        "journal/0000000000000007.journal",
        "journal/before-restore-then/0000000000000007.journal",
    ];
    assert_eq!(files(&data), names.map(|name| data.join(name).display().to_string()));
    // The same archive put together by other hands is as good.
    restore(&pack(&entries(), tar::EntryType::Regular)).1.unwrap();
}

#[test]
fn what_no_baton_would_write_is_refused() {
    let renamed = |name: &str| {
        let mut entries = entries();
        entries.last_mut().unwrap().0 = name.into();
        pack(&entries, tar::EntryType::Regular)
    };
    check_refused(&renamed("../../baton.db"), "where its manifest says");
    check_refused(&renamed("/tmp/baton.db"), "where its manifest says");
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::GNULongName, tar::EntryType::XHeader] {
        check_refused(&pack(&entries(), kind), "where its manifest says");
    }
    check_refused(&with_manifest(|all| all["parts"][1]["name"] = json!("../baton.db")), "none of Baton's");
    check_refused(&with_manifest(|all| all["parts"][1]["bytes"] = json!(1_u64 << 50)), "can hold");
    check_refused(&with_manifest(|all| all["parts"][1]["bytes"] = json!(3)), "where its manifest says");
    check_refused(&with_manifest(|all| all["parts"][0]["sha256"] = json!("00")), "checksum");
    check_refused(&with_manifest(|all| all["format"] = json!(2)), "form is 2");
    check_refused(&with_manifest(|all| all["migrations"].as_array_mut().unwrap().truncate(3)), "other tables");
    let mut more = entries();
    more.push(("more".into(), vec![1]));
    check_refused(&pack(&more, tar::EntryType::Regular), "more files");
    check_refused(&pack(&entries()[..2], tar::EntryType::Regular), "too early");
    check_refused(b"", "it is no backup");
    check_refused(b"not an archive", "it is no backup");
}

#[test]
fn a_backup_of_a_newer_program_is_refused_by_its_migration() {
    let newer = with_manifest(|all| {
        all["baton"] = json!("9.9.9");
        all["migrations"].as_array_mut().unwrap().push(json!("m29991231_more"));
    });
    check_refused(&newer, "`m29991231_more`, which this version");
}

#[test]
fn a_database_that_is_none_is_refused_whatever_its_checksum() {
    let mut entries = entries();
    let text = b"no database".to_vec();
    let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut manifest: Value = serde_json::from_slice(&entries.first().unwrap().1).unwrap();
    manifest["parts"][1]["bytes"] = json!(text.len());
    manifest["parts"][1]["sha256"] = json!(digest);
    entries.first_mut().unwrap().1 = manifest.to_string().into_bytes();
    entries.last_mut().unwrap().1 = text;
    check_refused(&pack(&entries, tar::EntryType::Regular), "not a SQLite database");
}

#[test]
fn nothing_is_touched_by_an_archive_that_is_refused() {
    let (folder, outcome) = restore(archive());
    outcome.unwrap();
    let before = files(&folder.path().join("data"));
    // Without the last byte, and without the second half.
    for length in [archive().len() - 1, archive().len() / 2] {
        let error = restore_into(folder.path(), &archive()[..length]).unwrap_err();
        assert!(error.contains("it is cut off"), "{error}");
    }
    assert_eq!(files(&folder.path().join("data")), before);
}

#[test]
fn a_bomb_is_refused_without_being_unpacked() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let mut header = tar::Header::new_ustar();
    header.set_path("manifest.json").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    bomb.write_all(header.as_bytes()).unwrap();
    bomb.write_all(&vec![b' '; 64 << 20]).unwrap();
    check_refused(&bomb.finish().unwrap(), "too large for a manifest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_archive_that_is_cut_off_is_refused(part in 0.0..1.0_f64) {
        let length = (archive().len() as f64 * part) as usize;
        check_refused(&archive()[..length.min(archive().len() - 1)], "");
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        check_refused(&bytes, "");
    }

    /// Random bytes where only the checksums of gzip and of the manifest can tell, and not the frame around them.
    #[test]
    fn a_changed_byte_is_refused_or_changes_nothing(place in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut bytes = archive().to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= by;
        let (folder, outcome) = restore(&bytes);
        match outcome {
            // Some bytes of gzip's header say nothing, and a repetition may be written in several ways.
            Ok(()) => check_restored(folder.path()),
            Err(_) => prop_assert_eq!(files(folder.path()).len(), 1),
        }
    }

    /// The same below gzip: tar and the manifest alone.
    #[test]
    fn a_changed_byte_of_the_tar_is_refused_or_changes_nothing(place in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut unpacked = Vec::new();
        GzDecoder::new(archive()).read_to_end(&mut unpacked).unwrap();
        let place = place.index(unpacked.len());
        unpacked[place] ^= by;
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&unpacked).unwrap();
        let (folder, outcome) = restore(&packed.finish().unwrap());
        match outcome {
            // Padding, or a text of the manifest that only informs.
            Ok(()) => check_restored(folder.path()),
            Err(_) => prop_assert_eq!(files(folder.path()).len(), 1),
        }
    }
}
