//! Which rate a class has: context tier, service tier, and what stands in for a missing one.

use baton_model::price::Rates;
use baton_model::{Nanos, Price, UsageClass};

/// The rates that hold for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective(Rates);

impl Effective {
    /// The ordinary rates; over them those of the largest context tier that `input_tokens` (cached ones included)
    /// exceeds; over them those of the service tier. A service tier that the price does not name is the ordinary one.
    pub fn new(price: &Price, input_tokens: u64, service_tier: Option<&str>) -> Self {
        let mut rates = price.rates.clone();
        // `<`, because vendors price "more than 200,000 tokens".
        let context = price.context_tiers.iter().filter(|tier| tier.above < input_tokens).max_by_key(|tier| tier.above);
        let service = price.service_tiers.iter().find(|(name, _)| Some(name.as_str()) == service_tier);
        // The service tier comes last: a batch has its own price, however long its prompt is.
        for overlay in context.map(|tier| &tier.rates).into_iter().chain(service.map(|(_, rates)| rates)) {
            overlay.known().for_each(|(class, rate)| rates.set(class, rate));
        }
        Self(rates)
    }

    /// Dollars per million units of the class; `None` if neither it nor one that stands in for it has a rate.
    pub fn get(&self, class: UsageClass) -> Option<Nanos> {
        self.0.get(class).or_else(|| self.get(fallback_class(class)?))
    }
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
    }
}
