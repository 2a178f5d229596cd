//! Takes over the facts of others' lists.

use super::models_dev;
use super::write::{self, file};
use anyhow::Context;
use baton_meter::catalogue::import::{self, Form};
use baton_meter::catalogue::{Catalogue, CatalogueFault, Effective, Entry};
use baton_model::schema::time;
use baton_model::{Capability, Timestamp};
use clap::Args;
use std::path::PathBuf;

/// Takes over the facts of models.dev and of LiteLLM's map; what was written by hand stays
///
/// Prices of a newer list win over older ones; what a list has no word for stays, as do quirks, aliases and kinds.
#[derive(Args)]
pub struct Import {
    /// A checkout of models.dev
    #[arg(long, value_name = "DIR", requires = "models_dev_date")]
    models_dev: Option<PathBuf>,
    /// The day of its newest commit
    #[arg(long, value_name = "DATE")]
    models_dev_date: Option<String>,
    /// LiteLLM's `model_prices_and_context_window.json`
    #[arg(long, value_name = "FILE", requires = "litellm_date")]
    litellm: Option<PathBuf>,
    /// The day on which it was published
    #[arg(long, value_name = "DATE")]
    litellm_date: Option<String>,
    /// Vendors whose models are taken from LiteLLM's map where nothing is known of them yet
    #[arg(long, value_name = "VENDORS", value_delimiter = ',', default_value = NEW_IN_LITELLM)]
    litellm_new: Vec<String>,
    /// The day of today: models that were taken out of service before it are left out
    #[arg(long, value_name = "DATE")]
    today: String,
}

/// Of the others the map has what they once listed.
const NEW_IN_LITELLM: &str = "anthropic,cohere,deepseek,gemini,groq,mistral,moonshot,openai,xai";

/// Sources whose amounts were compared with the vendors' own pages: no list wins over them.
const BY_HAND: [&str; 2] = ["genai-prices", "vendor"];

impl Import {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(file()).context("the catalogue can't be read")?;
        let mut catalogue = Catalogue::read(text.as_bytes()).map_err(faults)?;
        let now = time::read_day(&self.today).context("--today must be a date such as 2026-11-23")?;
        let models_dev = self.models_dev.as_deref().zip(self.models_dev_date.as_deref());
        let litellm = self.litellm.as_deref().zip(self.litellm_date.as_deref());
        if let Some((checkout, date)) = models_dev {
            let list = import::read(models_dev::api_json(checkout)?.as_bytes(), "models.dev", date).map_err(faults)?;
            catalogue = self.take_over(&catalogue, list, now);
        }
        if let Some((map, date)) = litellm {
            let list = import::read(&std::fs::read(map)?, "litellm", date).map_err(faults)?;
            catalogue = self.take_over(&catalogue, list, now);
        }
        std::fs::write(file(), write::catalogue(&text, catalogue.entries())?)?;
        println!("{} models", catalogue.entries().len());
        Ok(())
    }

    fn is_current(&self, entry: &Entry) -> bool {
        entry.deprecated.as_deref().is_none_or(|day| day > self.today.as_str())
    }

    fn take_over(&self, known: &Catalogue, list: import::Import, now: Timestamp) -> Catalogue {
        let form = list.form;
        let entries = list.catalogue.entries().iter().filter_map(|entry| self.wanted(known, form, entry));
        let list = Catalogue::of_entries(list.catalogue.date(), entries.collect());
        let (after, report) = known.updated(&list, true, Effective::Always, now);
        println!(
            "{}: {} new, {} facts changed, {} as before",
            form.name(),
            report.added.len(),
            report.changed.len(),
            report.unchanged
        );
        for change in report.changed.iter().filter(|change| change.before.is_some()) {
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let (vendor, model, what) = (&change.vendor, &change.model, &change.what);
            println!("  {vendor}/{model} {what}: {} -> {}", before.unwrap_or("none"), after.unwrap_or("none"));
        }
        after
    }

    /// The entry as it is taken over: of a known model that was looked at later, only what nobody has said yet.
    fn wanted(&self, known: &Catalogue, form: Form, new: &Entry) -> Option<Entry> {
        let Some(old) = known.lookup(&new.vendor, &new.id) else {
            let may_be_new = form != Form::LiteLlm || self.litellm_new.contains(&new.vendor);
            // A chat of unknown size can't be checked to fit, and is of no use to anybody.
            let sized = new.token_limit.is_some() || !new.capabilities.contains(&Capability::Chat);
            return (may_be_new && sized && self.is_current(new) && new.price.is_some()).then(|| new.clone());
        };
        // A dated name of a known model costs what the model costs: no entry of its own.
        if old.id != new.id && !old.aliases.contains(&new.id) {
            return None;
        }
        // One of several snapshots may be taken out of service before the others.
        let deprecated = new.deprecated.clone().filter(|_| old.id == new.id);
        let mut new = Entry { id: old.id.clone(), deprecated, ..new.clone() };
        // The map's largest prompt is not the window, and models.dev says which that is.
        new.token_limit = if old.token_limit.is_some() { None } else { new.token_limit };
        new.max_tokens = if old.max_tokens.is_some() { None } else { new.max_tokens };
        if !old.reads.is_empty() {
            (new.reads, new.writes) = (Vec::new(), Vec::new());
        }
        if old.date > new.date || BY_HAND.contains(&old.source.as_str()) {
            // Its own amounts stay; classes, tiers and regions of which it says nothing come in.
            if let (Some(price), Some(old)) = (&mut new.price, &old.price) {
                for (class, rate) in old.rates.known() {
                    price.rates.set(class, rate);
                }
            }
            (new.date, new.source) = (old.date.clone(), old.source.clone());
        }
        Some(new)
    }
}

fn faults(faults: Vec<CatalogueFault>) -> anyhow::Error {
    let faults: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.path, fault.problem)).collect();
    anyhow::anyhow!("the list is not valid:\n{}", faults.join("\n"))
}
