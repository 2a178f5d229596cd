//! What an archive says of itself: its first file.

use anyhow::{Context, bail, ensure};
use baton_engine::ledger::segment_name;
use serde::{Deserialize, Serialize};

/// The name of the manifest's own file.
pub const MANIFEST: &str = "manifest.json";
/// The form of archives that this program writes and reads.
const FORMAT: u32 = 1;
/// The most bytes of a manifest.
pub const MOST_BYTES: u64 = 16 << 20;
/// The most segments and migrations; each start of Baton begins a segment, so there may be more than records would fill.
const MOST_ENTRIES: usize = 50_000;
/// The longest text in a manifest.
const LONGEST_TEXT: usize = 200;

/// What an archive holds, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The version of the Baton that made it.
    pub baton: String,
    /// When the backup began.
    pub created_at: String,
    /// The migrations that made the database's tables.
    pub migrations: Vec<String>,
    /// The files behind the manifest, in their order.
    pub(super) parts: Vec<ManifestPart>,
}

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ManifestPart {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// What a file of the archive is. Where it goes follows from this and never from a path in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The segment of the journal with that number.
    Segment(u64),
    /// The database.
    Database,
}

impl Part {
    pub fn name(self) -> String {
        match self {
            Self::Segment(number) => format!("journal/{}", segment_name(number)),
            Self::Database => "baton.db".into(),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let part = match name.strip_prefix("journal/") {
            Some(segment) => Self::Segment(segment.strip_suffix(".journal")?.parse().ok()?),
            None => Self::Database,
        };
        // By its name again, so that there is one way to write it: no `+1`, no `..`.
        (part.name() == name).then_some(part)
    }
}

impl Manifest {
    pub(super) fn new(created_at: String, migrations: Vec<String>, parts: Vec<ManifestPart>) -> Self {
        Self { format: FORMAT, baton: env!("CARGO_PKG_VERSION").into(), created_at, migrations, parts }
    }

    /// Reads a manifest. What it promises is checked with the parts themselves.
    ///
    /// # Errors
    /// If it is none, or one of another form; the first thing that is wrong.
    pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        /// Read first: another form may have other fields.
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let Form { format } = serde_json::from_slice(bytes).context("its manifest can't be read")?;
        ensure!(format == FORMAT, "its form is {format}, and this version reads {FORMAT}; use the Baton that made it");
        let manifest: Self = serde_json::from_slice(bytes).context("its manifest can't be read")?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks everything that the manifest alone can tell; the writer does it too, so that it makes nothing that can't
    /// be read again.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.parts.len() <= MOST_ENTRIES && self.migrations.len() <= MOST_ENTRIES,
            "it has more than {MOST_ENTRIES} files; start Baton once, which moves its journal into the database"
        );
        // These are printed: control characters could make a terminal show something else.
        let plain = |text: &str| text.len() <= LONGEST_TEXT && text.chars().all(|letter| letter.is_ascii_graphic());
        let texts = self.migrations.iter().chain([&self.baton, &self.created_at]);
        ensure!(texts.into_iter().all(|text| plain(text)), "its manifest has a text that is none of Baton's");
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let Some(known) = Part::parse(&part.name) else {
                bail!("its manifest names the file {:?}, which is none of Baton's", part.name);
            };
            parts.push(known);
        }
        ensure!(parts.is_sorted_by(|one, next| one < next), "its manifest names files twice or in another order");
        ensure!(parts.last() == Some(&Part::Database), "its manifest names no database");
        self.total().context("its manifest names sizes that can't be")?;
        Ok(())
    }

    /// Each part, and what it must be.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Part, &ManifestPart)> {
        self.parts.iter().filter_map(|part| Some((Part::parse(&part.name)?, part)))
    }

    /// Bytes of all parts together; `None` if that is no number.
    pub(super) fn total(&self) -> Option<u64> {
        self.parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.bytes))
    }

    /// How many segments of the journal it has.
    pub fn segments(&self) -> usize {
        self.parts.len().saturating_sub(1)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn manifest(names: &[&str]) -> Manifest {
        let part = |name: &&str| ManifestPart { name: (*name).into(), bytes: 1, sha256: "00".into() };
        Manifest::new("2026-11-28T09:00:00Z".into(), vec!["m1".into()], names.iter().map(part).collect())
    }

    #[test]
    fn names_outside_of_the_list_are_refused() {
        let segment = "journal/0000000000000001.journal";
        for names in [
            &["../baton.db"][..],
            &["/etc/passwd", "baton.db"],
            &["journal/../../1.journal", "baton.db"],
            &["journal/1.journal", "baton.db"],
            &["journal/+000000000000001.journal", "baton.db"],
            &["baton.db", segment],
            &[segment, segment, "baton.db"],
            &["baton.db", "baton.db"],
            &[segment],
            &[],
        ] {
            assert!(manifest(names).check().is_err(), "{names:?}");
        }
        manifest(&[segment, "journal/0000000000000002.journal", "baton.db"]).check().unwrap();
    }

    #[test]
    fn what_would_be_printed_is_plain() {
        let mut hostile = manifest(&["baton.db"]);
        hostile.baton = "1\u{1b}[2J".into();
        assert!(hostile.check().is_err());
    }

    #[test]
    fn another_form_is_refused_by_its_number() {
        let error = Manifest::read(br#"{"format":2,"parts":"elsewhere"}"#).unwrap_err();
        assert!(error.to_string().contains("its form is 2"), "{error}");
    }

    #[test]
    fn sizes_do_not_overflow() {
        let mut hostile = manifest(&["journal/0000000000000001.journal", "baton.db"]);
        for part in &mut hostile.parts {
            part.bytes = u64::MAX;
        }
        assert!(hostile.check().is_err());
    }
}
