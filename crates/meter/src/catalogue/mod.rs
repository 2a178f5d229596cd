//! What is known of the vendors' models: prices, context windows, quirks.
//!
//! The facts stand in `data/catalogue.json`, sorted and dated; the file names where they come from. It was made by a
//! script from a snapshot of models.dev and the prices of genai-prices (both MIT), in the schema of `file.rs`: money as
//! decimal strings, dated snapshots of a model as its aliases where nothing else differs. To change a fact, edit the
//! file; a registration's own price and limits win over it.

mod entry;
mod file;
mod kind;

pub use entry::Entry;

use baton_model::Capability;
use kind::Kind;
use std::collections::HashMap;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let (entries, kinds) = file::read();
    Catalogue::new(entries, kinds)
});

struct Catalogue {
    entries: Vec<Entry>,
    /// Places in `entries`, by name; ids before aliases.
    names: HashMap<String, Vec<usize>>,
    kinds: Vec<Kind>,
}

impl Catalogue {
    fn new(entries: Vec<Entry>, kinds: Vec<Kind>) -> Self {
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
        Self { entries, names, kinds }
    }

    fn lookup(&self, vendor: &str, name: &str) -> Option<&Entry> {
        let places = self.names.get(name)?;
        places.iter().filter_map(|place| self.entries.get(*place)).find(|entry| entry.vendor == vendor)
    }
}

/// What is known of a vendor's model, by the vendor's name for it: its id, else an alias, else the name without the
/// date at its end (`gpt-4o-2025-01-02`, `claude-opus-4-6-20260205`).
pub fn lookup(vendor: &str, upstream: &str) -> Option<Entry> {
    let catalogue = &*CATALOGUE;
    let known = catalogue.lookup(vendor, upstream);
    // A new snapshot of a known model costs what the model costs, until the catalogue says otherwise.
    known.or_else(|| catalogue.lookup(vendor, strip_date(upstream)?)).cloned()
}

/// What a model of that name does, where nothing else is known of it; nothing if it is of a kind that no API of Baton
/// has (video, live audio), `None` if the name does not tell.
pub fn capabilities_by_name(upstream: &str) -> Option<&'static [Capability]> {
    let kind = CATALOGUE.kinds.iter().find(|kind| kind.has(upstream))?;
    Some(&kind.capabilities)
}

/// Everything that is known, by vendor and id.
pub fn entries() -> &'static [Entry] {
    &CATALOGUE.entries
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
