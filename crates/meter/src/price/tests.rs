use super::*;
use baton_model::ModelUsage;
use baton_model::price::{ContextTier, Factor, Rates, ServiceTier};
use proptest::prelude::*;

/// Prices without periods hold at all times.
const NOW: Timestamp = Timestamp(0);

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
        service_tiers: vec![ServiceTier::of_rates(
            "batch",
            rates(&[(UsageClass::Input, "1.5"), (UsageClass::Output, "7.5")]),
        )],
        ..Price::default()
    }
}

fn check(price: &Price, amounts: &[(UsageClass, u64)], expected: Option<&str>) {
    let costed = cost(&usage(amounts), price, NOW);
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

/// A million tokens read, at a tier and in a region.
fn million(tier: Option<&str>, region: Option<&str>) -> Usage {
    let mut used = usage(&[(UsageClass::Input, 1_000_000)]);
    (used.service_tier, used.region) = (tier.map(str::to_owned), region.map(str::to_owned));
    used
}

fn check_million(price: &Price, tier: Option<&str>, region: Option<&str>, expected: Result<&str, Unpriced>) {
    let costed = cost(&million(tier, region), price, NOW);
    let found = costed.total.known().ok_or_else(|| costed.unpriced.clone());
    assert_eq!(found, expected.map(dollars).map_err(Some), "{tier:?} {region:?}");
}

#[test]
fn the_service_tier_overlays_the_rates_it_names() {
    let mut used = usage(&[(UsageClass::Input, 1_000_000), (UsageClass::CacheRead, 1_000_000)]);
    used.service_tier = Some("batch".into());
    let price = Price { context_tiers: Vec::new(), ..sonnet() };
    assert_eq!(cost(&used, &price, NOW).total, Cost::Known(dollars("1.8")));
    used.service_tier = Some("standard".into());
    assert_eq!(cost(&used, &price, NOW).total, Cost::Known(dollars("3.3")));
}

#[test]
fn ordinary_tiers_cost_what_the_list_says_and_unknown_ones_nothing_that_is_known() {
    let price = Price { context_tiers: Vec::new(), ..sonnet() };
    for ordinary in ["default", "auto", "standard", "standard_only", "on_demand", "scale", "Default", ""] {
        check_million(&price, Some(ordinary), None, Ok("3"));
    }
    check_million(&price, Some("BATCH"), None, Ok("1.5"));
    for unknown in ["priority", "flex", "ultrafast"] {
        check_million(&price, Some(unknown), None, Err(Unpriced::ServiceTier(unknown.into())));
    }
    // What used nothing costs nothing, whatever the tier.
    let nothing = Usage { service_tier: Some("priority".into()), ..Usage::default() };
    assert_eq!(cost(&nothing, &price, NOW).total, Cost::Known(Nanos::ZERO));
    // A price may say what an ordinary name costs, and that an unusual one is ordinary.
    let own = Price {
        service_tiers: vec![
            ServiceTier::of_rates("scale", rates(&[(UsageClass::Input, "2")])),
            ServiceTier::of_rates("flex", Rates::default()),
        ],
        ..price
    };
    check_million(&own, Some("scale"), None, Ok("2"));
    check_million(&own, Some("flex"), None, Ok("3"));
}

#[test]
fn a_tiers_factor_is_on_tokens_alone_and_on_those_of_a_long_context() {
    use UsageClass::*;
    let price = Price {
        rates: rates(&[(Input, "4"), (Output, "20"), (WebSearches, "10000")]),
        context_tiers: vec![ContextTier { above: 1_000, rates: rates(&[(Input, "8")]) }],
        service_tiers: vec![
            ServiceTier::of_factor("batch", Factor::millionths(500_000)),
            ServiceTier {
                name: "priority".into(),
                context_tiers: vec![ContextTier { above: 1_000, rates: rates(&[(Input, "13")]) }],
                ..ServiceTier::of_rates("priority", rates(&[(Input, "9")]))
            },
        ],
        ..Price::default()
    };
    for (tier, amounts, expected) in [
        ("batch", &[(Input, 1_000), (WebSearches, 1)][..], "0.012"),
        ("batch", &[(Input, 2_000), (Output, 1_000)], "0.018"),
        ("priority", &[(Input, 1_000)], "0.009"),
        ("priority", &[(Input, 2_000)], "0.026"),
        ("default", &[(Input, 2_000)], "0.016"),
    ] {
        let mut used = usage(amounts);
        used.service_tier = Some(tier.into());
        assert_eq!(cost(&used, &price, NOW).total, Cost::Known(dollars(expected)), "{tier} {amounts:?}");
    }
}

#[test]
fn a_regions_factor_is_on_what_the_tier_costs_and_an_unknown_region_is_not_priced() {
    let price =
        Price { regions: vec![("us".into(), Factor::millionths(1_100_000))], context_tiers: Vec::new(), ..sonnet() };
    check_million(&price, None, Some("us"), Ok("3.3"));
    check_million(&price, Some("batch"), Some("us"), Ok("1.65"));
    for ordinary in ["global", "not_available", ""] {
        check_million(&price, None, Some(ordinary), Ok("3"));
    }
    check_million(&price, None, Some("eu"), Err(Unpriced::Region("eu".into())));
}

#[test]
fn the_price_in_force_when_the_request_ran_is_taken() {
    let of = |input: &str| Price { rates: rates(&[(UsageClass::Input, input)]), ..Price::default() };
    let price = Price {
        from: Some(Timestamp(100)),
        periods: vec![Price { from: Some(Timestamp(50)), until: Some(Timestamp(100)), ..of("5") }],
        ..of("2")
    };
    for (at, expected) in [(100, Ok("2")), (99, Ok("5")), (49, Err(Unpriced::NotInForce))] {
        let costed = cost(&million(None, None), &price, Timestamp(at));
        let found = costed.total.known().ok_or(costed.unpriced);
        assert_eq!(found, expected.map(dollars).map_err(Some), "{at}");
    }
}

#[test]
fn not_knowing_is_not_zero() {
    let used = usage(&[(UsageClass::Output, 1)]);
    let reason = |price: Option<&Price>| cost(&used, price, NOW).unpriced;
    assert_eq!(cost(&used, None, NOW).total, Cost::Unpriced);
    assert_eq!(cost(&used, &Price::default(), NOW).total, Cost::Unpriced);
    assert_eq!(
        (reason(None), reason(Some(&Price::default()))),
        (Some(Unpriced::NoPrice), Some(Unpriced::Class(UsageClass::Output)))
    );
    assert_eq!(cost(&Usage::default(), None, NOW).total, Cost::Known(Nanos::ZERO));
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

fn any_tiers() -> impl Strategy<Value = Vec<ContextTier>> {
    let tier = (0..2_000_000_u64, any_rates()).prop_map(|(above, rates)| ContextTier { above, rates });
    proptest::collection::vec(tier, 0..3)
}

fn any_factor() -> impl Strategy<Value = Factor> {
    (0..10_000_000_u32).prop_map(Factor::millionths)
}

fn any_price() -> impl Strategy<Value = Price> {
    let service = (proptest::option::of(any_factor()), any_rates(), any_tiers())
        .prop_map(|(factor, rates, tiers)| ServiceTier { name: "flex".into(), factor, rates, context_tiers: tiers });
    let region = any_factor().prop_map(|factor| ("us".to_owned(), factor));
    (any_rates(), any_tiers(), proptest::collection::vec(service, 0..2), proptest::collection::vec(region, 0..2))
        .prop_map(|(rates, context_tiers, service_tiers, regions)| Price {
            rates,
            context_tiers,
            service_tiers,
            regions,
            ..Price::default()
        })
}

fn any_request() -> impl Strategy<Value = Usage> {
    let word = |words: &'static [&'static str]| proptest::option::of(proptest::sample::select(words));
    (any_usage(), word(&["flex", "default", "batch"]), word(&["us", "global", "eu"])).prop_map(
        |(mut used, tier, region)| {
            (used.service_tier, used.region) = (tier.map(str::to_owned), region.map(str::to_owned));
            used
        },
    )
}

proptest! {
    #[test]
    fn parts_sum_to_the_total(price in any_price(), used in any_request()) {
        let costed = cost(&used, &price, NOW);
        prop_assert_eq!(costed.total == Cost::Unpriced, costed.unpriced.is_some());
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
        if let (Cost::Known(less), Cost::Known(more)) = (cost(&used, &price, NOW).total, cost(&larger, &price, NOW).total) {
            prop_assert!(less <= more);
        }
    }
}

#[test]
fn other_models_cost_what_they_cost_themselves() {
    use UsageClass::*;
    let own = Price { rates: rates(&[(Input, "1"), (Output, "2")]), ..Price::default() };
    let dear = Price {
        rates: rates(&[(Input, "10"), (Output, "20")]),
        context_tiers: vec![ContextTier { above: 2_000_000, rates: rates(&[(Input, "1000")]) }],
        ..Price::default()
    };
    let advised = Usage {
        other_models: vec![ModelUsage { model: "dear".into(), amounts: usage(&[(Input, 1_000_000)]).amounts }],
        ..usage(&[(Input, 3_000_000), (Output, 1_000_000)])
    };
    let price_of = |name: &str| (name == "dear").then(|| dear.clone());
    // Two million of its own, one at the other's: each finds its context tier by what it read itself.
    let costed = cost_with_others(&advised, &own, NOW, price_of);
    assert_eq!(costed.total, Cost::Known(dollars("14")));
    assert_eq!(costed.parts.len(), 3);
    // Never at the price of the model that was called.
    let costed = cost(&advised, &own, NOW);
    assert_eq!((costed.total, costed.unpriced), (Cost::Unpriced, Some(Unpriced::OtherModel("dear".into()))));
}
