use super::*;
use baton_model::price::{ContextTier, Rates};
use proptest::prelude::*;

fn dollars(text: &str) -> Nanos {
    Nanos::parse(text).unwrap_or_default()
}

fn rates(rates: &[(UsageClass, &str)]) -> Rates {
    rates.iter().fold(Rates::default(), |all, (class, text)| all.with(*class, dollars(text)))
}

fn usage(amounts: &[(UsageClass, u64)]) -> Usage {
    amounts.iter().fold(Usage::default(), |all, (class, amount)| all.with(*class, *amount))
}

/// Claude Sonnet 4.5's rates.
fn sonnet() -> Price {
    Price {
        rates: rates(&[
            (UsageClass::Input, "3"),
            (UsageClass::Output, "15"),
            (UsageClass::CacheRead, "0.30"),
            (UsageClass::CacheWrite, "3.75"),
            (UsageClass::CacheWrite1h, "6"),
        ]),
        context_tiers: vec![ContextTier {
            above: 200_000,
            rates: rates(&[(UsageClass::Input, "6"), (UsageClass::Output, "22.5"), (UsageClass::CacheRead, "0.6")]),
        }],
        service_tiers: vec![("batch".into(), rates(&[(UsageClass::Input, "1.5"), (UsageClass::Output, "7.5")]))],
    }
}

fn check(price: &Price, amounts: &[(UsageClass, u64)], expected: Option<&str>) {
    let costed = cost(&usage(amounts), price);
    assert_eq!(costed.total.known(), expected.map(dollars), "{amounts:?}: {costed:?}");
}

#[test]
fn each_class_has_its_own_rate() {
    use UsageClass::*;
    check(&sonnet(), &[(Input, 1_000), (Output, 500)], Some("0.0105"));
    check(&sonnet(), &[(Input, 12), (CacheRead, 10_000), (CacheWrite, 2_000), (CacheWrite1h, 100)], Some("0.011136"));
    check(&sonnet(), &[(Output, 100), (Reasoning, 400)], Some("0.0075"));
}

#[test]
fn what_stands_in_for_a_missing_rate_and_what_does_not() {
    use UsageClass::*;
    let plain = Price { rates: rates(&[(Input, "1"), (Output, "2")]), ..Price::default() };
    for class in [CacheRead, CacheWrite, CacheWrite1h, ImageInput] {
        check(&plain, &[(class, 1_000_000)], Some("1"));
    }
    check(&plain, &[(Reasoning, 1_000_000)], Some("2"));
    // These cost many times what text costs, so no other rate may stand in for them.
    for class in [AudioInput, AudioCacheRead, AudioOutput, ImageOutput, Images, AudioMillis, Characters, WebSearches] {
        check(&plain, &[(Input, 5), (class, 1)], None);
    }
}

#[test]
fn the_context_tier_holds_for_the_whole_request_and_counts_cached_tokens() {
    use UsageClass::*;
    // The tier begins above 200,000 tokens, and cached ones count. Its price then holds for the output and for every
    // token read.
    check(&sonnet(), &[(Input, 200_000)], Some("0.6"));
    check(&sonnet(), &[(Input, 1), (CacheRead, 200_000)], Some("0.120006"));
    check(&sonnet(), &[(Input, 200_001), (Output, 1_000_000)], Some("23.700006"));
}

#[test]
fn the_service_tier_overlays_the_rates_it_names() {
    let mut used = usage(&[(UsageClass::Input, 1_000_000), (UsageClass::CacheRead, 1_000_000)]);
    used.service_tier = Some("batch".into());
    let price = Price { context_tiers: Vec::new(), ..sonnet() };
    assert_eq!(cost(&used, &price).total, Cost::Known(dollars("1.8")));
    used.service_tier = Some("standard".into());
    assert_eq!(cost(&used, &price).total, Cost::Known(dollars("3.3")));
}

#[test]
fn not_knowing_is_not_zero() {
    let used = usage(&[(UsageClass::Output, 1)]);
    assert_eq!(cost(&used, None).total, Cost::Unpriced);
    assert_eq!(cost(&used, &Price::default()).total, Cost::Unpriced);
    assert_eq!(cost(&Usage::default(), None).total, Cost::Known(Nanos::ZERO));
}

#[test]
fn sums_saturate() {
    let huge = Price { rates: Rates::default().with(UsageClass::Input, Nanos(i64::MAX)), ..Price::default() };
    // A provider may report any number. A wrapped sum would be a negative bill.
    check(&huge, &[(UsageClass::Input, u64::MAX), (UsageClass::CacheRead, u64::MAX)], Some("9223372036.854775807"));
}

fn any_rates() -> impl Strategy<Value = Rates> {
    proptest::collection::vec(proptest::option::of(0..100_000_000_000_i64), UsageClass::COUNT).prop_map(|rates| {
        UsageClass::ALL
            .into_iter()
            .zip(rates)
            .filter_map(|(class, rate)| Some((class, Nanos(rate?))))
            .fold(Rates::default(), |all, (class, rate)| all.with(class, rate))
    })
}

fn any_usage() -> impl Strategy<Value = Usage> {
    proptest::collection::vec(prop_oneof![Just(0), 0..1_000_000_000_u64], UsageClass::COUNT).prop_map(|amounts| {
        UsageClass::ALL.into_iter().zip(amounts).fold(Usage::default(), |all, (class, amount)| all.with(class, amount))
    })
}

proptest! {
    #[test]
    fn parts_sum_to_the_total(rates in any_rates(), used in any_usage()) {
        let costed = cost(&used, &Price { rates, ..Price::default() });
        if let Cost::Known(total) = costed.total {
            prop_assert_eq!(costed.parts.iter().map(|(_, nanos)| *nanos).sum::<Nanos>(), total);
            prop_assert_eq!(costed.parts.len(), used.nonzero().count());
        } else {
            prop_assert!(costed.parts.len() < used.nonzero().count());
        }
    }

    #[test]
    fn more_never_costs_less(rates in any_rates(), used in any_usage(), class in 0..UsageClass::COUNT, more in 1..1_000_u64) {
        let price = Price { rates, ..Price::default() };
        let Some(class) = UsageClass::ALL.get(class).copied() else { return Ok(()) };
        let larger = used.clone().with(class, used.get(class) + more);
        if let (Cost::Known(less), Cost::Known(more)) = (cost(&used, &price).total, cost(&larger, &price).total) {
            prop_assert!(less <= more);
        }
    }
}
