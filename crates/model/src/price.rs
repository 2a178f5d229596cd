//! What usage costs.

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
}

/// What a model costs. How a class without a rate of its own is priced (reasoning as output, a cache read as input …)
/// is decided in `baton-meter`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Price {
    /// The ordinary rates.
    pub rates: Rates,
    /// Other rates above a size of prompt, ordered by size; the last that applies wins, for the whole request.
    pub context_tiers: Vec<ContextTier>,
    /// Other rates for a service tier, by its name in [`crate::Usage::service_tier`]; classes that it leaves out keep
    /// the ordinary rate.
    pub service_tiers: Vec<(String, Rates)>,
}

/// Rates that apply to a whole request whose prompt is larger than `above` tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextTier {
    /// Size of the prompt in tokens, cached ones included.
    pub above: u64,
    /// The rates then; classes that it leaves out keep the ordinary rate.
    pub rates: Rates,
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
