//! How much of each class.

use super::class::UsageClass;

/// How much of each class was consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts([u64; UsageClass::COUNT]);

impl Amounts {
    /// The amount of one class.
    pub fn get(&self, class: UsageClass) -> u64 {
        self.0.get(class as usize).copied().unwrap_or(0)
    }

    /// Sets the amount of one class.
    pub fn set(&mut self, class: UsageClass, amount: u64) {
        if let Some(count) = self.0.get_mut(class as usize) {
            *count = amount;
        }
    }

    /// The same with one class set; for building.
    #[must_use]
    pub fn with(mut self, class: UsageClass, amount: u64) -> Self {
        self.set(class, amount);
        self
    }

    /// The classes that are not zero.
    pub fn nonzero(&self) -> impl Iterator<Item = (UsageClass, u64)> + '_ {
        UsageClass::ALL.into_iter().map(|class| (class, self.get(class))).filter(|(_, amount)| *amount > 0)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// All tokens read, cached or not.
    pub fn input_tokens(&self) -> u64 {
        self.sum(UsageClass::is_input_token)
    }

    /// All tokens produced, reasoning included.
    pub fn output_tokens(&self) -> u64 {
        self.sum(UsageClass::is_output_token)
    }

    /// All tokens written to the provider's prompt cache, for however long.
    pub fn cache_write_tokens(&self) -> u64 {
        use UsageClass::{CacheWrite, CacheWrite1h, CacheWrite12h};
        self.sum(|class| matches!(class, CacheWrite | CacheWrite1h | CacheWrite12h))
    }

    /// Saturates: a provider may report any number.
    fn sum(&self, counts: impl Fn(UsageClass) -> bool) -> u64 {
        let amounts = self.nonzero().filter(|(class, _)| counts(*class)).map(|(_, amount)| amount);
        amounts.fold(0, u64::saturating_add)
    }

    /// Adds those classes of others for which `counts` holds.
    pub fn add(&mut self, other: &Self, counts: impl Fn(UsageClass) -> bool) {
        for (class, amount) in other.nonzero().filter(|(class, _)| counts(*class)) {
            self.set(class, self.get(class).saturating_add(amount));
        }
    }

    /// Takes away as much of each class as there is, and returns what was taken.
    pub fn take(&mut self, other: &Self) -> Self {
        let mut taken = Self::default();
        for (class, amount) in other.nonzero() {
            let amount = amount.min(self.get(class));
            self.set(class, self.get(class) - amount);
            taken.set(class, amount);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UsageClass::{Input, Output};

    #[test]
    fn no_more_is_taken_than_is_there() {
        let mut all = Amounts::default().with(Input, 10).with(Output, 3);
        let taken = all.take(&Amounts::default().with(Input, 4).with(Output, 5));
        assert_eq!(taken, Amounts::default().with(Input, 4).with(Output, 3));
        assert_eq!(all, Amounts::default().with(Input, 6));
        all.add(&taken, UsageClass::is_output_token);
        assert_eq!(all, Amounts::default().with(Input, 6).with(Output, 3));
    }
}
