//! What is known of the vendors' models: prices, context windows, what they read and write, quirks.
//!
//! The facts stand in `data/catalogue.json`, sorted and dated; the file names where they come from. `cargo xtask catalogue
//! import` takes over the facts of models.dev and of LiteLLM's map (both MIT) and keeps what was written by hand: quirks,
//! aliases, kinds. `cargo xtask catalogue check` looks for gaps and impossible numbers. To change a fact, edit the file; a
//! registration's own price and limits win over it. A running Baton takes newer facts over the built-in ones
//! ([`Catalogue::updated`]); other lists' shapes are read by [`import`].

pub mod check;
mod entry;
mod fault;
mod file;
pub mod import;
mod kind;
mod merge;
mod price_text;
mod quirks_file;
mod vendor;

pub use entry::{Entry, MODALITIES};
pub use fault::CatalogueFault;
pub use merge::{Effective, PriceChange, UpdateReport};

use baton_model::Capability;
use indexmap::IndexMap;
use kind::Kind;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use vendor::Vendor;

/// The file, packed by the build script: without blanks, and compressed.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.packed"));

static BUILT_IN: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(unpack()));

/// What is known of models.
#[derive(Debug)]
pub struct Catalogue {
    date: String,
    entries: Vec<Entry>,
    /// Places in `entries`, by name; ids before aliases.
    names: HashMap<String, Vec<usize>>,
    kinds: Vec<Kind>,
    vendors: IndexMap<String, Vendor>,
}

impl Catalogue {
    fn new(date: String, mut entries: Vec<Entry>, kinds: Vec<Kind>, vendors: IndexMap<String, Vendor>) -> Self {
        for entry in &mut entries {
            if let Some(common) = vendors.get(&entry.vendor) {
                entry.quirks = common.quirks.overlaid_by(&entry.quirks);
                entry.price = entry.price.take().map(|price| common.complete(price));
            }
        }
        let mut names = HashMap::<String, Vec<usize>>::new();
        for (place, entry) in entries.iter().enumerate() {
            names.entry(entry.id.clone()).or_default().push(place);
        }
        // Aliases after all ids: a name that is both means the model that has it as its id.
        for (place, entry) in entries.iter().enumerate() {
            for alias in &entry.aliases {
                names.entry(alias.clone()).or_default().push(place);
            }
        }
        Self { date, entries, names, kinds, vendors }
    }

    /// The catalogue that is part of the program. Read at the first use.
    pub fn built_in() -> Arc<Self> {
        Arc::clone(&BUILT_IN)
    }

    /// Reads a catalogue in Baton's own form.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its place.
    pub fn read(json: &[u8]) -> Result<Self, Vec<CatalogueFault>> {
        let file::ReadFile { date, entries, kinds, vendors } = file::read(json)?;
        Ok(Self::new(date, entries, kinds, vendors))
    }

    /// Its entries in Baton's own form, with amounts as decimal strings; without quirks, which no update changes.
    pub fn write(&self) -> String {
        file::write(&self.date, &self.entries)
    }

    /// A catalogue of these entries alone.
    pub fn of_entries(date: impl Into<String>, entries: Vec<Entry>) -> Self {
        Self::new(date.into(), entries, Vec::new(), IndexMap::new())
    }

    /// The day of its newest fact, as `2026-11-27`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Everything that is known, by vendor and id.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is known of a vendor's model, by the vendor's name for it: its id, else an alias, else the name without the
    /// date at its end (`gpt-4o-2025-01-02`, `claude-opus-4-6-20260205`).
    pub fn lookup(&self, vendor: &str, upstream: &str) -> Option<&Entry> {
        // A new snapshot of a known model costs what the model costs, until the catalogue says otherwise.
        self.lookup_name(vendor, upstream).or_else(|| self.lookup_name(vendor, strip_date(upstream)?))
    }

    fn lookup_name(&self, vendor: &str, name: &str) -> Option<&Entry> {
        let places = self.names.get(name)?;
        places.iter().filter_map(|place| self.entries.get(*place)).find(|entry| entry.vendor == vendor)
    }
}

/// What the built-in catalogue knows of a vendor's model: see [`Catalogue::lookup`].
pub fn lookup(vendor: &str, upstream: &str) -> Option<Entry> {
    BUILT_IN.lookup(vendor, upstream).cloned()
}

/// What a model of that name does, where nothing else is known of it; nothing if it is of a kind that no API of Baton
/// has (video, live audio), `None` if the name does not tell.
pub fn capabilities_by_name(upstream: &str) -> Option<&'static [Capability]> {
    let kind = BUILT_IN.kinds.iter().find(|kind| kind.has(upstream))?;
    Some(&kind.capabilities)
}

/// Everything that the built-in catalogue knows, by vendor and id.
pub fn entries() -> &'static [Entry] {
    &BUILT_IN.entries
}

#[expect(clippy::expect_used, reason = "the file is part of the program; a test reads all of it")]
fn unpack() -> Catalogue {
    let json = lz4_flex::decompress_size_prepended(PACKED).expect("the build script has packed the catalogue");
    Catalogue::read(&json).expect("the embedded catalogue is valid")
}

/// The name without `-YYYY-MM-DD` or `-YYYYMMDD` at its end.
fn strip_date(name: &str) -> Option<&str> {
    let ends_with = |pattern: &str| {
        let start = name.len().checked_sub(pattern.len())?;
        // By pattern and not by a calendar: OpenAI writes 2024-08-06 and Anthropic 20250929, and a name may end in
        // any digits that look so.
        let fits = name.bytes().skip(start).zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            _ => byte == wanted,
        });
        if fits { name.get(..start) } else { None }
    };
    ends_with("-0000-00-00").or_else(|| ends_with("-00000000")).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests;
