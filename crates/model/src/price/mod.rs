//! What usage costs.

mod factor;

pub use factor::Factor;

use crate::clock::Timestamp;
use crate::money::Nanos;
use crate::usage::UsageClass;

/// What one million units of each class cost. A class without a rate is not priced: see [`Price`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates([Option<Nanos>; UsageClass::COUNT]);

impl Rates {
    /// Dollars per million units of the class.
    pub fn get(&self, class: UsageClass) -> Option<Nanos> {
        // The class is the place; a test in `usage.rs` holds the two together.
        self.0.get(class as usize).copied().flatten()
    }

    /// Sets the dollars per million units of the class.
    pub fn set(&mut self, class: UsageClass, rate: Nanos) {
        if let Some(slot) = self.0.get_mut(class as usize) {
            *slot = Some(rate);
        }
    }

    /// The same with one rate set; for building.
    #[must_use]
    pub fn with(mut self, class: UsageClass, rate: Nanos) -> Self {
        self.set(class, rate);
        self
    }

    /// The rates that are known.
    pub fn known(&self) -> impl Iterator<Item = (UsageClass, Nanos)> + '_ {
        UsageClass::ALL.into_iter().filter_map(|class| self.get(class).map(|rate| (class, rate)))
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.known().next().is_none()
    }

    /// Takes over the rates that `other` knows.
    pub fn overlay(&mut self, other: &Self) {
        other.known().for_each(|(class, rate)| self.set(class, rate));
    }

    /// Multiplies the rates of tokens. Searches, images and seconds keep theirs: no vendor's discount or surcharge
    /// speaks of them.
    pub fn scale(&mut self, factor: Factor) {
        for class in UsageClass::ALL.into_iter().filter(|class| class.is_token()) {
            if let Some(rate) = self.get(class) {
                self.set(class, factor.of(rate));
            }
        }
    }
}

/// What a model costs. How a class without a rate of its own is priced (reasoning as output, a cache read as input …)
/// is decided in `baton-meter`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Price {
    /// The ordinary rates.
    pub rates: Rates,
    /// Other rates above a size of prompt, ordered by size; the last that applies wins, for the whole request.
    pub context_tiers: Vec<ContextTier>,
    /// Other rates for a service tier; classes that it leaves out keep the ordinary rate.
    pub service_tiers: Vec<ServiceTier>,
    /// What tokens cost more or less where the provider says that it ran a request there, by the region's name in
    /// [`crate::Usage::region`].
    pub regions: Vec<(String, Factor)>,
    /// When it began to be in force; `None`: it has always been.
    pub from: Option<Timestamp>,
    /// When it stops being in force, exclusive; `None`: it stays.
    pub until: Option<Timestamp>,
    /// What holds at other times; these have no periods of their own.
    pub periods: Vec<Price>,
}

/// Rates that apply to a whole request whose prompt is larger than `above` tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextTier {
    /// Size of the prompt in tokens, cached ones included.
    pub above: u64,
    /// The rates then; classes that it leaves out keep the ordinary rate.
    pub rates: Rates,
}

/// What a service tier costs. One that says nothing costs the ordinary rates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceTier {
    /// Its name in [`crate::Usage::service_tier`]: `flex`, `priority`, `batch`.
    pub name: String,
    /// What the ordinary rates of tokens are multiplied by, those of the context tier included.
    pub factor: Option<Factor>,
    /// Rates of its own, over those.
    pub rates: Rates,
    /// Its rates above a size of prompt, over all others; ordered by size.
    pub context_tiers: Vec<ContextTier>,
}

impl ServiceTier {
    /// A tier with rates of its own.
    pub fn of_rates(name: impl Into<String>, rates: Rates) -> Self {
        Self { name: name.into(), rates, ..Self::default() }
    }

    /// A tier that costs a multiple of the ordinary rates.
    pub fn of_factor(name: impl Into<String>, factor: Factor) -> Self {
        Self { name: name.into(), factor: Some(factor), ..Self::default() }
    }
}

impl Price {
    /// The price in force at a time: of those whose time it is, the one that began last. `None` if there was none yet,
    /// or none any more.
    pub fn at(&self, time: Timestamp) -> Option<&Self> {
        let all = std::iter::once(self).chain(&self.periods);
        let in_force = all
            .filter(|price| price.from.is_none_or(|from| from <= time) && price.until.is_none_or(|until| time < until));
        // Of two that began together the first wins: `max_by_key` alone would take the last.
        in_force.fold(None, |best: Option<&Self>, price| match best {
            Some(best) if best.from >= price.from => Some(best),
            _ => Some(price),
        })
    }

    /// The same with the surcharge of a region in every rate: for a provider that serves from one region alone and does
    /// not say so in its replies. A region that the price does not name costs nothing more.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        // Taken out first: each period has a factor of its own, which must not come on top of this one's.
        let periods = std::mem::take(&mut self.periods);
        let named = self.regions.iter().find(|(name, _)| name.eq_ignore_ascii_case(region)).map(|(_, factor)| *factor);
        let mut price = match named {
            Some(factor) => Self { regions: Vec::new(), ..self }.scaled(factor),
            None => self,
        };
        price.periods = periods.into_iter().map(|period| period.in_region(region)).collect();
        price
    }

    /// The same with all rates of tokens multiplied, its periods' too.
    #[must_use]
    pub fn scaled(mut self, factor: Factor) -> Self {
        let scale_all = |tiers: &mut Vec<ContextTier>| tiers.iter_mut().for_each(|tier| tier.rates.scale(factor));
        self.rates.scale(factor);
        scale_all(&mut self.context_tiers);
        for tier in &mut self.service_tiers {
            tier.rates.scale(factor);
            scale_all(&mut tier.context_tiers);
        }
        self.periods = self.periods.into_iter().map(|price| price.scaled(factor)).collect();
        self
    }
}

/// What something cost. Not knowing is a state of its own, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cost {
    /// The sum of its parts, exact to the nano-dollar.
    Known(Nanos),
    /// No price is known for the model, or for a class that was used.
    #[default]
    Unpriced,
}

impl Cost {
    /// The amount, if known.
    pub fn known(self) -> Option<Nanos> {
        match self {
            Self::Known(nanos) => Some(nanos),
            Self::Unpriced => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(from: Option<i64>, until: Option<i64>, input: i64) -> Price {
        Price {
            rates: Rates::default().with(UsageClass::Input, Nanos(input)),
            from: from.map(Timestamp),
            until: until.map(Timestamp),
            ..Price::default()
        }
    }

    #[test]
    fn the_price_in_force_is_the_one_that_began_last() {
        let all = Price {
            periods: vec![price(None, Some(100), 1), price(Some(100), Some(200), 2), price(Some(150), None, 3)],
            ..price(Some(300), Some(400), 4)
        };
        for (time, expected) in [
            (-5, Some(1)),
            (99, Some(1)),
            (100, Some(2)),
            (149, Some(2)),
            (150, Some(3)),
            (300, Some(4)),
            (400, Some(3)),
        ] {
            let input = all.at(Timestamp(time)).and_then(|price| price.rates.get(UsageClass::Input));
            assert_eq!(input.map(|nanos| nanos.0), expected, "{time}");
        }
        // Before its beginning and after its end a price is not there; another one's does not stand in.
        let one = price(Some(10), Some(20), 1);
        assert_eq!([9, 10, 19, 20].map(|time| one.at(Timestamp(time)).is_some()), [false, true, true, false]);
        // Of two that began together the one that was said first.
        let twice = Price { periods: vec![price(None, None, 2)], ..price(None, None, 1) };
        assert_eq!(twice.at(Timestamp(0)).and_then(|price| price.rates.get(UsageClass::Input)), Some(Nanos(1)));
    }

    #[test]
    fn a_region_of_a_provider_is_in_every_rate_but_those_of_pieces() {
        let rates = |input: i64| {
            Rates::default().with(UsageClass::Input, Nanos(input)).with(UsageClass::WebSearches, Nanos(1000))
        };
        let at = |region: &str| {
            let price = Price {
                rates: rates(100),
                context_tiers: vec![ContextTier { above: 5, rates: rates(200) }],
                service_tiers: vec![ServiceTier::of_rates("flex", rates(50))],
                regions: vec![("eu".into(), Factor::millionths(1_100_000))],
                periods: vec![Price {
                    regions: vec![("eu".into(), Factor::millionths(2_000_000))],
                    ..price(None, None, 7)
                }],
                ..Price::default()
            };
            price.in_region(region)
        };
        let uplifted = at("EU");
        assert_eq!(uplifted.rates, rates(110));
        assert_eq!(uplifted.context_tiers.first().map(|tier| &tier.rates), Some(&rates(220)));
        assert_eq!(uplifted.service_tiers.first().map(|tier| &tier.rates), Some(&rates(55)));
        assert_eq!(uplifted.periods.first().and_then(|price| price.rates.get(UsageClass::Input)), Some(Nanos(14)));
        // It is in the rates now, and must not come on top once more.
        assert!(uplifted.regions.is_empty());
        assert_eq!(at("jp").rates, rates(100));
    }
}
