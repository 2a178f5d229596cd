//! LiteLLM's map: an object of models, each with its provider and costs in dollars per token. The name of a cost says
//! what it is of, above which size of prompt, and at which tier:
//! `cache_creation_input_token_cost_above_1hr_above_272k_tokens_priority`.

use super::super::entry::Entry;
use super::super::fault::CatalogueFault;
use super::listed::Listed;
use super::numbers::{dollars, tokens};
use super::vendors::{VENDORS, VendorNames};
use baton_model::price::{ContextTier, Factor, Price, Rates, ServiceTier};
use baton_model::schema::time;
use baton_model::{Capability, Nanos, UsageClass, bounds};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

type Members = BTreeMap<String, Box<RawValue>>;

/// Tokens are priced by the piece there, and by the million here.
const MILLION: i32 = 6;

pub(super) fn read(models: &Members, source: &str, date: &str) -> Result<Listed, Vec<CatalogueFault>> {
    let (mut entries, mut faults, mut skipped) = (BTreeMap::<(String, String), Entry>::new(), Vec::new(), 0);
    for (name, model) in models {
        let Ok(members) = serde_json::from_str::<Members>(model.get()) else {
            faults.push(CatalogueFault::new(name, "must be an object"));
            continue;
        };
        let found = Model { name, members: &members }.entry(&mut faults);
        if faults.len() >= bounds::FAULTS {
            return Err(faults);
        }
        match found {
            Some(entry) => {
                let entry = Entry { source: source.to_owned(), date: date.to_owned(), ..entry };
                entries.entry((entry.vendor.clone(), entry.id.clone())).or_insert(entry);
            }
            None => skipped += 1,
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Listed { entries: entries.into_values().collect(), skipped })
}

/// A model of the map.
struct Model<'m> {
    name: &'m str,
    members: &'m Members,
}

impl Model<'_> {
    fn entry(&self, faults: &mut Vec<CatalogueFault>) -> Option<Entry> {
        let provider = self.text("litellm_provider")?;
        let vendor = VENDORS.iter().find(|vendor| vendor.litellm.contains(&provider.as_str()))?;
        let id = self.id(vendor)?;
        // What a name says goes first: live audio and video have no API here, whatever their mode is called.
        let capabilities = match super::super::capabilities_by_name(&id) {
            Some([]) => return None,
            Some(known) => known.to_vec(),
            None => capabilities(&self.text("mode")?)?,
        };
        let price = self.price(&capabilities, faults);
        if price.rates.is_empty() || price.rates.known().all(|(_, rate)| rate == Nanos::ZERO) {
            return None;
        }
        let size = |name: &str, faults: &mut Vec<CatalogueFault>| {
            tokens(&format!("{}.{name}", self.name), self.members.get(name).map(|value| &**value), faults)
        };
        let chats = capabilities.contains(&Capability::Chat);
        let (input, output) = (size("max_input_tokens", faults), size("max_output_tokens", faults));
        Some(Entry {
            price: Some(price),
            // The map has the largest prompt, which is the window or, where the vendor keeps room for the output, less.
            token_limit: input.filter(|_| chats || capabilities.contains(&Capability::Embedding)),
            max_tokens: output.filter(|_| chats).map(|output| input.map_or(output, |input| output.min(input))),
            reads: self.reads(&capabilities),
            writes: writes(&capabilities),
            deprecated: self.text("deprecation_date").filter(|day| time::read_day(day).is_some()),
            capabilities,
            ..Entry::new(vendor.own, id)
        })
    }

    /// The vendor's name of the model: without the name of the provider in front.
    fn id(&self, vendor: &VendorNames) -> Option<String> {
        let bare = vendor.litellm.iter().find_map(|name| self.name.strip_prefix(name)?.strip_prefix('/'));
        let id = bare.unwrap_or(self.name);
        // OpenAI's own names have no slash; with one the key is a size or quality of an image, which is not a model.
        let of_image = id.contains('/') && matches!(vendor.own, "openai" | "azure" | "anthropic" | "gemini" | "xai");
        (!of_image && !id.is_empty() && id.len() <= bounds::UPSTREAM && !id.starts_with("ft:")).then(|| id.to_owned())
    }

    fn text(&self, member: &str) -> Option<String> {
        serde_json::from_str(self.members.get(member)?.get()).ok()
    }

    fn is(&self, member: &str) -> bool {
        self.members.get(member).is_some_and(|value| value.get() == "true")
    }

    fn reads(&self, capabilities: &[Capability]) -> Vec<String> {
        let listed: Option<Vec<String>> =
            self.members.get("supported_modalities").and_then(|list| serde_json::from_str(list.get()).ok());
        let mut reads: Vec<String> = match listed {
            Some(words) => {
                words.into_iter().filter(|word| super::super::entry::MODALITIES.contains(&word.as_str())).collect()
            }
            None if capabilities.contains(&Capability::AudioTranscription) => vec!["audio".to_owned()],
            None => vec!["text".to_owned()],
        };
        for (member, word) in [
            ("supports_vision", "image"),
            ("supports_audio_input", "audio"),
            ("supports_video_input", "video"),
            ("supports_pdf_input", "pdf"),
        ] {
            if self.is(member) && !reads.iter().any(|known| known == word) {
                reads.push(word.to_owned());
            }
        }
        reads
    }

    fn price(&self, capabilities: &[Capability], faults: &mut Vec<CatalogueFault>) -> Price {
        let mut price = Price::default();
        for (member, value) in self.members {
            let Some(cost) = Cost::read(member, capabilities) else { continue };
            let path = format!("{}.{member}", self.name);
            let Some(amount) = dollars(&path, value, cost.shift, faults) else { continue };
            set_rate(&mut price, &cost, amount);
        }
        if let Some(amount) = self.search(faults) {
            price.rates.set(UsageClass::WebSearches, amount);
        }
        self.factors(&mut price);
        price.context_tiers.sort_by_key(|tier| tier.above);
        price.context_tiers.truncate(bounds::TIERS);
        for tier in &mut price.service_tiers {
            tier.context_tiers.sort_by_key(|tier| tier.above);
        }
        price.service_tiers.truncate(bounds::TIERS);
        price
    }

    /// What a search costs: with the context that a request gets if it says nothing.
    fn search(&self, faults: &mut Vec<CatalogueFault>) -> Option<Nanos> {
        let sizes: Members = serde_json::from_str(self.members.get("search_context_cost_per_query")?.get()).ok()?;
        let path = format!("{}.search_context_cost_per_query.search_context_size_medium", self.name);
        dollars(&path, sizes.get("search_context_size_medium")?, MILLION, faults)
    }

    /// Surcharges of regions, and Anthropic's speed.
    fn factors(&self, price: &mut Price) {
        for (member, value) in self.members {
            let region = member.strip_prefix("regional_processing_uplift_multiplier_");
            if let Some((region, factor)) = region.zip(Factor::parse(value.get())) {
                price.regions.push((region.to_owned(), factor));
            }
        }
        let own = self.members.get("provider_specific_entry");
        let own: Members = own.and_then(|own| serde_json::from_str(own.get()).ok()).unwrap_or_default();
        for (name, value) in &own {
            let Some(factor) = Factor::parse(value.get().trim_end_matches(".0")) else { continue };
            if name == "fast" {
                price.service_tiers.push(ServiceTier::of_factor("fast", factor));
            } else if name.len() == 2 {
                price.regions.push((name.clone(), factor));
            }
        }
    }
}

fn capabilities(mode: &str) -> Option<Vec<Capability>> {
    Some(match mode {
        "chat" | "responses" => vec![Capability::Chat],
        "completion" => vec![Capability::Completion],
        "embedding" => vec![Capability::Embedding],
        "image_generation" => vec![Capability::ImageGeneration],
        "audio_transcription" => vec![Capability::AudioTranscription],
        "audio_speech" => vec![Capability::AudioSpeech],
        "rerank" => vec![Capability::Rerank],
        _ => return None,
    })
}

fn writes(capabilities: &[Capability]) -> Vec<String> {
    let word = match capabilities.first() {
        Some(Capability::ImageGeneration) => "image",
        Some(Capability::AudioSpeech) => "audio",
        _ => "text",
    };
    vec![word.to_owned()]
}

/// What a cost is of.
struct Cost {
    class: UsageClass,
    shift: i32,
    above: Option<u64>,
    tier: Option<&'static str>,
}

/// Costs of tokens by the beginnings of their names; longer ones first.
const BASES: [(&str, UsageClass); 10] = [
    ("cache_creation_input_token_cost_above_1hr", UsageClass::CacheWrite1h),
    ("cache_creation_input_token_cost", UsageClass::CacheWrite),
    ("cache_read_input_audio_token_cost", UsageClass::AudioCacheRead),
    ("cache_read_input_token_cost", UsageClass::CacheRead),
    ("input_cost_per_audio_token", UsageClass::AudioInput),
    ("input_cost_per_image_token", UsageClass::ImageInput),
    ("input_cost_per_token", UsageClass::Input),
    ("output_cost_per_audio_token", UsageClass::AudioOutput),
    ("output_cost_per_image_token", UsageClass::ImageOutput),
    ("output_cost_per_token", UsageClass::Output),
];

/// Ends of the names, and our tiers.
const TIERS: [(&str, &str); 5] = [
    ("_batches", "batch"),
    ("_flex", "flex"),
    ("_ultrafast", "ultrafast"),
    ("_balanced", "balanced"),
    ("_priority", "priority"),
];

impl Cost {
    /// What a member is the cost of; `None` if it is none, or of something that has no class.
    fn read(member: &str, capabilities: &[Capability]) -> Option<Self> {
        let does = |capability| capabilities.contains(&capability);
        match member {
            "input_cost_per_second" if does(Capability::AudioTranscription) => {
                // A million milliseconds are a thousand seconds.
                return Some(Self::plain(UsageClass::AudioMillis, 3));
            }
            "input_cost_per_character" if does(Capability::AudioSpeech) => {
                return Some(Self::plain(UsageClass::Characters, MILLION));
            }
            "output_cost_per_image" if does(Capability::ImageGeneration) => {
                return Some(Self::plain(UsageClass::Images, MILLION));
            }
            _ => {}
        }
        let (base, class) = BASES.into_iter().find(|(base, _)| member.starts_with(base))?;
        let mut rest = member.strip_prefix(base)?;
        let mut tier = None;
        for (end, name) in TIERS {
            if let Some(before) = rest.strip_suffix(end) {
                (rest, tier) = (before, Some(name));
                break;
            }
        }
        let above = match rest {
            "" => None,
            size => {
                Some(size.strip_prefix("_above_")?.strip_suffix("k_tokens")?.parse::<u64>().ok()?.checked_mul(1000)?)
            }
        };
        Some(Self { class, shift: MILLION, above, tier })
    }

    fn plain(class: UsageClass, shift: i32) -> Self {
        Self { class, shift, above: None, tier: None }
    }
}

/// Sets a rate where it belongs in a price; the place is made if it is not there.
fn set_rate(price: &mut Price, cost: &Cost, amount: Nanos) {
    let (rates, contexts) = match cost.tier {
        None => (&mut price.rates, &mut price.context_tiers),
        Some(name) => {
            if !price.service_tiers.iter().any(|tier| tier.name == name) {
                price.service_tiers.push(ServiceTier { name: name.to_owned(), ..ServiceTier::default() });
            }
            let Some(tier) = price.service_tiers.iter_mut().find(|tier| tier.name == name) else { return };
            (&mut tier.rates, &mut tier.context_tiers)
        }
    };
    let Some(above) = cost.above else { return rates.set(cost.class, amount) };
    match contexts.iter_mut().find(|tier| tier.above == above) {
        Some(tier) => tier.rates.set(cost.class, amount),
        None => contexts.push(ContextTier { above, rates: Rates::default().with(cost.class, amount) }),
    }
}
