//! What usage costs, in integer nano-dollars.
//!
//! Each class is rounded to a whole nano-dollar, half up, and the total is the sum of these parts: what a record shows
//! part by part adds up exactly. The context tier is chosen by all tokens read, before anything is priced.

mod at_most;
mod rates;
mod unpriced;

pub use at_most::{UsageBound, cost_at_most};
pub use rates::Effective;
pub use unpriced::Unpriced;

use baton_model::{Amounts, Cost, Nanos, Price, Timestamp, Usage, UsageClass};

/// What usage costs, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costed {
    /// The classes that were used and have a rate, with what each costs.
    pub parts: Vec<(UsageClass, Nanos)>,
    /// The sum of the parts; unpriced if a class that was used has no rate.
    pub total: Cost,
    /// Why the total is not known.
    pub unpriced: Option<Unpriced>,
}

/// Prices usage by the price that was in force at a time. Without a price, only using nothing has a cost: zero.
///
/// A class without a rate of its own takes that of the class it is a kind of ([`Effective::get`]). A service tier or a
/// region that the price does not name makes everything unpriced, and so does another model that had a part in it: see
/// [`cost_with_others`].
pub fn cost<'p>(usage: &Usage, price: impl Into<Option<&'p Price>>, at: Timestamp) -> Costed {
    cost_with_others(usage, price, at, |_| None)
}

/// The same, where what [other models](Usage::other_models) of the provider used costs what `price_of` says of each.
pub fn cost_with_others<'p>(
    usage: &Usage,
    price: impl Into<Option<&'p Price>>,
    at: Timestamp,
    price_of: impl Fn(&str) -> Option<Price>,
) -> Costed {
    let mut costed = Costed { parts: Vec::new(), total: Cost::Known(Nanos::ZERO), unpriced: None };
    costed.add_all(&usage.own_amounts(), price.into(), usage, at);
    for other in &usage.other_models {
        match price_of(&other.model) {
            Some(price) => costed.add_all(&other.amounts, Some(&price), usage, at),
            None => costed.refuse(Unpriced::OtherModel(other.model.clone())),
        }
    }
    costed
}

impl Costed {
    /// Adds what one model used, at its price and the tier and region of the whole.
    fn add_all(&mut self, amounts: &Amounts, price: Option<&Price>, usage: &Usage, at: Timestamp) {
        // Asked first: what used nothing costs nothing, whatever its tier is called.
        if amounts.is_empty() {
            return;
        }
        let rates = match price {
            Some(price) => Effective::new(price, amounts, usage, at),
            None => Err(Unpriced::NoPrice),
        };
        match rates {
            // A class that was not used needs no rate: a model without a price for audio still prices its chats.
            Ok(rates) => amounts.nonzero().for_each(|(class, amount)| self.add(class, amount, rates.get(class))),
            Err(reason) => self.refuse(reason),
        }
    }

    fn add(&mut self, class: UsageClass, amount: u64, rate: Option<Nanos>) {
        let Some(rate) = rate else { return self.refuse(Unpriced::Class(class)) };
        let nanos = part(amount, rate);
        self.parts.push((class, nanos));
        if let Cost::Known(total) = &mut self.total {
            *total += nanos;
        }
    }

    fn refuse(&mut self, reason: Unpriced) {
        // It never becomes known again: a sum without one of its parts would look like the whole.
        self.total = Cost::Unpriced;
        self.unpriced.get_or_insert(reason);
    }
}

/// What an amount costs at a rate for a million, rounded half up; the largest number of nano-dollars if it is more.
fn part(amount: u64, rate: Nanos) -> Nanos {
    let rate = u128::from(u64::try_from(rate.0).unwrap_or(0));
    // In 128 bits no product overflows. In 64, a billion tokens at 15 dollars a million would come close.
    let nanos = (u128::from(amount) * rate + 500_000) / 1_000_000;
    Nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
