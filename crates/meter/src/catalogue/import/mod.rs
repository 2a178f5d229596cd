//! Lists of prices that others keep, in their own shapes: Baton's own, models.dev's `api.json`, LiteLLM's map.

mod listed;
mod litellm;
mod models_dev;
mod numbers;
mod vendors;

pub use vendors::VENDORS;

use super::{Catalogue, CatalogueFault};
use baton_model::bounds;
use listed::Listed;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Whose shape a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// That of `crates/meter/data/catalogue.json`.
    Baton,
    /// That of <https://models.dev/api.json>.
    ModelsDev,
    /// That of LiteLLM's `model_prices_and_context_window.json`.
    LiteLlm,
}

impl Form {
    /// Its name: `baton`, `models.dev`, `litellm`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baton => "baton",
            Self::ModelsDev => "models.dev",
            Self::LiteLlm => "litellm",
        }
    }
}

/// A list as it was read.
#[derive(Debug)]
pub struct Import {
    /// Whose shape it had.
    pub form: Form,
    /// The models of known vendors.
    pub catalogue: Catalogue,
    /// How many models were passed over: of vendors that are not known, or with nothing that is billed by a class.
    pub skipped: u64,
}

impl Import {
    /// Whether its prices complete known ones; else they replace them. Others' lists lack what they have no word for,
    /// such as what an hour in the cache or a search costs.
    pub fn completes(&self) -> bool {
        self.form != Form::Baton
    }
}

/// Reads a list in any of the shapes; `source` and `date` are noted with each model, unless it says its own.
///
/// # Errors
/// Everything that is wrong with it, with its place: `openai.models.gpt-5.cost.input`. Nothing of a list with a fault is
/// taken over.
pub fn read(json: &[u8], source: &str, date: &str) -> Result<Import, Vec<CatalogueFault>> {
    if json.len() > bounds::CATALOGUE_BYTES {
        let problem = format!("must have at most {} bytes, got {}", bounds::CATALOGUE_BYTES, json.len());
        return Err(vec![CatalogueFault::new("", problem)]);
    }
    let whole =
        || CatalogueFault::new("", "must be a JSON object: Baton's catalogue, models.dev's api.json or LiteLLM's map");
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(json).map_err(|_| vec![whole()])?;
    let mut import = match form(&members).ok_or_else(|| vec![whole()])? {
        Form::Baton => Import { form: Form::Baton, catalogue: own(json, source, date)?, skipped: 0 },
        Form::ModelsDev => others(Form::ModelsDev, models_dev::read(&members, source, date)?, date),
        Form::LiteLlm => others(Form::LiteLlm, litellm::read(&members, source, date)?, date),
    };
    if import.catalogue.entries.len() > bounds::CATALOGUE {
        let problem = format!("must have at most {} models", bounds::CATALOGUE);
        return Err(vec![CatalogueFault::new("", problem)]);
    }
    let impossible: Vec<CatalogueFault> = import.catalogue.entries.iter().flat_map(super::check::impossible).collect();
    if import.form == Form::Baton && !impossible.is_empty() {
        return Err(impossible);
    }
    // Large lists of others always have some nonsense somewhere. It is left out, model by model.
    if !impossible.is_empty() {
        let entries = std::mem::take(&mut import.catalogue.entries);
        let (good, bad): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| super::check::impossible(entry).is_empty());
        import.skipped += bad.len() as u64;
        import.catalogue = Catalogue::of_entries(date, good);
    }
    Ok(import)
}

fn others(form: Form, list: Listed, date: &str) -> Import {
    Import { form, catalogue: Catalogue::of_entries(date, list.entries), skipped: list.skipped }
}

fn own(json: &[u8], source: &str, date: &str) -> Result<Catalogue, Vec<CatalogueFault>> {
    let catalogue = Catalogue::read(json)?;
    let mut entries = catalogue.entries;
    for entry in &mut entries {
        if entry.source.is_empty() {
            source.clone_into(&mut entry.source);
        }
        if entry.date.is_empty() {
            date.clone_into(&mut entry.date);
        }
    }
    Ok(Catalogue::of_entries(catalogue.date, entries))
}

fn form(members: &BTreeMap<String, Box<RawValue>>) -> Option<Form> {
    if members.get("models").is_some_and(|models| models.get().starts_with('[')) {
        return Some(Form::Baton);
    }
    let has = |member: &str| members.values().take(8).any(|value| has_member(value.get(), member));
    if has("litellm_provider") || has("input_cost_per_token") {
        return Some(Form::LiteLlm);
    }
    has("models").then_some(Form::ModelsDev)
}

fn has_member(json: &str, member: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, &RawValue>>(json).is_ok_and(|members| members.contains_key(member))
}

#[cfg(test)]
mod tests;
