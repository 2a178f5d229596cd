//! The data file's schema: of the embedded catalogue, and of updates in Baton's own form.

use super::entry::{Entry, MODALITIES};
use super::fault::CatalogueFault;
use super::kind::Kind;
use super::price_text;
use super::quirks_file::QuirksFile;
use super::vendor::Vendor;
use baton_model::schema::{read_price, time};
use baton_model::{Capability, bounds, serde_words};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

// No field may be unknown, or a misspelled fact would be left out in silence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    /// The day of the newest fact.
    #[serde(default)]
    date: String,
    /// Where the facts come from, by the names that entries have: for people.
    #[serde(default, rename = "sources")]
    _sources: Vec<SourceFile>,
    /// What all models of a vendor have in common.
    #[serde(default)]
    vendors: IndexMap<String, VendorFile>,
    /// What models do by their names, whoever serves them.
    #[serde(default)]
    kinds: Vec<KindFile>,
    models: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VendorFile {
    #[serde(default)]
    quirks: QuirksFile,
    #[serde(default)]
    tiers: IndexMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindFile {
    /// Patterns of names, in which `*` stands for anything.
    names: Vec<String>,
    capabilities: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "date")]
    _date: String,
    #[serde(rename = "licence")]
    _licence: String,
    #[serde(rename = "gives")]
    _gives: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    vendor: String,
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    capabilities: Vec<String>,
    token_limit: Option<u64>,
    max_tokens: Option<u64>,
    #[serde(default)]
    reads: Vec<String>,
    #[serde(default)]
    writes: Vec<String>,
    deprecated: Option<String>,
    tokenizer: Option<String>,
    price: Option<Box<RawValue>>,
    #[serde(default)]
    quirks: QuirksFile,
    #[serde(default)]
    source: String,
    #[serde(default)]
    date: String,
}

/// A file as it was read.
pub(super) struct ReadFile {
    /// The day of its newest fact.
    pub date: String,
    /// The models.
    pub entries: Vec<Entry>,
    /// What models do by their names.
    pub kinds: Vec<Kind>,
    /// What all models of a vendor have in common.
    pub vendors: IndexMap<String, Vendor>,
}

/// Reads a file.
///
/// # Errors
/// Everything that is wrong with it, with its place: `models[3].price.input`.
pub(super) fn read(json: &[u8]) -> Result<ReadFile, Vec<CatalogueFault>> {
    let file: CatalogueFile = serde_json::from_slice(json)
        .map_err(|error| vec![CatalogueFault::new("", serde_words::describe(&error.to_string()).into_owned())])?;
    if file.models.len() > bounds::CATALOGUE {
        let problem = format!("must have at most {} entries, got {}", bounds::CATALOGUE, file.models.len());
        return Err(vec![CatalogueFault::new("models", problem)]);
    }
    let mut faults = Vec::new();
    let kinds = file.kinds.into_iter().enumerate().map(|(place, kind)| Kind {
        capabilities: capabilities(&format!("kinds[{place}].capabilities"), &kind.capabilities, &mut faults),
        names: kind.names,
    });
    let kinds = kinds.collect();
    let vendors: IndexMap<String, Vendor> = (file.vendors.into_iter())
        .map(|(name, vendor)| (name, Vendor { quirks: vendor.quirks.into(), tiers: vendor.tiers }))
        .collect();
    let mut entries = Vec::with_capacity(file.models.len());
    for (place, model) in file.models.iter().enumerate() {
        entries.extend(entry(&format!("models[{place}]"), model.get(), &file.date, &mut faults));
        if faults.len() > bounds::FAULTS {
            break;
        }
    }
    if faults.is_empty() { Ok(ReadFile { date: file.date, entries, kinds, vendors }) } else { Err(faults) }
}

fn entry(path: &str, json: &str, date: &str, faults: &mut Vec<CatalogueFault>) -> Option<Entry> {
    let file: EntryFile = match serde_json::from_str(json) {
        Ok(file) => file,
        Err(error) => {
            faults.push(CatalogueFault::new(path, serde_words::describe(&error.to_string()).into_owned()));
            return None;
        }
    };
    check_words(path, &file, faults);
    let price = match file.price.as_deref().map(|price| read_price(price.get())) {
        None => None,
        Some(Ok(price)) => Some(price),
        Some(Err(found)) => {
            let at = |fault: &str| if fault.is_empty() { String::new() } else { format!(".{fault}") };
            faults.extend(
                found
                    .into_iter()
                    .map(|fault| CatalogueFault::new(format!("{path}.price{}", at(&fault.path)), fault.problem)),
            );
            None
        }
    };
    Some(Entry {
        capabilities: capabilities(&format!("{path}.capabilities"), &file.capabilities, faults),
        price,
        vendor: file.vendor,
        id: file.id,
        aliases: file.aliases,
        token_limit: file.token_limit,
        max_tokens: file.max_tokens,
        reads: file.reads,
        writes: file.writes,
        deprecated: file.deprecated,
        quirks: file.quirks.into(),
        tokenizer: file.tokenizer,
        source: file.source,
        date: if file.date.is_empty() { date.to_owned() } else { file.date },
    })
}

fn check_words(path: &str, file: &EntryFile, faults: &mut Vec<CatalogueFault>) {
    let names = [("vendor", &file.vendor), ("id", &file.id)].into_iter();
    for (field, name) in names.chain(file.aliases.iter().map(|alias| ("aliases", alias))) {
        if name.is_empty() || name.len() > bounds::UPSTREAM {
            let problem = format!("must have 1 to {} bytes, got {}", bounds::UPSTREAM, name.len());
            faults.push(CatalogueFault::new(format!("{path}.{field}"), problem));
        }
    }
    for (field, words) in [("reads", &file.reads), ("writes", &file.writes)] {
        if let Some(word) = words.iter().find(|word| !MODALITIES.contains(&word.as_str())) {
            let problem = format!("`{}` is not one of {}", bounds::truncate(word, bounds::ID), MODALITIES.join(", "));
            faults.push(CatalogueFault::new(format!("{path}.{field}"), problem));
        }
    }
    if file.deprecated.as_deref().is_some_and(|day| time::read_day(day).is_none()) {
        faults.push(CatalogueFault::new(format!("{path}.deprecated"), "must be a date such as 2026-11-23"));
    }
}

fn capabilities(path: &str, names: &[String], faults: &mut Vec<CatalogueFault>) -> Vec<Capability> {
    let mut known = Vec::new();
    for name in names {
        match Capability::lookup(name) {
            Some(capability) => known.push(capability),
            None => {
                let all = Capability::ALL.map(Capability::name).join(", ");
                let name = bounds::truncate(name, bounds::ID);
                faults.push(CatalogueFault::new(path, format!("`{name}` is not one of {all}")));
            }
        }
    }
    known
}

/// Entries as a file in this form, without their quirks: those are facts of this program's own.
pub(super) fn write<'e>(date: &str, entries: impl IntoIterator<Item = &'e Entry>) -> String {
    let models: Vec<serde_json::Value> = entries.into_iter().map(value).collect();
    serde_json::json!({ "date": date, "models": models }).to_string()
}

/// An entry's members that are known.
fn value(entry: &Entry) -> serde_json::Value {
    let capabilities: Vec<&str> = entry.capabilities.iter().map(|capability| capability.name()).collect();
    // A `Value` would make floats of its numbers, so the amounts are written as strings.
    let price = entry.price.as_ref().map(price_text::of);
    let mut all = serde_json::json!({
        "vendor": entry.vendor, "id": entry.id, "aliases": entry.aliases, "capabilities": capabilities,
        "token_limit": entry.token_limit, "max_tokens": entry.max_tokens, "reads": entry.reads, "writes": entry.writes,
        "deprecated": entry.deprecated, "tokenizer": entry.tokenizer, "price": price, "source": entry.source,
        "date": entry.date,
    });
    if let Some(members) = all.as_object_mut() {
        members.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    }
    all
}
