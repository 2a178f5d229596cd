//! A price as JSON whose amounts are decimal strings: no reader on the way can make floats of them.

use baton_model::Price;
use baton_model::price::{ContextTier, Rates, ServiceTier};
use baton_model::schema::time;
use serde_json::{Map, Value, json};

/// The price in the form that [`baton_model::schema::read_price`] reads.
pub(super) fn of(price: &Price) -> Value {
    let mut all = rates(&price.rates);
    set(&mut all, "context_tiers", contexts(&price.context_tiers));
    let tiers: Map<String, Value> = price.service_tiers.iter().map(|tier| (tier.name.clone(), service(tier))).collect();
    set(&mut all, "service_tiers", Value::Object(tiers));
    let regions = price.regions.iter().map(|(name, factor)| (name.clone(), json!(factor.to_string())));
    set(&mut all, "regions", Value::Object(regions.collect()));
    for (name, moment) in [("from", price.from), ("until", price.until)] {
        if let Some(moment) = moment {
            all.insert(name.to_owned(), json!(day_or_time(&time::write(moment))));
        }
    }
    set(&mut all, "periods", price.periods.iter().map(of).collect());
    Value::Object(all)
}

/// Midnight as its date, which is how vendors say when a price changes.
fn day_or_time(time: &str) -> &str {
    time.strip_suffix("T00:00:00.000000Z").unwrap_or(time)
}

fn rates(rates: &Rates) -> Map<String, Value> {
    rates.known().map(|(class, rate)| (class.name().to_owned(), json!(rate.to_string()))).collect()
}

fn contexts(tiers: &[ContextTier]) -> Value {
    let one = |tier: &ContextTier| {
        let mut all = Map::from_iter([("above".to_owned(), json!(tier.above))]);
        all.extend(rates(&tier.rates));
        Value::Object(all)
    };
    tiers.iter().map(one).collect()
}

fn service(tier: &ServiceTier) -> Value {
    let mut all: Map<String, Value> =
        tier.factor.map(|factor| ("factor".to_owned(), json!(factor.to_string()))).into_iter().collect();
    all.extend(rates(&tier.rates));
    set(&mut all, "context_tiers", contexts(&tier.context_tiers));
    Value::Object(all)
}

/// Sets a member, unless it is empty.
fn set(all: &mut Map<String, Value>, name: &str, value: Value) {
    let empty = match &value {
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    if !empty {
        all.insert(name.to_owned(), value);
    }
}
