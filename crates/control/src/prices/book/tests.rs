#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use baton_model::price::{Factor, Rates};
use baton_model::{Nanos, UsageClass};
use std::collections::BTreeMap;

fn vendors() -> VendorInfo {
    let names = [("openai", "openai"), ("contract", "openai"), ("eu", "openai")];
    let names = names.map(|(provider, vendor)| (ProviderId::from(provider), vendor.to_owned()));
    let regions = BTreeMap::from([(ProviderId::from("eu"), "eu".to_owned())]);
    VendorInfo { names: BTreeMap::from(names), regions, ..VendorInfo::default() }
}

fn rates(input: &str) -> Price {
    let rates = Rates::default().with(UsageClass::Input, Nanos::parse(input).unwrap());
    Price { rates, ..Price::default() }
}

fn set(id: &str, provider: Option<&str>, model: Option<&str>, what: Result<&str, &str>) -> PriceOverride {
    PriceOverride {
        provider: provider.map(str::to_owned),
        model: model.map(str::to_owned),
        price: what.ok().map(rates),
        factor: what.err().map(|factor| Factor::parse(factor).unwrap()),
        ..PriceOverride::new(id)
    }
}

fn input(book: &PriceBook, provider: &str, upstream: &str) -> Option<String> {
    let model = Model { upstream: upstream.to_owned(), ..Model::new("m", provider) };
    let price = book.complete(model, &vendors()).price?;
    price.rates.get(UsageClass::Input).map(|rate| rate.to_string())
}

#[test]
fn the_most_special_price_wins() {
    let overrides = vec![
        set("all-of-contract", Some("contract"), None, Err("0.8")),
        set("mine", Some("mine"), Some("house"), Ok("7")),
        set("mini", None, Some("gpt-4o-mini"), Ok("0.2")),
        set("mini-of-contract", Some("CONTRACT"), Some("gpt-4o-mini"), Ok("0.1")),
    ];
    let book = PriceBook::new(None, None, overrides);
    for (provider, upstream, expected) in [
        ("openai", "gpt-4o", Some("2.5")),
        ("contract", "gpt-4o", Some("2")),
        ("openai", "gpt-4o-mini", Some("0.2")),
        ("openai", "gpt-4o-mini-2024-07-18", Some("0.2")),
        ("contract", "gpt-4o-mini", Some("0.1")),
        ("mine", "house", Some("7")),
        // Of a provider that is no vendor nothing is known.
        ("mine", "gpt-4o", None),
        // The address of a region alone, and a model that has no surcharge there.
        ("eu", "gpt-5.4", Some("2.75")),
        ("eu", "gpt-4o", Some("2.5")),
    ] {
        assert_eq!(input(&book, provider, upstream).as_deref(), expected, "{provider} {upstream}");
    }
    // What the registration says wins over everything.
    let own = Model { price: Some(rates("9")), upstream: "gpt-4o-mini".into(), ..Model::new("m", "contract") };
    assert_eq!(book.complete(own, &vendors()).price, Some(rates("9")));
}
