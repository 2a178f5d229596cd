//! Which rate a class has: period, context tier, service tier, region, and what stands in for a missing one.

use super::unpriced::Unpriced;
use baton_model::price::{ContextTier, Factor, Price, Rates, ServiceTier};
use baton_model::{Amounts, Nanos, Timestamp, Usage, UsageClass};

/// Names of tiers that cost what the price list says. OpenAI replies `default`, and `scale` for what a capacity that was
/// bought in advance served; Anthropic `standard`; Groq `on_demand`; the others are what compatible services echo of a
/// request. References: OpenAI API reference, `service_tier`; Anthropic API reference, `Usage.service_tier`; Groq docs,
/// service tiers.
const ORDINARY_TIERS: [&str; 6] = ["default", "auto", "standard", "standard_only", "on_demand", "scale"];

/// Regions without a surcharge: Anthropic says `global`, and `not_available` of models that can't be bound to one.
const ORDINARY_REGIONS: [&str; 2] = ["global", "not_available"];

/// The rates that hold for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective(Rates);

impl Effective {
    /// The rates of the price in force at the time; over them those of the largest context tier that the tokens read
    /// exceed (cached ones included); then what the service tier says; then the region's factor.
    ///
    /// # Errors
    /// If no price was in force, or the price says nothing of the tier or region: the ordinary rates would be a guess.
    pub fn new(price: &Price, amounts: &Amounts, usage: &Usage, at: Timestamp) -> Result<Self, Unpriced> {
        let price = price.at(at).ok_or(Unpriced::NotInForce)?;
        let tier = service_tier(price, usage.service_tier.as_deref())?;
        let region = region(price, usage.region.as_deref())?;
        let input_tokens = amounts.input_tokens();
        let mut rates = price.rates.clone();
        overlay_context(&mut rates, &price.context_tiers, input_tokens);
        if let Some(tier) = tier {
            // The factor before the tier's own rates: those are what the vendor lists for it.
            if let Some(factor) = tier.factor {
                rates.scale(factor);
            }
            rates.overlay(&tier.rates);
            overlay_context(&mut rates, &tier.context_tiers, input_tokens);
        }
        // Last: a surcharge for a region is on what the tier costs there.
        if let Some(factor) = region {
            rates.scale(factor);
        }
        Ok(Self(rates))
    }

    /// Dollars per million units of the class; `None` if neither it nor one that stands in for it has a rate.
    pub fn get(&self, class: UsageClass) -> Option<Nanos> {
        self.0.get(class).or_else(|| self.get(fallback_class(class)?))
    }
}

fn overlay_context(rates: &mut Rates, tiers: &[ContextTier], input_tokens: u64) {
    // `<`, because vendors price "more than 200,000 tokens".
    let context = tiers.iter().filter(|tier| tier.above < input_tokens).max_by_key(|tier| tier.above);
    if let Some(tier) = context {
        rates.overlay(&tier.rates);
    }
}

/// What the price says of a tier; `None` for an ordinary one.
fn service_tier<'p>(price: &'p Price, name: Option<&str>) -> Result<Option<&'p ServiceTier>, Unpriced> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    // What the price says first: a vendor may sell `scale` or `auto` at a price of its own.
    let known = price.service_tiers.iter().find(|tier| tier.name.eq_ignore_ascii_case(name));
    if known.is_some() || ORDINARY_TIERS.iter().any(|ordinary| ordinary.eq_ignore_ascii_case(name)) {
        return Ok(known);
    }
    Err(Unpriced::ServiceTier(name.to_owned()))
}

/// The factor of a region; `None` for an ordinary one.
fn region(price: &Price, name: Option<&str>) -> Result<Option<Factor>, Unpriced> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    let known = price.regions.iter().find(|(region, _)| region.eq_ignore_ascii_case(name));
    if known.is_some() || ORDINARY_REGIONS.iter().any(|ordinary| ordinary.eq_ignore_ascii_case(name)) {
        return Ok(known.map(|(_, factor)| *factor));
    }
    Err(Unpriced::Region(name.to_owned()))
}

/// The class whose rate is taken where one has none: what it is a kind of, where vendors bill it so. The rest stays
/// unpriced: audio and images cost many times what text does, and a search is no token.
fn fallback_class(class: UsageClass) -> Option<UsageClass> {
    match class {
        UsageClass::CacheRead | UsageClass::CacheWrite | UsageClass::ImageInput => Some(UsageClass::Input),
        UsageClass::CacheWrite1h => Some(UsageClass::CacheWrite),
        UsageClass::Reasoning => Some(UsageClass::Output),
        UsageClass::AudioCacheRead => Some(UsageClass::AudioInput),
        UsageClass::Input
        | UsageClass::Output
        | UsageClass::AudioInput
        | UsageClass::AudioOutput
        | UsageClass::ImageOutput
        | UsageClass::Images
        | UsageClass::AudioMillis
        | UsageClass::Characters
        | UsageClass::WebSearches => None,
        // No vendor has said that it costs what the shorter lifetime does.
        UsageClass::CacheWrite12h => None,
    }
}
