//! What something costs at most, before it is asked for.

use super::part;
use super::rates::Effective;
use super::unpriced::Unpriced;
use baton_model::price::Factor;
use baton_model::{Amounts, Nanos, Price, Timestamp, Usage, UsageClass};

/// What rounding may add: half a nano-dollar for each class.
const ROUNDING: Nanos = Nanos(UsageClass::COUNT as i64 / 2);

/// The most that a request may use.
#[derive(Debug, Clone, Default)]
pub struct UsageBound {
    /// Tokens read, and the classes that they may be of; the dearest counts.
    pub input: u64,
    /// See `input`.
    pub input_classes: Vec<UsageClass>,
    /// Tokens produced, and the classes that they may be of.
    pub output: u64,
    /// See `output`.
    pub output_classes: Vec<UsageClass>,
    /// What is no token: images, milliseconds, characters, searches. One without a rate costs nothing here: which of them a
    /// vendor bills by, its price says.
    pub pieces: Vec<(UsageClass, u64)>,
    /// The service tier that is asked for.
    pub service_tier: Option<String>,
}

impl UsageBound {
    /// Text in, text out.
    pub fn of_text(input: u64, output: u64) -> Self {
        Self {
            input,
            input_classes: vec![UsageClass::Input],
            output,
            output_classes: vec![UsageClass::Output, UsageClass::Reasoning],
            ..Self::default()
        }
    }
}

/// What the most that a request may use costs at the price in force at a time: at the dearest class of what it may be, in the
/// dearest region, since only the reply says where it ran.
///
/// # Errors
/// If that is not priced.
pub fn cost_at_most(bound: &UsageBound, price: Option<&Price>, at: Timestamp) -> Result<Nanos, Unpriced> {
    let Some(price) = price else { return Err(Unpriced::NoPrice) };
    let mut amounts = Amounts::default();
    amounts.set(UsageClass::Input, bound.input);
    // A tier that the price does not name is what the vendor makes of it: the ordinary rates, and the dearest of the others.
    let named = |tier: &str| Usage { service_tier: Some(tier.to_owned()), ..Usage::default() };
    let tiers = match &bound.service_tier {
        None => vec![Usage::default()],
        Some(_) => {
            let all = price.at(at).map_or(&[][..], |price| &price.service_tiers);
            std::iter::once(Usage::default()).chain(all.iter().map(|tier| named(&tier.name))).collect()
        }
    };
    let mut most = None;
    for usage in &tiers {
        let rates = Effective::new(price, &amounts, usage, at)?;
        most = most.max(Some(cost_at(bound, &rates)?));
    }
    let regions = price.at(at).map_or(&[][..], |price| &price.regions);
    let dearest = regions.iter().map(|(_, factor)| *factor).max().unwrap_or(Factor::ONE).max(Factor::ONE);
    let most = dearest.of(most.unwrap_or(Nanos::ZERO));
    // A reply may split the same tokens into classes that are rounded one by one.
    Ok(if most == Nanos::ZERO { most } else { most + ROUNDING })
}

fn cost_at(bound: &UsageBound, rates: &Effective) -> Result<Nanos, Unpriced> {
    let dearest = |amount: u64, classes: &[UsageClass]| match (amount, classes.first()) {
        (0, _) | (_, None) => Ok(Nanos::ZERO),
        (amount, Some(first)) => {
            let rate = classes.iter().filter_map(|class| rates.get(*class)).max().ok_or(Unpriced::Class(*first))?;
            Ok(part(amount, rate))
        }
    };
    let pieces = bound.pieces.iter().filter_map(|(class, amount)| Some(part(*amount, rates.get(*class)?)));
    let pieces: Nanos = pieces.sum();
    // Where pieces are what is billed, tokens need no price.
    let tokens = |cost: Result<Nanos, Unpriced>| match cost {
        Err(_) if pieces > Nanos::ZERO => Ok(Nanos::ZERO),
        cost => cost,
    };
    let input = tokens(dearest(bound.input, &bound.input_classes))?;
    let output = tokens(dearest(bound.output, &bound.output_classes))?;
    Ok(input + output + pieces)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::price::cost;
    use baton_model::price::{ContextTier, Rates, ServiceTier};
    use proptest::prelude::*;

    fn rates(input: i64, output: i64) -> Rates {
        Rates::default().with(UsageClass::Input, Nanos(input)).with(UsageClass::Output, Nanos(output))
    }

    #[test]
    fn the_dearest_of_what_may_be_counts() {
        let price = Price {
            rates: rates(1_000_000, 4_000_000).with(UsageClass::CacheWrite, Nanos(1_250_000)),
            context_tiers: vec![ContextTier { above: 100, rates: rates(2_000_000, 4_000_000) }],
            service_tiers: vec![ServiceTier::of_factor("priority", Factor::millionths(2_000_000))],
            regions: vec![("us".into(), Factor::millionths(1_100_000))],
            ..Price::default()
        };
        let most = |bound: &UsageBound| cost_at_most(bound, Some(&price), Timestamp(0)).unwrap().0;
        let text = UsageBound::of_text(100, 10);
        // 100 + 40, a tenth for the region, and what rounding may add.
        assert_eq!(most(&text), 154 + 8);
        assert_eq!(most(&UsageBound::of_text(101, 0)), 222 + 8);
        let cached = UsageBound { input_classes: vec![UsageClass::Input, UsageClass::CacheWrite], ..text.clone() };
        assert_eq!(most(&cached), 182 + 8);
        assert_eq!(most(&UsageBound { service_tier: Some("auto".into()), ..text }), 308 + 8);
    }

    #[test]
    fn what_has_no_price_has_no_bound() {
        let text = UsageBound::of_text(1, 1);
        assert_eq!(cost_at_most(&text, None, Timestamp(0)), Err(Unpriced::NoPrice));
        let input = Price { rates: Rates::default().with(UsageClass::Input, Nanos(1)), ..Price::default() };
        assert_eq!(cost_at_most(&text, Some(&input), Timestamp(0)), Err(Unpriced::Class(UsageClass::Output)));
        // Billed by the image: tokens need no price.
        let images =
            Price { rates: Rates::default().with(UsageClass::Images, Nanos(40_000_000_000)), ..Price::default() };
        let bound = UsageBound { pieces: vec![(UsageClass::Images, 2)], ..text };
        assert_eq!(cost_at_most(&bound, Some(&images), Timestamp(0)), Ok(Nanos(80_000) + ROUNDING));
    }

    proptest! {
        /// Whatever a request within its bound uses costs no more than the bound.
        #[test]
        fn nothing_within_the_bound_costs_more(
            (input, cached, output) in (0_u64..400_000, 0_u64..400_000, 0_u64..100_000),
            (dear, cheap) in (1_i64..9_000_000_000, 1_i64..900_000_000),
            tier in prop::option::of(prop_oneof![Just("flex"), Just("priority")]),
        ) {
            let price = Price {
                rates: rates(cheap, dear).with(UsageClass::CacheRead, Nanos(cheap / 10)),
                context_tiers: vec![ContextTier { above: 200_000, rates: rates(cheap * 2, dear * 2) }],
                service_tiers: vec![
                    ServiceTier::of_factor("flex", Factor::millionths(500_000)),
                    ServiceTier::of_rates("priority", rates(cheap * 3, dear * 3)),
                ],
                ..Price::default()
            };
            let bound = UsageBound {
                service_tier: tier.map(str::to_owned),
                ..UsageBound::of_text(input + cached, output)
            };
            let mut used = Usage { service_tier: tier.map(str::to_owned), ..Usage::default() };
            for (class, amount) in
                [(UsageClass::Input, input), (UsageClass::CacheRead, cached), (UsageClass::Output, output)]
            {
                used.set(class, amount);
            }
            let real = cost(&used, &price, Timestamp(0)).total.known().unwrap();
            let most = cost_at_most(&bound, Some(&price), Timestamp(0)).unwrap();
            prop_assert!(real <= most, "{real} > {most}");
        }
    }
}
